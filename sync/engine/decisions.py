"""What people decide about who is who: foreseen first, then kept in one step together with what follows from it.

A decision is about records, stands above every key, outlives rebuilds and can be taken back. The judgements of
one act share their time and their judge, so that they are withdrawn together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.contact import Contact
from sync.engine.people import merge_people
from sync.engine.policies import match_policy, merge_policy
from sync.engine.relinking import relinked
from sync.engine.tying import Judgement, tie
from sync.matching.hubs import entry_of, ties_of
from sync.matching.unions import Unions
from sync.merging import merge
from sync.person import Decision, Member, Person
from sync.record import Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.engine.session import Session
    from sync.engine.tying import Tied
    from sync.record import RecordRef
    from sync.store_port import Merged, Region

SAME, DIFFERENT = "same", "different"
APART = "apart"
"""Begins the names of people whom records count as tied to while they are parted from the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """One person after a decision. ``before``: the same id now, ``None`` when nobody has it now.

    ``formerly``: the id belonged to somebody who was merged, and is given back.
    """

    person_id: str
    records: tuple[RecordRef, ...]
    contact: Contact
    before: Person | None
    formerly: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What a decision will do. ``retired``: id → the id that goes on for it; ``retiring``: who they are now."""

    judged: Judgement
    tied: Tied
    people: tuple[Outlook, ...]
    retired: Mapping[str, str]
    retiring: tuple[Person, ...]

    @property
    def moves(self) -> bool:
        """Whether anybody's records change."""
        return bool(self.retired) or any(
            o.before is None or {m.record.ref for m in o.before.members} != set(o.records) for o in self.people
        )


# what is decided --------------------------------------------------------------------------------------
def split(session: Session, person: Person, leaving: Iterable[RecordRef], by: str) -> Judgement:
    """Those records are somebody else, all of them the same one."""
    gone = sorted(set(leaving))
    staying = [m.record.ref for m in person.members if m.record.ref not in gone]
    apart = _between(session, staying, gone, DIFFERENT, by)
    together = _between(session, gone[:1], gone[1:], SAME, by)
    return Judgement(decide=(*apart, *together), staying=frozenset(staying))


def join(session: Session, a: Person, b: Person, by: str) -> Judgement:
    """The two are one."""
    return Judgement(decide=_between(session, _refs(a), _refs(b), SAME, by))


def never(session: Session, a: Person, b: Person, by: str) -> Judgement:
    """The two are not one, whatever keys say."""
    return Judgement(decide=_between(session, _refs(a), _refs(b), DIFFERENT, by))


def _refs(person: Person) -> list[RecordRef]:
    return [m.record.ref for m in person.members]


def _between(
    session: Session, ones: Iterable[RecordRef], others: Iterable[RecordRef], verdict: str, by: str
) -> tuple[Decision, ...]:
    at = session.clock.now()
    return tuple(
        Decision(a=min(pair), b=max(pair), verdict=verdict, by=by, at=at) for pair in product(ones, others)
    )


# what is taken back -----------------------------------------------------------------------------------
def unjoin(session: Session, near: set[RecordRef], far: set[RecordRef]) -> Judgement | None:
    """No longer one by decision: each side stays one as far as anything else ties it."""
    acts = _acts(session, near, far, SAME)
    if not acts:
        return None
    pairs = [(d.a, d.b) for d in acts]
    sides = _sides(pairs, next(iter(sorted(near & {ref for pair in pairs for ref in pair}))))
    people = set(filter(None, map(session.store.person_of, sides)))
    whose: dict[RecordRef, str | None] = {}
    if len(people) == 1:
        whose = {m.record.ref: None for p in session.store.people(people) for m in p.members}
        whose |= _still_tied(session, sides, pairs, *people)
    return _withdrawal(session, acts, whose)


def _still_tied(
    session: Session, sides: Mapping[RecordRef, bool], withdrawn: Iterable[tuple[RecordRef, RecordRef]], home: str
) -> dict[RecordRef, str]:
    """Record → whom it counts as tied to: one for all of a side whom a key or another judgement ties.

    Else those would stay together who were only ever one because of a join that was taken back before.
    """
    region = session.store.region(set(sides), match_policy(session).generic_after)
    if region is None:
        return {}
    places = {ref: place for place, ref in enumerate(sides)}
    unions = Unions(len(places))
    first: dict[tuple[str, bool], int] = {}
    for record in region.records:
        if (at := places.get(record.ref)) is not None:
            for key in ties_of(entry_of(record), region.generic):
                unions.join(first.setdefault((key, sides[record.ref]), at), at)
    gone = set(map(frozenset, withdrawn))
    for d in region.decisions:
        if d.verdict == SAME and {d.a, d.b} not in gone and d.a in sides and sides[d.a] == sides.get(d.b):
            unions.join(places[d.a], places[d.b])
    roots = {ref: unions.find(at) for ref, at in places.items()}
    return {ref: f"{APART} {root}" if root else home for ref, root in roots.items()}


def unsplit(session: Session, near: set[RecordRef], far: set[RecordRef]) -> Judgement | None:
    """No longer apart by decision: they are tied as they were, unless something else keeps them apart.

    What else was decided about a record of each side, before or for another one, stands: of acts the last counts.
    """
    acts = _acts(session, near, far, DIFFERENT)
    latest = max(((d.at, d.by) for d in acts), default=None)
    acts = [d for d in acts if (d.at, d.by) == latest]
    home = next(filter(None, (session.store.person_of(ref) for ref in sorted(near))), None)
    whose = {ref: home for d in acts if d.verdict == DIFFERENT for ref in (d.a, d.b)}
    return _withdrawal(session, acts, whose)


def unnever(session: Session, near: set[RecordRef], far: set[RecordRef]) -> Judgement | None:
    """No longer apart by decision, and tied by nothing but what ties them now."""
    return _withdrawal(session, _acts(session, near, far, DIFFERENT), {})


def _withdrawal(session: Session, acts: list[Decision], whose: Mapping[RecordRef, str | None]) -> Judgement | None:
    """What the judgements had replaced stands again; where that is nothing, keys decide."""
    if not acts:
        return None
    pairs = tuple((d.a, d.b) for d in acts)
    again = tuple(session.store.replaced_decisions(pairs))
    return Judgement(decide=again, withdraw=pairs, whose=MappingProxyType(dict(whose)))


def _acts(session: Session, near: set[RecordRef], far: set[RecordRef], verdict: str) -> list[Decision]:
    """Every judgement of the acts that said ``verdict`` of a record of each side.

    Who was joined is named by an id of its own and is among the records of the other one, too.
    """
    known = session.store.decisions()
    near, far = near - far or near, far - near or far
    met = {
        (d.at, d.by)
        for d in known
        if d.verdict == verdict and ((d.a in near and d.b in far) or (d.b in near and d.a in far))
    }
    return [d for d in known if (d.at, d.by) in met]


def _sides(pairs: Iterable[tuple[RecordRef, RecordRef]], start: RecordRef) -> dict[RecordRef, bool]:
    """The two sides that ``pairs`` lie between; that of ``start`` is true."""
    near: dict[RecordRef, list[RecordRef]] = {}
    for a, b in pairs:
        near.setdefault(a, []).append(b)
        near.setdefault(b, []).append(a)
    sides = {start: True}
    front = [start]
    while front:
        ref = front.pop()
        for other in near[ref]:
            if other not in sides:
                sides[other] = not sides[ref]
                front.append(other)
    return sides


def taking_back(word: str, one: str, other: str) -> str:
    """How a decision about two people is undone; their ids go on naming them, and tell nothing about anybody."""
    return f"`contact-sync people {word} {one} {other} --undo` takes it back"


# foreseen and done ------------------------------------------------------------------------------------
def foresee(session: Session, judged: Judgement) -> Foreseen | None:
    """What the decision will do; ``None`` when none of its records is known."""
    refs = {ref for d in judged.decide for ref in (d.a, d.b)} | {ref for pair in judged.withdraw for ref in pair}
    region = session.store.region(refs, match_policy(session).generic_after)
    if region is None:
        return None
    tied = tie(session, region, judged)
    now = session.store.people({r.person_id for r in region.records if r.person_id is not None})
    members = {m.rid: m for p in now for m in p.members} | _newcomers(session, region)
    touched = _touched(tied, now)
    return Foreseen(
        judged=judged,
        tied=tied,
        people=tuple(_outlook(session, tied, now, members, person_id) for person_id in sorted(touched)),
        retired={loser: winner for winner, loser in tied.change.merged},
        retiring=tuple(p for p in now if p.id in {loser for _, loser in tied.change.merged}),
    )


def _newcomers(session: Session, region: Region) -> dict[int, Member]:
    """The records that were read and not matched yet, by number."""
    rids = {r.ref: r.rid for r in region.records if r.person_id is None}
    at = session.clock.now()
    return {
        rids[ref]: Member(rid=rids[ref], record=record, link=Link(person_id="", evidence="", linked_at=at))
        for ref, record in session.store.records(rids).items()
    }


def _touched(tied: Tied, now: Iterable[Person]) -> set[str]:
    """Whose records change."""
    owner = {m.rid: p.id for p in now for m in p.members}
    person_of = tied.change.person_of
    moved = {rid for rid, person_id in person_of.items() if owner.get(rid) != person_id}
    return {person_of[rid] for rid in moved} | {
        owner[rid] for rid in moved if rid in owner and owner[rid] in person_of.values()
    }


def _outlook(
    session: Session, tied: Tied, now: Iterable[Person], members: Mapping[int, Member], person_id: str
) -> Outlook:
    own = [members[rid] for rid, owner in tied.change.person_of.items() if owner == person_id and rid in members]
    before = next((p for p in now if p.id == person_id), None)
    separated = next((s for s in tied.update.separated if s.person_id == person_id), None)
    heir = next((h for h in tied.update.inherited if h.person_id == person_id), None)
    known = before if before is None or heir is None else heir.on(before)
    return Outlook(
        person_id=person_id,
        records=tuple(sorted(m.record.ref for m in own)),
        contact=_merged(session, known, own) if separated is None else _parted(session, separated, own),
        before=before,
        formerly=person_id in tied.change.restored,
    )


def _merged(session: Session, person: Person | None, members: list[Member]) -> Contact:
    if person is None:
        person = Person(id="", contact=Contact(), members=(), created_at=session.clock.now())
    own = {m.rid for m in person.members}
    met = tuple(m if m.rid in own else replace(m, link=replace(m.link, met=False)) for m in members)
    known = relinked(replace(person, members=met))
    return merge(known, merge_policy(session), session.clock.now()).contact


def _parted(session: Session, side: Merged, members: list[Member]) -> Contact:
    """What somebody is who was parted, with the records that come to them at the same time."""
    if side.links.keys() == {m.rid for m in members}:
        return side.contact
    own, at = tuple(replace(m, link=side.links.get(m.rid, m.link)) for m in members), session.clock.now()
    person = side.on(Person(id=side.person_id, contact=side.contact, members=own, created_at=at))
    return merge(relinked(person), merge_policy(session), at).contact


def carry_out(session: Session, foreseen: Foreseen) -> None:
    """The decision stands, and everybody it touches is matched, merged and waits for planning."""
    session.store.save_membership(foreseen.tied.update, at=session.clock.now())
    merge_people(session, sorted(set(foreseen.tied.change.person_of.values())))
