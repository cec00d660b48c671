"""Which fields the rows of a provider have carried so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.rows import from_absent, from_json, to_absent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from state.connection import Connection


def mark_absent(connection: Connection, provider: str, names: Iterable[str]) -> None:
    """No row of the provider has carried those fields so far, as far as it shows no value of one."""
    rows = connection.exec_driver_sql(
        "SELECT rid, fields, absent FROM record WHERE provider = ?", (provider,)
    ).all()
    for rid, fields, text in rows:
        told = from_absent(text)
        news = frozenset(names) - from_json(fields).keys()
        connection.exec_driver_sql(
            "UPDATE record SET absent = ? WHERE rid = ?",
            (to_absent(told._replace(absent=told.absent | news)), rid),
        )


def take_carried(connection: Connection, rids: Sequence[int]) -> None:
    """Fields that a row carried for the first time are like any others from now on."""
    for rid in rids:
        text = connection.exec_driver_sql("SELECT absent FROM record WHERE rid = ?", (rid,)).scalar_one()
        told = to_absent(from_absent(text)._replace(first=frozenset()))
        connection.exec_driver_sql("UPDATE record SET absent = ? WHERE rid = ?", (told, rid))
