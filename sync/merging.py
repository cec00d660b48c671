"""Which value of a field stands for a person: a three-way merge with a base per record.

Per field and record the question is whether the record *changed* it: what it holds now differs, after
normalisation, from the base that was last taken into account. The answers:

===========================  ==========================================================================
who changed                  what stands
===========================  ==========================================================================
nobody                       the canonical value
one record                   its value (``only-changer``)
several, to one value        that value (``agreed``)
several, to different ones   the field owner's, else the field's own priority, else a conflict: the field
                             freezes, every value is kept, other fields flow
a record seen for the first  union; unequal values by survivorship (priority, then completeness), never a
time                         blank over a value, never over an edit that was taken before
===========================  ==========================================================================

A field with an owner takes nobody else's edit (``reverted-by-owner``; the losing value is kept). An emptied
value counts as a change only when blanks are explicit; otherwise it is noted and overruled.
Source of the three-way rule: Khanna, Kunal, Pierce, «A Formal Investigation of Diff3», 2007.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import Choice, Conflict
from sync.codes import Rule
from sync.contact import ADDRESS_GROUP, COMPANY_GROUP, GROUPS, MULTI_VALUED, Contact
from sync.identity.canonical import compared
from sync.merging_emails import EmailEdit, as_emails, merge_emails

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from datetime import datetime

    from sync.contact import Value
    from sync.person import Member, Person
    from sync.record import Link, Written

EDITS = frozenset(
    {Rule.ONLY_CHANGER, Rule.AGREED, Rule.FIELD_OWNER, Rule.FIELD_PRIORITY, Rule.HUMAN, Rule.UNDO, Rule.BLANK}
)
"""Rules that stand for somebody's edit; a newcomer's value does not outrank those."""

CONTRADICTION_MATTERS = frozenset({COMPANY_GROUP, ADDRESS_GROUP})
"""Groups whose blanks are filled only from records that agree with the rest (a title without its company
misleads); a missing last name is filled from any record of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPolicy:
    """Who decides one field: ``owner`` (only its edits count) or ``priority`` between several edits."""

    owner: str | None = None
    priority: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePolicy:
    """``priority``: providers, best first. ``blanks``: an emptied value may empty others.

    ``region``: default region for phone numbers without country code, ``""`` = none. ``settle``: how long a
    read may still show what a write replaced.
    """

    priority: tuple[str, ...] = ()
    fields: Mapping[str, FieldPolicy] = field(default_factory=lambda: MappingProxyType({}))
    blanks: bool = False
    region: str = ""
    settle: timedelta = timedelta(minutes=15)

    def rank(self, provider: str, name: str | None = None) -> int:
        """Place in the priority (0 = best); unlisted providers come last."""
        order = self.priority
        if name is not None and name in self.fields and self.fields[name].priority:
            order = self.fields[name].priority
        return order.index(provider) if provider in order else len(order)


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
        return str(self.member.record.ref)

    @property
    def provider(self) -> str:
        return self.member.record.ref.provider


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one field: its value and reason, or a conflict; ``taken``: edits taken into account."""

    value: Value | None
    choice: Choice | None
    conflict: Conflict | None = None
    taken: tuple[Edit, ...] = ()


def merge(person: Person, policy: MergePolicy, at: datetime) -> MergeResult:
    """The person's contact after everything its live records changed.

    Pure and idempotent: merging the result again with unchanged records changes nothing.
    """
    return _Merge(person, policy, at).result()


class _Merge:
    def __init__(self, person: Person, policy: MergePolicy, at: datetime) -> None:
        self._person = person
        self._policy = policy
        self._at = at
        self._live = sorted((m for m in person.members if not m.gone), key=lambda m: m.rid)
        self._met = [m for m in self._live if m.link.met]
        self._new = [m for m in self._live if not m.link.met]
        self._values: dict[str, Value] = dict(person.contact.to_fields())
        self._choices: dict[str, Choice] = dict(person.choices)
        self._conflicts: list[Conflict] = []
        self._base: dict[int, dict[str, Value]] = {m.rid: dict(m.link.base) for m in self._met}
        self._sent: dict[int, dict[str, Value]] = {m.rid: dict(m.link.sent) for m in self._live}
        self._written: dict[int, dict[str, Written]] = {m.rid: dict(m.link.written) for m in self._live}

    def result(self) -> MergeResult:
        for name in self._fields_of(self._met):
            self._merge_field(name)
        self._welcome()
        return MergeResult(
            contact=Contact.from_fields(self._values),
            choices=MappingProxyType(self._choices),
            conflicts=tuple(self._conflicts),
            links=self._links(),
        )

    # edits of records that took part before -----------------------------------------------------------
    def _fields_of(self, members: Sequence[Member]) -> list[str]:
        names = {name for m in members for name in (*m.record.contact.to_fields(), *m.link.base)}
        return sorted(names)

    def _merge_field(self, name: str) -> None:
        edits = self._edits(name)
        if not edits:
            return
        for edit in edits:
            self._sent[edit.member.rid].pop(name, None)
        verdict = self._decide(name, edits)
        if verdict.conflict is not None:
            self._conflicts.append(verdict.conflict)
        for edit in verdict.taken:
            self._take(name, edit)
        if verdict.choice is not None:
            self._set(name, verdict.value, verdict.choice)

    def _edits(self, name: str) -> list[Edit]:
        edits = []
        for member in self._met:
            now = member.record.contact.get(name)
            base = member.link.base.get(name)
            if not self._explained_by_us(name, member) and self._key(name, now) != self._key(name, base):
                edits.append(Edit(member, base, now))
        return edits

    def _explained_by_us(self, name: str, member: Member) -> bool:
        """Whether what the record shows follows from our own write rather than from a person.

        A read that still shows what we replaced is late, for as long as outcomes are waited for. The first
        other value after a write that was acknowledged without an echo is the provider's rendering of ours.
        """
        written = self._written[member.rid].get(name)
        if written is None:
            return False
        now = member.record.contact.get(name)
        unmoved = self._key(name, now) == self._key(name, written.before)
        if unmoved and self._at < written.at + self._policy.settle:
            return True
        del self._written[member.rid][name]
        if not unmoved and not written.echoed:
            self._take(name, Edit(member, None, now))
            return True
        return False

    def _decide(self, name: str, edits: list[Edit]) -> Verdict:
        real = [e for e in edits if e.value is not None or self._policy.blanks]
        owner = self._policy.fields.get(name, FieldPolicy()).owner
        if not real:
            return Verdict(None, None, taken=tuple(edits))
        if owner is not None:
            return self._owned(name, edits, [e for e in real if e.provider == owner], owner)
        if name == "emails":
            return self._decide_emails(real, edits)
        distinct = {self._key(name, e.value) for e in real}
        if len(distinct) == 1:
            rule = Rule.ONLY_CHANGER if len(real) == 1 else Rule.AGREED
            return self._won(name, self._best(name, real), Rule.BLANK if real[0].value is None else rule, edits)
        if self._policy.fields.get(name, FieldPolicy()).priority:
            return self._won(name, self._best(name, real), Rule.FIELD_PRIORITY, edits)
        return self._conflict(name, real)

    def _decide_emails(self, real: list[Edit], edits: list[Edit]) -> Verdict:
        merged = merge_emails(
            as_emails(self._values.get("emails")),
            tuple(
                EmailEdit(as_emails(e.before), as_emails(e.value), self._policy.rank(e.provider, "emails"))
                for e in real
            ),
            blanks=self._policy.blanks,
            by_priority=bool(self._policy.fields.get("emails", FieldPolicy()).priority),
        )
        if merged is None:
            return self._conflict("emails", real)
        choice = self._choice("emails", replace(real[merged.decider], value=merged.value), merged.rule, real)
        return Verdict(merged.value or None, choice, taken=tuple(edits))

    def _owned(self, name: str, edits: list[Edit], owners: list[Edit], owner: str) -> Verdict:
        if owners and len({self._key(name, e.value) for e in owners}) == 1:
            return self._won(name, owners[0], Rule.FIELD_OWNER, edits)
        if owners:
            return self._conflict(name, owners)
        if not any(m.record.ref.provider == owner for m in self._live):
            rest = replace(self._policy, fields=MappingProxyType({**self._policy.fields, name: FieldPolicy()}))
            return _Merge(self._person, rest, self._at)._decide(name, edits)  # noqa: SLF001  # itself, without owner
        current = self._choices.get(name)
        if current is None:
            return Verdict(None, None, taken=tuple(edits))
        losers = {**current.losers, **{e.source: e.value for e in edits if e.value is not None}}
        choice = replace(current, rule=Rule.REVERTED_BY_OWNER, at=self._at, losers=MappingProxyType(losers))
        return Verdict(self._values.get(name), choice, taken=tuple(edits))

    def _won(self, name: str, winner: Edit, rule: Rule, edits: list[Edit]) -> Verdict:
        return Verdict(winner.value, self._choice(name, winner, rule, edits), taken=tuple(edits))

    def _conflict(self, name: str, edits: list[Edit]) -> Verdict:
        values = {e.source: e.value for e in sorted(edits, key=lambda e: e.source)}
        since = next((c.since for c in self._person.conflicts if c.field == name), self._at)
        conflict = Conflict(person_id=self._person.id, field=name, values=MappingProxyType(values), since=since)
        return Verdict(None, None, conflict)

    def _best(self, name: str, edits: list[Edit]) -> Edit:
        return min(edits, key=lambda e: (self._policy.rank(e.provider, name), e.member.rid))

    def _choice(self, name: str, winner: Edit, rule: Rule, edits: Sequence[Edit]) -> Choice:
        before = self._choices.get(name)
        wins = self._key(name, winner.value)
        losers = {e.source: e.value for e in edits if e.value is not None and self._key(name, e.value) != wins}
        if before is not None and self._key(name, self._values.get(name)) != wins and name in self._values:
            losers[before.source] = self._values[name]
        replaced = dict(before.replaced) if before else {}
        if name in MULTI_VALUED:
            for edit in edits:
                replaced |= self._replaced(name, edit, winner)
            replaced = {old: new for old, new in replaced.items() if old not in self._keys(name, winner.value)}
        return Choice(
            source=winner.source,
            rule=rule,
            at=self._at,
            losers=MappingProxyType(losers),
            replaced=MappingProxyType(replaced),
        )

    def _replaced(self, name: str, edit: Edit, winner: Edit) -> dict[str, str]:
        """Old value (compared form) → what a person put in its place, for the edits that won."""
        if edit.before is None or edit.value is None or winner.value is None:
            return {}
        if isinstance(edit.before, tuple) and isinstance(edit.value, tuple):
            kept = self._keys(name, edit.value)
            gone = [old for old in edit.before if not self._keys(name, (old,)) <= kept]
            had = self._keys(name, edit.before)
            came = [new for new in edit.value if not self._keys(name, (new,)) <= had]
            return {next(iter(self._keys(name, (old,)))): new for old, new in zip(gone, came, strict=False)}
        if self._key(name, edit.value) != self._key(name, winner.value):
            return {}
        return {str(self._key(name, edit.before)): str(edit.value)}

    # records that are met for the first time ----------------------------------------------------------
    def _welcome(self) -> None:
        newcomers = sorted(self._new, key=lambda m: (self._policy.rank(m.record.ref.provider), m.rid))
        grouped = {name for group in GROUPS for name in group}
        for group in GROUPS:
            self._welcome_group(group, newcomers)
        for name in self._fields_of(newcomers):
            if name == "emails":
                self._welcome_emails(newcomers)
            elif name not in grouped:
                for member in newcomers:
                    self._offer(name, member)
        for member in newcomers:
            self._base[member.rid] = dict(member.record.contact.to_fields())

    def _welcome_group(self, group: tuple[str, ...], newcomers: list[Member]) -> None:
        holders = [m for m in newcomers if any(m.record.contact.get(n) for n in group)]
        settled = any(n in self._values for n in group)
        if holders and (not settled or self._outranks(group, holders[0])):
            self._adopt(group, max(holders, key=lambda m: self._standing(group, m)))
        for member in holders:
            agrees = all(
                n not in self._values
                or member.record.contact.get(n) is None
                or self._key(n, self._values[n]) == self._key(n, member.record.contact.get(n))
                for n in group
            )
            for name in group:
                blank = name not in self._values
                if not blank or agrees or group not in CONTRADICTION_MATTERS:
                    self._offer(name, member, fill_only=True)
                else:
                    self._lose(name, member)

    def _standing(self, group: tuple[str, ...], member: Member) -> tuple[int, int, int]:
        known = sum(member.record.contact.get(n) is not None for n in group)
        return (-self._policy.rank(member.record.ref.provider, group[0]), known, -member.rid)

    def _outranks(self, group: tuple[str, ...], member: Member) -> bool:
        choices = [self._choices[n] for n in group if n in self._choices and n in self._values]
        return bool(choices) and all(self._beats(group[0], member, c) for c in choices)

    def _beats(self, name: str, member: Member, choice: Choice) -> bool:
        if choice.rule in EDITS:
            return False
        rank = self._policy.rank
        return rank(member.record.ref.provider, name) < rank(choice.source.partition(":")[0], name)

    def _adopt(self, group: tuple[str, ...], member: Member) -> None:
        for name in group:
            value = member.record.contact.get(name)
            if value is not None:
                self._put(name, value, member, Rule.GROUP if name in self._values else Rule.FIRST_CONTACT)
            elif name in self._values and not self._holds(group, member):
                losers = {self._choices[name].source: self._values.pop(name)} if name in self._choices else {}
                self._choices[name] = Choice(
                    source=str(member.record.ref), rule=Rule.GROUP, at=self._at, losers=MappingProxyType(losers)
                )

    def _holds(self, group: tuple[str, ...], member: Member) -> bool:
        """Whether blanks of ``member`` may keep the values that stand: nothing else of the group differs."""
        return group not in CONTRADICTION_MATTERS or all(
            self._key(n, self._values.get(n)) == self._key(n, member.record.contact.get(n))
            for n in group
            if n in self._values and member.record.contact.get(n) is not None
        )

    def _offer(self, name: str, member: Member, *, fill_only: bool = False) -> None:
        value = member.record.contact.get(name)
        if value is None:
            return
        current = self._values.get(name)
        if current is None:
            blanked = self._choices.get(name)
            if blanked is None or blanked.rule != Rule.BLANK:
                self._put(name, value, member, Rule.FIRST_CONTACT)
        elif self._key(name, current) != self._key(name, value):
            choice = self._choices.get(name)
            if not fill_only and choice is not None and self._beats(name, member, choice):
                self._put(name, value, member, Rule.SURVIVORSHIP)
            else:
                self._lose(name, member)

    def _welcome_emails(self, newcomers: list[Member]) -> None:
        emails = list(self._values.get("emails") or ())
        choice = self._choices.get("emails")
        for member in newcomers:
            theirs = member.record.contact.emails
            if not theirs:
                continue
            known = self._keys("emails", tuple(emails))
            replaced = choice.replaced if choice else {}
            fresh = [e for e in theirs if not self._keys("emails", (e,)) <= known | set(replaced)]
            if choice is None or (emails and self._beats("emails", member, choice)):
                wins = [e for e in theirs if e in fresh or self._keys("emails", (e,)) <= known]
                rest = [e for e in emails if not self._keys("emails", (e,)) <= self._keys("emails", tuple(wins))]
                emails = [*wins, *rest]
                rule = Rule.FIRST_CONTACT if choice is None else Rule.SURVIVORSHIP
                choice = Choice(
                    source=str(member.record.ref),
                    rule=rule,
                    at=self._at,
                    replaced=MappingProxyType(dict(replaced)),
                )
            else:
                emails += fresh
        if emails and choice is not None:
            self._values["emails"] = tuple(emails)
            self._choices["emails"] = choice

    def _put(self, name: str, value: Value, member: Member, rule: Rule) -> None:
        before = self._choices.get(name)
        losers = dict(before.losers) if before else {}
        if before is not None and name in self._values:
            losers[before.source] = self._values[name]
        source = str(member.record.ref)
        losers.pop(source, None)
        self._values[name] = value
        self._choices[name] = Choice(
            source=source,
            rule=rule,
            at=self._at,
            losers=MappingProxyType(losers),
            replaced=before.replaced if before else MappingProxyType({}),
        )

    def _lose(self, name: str, member: Member) -> None:
        value = member.record.contact.get(name)
        choice = self._choices.get(name)
        if value is None or choice is None or self._key(name, value) == self._key(name, self._values.get(name)):
            return
        losers = {**choice.losers, str(member.record.ref): value}
        rule = Rule.SURVIVORSHIP if choice.rule == Rule.FIRST_CONTACT else choice.rule
        self._choices[name] = replace(choice, losers=MappingProxyType(losers), rule=rule)

    # results ------------------------------------------------------------------------------------------
    def _take(self, name: str, edit: Edit) -> None:
        base = self._base[edit.member.rid]
        if edit.value is None:
            base.pop(name, None)
        else:
            base[name] = edit.value

    def _set(self, name: str, value: Value | None, choice: Choice) -> None:
        if value is None:
            self._values.pop(name, None)
        else:
            self._values[name] = value
        self._choices[name] = choice

    def _links(self) -> Mapping[int, Link]:
        links = {}
        for member in self._live:
            link = replace(
                member.link,
                base=MappingProxyType(self._base[member.rid]),
                sent=MappingProxyType(self._sent[member.rid]),
                written=MappingProxyType(self._written[member.rid]),
                met=True,
            )
            if link != member.link:
                links[member.rid] = link
        return MappingProxyType(links)

    def _key(self, name: str, value: Value | None) -> Hashable:
        return compared(name, value, region=self._policy.region)

    def _keys(self, name: str, value: Value | None) -> frozenset[str]:
        key = self._key(name, value)
        if key is None:
            return frozenset()
        return frozenset(str(k) for k in key) if isinstance(key, tuple) else frozenset({str(key)})
