"""The opt-out ledger and its mirror in the database: first the file, then the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from state.erasing import forget_again
from state.ledger import (
    append_lines,
    check_chain,
    check_key,
    from_line,
    last_line,
    load_ledger,
    next_lines,
)
from state.people import mark_all_dirty
from state.rows import to_json
from sync.errors import StateError
from sync.identity import email_key, wide_email_keys
from sync.optouts import FORGET

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from state.connection import Connection
    from state.ledger import LedgerText
    from sync.record import OptOutEntry

KEYS: Final = "SELECT DISTINCT value FROM record_key WHERE kind = 'email' AND value >= ? AND value < ?"
SHOWN: Final = """
    SELECT r.rid, e.value FROM record AS r CROSS JOIN json_each(r.fields, '$.emails') AS e
"""
PEOPLE: Final = """
    SELECT DISTINCT l.person_id FROM link AS l JOIN person AS p ON p.id = l.person_id
    WHERE p.status = 'active' AND l.rid IN (
        SELECT value FROM json_each(?)
        UNION SELECT k.rid FROM json_each(?) AS j
        CROSS JOIN record_key AS k ON k.kind = 'email' AND k.value = j.value
    ) ORDER BY l.person_id
"""


class TakenOver(NamedTuple):
    """Sentences on what was ``found``, and how many people were ``erased`` again."""

    found: list[str]
    erased: int


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


def reconcile(connection: Connection, path: Path, key: bytes | None, *, write: bool = True) -> TakenOver:
    """Ledger and mirror hold the same lines: the longer one is right, the other is completed.

    Entries that only the ledger held may be about anybody: every person waits for planning then. Whoever was
    erased by one of them is erased here, too. Without ``write`` the file is left as it is. Raises ``StateError``
    when the ledger is damaged or tells another story than the mirror.
    """
    ledger, mirror = compared(connection, path, key)
    lines, shorter = list(ledger.lines), min(len(ledger.lines), len(mirror))
    found = ["the last line of the opt-out ledger was cut short and is ignored"] if ledger.torn else []
    erased = 0
    if lines[shorter:]:
        _extend(connection, lines[shorter:])
        mark_all_dirty(connection)
        erased = _erase_again(connection, lines[max(shorter, 1) :], key)
    if erased:
        found.append(f"erased again, since the opt-out ledger tells that they were erased: {erased}")
    if mirror[shorter:]:
        found.append("the opt-out ledger lacked entries that the state database holds")
        check_chain(mirror)
        if write:
            append_lines(path, mirror[shorter:])
    return TakenOver(found, erased)


def _erase_again(connection: Connection, taken: Sequence[str], key: bytes | None) -> int:
    """In the transaction that takes the lines over, so that no death in between leaves anybody here."""
    if key is None or all(from_line(line).source != FORGET for line in taken):
        return 0
    return forget_again(connection, load(connection), key)


def compared(connection: Connection, path: Path, key: bytes | None) -> tuple[LedgerText, list[str]]:
    """The ledger at ``path`` and its mirror; one of them may hold more lines than the other.

    Raises ``StateError`` when the ledger is damaged, when the two tell different stories, or when the mirror was
    written with another key than ``key``.
    """
    ledger, mirror = load_ledger(path, key), _mirror(connection)
    if any(line != kept for line, kept in zip(ledger.lines, mirror, strict=False)):
        raise StateError(
            "the opt-out ledger and the state database do not belong together",
            remedy="restore both from the same backup",
        )
    if mirror:
        check_key(path, mirror[0], key)
    return ledger, mirror


def _last(connection: Connection) -> str | None:
    row = connection.exec_driver_sql("SELECT line FROM opt_out ORDER BY number DESC LIMIT 1").first()
    return None if row is None else str(row[0])


def _extend(connection: Connection, lines: Sequence[str]) -> None:
    if lines:
        connection.exec_driver_sql("INSERT INTO opt_out (line) VALUES (?)", [(line,) for line in lines])


def covered(connection: Connection, emails: Iterable[str]) -> list[str]:
    """Active persons with a record that carries, now or before, an address opted out together with ``emails``.

    Addresses that join nobody are no keys: for those alone every record is looked at.
    """
    wanted = {form for email in emails for form in wide_email_keys(email)}
    near = {row[0] for span in _spans(wanted) for row in connection.exec_driver_sql(KEYS, span)}
    keys = [address for address in near if not wanted.isdisjoint(wide_email_keys(address))]
    rids = []
    if any(email_key(form) is None for form in wanted):
        shown = connection.exec_driver_sql(SHOWN)
        rids = [rid for rid, address in shown if not wanted.isdisjoint(wide_email_keys(address))]
    return [str(row[0]) for row in connection.exec_driver_sql(PEOPLE, (to_json(rids), to_json(keys)))]


def _spans(forms: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Where in the order of all addresses those lie that may be one with ``forms``: tags, hosts, Gmail's dots."""
    for form in forms:
        local, _, host = form.rpartition("@")
        yield f"{local}@", f"{local}A"
        yield f"{local}+", f"{local},"
        if host == "gmail.com":
            yield f"{local[0]}.", f"{local[0]}/"
            yield local[:2], f"{local[:2]}\U0010ffff"
