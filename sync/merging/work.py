"""A merge under way: the person's values as they change, and what becomes of every record's link."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.brake import noted, oscillates
from sync.change import Choice, Conflict, Return
from sync.codes import ConflictReason
from sync.contact import Contact
from sync.identity.canonical import compared, compared_each

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from datetime import datetime

    from sync.contact import Value
    from sync.merging.policy import MergePolicy
    from sync.person import Member, Person
    from sync.record import Link, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """A person's merged contact with its reasons. ``links``: rid → changed link (new base, cleared sent).

    ``frozen``: fields that wait because a record kept putting its own value back; ``returns``: how often.
    """

    contact: Contact
    choices: Mapping[str, Choice]
    conflicts: tuple[Conflict, ...]
    links: Mapping[int, Link]
    frozen: frozenset[str] = frozenset()
    returns: Mapping[str, tuple[Return, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def on(self, person: Person) -> Person:
        """The person with what the merge came to; ties as they were."""
        return replace(
            person,
            contact=self.contact,
            choices=self.choices,
            conflicts=self.conflicts,
            frozen=self.frozen,
            returns=self.returns,
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """One record's new value of a field; ``before`` is its base."""

    member: Member
    before: Value | None
    value: Value | None

    @property
    def source(self) -> str:
        """The record, as choices and conflicts name it."""
        return str(self.member.record.ref)

    @property
    def provider(self) -> str:
        """The record's provider."""
        return self.member.record.ref.provider


def _as_carried(member: Member) -> Member:
    """The record with a base of what it shows in fields that no row carried before: nobody changed those."""
    first = member.record.first_carried
    if not first:
        return member
    base = {name: value for name, value in member.link.base.items() if name not in first}
    base |= {n: v for n, v in member.record.contact.to_fields().items() if n in first}
    return replace(member, link=replace(member.link, base=MappingProxyType(base)))


class Work:
    """The state of one merge. Records that are gone take no part; the others are ordered by rid.

    ``shown``: rid → what the record shows, flat.
    """

    def __init__(self, person: Person, policy: MergePolicy, at: datetime) -> None:
        self.person = person
        self.policy = policy
        self.at = at
        self.live = sorted((_as_carried(m) for m in person.members if not m.gone), key=lambda m: m.rid)
        self.met = [m for m in self.live if m.link.met]
        self.newcomers = [m for m in self.live if not m.link.met]
        self.shown: dict[int, dict[str, Value]] = {m.rid: m.record.contact.to_fields() for m in self.live}
        self.values: dict[str, Value] = person.contact.to_fields()
        self.choices: dict[str, Choice] = dict(person.choices)
        self.frozen = set(person.frozen)
        self.returns = dict(person.returns)
        self.conflicts = {c.field: c for c in person.conflicts if c.field in person.frozen}
        self.base: dict[int, dict[str, Value]] = {m.rid: dict(m.link.base) for m in self.met}
        self.sent: dict[int, dict[str, Value]] = {m.rid: dict(m.link.sent) for m in self.live}
        self.written: dict[int, dict[str, Written]] = {m.rid: dict(m.link.written) for m in self.live}

    def disputed(self, name: str) -> str | None:
        """Why the field was in dispute before, ``None`` when it was not."""
        return next((c.reason for c in self.person.conflicts if c.field == name), None)

    def key(self, name: str, value: Value | None) -> Hashable:
        """The form in which equal values are equal."""
        return compared(name, value, region=self.policy.region)

    def keys(self, name: str, value: Value | None) -> frozenset[str]:
        """The compared form of every single value in ``value``."""
        return compared_each(name, value, region=self.policy.region)

    def same(self, name: str, a: Value | None, b: Value | None) -> bool:
        """Whether two values are one after normalisation."""
        return a == b or self.key(name, a) == self.key(name, b)

    def holds(self, name: str, value: Value) -> bool:
        """Whether all of ``value`` is in the canonical value."""
        stands = self.values.get(name)
        return value == stands or self.keys(name, value) <= self.keys(name, stands)

    def set(self, name: str, value: Value | None, choice: Choice) -> None:
        """``value`` stands, for the reason in ``choice``."""
        if value is None:
            self.values.pop(name, None)
        else:
            self.values[name] = value
        self.choices[name] = choice

    def note_losers(self, name: str, values: Mapping[str, Value], rule: str) -> None:
        """The values lost and are kept; with no choice so far, ``rule`` is why nothing stands."""
        values = {source: value for source, value in values.items() if not self.holds(name, value)}
        if not values:
            return
        choice = self.choices.get(name) or Choice(source=next(iter(values)), rule=rule, at=self.at)
        self.choices[name] = replace(choice, losers=MappingProxyType({**choice.losers, **values}))

    def take(self, name: str, edits: Iterable[Edit]) -> None:
        """The edits are taken into account: the records' bases move to what they hold now."""
        for edit in edits:
            if edit.value is None:
                self.base[edit.member.rid].pop(name, None)
            else:
                self.base[edit.member.rid][name] = edit.value

    def brakes(self, name: str, edits: Iterable[Edit]) -> bool:
        """Whether one of the edits is a return too many; then the field waits, with the values in question."""
        edits = [e for e in edits if self._is_return(name, e)]
        for edit in edits:
            latest = Return(source=edit.source, value=str(self.key(name, edit.value)), at=self.at)
            self.returns[name] = noted(self.returns.get(name, ()), latest)
        if not edits or not oscillates(self.returns[name]):
            return False
        self.frozen.add(name)
        stands = {self.choices[name].source: self.values[name]} if name in self.values else {}
        values = {**stands, **{e.source: e.value for e in edits}}
        self.conflicts[name] = Conflict(
            person_id=self.person.id,
            field=name,
            values=MappingProxyType(values),
            since=self.at,
            reason=ConflictReason.OSCILLATES,
        )
        return True

    def _is_return(self, name: str, edit: Edit) -> bool:
        """Whether the record took our value there and now shows the one of its own that had lost again."""
        choice = self.choices.get(name)
        lost = None if choice is None else choice.losers.get(edit.source)
        acknowledged = name in self.sent[edit.member.rid]
        return acknowledged and lost is not None and self.same(name, lost, edit.value)

    def result(self) -> MergeResult:
        """What the merge came to."""
        return MergeResult(
            contact=Contact.from_fields(self.values),
            choices=MappingProxyType(self.choices),
            conflicts=tuple(self.conflicts[name] for name in sorted(self.conflicts)),
            links=self._links(),
            frozen=frozenset(self.frozen),
            returns=MappingProxyType({name: own for name, own in self.returns.items() if own}),
        )

    def _links(self) -> Mapping[int, Link]:
        links = {}
        before = {m.rid: m.link for m in self.person.members}
        for member in self.live:
            if member.rid not in self.base:
                continue  # not met yet
            link = replace(
                member.link,
                base=MappingProxyType(self.base[member.rid]),
                sent=MappingProxyType(self.sent[member.rid]),
                written=MappingProxyType(self.written[member.rid]),
                met=True,
            )
            if link != before[member.rid]:
                links[member.rid] = link
        return MappingProxyType(links)
