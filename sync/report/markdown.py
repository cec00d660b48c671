"""The report for a pull request or a wiki: Markdown in which no value can become markup. Pure."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from sync.report import summary, words
from sync.report.text import FIRST
from sync.report.view import Entry, Group, Shown, all_groups

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sync.report.model import Report

_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+.!|~^$-])")
_LINKS = str.maketrans({":": "&#58;", "@": "&#64;"})


def to_markdown(report: Report, *, values: bool) -> str:
    """The same report as the text, as GitHub Markdown: summary, then the first 20 of each group."""
    shown = Shown(report, values=values)
    lines = [*_summary(report, shown)]
    for group in all_groups(report, shown, FIRST):
        lines += _group(group)
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """``text`` that renders as itself: no HTML, no links, no emphasis, no table cells."""
    entities = html.escape(text, quote=False).translate(_LINKS)
    return _PUNCTUATION.sub(r"\\\1", entities).replace("&\\#58;", "&#58;").replace("&\\#64;", "&#64;")


def _summary(report: Report, shown: Shown) -> Iterator[str]:
    yield f"# {escaped(summary.title(report))}"
    yield ""
    yield f"{escaped(summary.when(report))}"
    yield ""
    yield f"**{escaped(summary.headline(report))}**"
    if summary.allow_line(report):
        yield ""
        yield "To let exactly this through, look at the plan below and repeat the command with:"
        yield ""
        yield f"    {summary.allow_line(report)}"
    yield ""
    rows = ((r.name, r.status, r.read, r.complete, r.written) for r in summary.provider_rows(report))
    yield from _table(("provider", "state", "read", "all", "written"), rows)
    yield ""
    yield f"People: {escaped(summary.people(report))}"
    counts = list(summary.count_rows(report))
    if counts:
        yield ""
        yield from _table(("provider", "operations", "how many"), counts)
    yield from _list(_remarks(report, shown))


def _remarks(report: Report, shown: Shown) -> Iterator[str]:
    yield from summary.problems(report, shown)
    if summary.waiting(report):
        yield f"Waiting for you: {summary.waiting(report)}"
    yield from summary.notes(report, shown)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(escaped(text) for text in row)} |"


def _list(lines: Iterable[str]) -> Iterator[str]:
    found = [f"- {escaped(line)}" for line in lines]
    yield from ["", *found] if found else []


def _group(group: Group) -> Iterator[str]:
    yield ""
    yield f"## {escaped(group.title)}"
    if group.note:
        yield ""
        yield escaped(group.note)
    for entry in group.entries:
        yield from _entry(entry)
    if group.left_out:
        yield ""
        yield f"... and {words.number(group.left_out)} more"


def _entry(entry: Entry) -> Iterator[str]:
    yield ""
    yield f"**{escaped(entry.title)}**"
    if entry.changes:
        yield ""
        yield from _table(
            ("field", "before", "after", "why"),
            ((c.field, c.before, c.after, c.why) for c in entry.changes),
        )
    yield from _list(entry.lines)
