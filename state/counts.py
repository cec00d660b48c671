"""How many people there are: counted once, and known as long as nobody's tie changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from state.connection import Connection

COUNT = "SELECT count(DISTINCT person_id) FROM link"
KEPT = """
    SELECT c.amount FROM table_sum AS t JOIN counted AS c ON c.total = t.total
    WHERE t.name = 'link' AND c.name = 'people'
"""
KEEP = f"""
    INSERT OR REPLACE INTO counted SELECT 'people', total, ({COUNT}) FROM table_sum WHERE name = 'link'
"""  # noqa: S608  # our own words


def people(connection: Connection) -> int:
    """Distinct persons that own at least one record."""
    kept = connection.exec_driver_sql(KEPT).first()
    return int(kept[0] if kept else connection.exec_driver_sql(COUNT).scalar_one())


def keep(connection: Connection) -> None:
    """The next one who asks need not count, unless a tie changes before."""
    if connection.exec_driver_sql(KEPT).first() is None:
        connection.exec_driver_sql(KEEP)


def people_at(connection: Connection, provider: str) -> int:
    """Distinct persons with a live record at the provider."""
    statement = (
        "SELECT count(DISTINCT l.person_id) FROM record AS r CROSS JOIN link AS l ON l.rid = r.rid"
        " WHERE r.provider = ? AND r.gone_at IS NULL"
    )
    return int(connection.exec_driver_sql(statement, (provider,)).scalar_one())


def suspected(connection: Connection) -> int:
    """Pairs of people who may be one."""
    return int(connection.exec_driver_sql("SELECT count(*) FROM suspicion").scalar_one())
