"""How many people there are: counted once, and known as long as nobody's tie changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from state.connection import Connection

COUNT = "SELECT count(DISTINCT person_id) FROM link"
TIES = "SELECT total FROM table_sum WHERE name = 'link'"
KEPT = "SELECT amount FROM counted WHERE name = 'people' AND total = ?"
KEEP = """
    INSERT INTO counted (name, total, amount) VALUES ('people', ?, ?)
    ON CONFLICT (name) DO UPDATE SET total = excluded.total, amount = excluded.amount
    WHERE total <> excluded.total
"""


class Counted(NamedTuple):
    """So many people there were while the sum over their ties was ``total``."""

    total: str
    amount: int


def people(connection: Connection, known: Counted | None = None) -> Counted:
    """Distinct persons that own at least one record; ``known``: what was counted before."""
    total = str(connection.exec_driver_sql(TIES).scalar_one())
    if known is not None and known.total == total:
        return known
    kept = connection.exec_driver_sql(KEPT, (total,)).first()
    return Counted(total, int(kept[0] if kept else connection.exec_driver_sql(COUNT).scalar_one()))


def keep(connection: Connection, known: Counted | None) -> None:
    """Later runs need not count, unless a tie changes before."""
    connection.exec_driver_sql(KEEP, people(connection, known))


def people_at(connection: Connection, provider: str) -> int:
    """Distinct persons with a live record at the provider."""
    statement = (
        "SELECT count(DISTINCT l.person_id) FROM record AS r CROSS JOIN link AS l ON l.rid = r.rid"
        " WHERE r.provider = ? AND r.gone_at IS NULL"
    )
    return int(connection.exec_driver_sql(statement, (provider,)).scalar_one())
