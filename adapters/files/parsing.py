"""Bytes → named cells, row by row; pure. Bad rows are told by line number, and the others are kept.

Source: RFC 4180 (CSV), https://jsonlines.org (JSON Lines)
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adapters.toolkit import strict_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DELIMITERS = (",", ";", "\t")
MOST_LINES_A_ROW = 200
"""A quoted cell may hold line breaks; a quote still open after so many lines never closes."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)
_JSON_ARRAY = re.compile(r"\s*\[\s*[{\]]")
_UNDECODED = re.compile("[\ud800-\udfff]")


class UnreadableError(ValueError):
    """The file as a whole cannot be taken in; the text says why."""


class NothingKnownError(UnreadableError):
    """No column is known."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``cells``: column name → what stands there, empty cells included."""

    line: int
    cells: dict[str, Any]


@dataclass(slots=True)
class Rows:
    """All rows of a file. ``bad``: line number and reason of each one left out. ``repeated``: columns of a header
    that stand there more than once.
    """

    rows: list[Row] = field(default_factory=list)
    bad: list[tuple[int, str]] = field(default_factory=list)
    repeated: tuple[str, ...] = ()


def parse(content: bytes, known: Callable[[str], bool], *, json_lines: bool | None = None) -> Rows:
    """The rows of ``content``. ``known`` tells a column we understand from others.

    ``json_lines``: ``None`` = judged by the content. Raises ``UnreadableError``, of which ``NothingKnownError`` is
    the one for a file without a column that is known.
    """
    text = _decoded(content)
    if json_lines is not False and _JSON_ARRAY.match(text):
        raise UnreadableError(
            "the file is a JSON array, and JSON Lines is wanted, one object a line; `jq -c '.[]' FILE` makes it so"
        )
    if json_lines is None:
        json_lines = text.lstrip().startswith("{")
    lines = _LINE_END.split(text)
    found = _parse_json_lines(lines) if json_lines else _parse_csv(lines, known)
    if not any(known(name) for row in found.rows for name in row.cells) and (found.rows or json_lines):
        raise NothingKnownError("no row holds a field that is known here")
    return found


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError("the file is UTF-16; save it as UTF-8")
    return content.decode("utf-8-sig", "surrogateescape")  # one bad byte costs its row, not the file


def _parse_json_lines(lines: Sequence[str]) -> Rows:
    found = Rows()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = strict_json.loads(_whole(line))
        except ValueError as error:
            found.bad.append((number, str(error)))
            continue
        if isinstance(value, dict):
            found.rows.append(Row(number, value))
        else:
            found.bad.append((number, "a line that is no JSON object"))
    return found


def _parse_csv(lines: Sequence[str], known: Callable[[str], bool]) -> Rows:
    start, separator = _preamble(lines)
    delimiter = separator or _sniffed(lines[start] if start < len(lines) else "", known)
    rows = _csv_rows(lines, start, delimiter)
    header = next((row for row in rows if isinstance(row, _Cells)), None)
    names = [name.strip() for name in header.cells] if header else []
    if not any(map(known, names)):
        raise NothingKnownError("the header names no column that is known here")
    return _named(rows, names)


def _named(rows: Iterator[_Cells | tuple[int, str]], names: Sequence[str]) -> Rows:
    folded = [name.casefold() for name in names]
    repeated = [name for at, name in enumerate(names) if name and name.casefold() in folded[:at]]
    found = Rows(repeated=tuple(dict.fromkeys(repeated)))
    for row in rows:
        if isinstance(row, tuple):
            found.bad.append(row)
        elif len(row.cells) > len(names) and any(cell.strip() for cell in row.cells[len(names) :]):
            found.bad.append((row.line, f"{len(row.cells)} cells under a header of {len(names)}"))
        elif any(cell.strip() for cell in row.cells):
            found.rows.append(Row(row.line, _joined(names, row.cells)))
    return found


def _joined(names: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    """Cells by column; of two columns with one name the first that holds something counts."""
    joined: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        if name and not joined.get(name):
            joined[name] = cell
    return joined


@dataclass(frozen=True, slots=True)
class _Cells:
    line: int
    cells: list[str]


def _preamble(lines: Sequence[str]) -> tuple[int, str | None]:
    """Where the header stands, and the separator that a line before it names (Excel writes ``sep=;``)."""
    start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    told = _SEPARATOR_LINE.fullmatch(lines[start].strip()) if start < len(lines) else None
    return (start + 1, told[1]) if told else (start, None)


def _sniffed(header: str, known: Callable[[str], bool]) -> str:
    """The delimiter under which the header names most known columns."""
    return max(DELIMITERS, key=lambda d: sum(known(name.strip().strip('"')) for name in header.split(d)))


def _csv_rows(lines: Sequence[str], start: int, delimiter: str) -> Iterator[_Cells | tuple[int, str]]:
    at = start
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        taken, parsed = _one_row(lines, at, delimiter)
        yield parsed
        at += taken


def _one_row(lines: Sequence[str], at: int, delimiter: str) -> tuple[int, _Cells | tuple[int, str]]:
    """The row that begins at ``at`` and how many lines it takes; a bad one takes only its first."""
    for taken in range(1, MOST_LINES_A_ROW + 1):
        if at + taken > len(lines):
            break
        try:
            text = _whole("\n".join(lines[at : at + taken]))
            cells = next(csv.reader([text + "\n"], delimiter=delimiter, strict=True))
        except ValueError as error:
            return 1, (at + 1, str(error))
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                continue  # a quote is open, the row may go on in the next line
            return 1, (at + 1, _plain(str(error)))
        return taken, _Cells(at + 1, cells)
    return 1, (at + 1, "a quote that never closes")


def _whole(text: str) -> str:
    if _UNDECODED.search(text):
        raise ValueError("bytes that are not UTF-8")
    return text


def _plain(error: str) -> str:
    if "field larger than field limit" in error:
        return f"a cell of more than {csv.field_size_limit():,} characters"
    return "text after a closing quote" if "expected after" in error else "a line that is no CSV"
