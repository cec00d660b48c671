"""The report for a terminal or a mail: plain text, a summary of at most 40 lines, then the groups. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.report import summary, words
from sync.report.view import Entry, Group, Shown, all_groups, guard_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.report.model import Report

ENDS_WELL = (0, 4)
"""Exit codes of runs of which nothing went wrong."""
FIRST = 20
"""Entries shown of each group."""

_MOST_PROVIDERS = 6
_MOST_COUNTS = 7
_MOST_PROBLEMS = 4
_MOST_NOTES = 3
_INDENT = "  "


def to_text(report: Report, *, values: bool) -> str:
    """The report as plain text; personal values are masked unless ``values``."""
    shown = Shown(report, values=values)
    lines = [*_summary(report, shown)]
    for group in all_groups(report, shown, FIRST):
        lines += _group(group)
    return "\n".join(lines) + "\n"


def to_errors(report: Report, *, values: bool) -> str:
    """What kept the run from ending well, in the words of the whole text; ``""`` when nothing did."""
    if report.exit_code in ENDS_WELL:
        return ""
    shown = Shown(report, values=values)
    stopping = [entry for group in guard_groups(report, shown) for entry in group.entries]
    lines = [summary.headline(report), *(line for entry in stopping for line in _entry(entry))]
    failed = [f"! {problem}" for problem in summary.problems(report, shown, failed=True)]
    lines += failed or ([] if stopping else [*summary.notes(report, shown)])
    return "\n".join(lines) + "\n"


def _summary(report: Report, shown: Shown) -> Iterator[str]:
    yield summary.title(report)
    yield summary.when(report)
    yield ""
    yield summary.headline(report)
    yield from _guards(report)
    yield ""
    yield from _table(_provider_cells(report), _MOST_PROVIDERS + 1)
    yield f"people: {summary.people(report)}"
    yield from _some("problem", [f"! {p}" for p in summary.problems(report, shown)], _MOST_PROBLEMS)
    counts = list(summary.count_rows(report))
    if counts:
        yield ""
        yield from _table(counts, _MOST_COUNTS)
    if summary.waiting(report):
        yield ""
        yield f"waiting for you: {summary.waiting(report)}"
    yield from _some("note", [*summary.notes(report, shown)], _MOST_NOTES)


def _guards(report: Report) -> Iterator[str]:
    if summary.allow_line(report):
        yield "To let exactly this through, look at the plan below and repeat the command with:"
        yield _INDENT + summary.allow_line(report)


def _provider_cells(report: Report) -> list[tuple[str, ...]]:
    rows = [(r.name, r.status, r.read, r.complete, r.written) for r in summary.provider_rows(report)]
    return [("provider", "state", "read", "all", "written"), *rows]


def _table(rows: Sequence[tuple[str, ...]], most: int) -> Iterator[str]:
    """The rows in aligned columns, at most ``most`` of them."""
    taken = rows[:most]
    widths = [max(len(row[column]) for row in taken) for column in range(len(taken[0]))]
    for row in taken:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
    if len(rows) > most:
        yield f"... and {words.number(len(rows) - most)} more"


def _some(what: str, lines: Sequence[str], most: int) -> Iterator[str]:
    yield from lines[:most]
    if len(lines) > most:
        yield f"... and {words.count(len(lines) - most, f'more {what}', f'more {what}s')}"


def _group(group: Group) -> Iterator[str]:
    yield ""
    yield group.title
    yield "-" * min(len(group.title), 100)
    if group.note:
        yield group.note
    for entry in group.entries:
        yield from _entry(entry)
    if group.left_out:
        yield f"... and {words.number(group.left_out)} more; --report html:FILE or --report json:FILE lists all"


def _entry(entry: Entry) -> Iterator[str]:
    yield _INDENT + entry.title
    reasons = {change.why for change in entry.changes}
    width = max((len(change.field) for change in entry.changes), default=0)
    for change in entry.changes:
        why = f"   ({change.why})" if len(reasons) > 1 else ""
        yield f"{_INDENT * 2}{change.field.ljust(width)}  {change.before} -> {change.after}{why}"
    yield from _indented(reasons if len(reasons) == 1 else ())
    yield from _indented(entry.lines)


def _indented(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield _INDENT * 2 + line
