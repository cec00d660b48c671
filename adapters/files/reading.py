"""An export file as values: records, opt-outs, and the rows that could not be read."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from adapters.files.parsing import NothingKnownError, Row, UnreadableError, parse
from adapters.toolkit.keys import record_name
from sync.contact import ALIASES, FIELD_NAMES, VARIABLE_PREFIX, Contact, Value
from sync.errors import ConfigError, Rejected
from sync.identity import canonical_email, clean_text, linkedin_key
from sync.optouts import KNOWN_REASONS, kept_reason
from sync.record import OPTED_OUT, Export, OptOut, Record, RecordRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 256 * 1024 * 1024
MAX_ID_LENGTH = 300
LONGEST_TEXT = 100_000
"""Characters in one field; descriptions have some thousands."""
MOST_EMAILS = 100
MOST_VARIABLES = 1_000
RECORD_ID = "record_id"
VARIABLE_TABLES = ("variables", "vars")
"""Columns of JSON Lines that hold all variables as one object."""

YES = frozenset({"true", "1", "yes", "y"})
NO = frozenset({"", "false", "0", "no", "n"})
PLAIN_YES = "UNSUBSCRIBED"
"""The reason of somebody who opted out without telling more: one that never expires."""

KEYS = ("emails", "linkedin_url")


def read_export(
    path: Path,
    *,
    provider: str,
    names: Mapping[str, str],
    as_of: datetime | None = None,
    key: str = "email",
) -> Export:
    """The export at ``path``. ``names``: the provider's wire names → canonical fields, for the header.

    ``as_of``: the time it speaks for, ``None`` = when the file was last written. ``key``: which key names a
    record without ``record_id``, ``email`` or ``linkedin_url``. Raises ``ConfigError`` when the file cannot be
    read and ``Rejected`` when it is no export.
    """
    try:
        with path.open("rb") as file:
            written_at = os.fstat(file.fileno()).st_mtime
            content = file.read(MAX_BYTES + 1)  # what is no plain file does not tell its size, or has no end
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})", remedy="name a readable file") from error
    if len(content) > MAX_BYTES:
        raise Rejected(provider, "the export is larger than 256 MiB", code="too-large")
    json_lines = {".jsonl": True, ".ndjson": True, ".csv": False, ".tsv": False}.get(path.suffix.lower())
    moment = as_of or datetime.fromtimestamp(written_at, UTC)
    return parse_export(content, provider=provider, names=names, as_of=moment, key=key, json_lines=json_lines)


def parse_export(
    content: bytes,
    *,
    provider: str,
    names: Mapping[str, str],
    as_of: datetime,
    key: str = "email",
    json_lines: bool | None = None,
) -> Export:
    """The export whose bytes are ``content``; see ``read_export``."""
    columns = _Columns(names)
    try:
        found = parse(content, columns.knows, json_lines=json_lines)
    except UnreadableError as error:
        hint = f"; {columns.hint()}" if isinstance(error, NothingKnownError) else ""
        raise Rejected(provider, f"not an export: {error}{hint}", code="no-export") from error
    named = dict.fromkeys(name for row in found.rows for name in row.cells)
    taken = _Taken(provider, columns, key)
    for row in found.rows:
        try:
            taken.add(row)
        except ValueError as error:
            found.bad.append((row.line, str(error)))
    return Export(
        records=tuple(taken.records.values()),
        lines=tuple(taken.lines.values()),
        opt_outs=tuple(taken.opt_outs),
        bad_rows=tuple(sorted(found.bad)),
        digest=hashlib.sha256(content).hexdigest(),
        as_of=as_of,
        unknown=tuple(name for name in named if not columns.knows(name)),
        repeated=found.repeated,
        reworded=tuple(taken.reworded),
    )


class _Columns:
    """Column names → canonical names, whatever their case; a canonical name outranks a wire name."""

    def __init__(self, names: Mapping[str, str]) -> None:
        own = {name: name for name in (*FIELD_NAMES, RECORD_ID, OPTED_OUT)} | dict(ALIASES)
        merged = {wire: ALIASES.get(name, name) for wire, name in names.items()} | own
        self._canonical = {column.casefold(): name for column, name in merged.items()}

    def canonical(self, column: str) -> str | None:
        """The field, ``record_id`` or ``opted_out`` that a column holds; ``None`` for others."""
        folded = column.strip().casefold()
        if folded.startswith(VARIABLE_PREFIX) and folded != VARIABLE_PREFIX:
            return VARIABLE_PREFIX + column.strip()[len(VARIABLE_PREFIX) :]
        return self._canonical.get(folded)

    def knows(self, column: str) -> bool:
        """Whether the column is understood."""
        return self.canonical(column) is not None or column.strip().casefold() in VARIABLE_TABLES

    def hint(self) -> str:
        """What the header may hold, as half a sentence."""
        return f"the header names canonical fields ({', '.join(FIELD_NAMES[:4])}, …) or the provider's own"


class _Taken:
    """The rows taken in so far."""

    def __init__(self, provider: str, columns: _Columns, key: str) -> None:
        self._provider = provider
        self._columns = columns
        self._key = key
        self.lines: dict[str, int] = {}
        self.records: dict[str, Record] = {}
        self.opt_outs: list[OptOut] = []
        self.reworded: list[int] = []

    def add(self, row: Row) -> None:
        """The row as a record, and as an opt-out where it says so. Raises ValueError with the reason."""
        cells = _cells(row, self._columns)
        said = _reason(cells.get(OPTED_OUT))
        reason = said and kept_reason(said)
        if reason != said:
            self.reworded.append(row.line)
        if reason:  # before anything else of the row can be found wrong: an opt-out is never lost to that
            self._opt_out(cells, reason)
        contact = _contact(cells)
        _check_size(contact)
        record_id = _text(cells.get(RECORD_ID)) or record_name(contact, self._key)
        if record_id is None:
            raise ValueError("neither record_id nor an email or profile that can be read")
        if len(record_id) > MAX_ID_LENGTH:
            raise ValueError("a record_id that is too long")
        if record_id in self.lines:
            raise ValueError(f"the same record as line {self.lines[record_id]}")
        self.lines[record_id] = row.line
        self.records[record_id] = Record(
            ref=RecordRef(self._provider, record_id),
            contact=contact,
            absent=frozenset((*FIELD_NAMES, OPTED_OUT)) - cells.keys(),
            opted_out=reason,
        )

    def _opt_out(self, cells: Mapping[str, Any], reason: str) -> None:
        shown: dict[str, Any] = {}
        for name in (*KEYS, RECORD_ID):
            with suppress(ValueError):  # what else the row names them by is enough
                shown[name] = _emails(cells.get(name)) if name == "emails" else _text(cells.get(name))
        emails = tuple(email for email in shown.get("emails", ()) if canonical_email(email))
        profile = shown.get("linkedin_url") if linkedin_key(shown.get("linkedin_url")) else None
        named = shown.get(RECORD_ID) or record_name(Contact(emails=emails, linkedin_url=profile), self._key)
        if not named:
            raise ValueError("an opt-out without a record_id, an email or a profile that can be read")
        self.opt_outs.append(
            OptOut(emails=emails, linkedin_url=profile, reason=reason, source="import", source_id=named)
        )


def _cells(row: Row, columns: _Columns) -> dict[str, Any]:
    """The understood cells by canonical name; of two columns for one field the first that holds something."""
    cells: dict[str, Any] = {}
    for column, value in row.cells.items():
        if isinstance(value, dict):
            if column.strip().casefold() in VARIABLE_TABLES:
                named = {_text(name): entry for name, entry in value.items()}
                cells |= {VARIABLE_PREFIX + name: entry for name, entry in named.items() if name}
            continue
        name = columns.canonical(column)
        if name is not None and not cells.get(name):
            cells[name] = value
    return cells


def _contact(cells: Mapping[str, Any]) -> Contact:
    flat: dict[str, Value] = {}
    for name, value in cells.items():
        if name == "emails":
            flat[name] = _emails(value)
        elif name not in {RECORD_ID, OPTED_OUT}:
            flat[name] = _text(value, keep_lines=name.startswith(VARIABLE_PREFIX))
    return Contact.from_fields(flat)


def _check_size(contact: Contact) -> None:
    """Nobody's row is that large; what breaks out of its cell is. Raises ValueError that names the field."""
    if len(contact.emails) > MOST_EMAILS:
        raise ValueError(f"more than {MOST_EMAILS} emails")
    if len(contact.variables) > MOST_VARIABLES:
        raise ValueError(f"more than {MOST_VARIABLES:,} variables")
    for name, value in contact.to_fields().items():
        if len(name) > MAX_ID_LENGTH:
            raise ValueError("a variable whose name is too long")
        if max(map(len, [value] if isinstance(value, str) else value)) > LONGEST_TEXT:
            raise ValueError(f"more than {LONGEST_TEXT:,} characters in {name}")


def _emails(value: Any) -> tuple[str, ...]:
    parts = value if isinstance(value, list) else _text(value).split(";")
    return tuple(text for text in map(_text, parts) if text)


def _text(value: Any, *, keep_lines: bool = False) -> str:
    """The value as clean text. Raises ValueError for what is neither text nor number."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"a {type(value).__name__} where text belongs")  # noqa: TRY004  # one kind of bad row
    return clean_text(str(value), keep_lines=keep_lines)


def _reason(value: Any) -> str | None:
    """The opt-out reason in a cell, ``None`` when the cell says no."""
    if isinstance(value, bool):
        return PLAIN_YES if value else None
    text = _text(value)
    if text.casefold() in NO:
        return None
    if text.casefold() in YES:
        return PLAIN_YES
    return text.upper() if text.upper() in KNOWN_REASONS else text
