"""The opt-out ledger and its mirror in the database: first the file, then the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.ledger import append_lines, check_chain, from_line, last_line, load_ledger, next_lines
from state.people import mark_all_dirty
from sync.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from state.connection import Connection
    from sync.record import OptOutEntry


def load(connection: Connection) -> list[OptOutEntry]:
    """All entries, oldest first."""
    return [from_line(line) for line in _mirror(connection)[1:]]


def _mirror(connection: Connection) -> list[str]:
    return [row[0] for row in connection.exec_driver_sql("SELECT line FROM opt_out ORDER BY number")]


def add(connection: Connection, entries: Sequence[OptOutEntry], *, path: Path | None, key: bytes) -> None:
    """The entries stand in the ledger at ``path`` (``None``: there is none), on disk, and in the mirror."""
    if not entries:
        return
    last = _last(connection)
    if path is not None and last_line(path) != last:
        reconcile(connection, path, key)
        last = _last(connection)
    lines = next_lines(last, entries, key)
    if path is not None:
        append_lines(path, lines)
    _extend(connection, lines)


def reconcile(connection: Connection, path: Path, key: bytes | None, *, write: bool = True) -> list[str]:
    """Ledger and mirror hold the same lines: the longer one is right, the other is completed.

    Entries that only the ledger held may be about anybody: every person waits for planning then. Without
    ``write`` the file is left as it is. Returns sentences on what was found. Raises ``StateError`` when the
    ledger is damaged or tells another story than the mirror.
    """
    ledger, mirror = load_ledger(path, key), _mirror(connection)
    lines = list(ledger.lines)
    shorter = min(len(lines), len(mirror))
    if lines[:shorter] != mirror[:shorter]:
        raise StateError(
            "the opt-out ledger and the state database do not belong together",
            remedy="restore both from the same backup",
        )
    found = ["the last line of the opt-out ledger was cut short and is ignored"] if ledger.torn else []
    if lines[shorter:]:
        _extend(connection, lines[shorter:])
        mark_all_dirty(connection)
    if mirror[shorter:]:
        found.append("the opt-out ledger lacked entries that the state database holds")
        check_chain(mirror)
        if write:
            append_lines(path, mirror[shorter:])
    return found


def _last(connection: Connection) -> str | None:
    row = connection.exec_driver_sql("SELECT line FROM opt_out ORDER BY number DESC LIMIT 1").first()
    return None if row is None else str(row[0])


def _extend(connection: Connection, lines: Sequence[str]) -> None:
    if lines:
        connection.exec_driver_sql("INSERT INTO opt_out (line) VALUES (?)", [(line,) for line in lines])
