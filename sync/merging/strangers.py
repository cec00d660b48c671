"""Records of somebody new that all meet for the first time: what ``first_contact`` comes to, in one step.

At a first run that is everybody, and no value, edit or conflict from before can take part. Where no field has a
policy of its own, the first record in the order that shows a field gives it, what can be read before what cannot,
so nothing has to be weighed again when the next record comes. A property test holds the answer against the
step-by-step one.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from sync.change import Choice
from sync.codes import Rule
from sync.contact import GROUPS
from sync.identity.canonical import compared, is_readable
from sync.merging.emails import as_emails, distinct
from sync.merging.first_contact import CONTRADICTION_MATTERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sync.contact import Value
    from sync.merging.policy import MergePolicy

GROUPED = frozenset(name for group in GROUPS for name in group)
NOBODY_LOST: Mapping[str, Value] = MappingProxyType({})


class Shown(NamedTuple):
    """A record as a stranger's merge sees it: its flat fields, and ``provider:record_id`` as ``source``."""

    rid: int
    provider: str
    source: str
    fields: Mapping[str, Value]


class Met(NamedTuple):
    """What strangers come to: the person's flat fields, and why each holds its value."""

    fields: dict[str, Value]
    choices: dict[str, Choice]


def meet(records: Sequence[Shown], policy: MergePolicy, at: datetime) -> Met | None:
    """The merge of records that nobody met before, of a person of whom nothing is known.

    ``None`` where several records and a field with a policy of its own take a closer look.
    """
    if len(records) > 1 and policy.fields:
        return None
    ranked = sorted(records, key=lambda r: (policy.rank(r.provider), -len(r.fields), r.rid))
    meeting = _Meeting(policy, at)
    for group in GROUPS:
        meeting.choose_group(group, ranked)
    meeting.offer_single(ranked)
    meeting.join_emails(ranked)
    return Met(meeting.fields, meeting.choices())


class _Meeting:
    def __init__(self, policy: MergePolicy, at: datetime) -> None:
        self._policy = policy
        self._at = at
        self.fields: dict[str, Value] = {}
        self._whose: dict[str, tuple[str, Rule]] = {}
        self._lost: dict[str, dict[str, Value]] = {}

    def choose_group(self, group: tuple[str, ...], ranked: list[Shown]) -> None:
        """One record gives the whole group; the others fill its blanks where that cannot mislead."""
        holders = [r for r in ranked if not r.fields.keys().isdisjoint(group)]
        if not holders:
            return
        best = holders[0] if len(holders) == 1 else min(holders, key=lambda r: self._standing(group, r))
        for record in (best, *(r for r in holders if r is not best)):
            fills = group not in CONTRADICTION_MATTERS or self._agrees(group, record)
            for name in group:
                if name in record.fields:
                    self.offer(name, record, Rule.GROUP, fills=fills)

    def _standing(self, group: tuple[str, ...], record: Shown) -> tuple[int, int, int]:
        known = sum(name in record.fields for name in group)
        return self._policy.rank(record.provider), -known, record.rid

    def _agrees(self, group: tuple[str, ...], record: Shown) -> bool:
        fields, shown = self.fields, record.fields
        return all(self._same(n, fields[n], shown[n]) for n in group if n in shown and n in fields)

    def offer_single(self, ranked: list[Shown]) -> None:
        """Each record's values of fields that stand alone; what nobody can use comes after what can be read."""
        late: list[tuple[str, Shown]] = []
        for record in ranked:
            for name, value in record.fields.items():
                if name in GROUPED or name == "emails":
                    continue
                if len(ranked) > 1 and not is_readable(name, value):
                    late.append((name, record))
                else:
                    self.offer(name, record, Rule.SURVIVORSHIP)
        for name, record in late:
            self.offer(name, record, Rule.SURVIVORSHIP)

    def offer(self, name: str, record: Shown, rule: Rule, *, fills: bool = True) -> None:
        """The record's value stands if none did and it ``fills``; else it lost, unless it is the same."""
        value = record.fields[name]
        if name in self.fields:
            if self._same(name, self.fields[name], value):
                return
            source, chosen = self._whose[name]
            self._whose[name] = (source, Rule.SURVIVORSHIP if chosen == Rule.FIRST_CONTACT else chosen)
        elif fills:
            self.fields[name] = value
            self._whose[name] = (record.source, Rule.FIRST_CONTACT)
            lost = self._lost.get(name, {})
            self._lost[name] = {s: v for s, v in lost.items() if not self._same(name, v, value)}
            return
        elif name not in self._whose:
            self._whose[name] = (record.source, rule)
        self._lost.setdefault(name, {})[record.source] = value

    def join_emails(self, ranked: list[Shown]) -> None:
        """Everybody's addresses stand, the best record's first."""
        holders = [r for r in ranked if "emails" in r.fields]
        if holders:
            own = distinct(as_emails(holders[0].fields["emails"]))
            emails = distinct(e for r in holders for e in as_emails(r.fields["emails"]))
            rule = Rule.SURVIVORSHIP if len(emails) > len(own) else Rule.FIRST_CONTACT
            self.fields["emails"] = tuple(emails)
            self._whose["emails"] = (holders[0].source, rule)

    def _same(self, name: str, a: Value, b: Value) -> bool:
        region = self._policy.region
        return a == b or compared(name, a, region=region) == compared(name, b, region=region)

    def choices(self) -> dict[str, Choice]:
        """Why each field holds its value; one choice for all that the same record gave without a loser."""
        kept: dict[tuple[str, Rule], Choice] = {}
        found = {}
        for name, (source, rule) in self._whose.items():
            if lost := self._lost.get(name):
                found[name] = Choice(source=source, rule=rule, at=self._at, losers=MappingProxyType(lost))
            else:
                found[name] = kept.get((source, rule)) or kept.setdefault(
                    (source, rule), Choice(source=source, rule=rule, at=self._at, losers=NOBODY_LOST)
                )
        return found
