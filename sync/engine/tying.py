"""Whose a region's records are: matched, given ids, and parted with the values that each side had."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.engine.policies import match_policy, merge_policy
from sync.identity.linkedin import is_profile
from sync.matching import match
from sync.matching.hubs import entry_of, ties_of
from sync.matching.parts import ALONE, FORMER_KEY, LINKED
from sync.membership import assign
from sync.merging import merge
from sync.merging.heirs import with_heirs
from sync.merging.inheriting import inherit
from sync.merging.parting import Side, part
from sync.store_port import MembershipUpdate, Merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from sync.change import FieldChange, Operation
    from sync.engine.session import Session
    from sync.matching import MatchPolicy, Partition
    from sync.matching.hubs import Entry
    from sync.membership import MembershipChange
    from sync.person import Decision, Member, Person
    from sync.record import RecordRef
    from sync.store_port import Region


DECIDED = "decision"
"""What ties a record to its person where a human said so and no key does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a person decides about records, as one act.

    ``whose``: record → the person it counts as tied to while this is carried out (``None``: nobody's), where
    that is another than it is tied to. ``staying``: records that keep their person's id in a parting.
    """

    decide: tuple[Decision, ...] = ()
    withdraw: tuple[tuple[RecordRef, RecordRef], ...] = ()
    whose: Mapping[RecordRef, str | None] = field(default_factory=lambda: MappingProxyType({}))
    staying: frozenset[RecordRef] = frozenset()

    def decisions(self, known: tuple[Decision, ...]) -> list[Decision]:
        """``known`` after the act."""
        gone = {frozenset(pair) for pair in self.withdraw} | {frozenset({d.a, d.b}) for d in self.decide}
        return [d for d in known if frozenset({d.a, d.b}) not in gone] + list(self.decide)


NOTHING_JUDGED = Judgement()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """A region's new membership, ready to be kept, and what it means for the ids."""

    update: MembershipUpdate
    change: MembershipChange


def tie(
    session: Session, region: Region, judged: Judgement = NOTHING_JUDGED, policy: MatchPolicy | None = None
) -> Tied:
    """Whose the region's records are now; ``policy``: another than what is configured."""
    records = [replace(r, person_id=judged.whose[r.ref]) if r.ref in judged.whose else r for r in region.records]
    rules = policy or match_policy(session)
    partition = match(records, judged.decisions(region.decisions), rules, region.generic, region.once_one)
    change = assign(
        partition,
        {r.rid: r.person_id for r in region.records if r.person_id is not None},
        new_id=session.clock.new_id,
        created_at=region.people,
        former=region.former,
        earlier=region.earlier,
        staying=frozenset(r.rid for r in region.records if r.ref in judged.staying),
    )
    return Tied(update=_update(session, region, partition, change, judged), change=change)


def _update(
    session: Session, region: Region, partition: Partition, change: MembershipChange, judged: Judgement
) -> MembershipUpdate:
    ties = _ties(region, partition, judged.decisions(region.decisions))
    parted = tuple(_separated(session, change, frozenset(region.former)))
    separated = (*parted, *_rejoined(session, change, {merged.person_id for merged in parted}))
    return MembershipUpdate(
        decisions=judged.decide,
        withdrawn=judged.withdraw,
        separated=separated,
        inherited=tuple(_inherited(session, change, {merged.person_id for merged in separated})),
        members=MappingProxyType({rid: (person, ties[rid]) for rid, person in change.person_of.items()}),
        created=change.created,
        redirects=MappingProxyType({loser: winner for winner, loser in change.merged}),
        split_from=MappingProxyType({new: left for left, new in change.split}),
        suspicions=partition.suspicions,
        generic=partition.generic,
    )


def _ties(region: Region, partition: Partition, decided: Iterable[Decision]) -> dict[int, str]:
    """Record → what ties it to the others of its person, or ``own`` for one that is alone."""
    ties = {cluster[0]: ALONE for cluster in partition.clusters if len(cluster) == 1}
    entries = {r.rid: entry_of(r) for r in region.records if r.rid not in ties}
    same: dict[RecordRef, set[RecordRef]] = {}
    for decision in decided:
        if decision.verdict == "same":
            same.setdefault(decision.a, set()).add(decision.b)
            same.setdefault(decision.b, set()).add(decision.a)
    for cluster in partition.clusters:
        if len(cluster) > 1:
            ties.update(_evidence([entries[rid] for rid in cluster], same, partition.generic))
    return ties


def _evidence(
    person: Sequence[Entry], same: Mapping[RecordRef, set[RecordRef]], generic: frozenset[str]
) -> Iterator[tuple[int, str]]:
    """Record → the kinds of keys that it shares with others of the person; else that somebody decided so, or that
    not both show a key any more. Nobody's keys tie nobody, but for two of them together.
    """
    refs = {entry.record.ref for entry in person}
    shown = Counter(key for entry in person for key in _keys(entry, generic))
    held = Counter(key for entry in person for key in ties_of(entry, generic))
    for entry in person:
        kinds = {kind for key in _keys(entry, generic) if shown[key] > 1 for kind in _kinds(key)}
        if kinds:
            yield entry.record.rid, "+".join(sorted(kinds))
        elif not refs.isdisjoint(same.get(entry.record.ref, ())):
            yield entry.record.rid, DECIDED
        else:
            yield entry.record.rid, FORMER_KEY if any(held[key] > 1 for key in ties_of(entry, generic)) else LINKED


def _keys(entry: Entry, generic: frozenset[str]) -> Iterator[str]:
    """What ``entry`` shows that joins: its keys, and nobody's profile with nobody's email."""
    return ties_of(replace(entry, aliases=()), generic)


def _kinds(key: str) -> Iterator[str]:
    return ("linkedin" if is_profile(part) else "email" for part in key.split())


def _separated(session: Session, change: MembershipChange, retired: frozenset[str]) -> Iterator[Merged]:
    """What everybody is who lost records to somebody else, or got them from somebody who goes on or is merged.

    Who lost none and takes others in is told by what is inherited from them. Whoever gets a new id is what
    somebody ``retired`` was with those records.
    """
    parted = sorted({person for pair in change.split for person in pair})
    if not parted:
        return
    involved = sorted({*parted, *(loser for winner, loser in change.merged if winner in parted)})
    people = session.store.people(involved)
    together = {m.rid: person for person in people for m in person.members}
    before = session.store.people_before([*involved, *retired])
    unchanged = {p.id for p in people if all(change.person_of.get(m.rid) == p.id for m in p.members)}
    sides: list[Side] = []
    for person_id in sorted(set(parted) - (unchanged & {winner for winner, _ in change.merged})):
        rids = {rid for rid, owner in change.person_of.items() if owner == person_id}
        members = tuple(m for person in people for m in person.members if m.rid in rids)
        if members:
            own = tuple(sorted(members, key=lambda m: m.rid))
            was = _before([*people, *before], retired if person_id in change.created else {person_id}, rids)
            sides.append(_side(session, person_id, own, was, _losers(change, person_id)))
    policy, at = merge_policy(session), session.clock.now()
    for side in with_heirs(sides, people, before):
        yield Merged.of(part(side, together, policy, at))


def _side(
    session: Session,
    person_id: str,
    members: tuple[Member, ...],
    before: Person | None,
    merged: tuple[str, ...] = (),
) -> Side:
    sent = session.store.writes_at([m.record.ref for m in members])
    wrote = {m.rid: _by_field(sent[m.record.ref]) for m in members if m.record.ref in sent}
    return Side(person_id=person_id, members=members, before=before, merged=merged, wrote=MappingProxyType(wrote))


def _by_field(operations: Iterable[Operation]) -> dict[str, list[FieldChange]]:
    found: dict[str, list[FieldChange]] = {}
    for operation in operations:
        for name, change in operation.fields.items():
            found.setdefault(name, []).append(change)
    return found


def _losers(change: MembershipChange, winner: str) -> tuple[str, ...]:
    return tuple(loser for to, loser in change.merged if to == winner)


def _rejoined(session: Session, change: MembershipChange, told: set[str]) -> Iterator[Merged]:
    """What somebody is who was parted and has all those records again: what they were, and what happened since.

    Who loses records at the same time is ``told`` already.
    """
    winners = {winner for winner, _ in change.merged} - told
    for before in session.store.people_before(sorted(winners)):
        rids = {rid for rid, owner in change.person_of.items() if owner == before.id}
        if before.id in winners and {m.rid for m in before.members} == rids:
            winners.remove(before.id)
            losers = _losers(change, before.id)
            now = session.store.people([before.id, *losers])
            together = {m.rid: person for person in now for m in person.members}
            own = (m for person in now for m in person.members if m.rid in rids)
            members = tuple(sorted(own, key=lambda m: m.rid))
            side = _side(session, before.id, members, before, losers)
            yield Merged.of(part(side, together, merge_policy(session), session.clock.now()))


def _inherited(session: Session, change: MembershipChange, told: set[str]) -> Iterator[Merged]:
    """What somebody is by what people decided about whoever is merged into them, before their records meet."""
    losers: dict[str, list[str]] = {}
    for winner, loser in change.merged:
        if winner not in told:
            losers.setdefault(winner, []).append(loser)
    for winner, ids in losers.items():
        found = {p.id: p for p in session.store.people([winner, *ids])}
        person = found.get(winner)
        if person is None:
            continue
        others = [_edited(session, _without_leavers(session, found[i], change)) for i in ids if i in found]
        heir = inherit(person, others, merge_policy(session))
        if heir is not person:
            yield replace(Merged.of(heir), links=MappingProxyType({}))


def _edited(session: Session, person: Person) -> Person:
    """The person after what their records changed since: once these are met anew, no edit can be told there."""
    return merge(person, merge_policy(session), session.clock.now()).on(person)


def _without_leavers(session: Session, person: Person, change: MembershipChange) -> Person:
    """Who is merged, as if only those records had been theirs that go along; others may leave at the same time."""
    winner = next(to for to, loser in change.merged if loser == person.id)
    members = tuple(m for m in person.members if change.person_of.get(m.rid) == winner)
    if members == person.members:
        return person
    former = _before(session.store.people_before([person.id]), {person.id}, {m.rid for m in members})
    side = _side(session, person.id, members, former)
    return part(side, {m.rid: person for m in person.members}, merge_policy(session), session.clock.now())


def _before(before: list[Person], ids: AbstractSet[str], rids: set[int]) -> Person | None:
    """What one of those persons is or was with some of these records and no others, the most of them."""
    fitting = [p for p in before if p.id in ids and {m.rid for m in p.members} <= rids]
    return max(fitting, key=lambda p: len(p.members), default=None)
