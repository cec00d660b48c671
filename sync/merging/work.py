"""A merge under way: the person's values as they change, and what becomes of every record's link."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import Choice, Conflict
from sync.contact import Contact
from sync.identity.canonical import compared

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from datetime import datetime

    from sync.contact import Value
    from sync.merging.policy import MergePolicy
    from sync.person import Member, Person
    from sync.record import Link, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """A person's merged contact with its reasons. ``links``: rid → changed link (new base, cleared sent)."""

    contact: Contact
    choices: Mapping[str, Choice]
    conflicts: tuple[Conflict, ...]
    links: Mapping[int, Link]


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


class Work:
    """The state of one merge. Records that are gone take no part; the others are ordered by rid."""

    def __init__(self, person: Person, policy: MergePolicy, at: datetime) -> None:
        self.person = person
        self.policy = policy
        self.at = at
        self.live = sorted((m for m in person.members if not m.gone), key=lambda m: m.rid)
        self.met = [m for m in self.live if m.link.met]
        self.newcomers = [m for m in self.live if not m.link.met]
        self.values: dict[str, Value] = dict(person.contact.to_fields())
        self.choices: dict[str, Choice] = dict(person.choices)
        self.conflicts: dict[str, Conflict] = {}
        self.base: dict[int, dict[str, Value]] = {m.rid: dict(m.link.base) for m in self.met}
        self.sent: dict[int, dict[str, Value]] = {m.rid: dict(m.link.sent) for m in self.live}
        self.written: dict[int, dict[str, Written]] = {m.rid: dict(m.link.written) for m in self.live}

    def key(self, name: str, value: Value | None) -> Hashable:
        """The form in which equal values are equal."""
        return compared(name, value, region=self.policy.region)

    def keys(self, name: str, value: Value | None) -> frozenset[str]:
        """The compared form of every single value in ``value``."""
        key = self.key(name, value)
        if key is None:
            return frozenset()
        return frozenset(str(k) for k in key) if isinstance(key, tuple) else frozenset({str(key)})

    def same(self, name: str, a: Value | None, b: Value | None) -> bool:
        """Whether two values are one after normalisation."""
        return self.key(name, a) == self.key(name, b)

    def holds(self, name: str, value: Value) -> bool:
        """Whether all of ``value`` is in the canonical value."""
        return self.keys(name, value) <= self.keys(name, self.values.get(name))

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

    def result(self) -> MergeResult:
        """What the merge came to."""
        return MergeResult(
            contact=Contact.from_fields(self.values),
            choices=MappingProxyType(self.choices),
            conflicts=tuple(self.conflicts[name] for name in sorted(self.conflicts)),
            links=self._links(),
        )

    def _links(self) -> Mapping[int, Link]:
        links = {}
        for member in self.live:
            link = replace(
                member.link,
                base=MappingProxyType(self.base[member.rid]),
                sent=MappingProxyType(self.sent[member.rid]),
                written=MappingProxyType(self.written[member.rid]),
                met=True,
            )
            if link != member.link:
                links[member.rid] = link
        return MappingProxyType(links)
