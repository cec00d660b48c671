"""Runs and what is kept of providers between them."""

from __future__ import annotations

from dataclasses import fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from state.rows import from_json, from_time, from_time_or_none, to_json, to_time, to_time_or_none
from sync.errors import StateError
from sync.store_port import ProviderState, RunRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from state.connection import Connection

PROVIDER_COLUMNS = tuple(part.name for part in fields(ProviderState))
SELECT_PROVIDER = f"SELECT {', '.join(PROVIDER_COLUMNS)} FROM provider WHERE provider = ?"  # noqa: S608  # our own names
SAVE_PROVIDER = (
    f"INSERT OR REPLACE INTO provider ({', '.join(PROVIDER_COLUMNS)})"  # noqa: S608  # our own names
    f" VALUES ({', '.join('?' * len(PROVIDER_COLUMNS))})"
)


def begin(connection: Connection, run_id: str, mode: str, at: datetime) -> None:
    """The run's row exists; epoch and serial are one higher."""
    connection.exec_driver_sql("UPDATE store SET epoch = epoch + 1, serial = serial + 1")
    connection.exec_driver_sql(
        "INSERT INTO run (run_id, mode, started_at, summary) VALUES (?, ?, ?, '{}')", (run_id, mode, to_time(at))
    )


def finish(
    connection: Connection, run_id: str, at: datetime, exit_code: int, summary: Mapping[str, object]
) -> None:
    """The run's row is complete; ``StateError`` when it never began."""
    changed = connection.exec_driver_sql(
        "UPDATE run SET finished_at = ?, exit_code = ?, summary = ? WHERE run_id = ?",
        (to_time(at), exit_code, to_json(dict(summary)), run_id),
    )
    if not changed.rowcount:
        raise StateError(f"run {run_id} was never begun")


def recent(connection: Connection, limit: int) -> list[RunRow]:
    """The newest runs, newest first."""
    rows = connection.exec_driver_sql(
        "SELECT run_id, mode, started_at, finished_at, exit_code, summary FROM run ORDER BY number DESC LIMIT ?",
        (limit,),
    )
    return [_run(row) for row in rows]


def _run(row: Any) -> RunRow:
    run_id, mode, started_at, finished_at, exit_code, summary = row
    return RunRow(
        run_id=run_id,
        mode=mode,
        started_at=from_time(started_at),
        finished_at=from_time_or_none(finished_at),
        exit_code=exit_code,
        summary=MappingProxyType(from_json(summary)),
    )


def load_provider(connection: Connection, provider: str) -> ProviderState:
    """What is kept of a provider; a blank state when it was never seen."""
    row = connection.exec_driver_sql(SELECT_PROVIDER, (provider,)).first()
    if row is None:
        return ProviderState(provider=provider)
    kept = dict(zip(PROVIDER_COLUMNS, row, strict=True))
    kept["swept_at"] = from_time_or_none(kept["swept_at"])
    kept["export_as_of"] = from_time_or_none(kept["export_as_of"])
    kept["memory"] = MappingProxyType(from_json(kept["memory"]))
    return ProviderState(**kept)


def save_provider(connection: Connection, state: ProviderState) -> None:
    """The state is kept."""
    kept = {name: getattr(state, name) for name in PROVIDER_COLUMNS}
    kept["swept_at"] = to_time_or_none(state.swept_at)
    kept["export_as_of"] = to_time_or_none(state.export_as_of)
    kept["memory"] = to_json(dict(state.memory))
    connection.exec_driver_sql(SAVE_PROVIDER, tuple(kept.values()))
    if state.export_digest:  # what follows the digest tells how the export was taken in
        taken = (state.provider, state.export_digest.partition(" ")[0])
        connection.exec_driver_sql("INSERT OR IGNORE INTO taken_export VALUES (?, ?)", taken)


def took_export(connection: Connection, provider: str, digest: str) -> bool:
    """Whether the export of that digest was ever the last one taken in."""
    found = "SELECT 1 FROM taken_export WHERE provider = ? AND digest = ?"
    return connection.exec_driver_sql(found, (provider, digest)).first() is not None
