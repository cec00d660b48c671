"""People who were one and are not: each side has its own values again, and what was overwritten is planned back.

What a record's own people typed there is told from what we wrote there by what was sent and by the values that
lost. A side that was a person before gets back what that person was; what happened to its records since counts
as edits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sync.change import LATER
from sync.contact import MULTI_VALUED, Contact
from sync.merging import merge
from sync.merging.emails import email_form
from sync.merging.first_contact import EDITS, is_decided, welcome
from sync.merging.inheriting import with_decided
from sync.merging.overwritten import own_values_of_each
from sync.merging.replaced import ways_back
from sync.merging.typed import with_typed, written_since
from sync.merging.work import Work
from sync.person import Member, Person

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sync.change import Choice
    from sync.contact import Value
    from sync.merging.overwritten import Writes
    from sync.merging.policy import MergePolicy
    from sync.record import Link


_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a parting. ``members``: its records as they are tied now.

    ``before``: what all or a part of the side was as a person of that id, ``None`` when it was none.
    ``merged``: who comes back to that person. ``decided``: (person, field) of what stands for that person and was
    decided for somebody before them, whose side this is most of. ``wrote``: rid → what we wrote at the record.
    """

    person_id: str
    members: tuple[Member, ...]
    before: Person | None = None
    merged: tuple[str, ...] = ()
    decided: frozenset[tuple[str, str]] = frozenset()
    wrote: Mapping[int, Writes] = field(default_factory=lambda: MappingProxyType({}))

    def writes(self, member: Member) -> Writes:
        """What we wrote at the record."""
        return self.wrote.get(member.rid, {})


def part(side: Side, together: Mapping[int, Person], policy: MergePolicy, at: datetime) -> Person:
    """The side as a person of its own. ``together``: rid → the person that the record belonged to."""
    people = list({p.id: p for p in together.values()}.values())
    known = _known(side, people)
    own = own_values_of_each(side, together, policy.region)
    met = tuple(_first_met(m, known, own[m.rid], side) for m in side.members)
    first = _welcomed(_start(side, met, people, policy.region), policy, at)
    first = with_typed(first, side, known, own, policy, at)
    again = ways_back(first, ((m, side.writes(m)) for m in side.members), people, policy.region)
    whole = replace(again, members=tuple(_tied(m, known, side) for m in side.members))
    result = merge(whole, policy, at)
    members = tuple(replace(m, link=result.links.get(m.rid, m.link)) for m in whole.members)
    return replace(result.on(whole), members=members)


def _known(side: Side, together: Sequence[Person]) -> dict[int, Link]:
    """The ties of before; a field that a person decided since has its base of now: what it weighed is no edit."""
    former = side.before
    if former is None:
        return {}
    refs = {str(m.record.ref) for m in side.members}
    names = {
        name
        for person in together
        for name, choice in person.choices.items()
        if _is_of(side, refs, person, name) and _decided_since(name, side, former, person)
    }
    bases = {m.rid: m.link.base for m in side.members}
    return {
        m.rid: replace(m.link, base=MappingProxyType(_with(m.link.base, bases[m.rid], names)))
        for m in former.members
        if m.rid in bases
    }


def _is_of(side: Side, refs: set[str], person: Person, name: str) -> bool:
    """Whether the choice is about the side: of its records' values, or typed for the person it goes on as."""
    source = person.choices[name].source
    if ":" in source:
        return source in refs
    return person.id in {side.person_id, *side.merged} or (person.id, name) in side.decided


def _welcomed(person: Person, policy: MergePolicy, at: datetime) -> Person:
    """The person after its newcomers were met; nobody's edit is looked at yet."""
    work = Work(person, policy, at)
    welcome(work)
    result = work.result()
    return replace(person, contact=result.contact, choices=result.choices)


def _start(side: Side, members: tuple[Member, ...], together: Sequence[Person], region: str) -> Person:
    """What the side is before its records are looked at: the former person, and what people decided since."""
    former = side.before
    stands = _standing(side, members, together, region)
    values = {n: v for n, v in former.contact.to_fields().items() if n not in stands} if former else {}
    values |= {name: found.value for name, found in stands.items() if found.value is not None}
    newest = max(together, key=lambda p: p.created_at)
    return Person(
        id=side.person_id,
        contact=Contact.from_fields(values),
        members=members,
        created_at=former.created_at if former else newest.created_at,
        choices=MappingProxyType({name: found.choice for name, found in stands.items()}),
        conflicts=former.conflicts if former else (),
        frozen=former.frozen if former else frozenset(),
        aliases=former.aliases if former else frozenset(),
        returns=former.returns if former else MappingProxyType({}),
    )


class _Standing(NamedTuple):
    """A value, why it stands, and the person it was chosen for."""

    choice: Choice
    value: Value | None
    person_id: str


def _standing(
    side: Side, members: tuple[Member, ...], together: Sequence[Person], region: str
) -> dict[str, _Standing]:
    """What stands for the side: of the former person, or as people decided since."""
    former = side.before
    refs, rids = {str(m.record.ref) for m in members}, {m.rid for m in members}
    chosen = former.choices if former else {}
    was = former.contact if former else Contact()
    found = {name: _Standing(choice, was.get(name), side.person_id) for name, choice in chosen.items()}
    for person in together:
        for name, choice in person.choices.items():
            if not _is_of(side, refs, person, name) or choice == chosen.get(name):
                continue
            one = _Standing(_own_losers(choice, refs), _own_value(name, person, rids), person.id)
            if former is None or _decided_since(name, side, former, person):
                found[name] = _later(found[name], one, name, region) if name in found else one
            elif name in found and _others_stay(side, former, person):  # whose it was cannot be told any more
                found[name] = _keeping(found[name], one, name, region)
    return found


def _later(one: _Standing, two: _Standing, name: str, region: str) -> _Standing:
    """What people decided stands before what they did not, and of two decisions the later one, which keeps the
    other value among its losers.
    """
    decided = [is_decided(found.choice) for found in (one, two)]
    first = decided[0] and (not decided[1] or one.choice.at > two.choice.at)
    return _keeping(one, two, name, region) if first else _keeping(two, one, name, region)


def _keeping(wins: _Standing, lost: _Standing, name: str, region: str) -> _Standing:
    """The one that stands, with what people decided, or edited, for the other among its losers."""
    if lost.choice.rule not in EDITS or lost.value is None:
        return wins
    kept = with_decided(
        wins.choice, wins.value, (lost.choice, lost.value), lost.person_id, name=name, region=region
    )
    return wins._replace(choice=kept)


def _decided_since(name: str, side: Side, former: Person, together: Person) -> bool:
    """Whether a person decided it while the two were one, or before about records that stay with the side; or a
    record of the side was edited while they were. Of what may hold several values each is told by itself.

    Whose records the former person all had was parted from it: what was decided before the value that stood then
    is known to have been outdone.
    """
    if (together.id, name) in side.decided:
        return True
    own = {m.rid for m in former.members}
    others = [m for m in together.members if m.rid not in own]
    choice, stood = together.choices[name], former.choices.get(name)
    if not others:
        return is_decided(choice) and (stood is None or choice.at > stood.at)
    met = min(m.link.linked_at for m in others)
    if not is_decided(choice):
        since = max([met, *(m.link.linked_at for m in together.members if m.rid in own)])
        single = name not in MULTI_VALUED and name in together.contact.to_fields()
        return choice.rule in EDITS and single and choice.at > since
    staying = {m.rid for m in side.members}
    stay = any(m.rid in staying and m.link.linked_at == met for m in others)
    return choice.at >= met or stay


def _others_stay(side: Side, former: Person, together: Person) -> bool:
    """Whether somebody else's records stay with the side."""
    own, staying = {m.rid for m in former.members}, {m.rid for m in side.members}
    return any(m.rid in staying - own for m in together.members)


def _own_value(name: str, person: Person, rids: set[int]) -> Value | None:
    """The person's value, of emails only those that not just the records of others show."""
    value = person.contact.get(name)
    if name != "emails" or not isinstance(value, tuple):
        return value
    own, others = (
        {email_form(e) for m in person.members if (m.rid in rids) == here for e in m.record.contact.emails}
        for here in (True, False)
    )
    return tuple(email for email in value if email_form(email) not in others - own) or None


def _own_losers(choice: Choice, refs: set[str]) -> Choice:
    """What records of others showed leaves with them; what people decided stays."""
    kept = {s: v for s, v in choice.losers.items() if s.removesuffix(LATER) in refs or ":" not in s}
    return replace(choice, losers=MappingProxyType(kept))


def _first_met(member: Member, known: Mapping[int, Link], own: Mapping[str, Value], side: Side) -> Member:
    """The record as the side first meets it: as before, or as a newcomer with the values of its own."""
    if member.rid in known:
        return _tied(member, known, side)
    contact = Contact.from_fields(own)
    link = replace(member.link, person_id=side.person_id, met=False)
    return replace(member, record=replace(member.record, contact=contact), link=link)


def _tied(member: Member, known: Mapping[int, Link], side: Side) -> Member:
    """The record as it is tied afterwards; what a newcomer shows by then is taken into account."""
    link = member.link
    if member.rid in known:
        link = _woven(known[member.rid], link)
    elif not link.met:
        link = replace(link, base=MappingProxyType(dict(member.record.contact.to_fields())), met=True)
    return replace(member, link=replace(link, person_id=side.person_id))


def _woven(former: Link, now: Link) -> Link:
    """The tie of before; where we wrote since, what the record took from us is no edit of its people."""
    wrote = written_since(former, now)
    return replace(
        former,
        base=MappingProxyType(_with(former.base, now.base, wrote)),
        sent=MappingProxyType(_with(former.sent, now.sent, wrote)),
        written=MappingProxyType(
            {n: w for n, w in former.written.items() if n not in wrote}
            | {n: w for n, w in now.written.items() if n in wrote}
        ),
        ours=now.ours,
        accepted_key=now.accepted_key,
    )


def _with(former: Mapping[str, Value], now: Mapping[str, Value], names: set[str]) -> dict[str, Value]:
    kept = {n: v for n, v in former.items() if n not in names}
    return kept | {n: v for n, v in now.items() if n in names}


__all__ = ["Side", "part"]
