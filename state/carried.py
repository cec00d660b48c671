"""Which fields the rows of a provider have carried so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.rows import from_absent, to_absent, to_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from state.connection import Connection


NEWS = """
    SELECT j.value FROM json_each(?) AS j
    WHERE j.value NOT IN (SELECT key FROM json_each(record.fields))
    AND j.value NOT IN (SELECT value FROM json_each(record.absent))
"""
"""Those fields that a row neither shows nor is known not to carry."""
MARK_ABSENT = f"""
    UPDATE record SET absent = (
        SELECT json_group_array(name) FROM (
            SELECT value AS name FROM json_each(record.absent) UNION ALL {NEWS} ORDER BY name
        )
    ) WHERE provider = ? AND EXISTS ({NEWS})
"""  # noqa: S608  # only our own words


def mark_absent(connection: Connection, provider: str, names: Iterable[str]) -> None:
    """No row of the provider has carried those fields so far, as far as it shows no value of one."""
    news = to_json(list(names))
    connection.exec_driver_sql(MARK_ABSENT, (news, provider, news))


def take_carried(connection: Connection, rids: Sequence[int]) -> None:
    """Fields that a row carried for the first time are like any others from now on."""
    for rid in rids:
        text = connection.exec_driver_sql("SELECT absent FROM record WHERE rid = ?", (rid,)).scalar_one()
        told = to_absent(from_absent(text)._replace(first=frozenset()))
        connection.exec_driver_sql("UPDATE record SET absent = ? WHERE rid = ?", (told, rid))
