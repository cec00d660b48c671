"""What the renderings for people share: the report in words, grouped, each group cut to a limit. Pure.

Every text in a view is one printable line already and masked as asked; renderers only lay it out.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from sync.codes import ConflictReason, explain, phrase
from sync.items import item_id
from sync.redaction import visible
from sync.report import words
from sync.report.masking import in_report_order, masked_value, one_line, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sync.change import FieldChange, Operation
    from sync.report.model import Report

NONE = "(empty)"
REVIEW = "contact-sync review list"
SHOW = "contact-sync review show"
NO_FLAG = "no flag lets this through; what it names has to be put right first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field of an operation: what was there, what is wanted, and why."""

    field: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One operation or finding: a title, its field changes, further lines."""

    title: str
    changes: tuple[Change, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Entries of one sort. ``total`` counts all of them, ``entries`` holds the first ones.

    ``note``: what they have in common or what to do about them, ``""`` = nothing to add.
    """

    title: str
    total: int
    entries: tuple[Entry, ...]
    note: str = ""

    @property
    def left_out(self) -> int:
        """How many entries are not shown."""
        return self.total - len(self.entries)


class Shown:
    """How names and values of one report appear."""

    def __init__(self, report: Report, *, values: bool) -> None:
        self._values = values
        self._names = report.names if values else {}

    def person(self, person_id: str) -> str:
        """A person by id, with the name in front where values are shown."""
        name = self._names.get(person_id)
        return visible(f"{name}, person {person_id}" if name else f"person {person_id}")

    def value(self, field: str, value: str | tuple[str, ...] | None) -> str:
        """A field's value on one line."""
        return one_line(masked_value(field, value, values=self._values), limit=words.LONGEST_VALUE) or NONE

    def text(self, text: str) -> str:
        """A sentence that may quote somebody."""
        return visible(sentence(text, values=self._values))

    def key(self, value: str) -> str:
        """A value that names a person, whatever its field."""
        return self.value("emails", value)


def operation_groups(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    """Operations by provider, kind and state; what needs a look comes first."""
    grouped: dict[tuple[str, str, str], list[Operation]] = defaultdict(list)
    for operation in report.operations:
        grouped[operation.provider, operation.kind, operation.state].append(operation)
    for provider, kind, state in sorted(grouped, key=lambda k: (words.urgency(k[2]), k)):
        found = grouped[provider, kind, state]
        yield Group(
            title=visible(f"{provider}: {words.count(len(found), *words.kind(kind))} {words.state(state)}"),
            total=len(found),
            entries=tuple(operation_entry(o, shown) for o in found[:limit]),
        )


def operation_entry(operation: Operation, shown: Shown) -> Entry:
    """One operation, explained."""
    record = f", record {operation.provider}:{operation.record_id}" if operation.record_id else ""
    changes = tuple(_change(name, c, shown) for name, c in in_report_order(operation.fields))
    return Entry(
        title=shown.person(operation.person_id) + visible(record),
        changes=changes,
        lines=tuple(_operation_lines(operation, shown)),
    )


def _operation_lines(operation: Operation, shown: Shown) -> Iterator[str]:
    rules = {change.rule for change in operation.fields.values()}
    if operation.reason not in rules:
        yield f"why: {shown.text(phrase(operation.reason))}"
    for effect in operation.effects:
        yield f"also: {shown.text(effect)}"
    if operation.until:
        yield f"not before: {words.moment(operation.until)}"
    if operation.message:
        yield f'{visible(operation.provider)} said: "{shown.text(operation.message)}"'


def _change(name: str, change: FieldChange, shown: Shown) -> Change:
    return Change(
        field=visible(name),
        before=shown.value(name, change.before),
        after=shown.value(name, change.after),
        why=visible(f"from {change.source}: {phrase(change.rule)}"),
    )


def all_groups(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    """Guards, then operations, then findings; at most ``limit`` entries of each group."""
    yield from guard_groups(report, shown)
    yield from operation_groups(report, shown, limit)
    yield from finding_groups(report, shown, limit)


def guard_groups(report: Report, shown: Shown) -> Iterator[Group]:
    """Every guard that stopped the run, with the whole flag that would let it through."""
    entries = tuple(
        Entry(
            title=visible(f"{g.provider} {g.kind}: ")
            + f"{words.number(g.planned)} planned, limit {words.number(g.limit)}",
            lines=(shown.text(g.detail), *([visible(f"--allow {g.allow}")] if g.allow else [NO_FLAG])),
        )
        for g in report.guards
    )
    yield from _group(words.count(len(entries), "guard", "guards"), entries, len(entries), len(entries))


def finding_groups(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    """Everything besides operations, what waits for a person first; empty lists are left out."""
    makers = (_conflicts, _suspicions, _parked, _holds, _manual, _twins, _deferred, _cannot, _bulk)
    for maker in makers:
        yield from maker(report, shown, limit)


def _group(title: str, entries: Iterable[Entry], total: int, limit: int, note: str = "") -> Iterator[Group]:
    if total:
        yield Group(title=visible(title), total=total, entries=tuple(islice(entries, limit)), note=note)


def _conflicts(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    entries = (
        Entry(
            title=f"{shown.person(c.person_id)}: {visible(c.field)}, since {words.moment(c.since)}",
            lines=(
                *(f"{visible(r)} says {shown.value(c.field, v)}" for r, v in c.values.items()),
                *([explain(c.reason)] if c.reason != ConflictReason.DISAGREE else []),
                f"{SHOW} {item_id(c)}",
            ),
        )
        for c in report.conflicts
    )
    total = len(report.conflicts)
    note = f"Providers disagree; the field stays as it is everywhere until you choose: {REVIEW}"
    yield from _group(words.count(total, "conflict", "conflicts"), entries, total, limit, note)


def _suspicions(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    entries = (
        Entry(
            title=f"{shown.person(s.people[0])} and {shown.person(s.people[1])}",
            lines=(
                f"{s.suspicion.score:.0%} alike: {shown.text(s.suspicion.reason)}",
                *(f"{visible(f.name)} {f.score:.0%}: {shown.text(f.detail)}" for f in s.suspicion.features),
                f"{SHOW} {item_id(s.suspicion)}",
            ),
        )
        for s in report.suspected_duplicates
    )
    total = len(report.suspected_duplicates)
    meanwhile = "Neither is created where the other has a record, or opted out, until you decide"
    note = f"Perhaps one person each. {meanwhile}: {REVIEW}"
    yield from _group(
        words.count(total, "suspected duplicate", "suspected duplicates"), entries, total, limit, note
    )


def _parked(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    entries = (
        Entry(
            title=f"{shown.person(p.operation.person_id)}, "
            + visible(f"{p.operation.kind} at {p.operation.provider}"),
            lines=(
                f"why: {visible(phrase(p.operation.reason))}",
                *(f"look there for {visible(k)} {shown.key(v)}" for k, v in p.look_for.items()),
                f"then decide: {shown.text(p.decide)}",
            ),
        )
        for p in report.parked
    )
    total = len(report.parked)
    note = "Nobody but you can find out whether these were applied. Nothing is sent again before you say so."
    yield from _group(words.count(total, "parked operation", "parked operations"), entries, total, limit, note)


def _holds(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    entries = (
        Entry(
            title=f"{shown.person(h.person_id)}, record {visible(f'{h.provider}:{h.record_id}')}",
            lines=(f"{visible(h.kind)}: {visible(phrase(h.kind))}", f"{SHOW} {item_id(h)}"),
        )
        for h in report.holds
    )
    total = len(report.holds)
    note = f"These wait for your decision: {REVIEW}"
    yield from _group(words.count(total, "hold", "holds"), entries, total, limit, note)


def _manual(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    entries = (
        Entry(
            title=f"{visible(f'{a.action} at {a.provider}')}: {shown.person(a.person_id)}",
            lines=(f"{SHOW} {item_id(a)}",),
        )
        for a in report.manual_actions
    )
    total = len(report.manual_actions)
    note = f"No API can do these. Do them in the provider's own pages, then tick them off: {REVIEW}"
    yield from _group(words.count(total, "action", "actions") + " to do by hand", entries, total, limit, note)


def _twins(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    entries = (
        Entry(title=f"{shown.person(t.person_id)}: {visible(', '.join(f'{t.provider}:{r}' for r in t.records))}")
        for t in report.twins
    )
    total = len(report.twins)
    note = (
        "One person has several records at one provider. Only the first is written; merge them there if you can."
    )
    people = words.count(len({t.person_id for t in report.twins}), "person", "people")
    yield from _group(f"{people} with twin records", entries, total, limit, note)


def _put_off(count: int) -> str:
    """So many operations; a limit that was met while reading puts off none, but what was not read yet."""
    return words.number(count) if count else "what was not read"


def _deferred(report: Report, _shown: Shown, limit: int) -> Iterator[Group]:
    entries = (
        Entry(
            title=visible(f"{d.provider}: {_put_off(d.count)}, {words.until(d.until)}"),
            lines=(f"why: {visible(phrase(d.reason))}",),
        )
        for d in report.deferred
    )
    total = len(report.deferred)
    yield from _group("Put off", entries, total, limit, "The next runs do these by themselves.")


def _cannot(report: Report, shown: Shown, limit: int) -> Iterator[Group]:
    grouped: Mapping[tuple[str, str], list[Entry]] = defaultdict(list)
    for wish in report.cannot_express:
        entry = Entry(title=f"{shown.person(wish.person_id)}: {visible(wish.field)}")
        grouped[wish.provider, wish.reason].append(entry)
    for (provider, reason), entries in sorted(grouped.items()):
        title = f"{provider} cannot hold {words.count(len(entries), 'value', 'values')}"
        yield from _group(title, entries, len(entries), limit, visible(explain(reason)))


def _bulk(report: Report, _shown: Shown, limit: int) -> Iterator[Group]:
    entries = (
        Entry(
            title=visible(f"bulk {b.uuid or '(no id)'}: ")
            + f"{words.number(b.sent)} sent, {words.number(b.created)} created, {words.number(b.updated)} updated"
        )
        for b in report.bulk
    )
    yield from _group("Bulk totals told by the provider", entries, len(report.bulk), limit)
