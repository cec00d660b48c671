"""The opt-out ledger: a file outside the database that only ever grows.

JSON Lines. Each line holds its entry and the SHA-256 of the line before it together with that entry, so a
line that was changed, dropped or put in shows. The first line tells which key the hashes were made with.
A line that was cut short by a crash is the last one and counts for nothing. Entries hold keyed hashes only.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from state.connection import translated
from state.files import check_private, make_folder
from state.key import keyed_hash
from state.points import point
from state.rows import from_time, from_time_or_none, to_json, to_time, to_time_or_none
from sync.errors import StateError
from sync.private_files import PRIVATE_FILE, flush_folder
from sync.record import OptOutEntry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BLOCK = 4096
FORMAT = "contact-sync opt-outs 1"
NOT_WRITTEN = "the opt-out ledger {} cannot be written"
RESTORE = "restore the ledger from a backup; an opt-out must not be lost"


@dataclass(frozen=True, slots=True)
class LedgerText:
    """What a ledger file holds: whole lines (the first is the heading) and whether a torn one follows."""

    lines: tuple[str, ...]
    torn: bool = False

    @property
    def entries(self) -> tuple[str, ...]:
        """The lines after the heading."""
        return self.lines[1:]


def load_ledger(path: Path, key: bytes | None) -> LedgerText:
    """The whole lines of the ledger; none when there is no file.

    Raises ``StateError`` when the chain is broken, when others may read the file, or when the entries were
    made with another key than ``key``.
    """
    check_private(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return LedgerText(())
    *whole, tail = raw.split(b"\n")
    lines = tuple(line.decode("ascii", "replace") for line in whole)
    check_chain(lines)
    if lines:
        check_key(path, lines[0], key)
    return LedgerText(lines, torn=bool(tail))


def check_chain(lines: Sequence[str]) -> None:
    """Each line follows from the one before it; ``StateError`` names the first that does not."""
    before = ""
    for number, line in enumerate(lines, start=1):
        try:
            parts = json.loads(line)
            entry, chained = parts["entry"], parts["hash"]
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(f"line {number} of the opt-out ledger is damaged", remedy=RESTORE) from error
        if chained != _link(before, entry):
            raise StateError(f"line {number} of the opt-out ledger does not follow", remedy=RESTORE)
        before = chained


def check_key(path: Path, heading: str, key: bytes | None) -> None:
    """The entries under ``heading``, the first line of the ledger at ``path``, were made with ``key``.

    Raises ``StateError`` otherwise.
    """
    entry = json.loads(heading)["entry"]
    if entry.get("format") != FORMAT:
        raise StateError(f"{path} is no opt-out ledger", remedy="set [state] ledger to a file of its own")
    if key is None or entry.get("key") != keyed_hash(key, FORMAT):
        told = "is missing" if key is None else "is not the one"
        raise StateError(
            f"the key {told} that the opt-out ledger was written with: no opt-out could be recognised",
            remedy="restore the key file from a backup",
        )


def last_line(path: Path) -> str | None:
    """The last whole line, or ``None`` when there is none; its chain is not looked at."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        end = _end_of_whole_lines(file)
        start = _end_of_whole_lines(file, end - 1)
        return os.pread(file, end - start - 1, start).decode("ascii", "replace") if end else None
    finally:
        os.close(file)


def next_lines(last: str | None, entries: Sequence[OptOutEntry], key: bytes) -> list[str]:
    """The lines that ``entries`` add after the line ``last``; with the heading when there is none yet."""
    made: list[str] = []
    before = "" if last is None else json.loads(last)["hash"]
    wanted: list[dict[str, Any]] = [to_entry(entry) for entry in entries]
    if last is None:
        wanted.insert(0, {"format": FORMAT, "key": keyed_hash(key, FORMAT)})
    for entry in wanted:
        before = _link(before, entry)
        made.append(to_json({"entry": entry, "hash": before}))
    return made


def check_writable(path: Path) -> None:
    """Lines can be appended, as far as that shows without writing any. Raises ``StateError`` otherwise."""
    with translated(NOT_WRITTEN.format(path)):
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        except FileNotFoundError:
            folder = next(parent for parent in path.resolve().parents if parent.exists())
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, f"{folder} cannot be written to") from None


def append_lines(path: Path, lines: Sequence[str]) -> None:
    """The lines stand at the end of the ledger, on disk; a torn line before them is cut off."""
    with translated(NOT_WRITTEN.format(path)):
        make_folder(path.parent)
        point("ledger.before_append")
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE_FILE)
        try:
            end = _end_of_whole_lines(file)
            os.ftruncate(file, end)
            _write_all(file, "".join(line + "\n" for line in lines).encode("ascii"), end)
            os.fsync(file)
        finally:
            os.close(file)
        flush_folder(path.parent)
        point("ledger.after_append")


def _end_of_whole_lines(file: int, end: int | None = None) -> int:
    """The place after the last line break before ``end`` (``None``: the file's end); 0 when there is none."""
    place = os.fstat(file).st_size if end is None else max(end, 0)
    while place:
        start = max(place - BLOCK, 0)
        found = os.pread(file, place - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        place = start
    return 0


def _write_all(file: int, content: bytes, place: int) -> None:
    while content:
        written = os.pwrite(file, content, place)
        content, place = content[written:], place + written


def _link(before: str, entry: Any) -> str:
    text = json.dumps(entry, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def to_entry(entry: OptOutEntry) -> dict[str, Any]:
    """The entry as a line holds it; what is not set is left out."""
    parts = {
        "keys": sorted(entry.keys),
        "reason": entry.reason,
        "source": entry.source,
        "at": to_time(entry.at),
        "source_id": entry.source_id,
        "until": to_time_or_none(entry.until),
        "released_by": entry.released_by,
        "released_why": entry.released_why,
    }
    return {name: value for name, value in parts.items() if value is not None}


def from_line(line: str) -> OptOutEntry:
    """The entry of one line."""
    parts = json.loads(line)["entry"]
    return OptOutEntry(
        keys=frozenset(parts["keys"]),
        reason=parts["reason"],
        source=parts["source"],
        at=from_time(parts["at"]),
        source_id=parts.get("source_id"),
        until=from_time_or_none(parts.get("until")),
        released_by=parts.get("released_by"),
        released_why=parts.get("released_why"),
    )
