"""The report for spreadsheets: CSV with one row a field change, in which no cell can become a formula. Pure."""

from __future__ import annotations

import csv
import io
import unicodedata
from typing import TYPE_CHECKING

from sync.redaction import visible
from sync.report.masking import in_report_order, masked_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.report.model import Report

COLUMNS = (
    "run_id", "operation", "person", "provider", "kind", "record_id", "state", "reason", "field", "before",
    "after", "source", "rule",
)  # fmt: skip
_FORMULA = frozenset("=+-@")
_STARTERS = _FORMULA | frozenset("\t\r\n")


def to_csv(report: Report, *, values: bool) -> str:
    """One row for each field of each operation; several emails stand in one cell, joined by ``;``."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(text) for text in row] for row in _rows(report, values))
    return out.getvalue()


def cell(text: str) -> str:
    """``text`` that a spreadsheet takes for text: a formula's first sign, also behind spaces or in full
    width, gets an apostrophe in front; control characters are written out.
    """
    return visible(f"'{text}" if _starts_a_formula(text) else text)


def _starts_a_formula(text: str) -> bool:
    if not text or text[0].isalnum():
        return False
    if text[0] in _STARTERS:
        return True
    first = next((c for c in text if not _is_blank(c)), "")
    return unicodedata.normalize("NFKC", first)[:1] in _FORMULA


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zs"}


def _rows(report: Report, values: bool) -> Iterator[tuple[str, ...]]:
    for operation in report.operations:
        head = (
            report.run_id, operation.id, operation.person_id, operation.provider, operation.kind,
            operation.record_id or "", operation.state, operation.reason,
        )  # fmt: skip
        for name, change in in_report_order(operation.fields):
            before = _joined(masked_value(name, change.before, values=values))
            after = _joined(masked_value(name, change.after, values=values))
            yield (*head, name, before, after, change.source, change.rule)


def _joined(value: str | list[str] | None) -> str:
    return ";".join(value) if isinstance(value, list) else value or ""
