"""What people typed at records of a person who is parted, since then, and what we have written over there."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sync.contact import Contact
from sync.identity.canonical import compared
from sync.merging import merge

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sync.change import Choice
    from sync.contact import Value
    from sync.merging.parting import Side
    from sync.merging.policy import MergePolicy
    from sync.person import Member, Person
    from sync.record import Link

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def with_typed(
    person: Person,
    side: Side,
    known: Mapping[int, Link],
    own: Mapping[int, Mapping[str, Value]],
    policy: MergePolicy,
    at: datetime,
) -> Person:
    """The person after what people typed, since then, at records of before, and we have written over."""
    lost = side.before.choices if side.before else {}
    news = {m.rid: _news(m, own[m.rid], lost, policy.region) for m in side.members}
    members = tuple(_as_typed(m, known[m.rid], news[m.rid], side) for m in side.members if m.rid in known)
    if not members:
        return person
    alone = replace(person, members=members, conflicts=())  # none of them ends by what shows of it here
    typed = merge(alone, policy, at).on(alone)
    disputed = {c.field: c for c in (*person.conflicts, *typed.conflicts)}
    return replace(typed, members=person.members, conflicts=tuple(disputed[name] for name in sorted(disputed)))


def _news(member: Member, own: Mapping[str, Value], before: Mapping[str, Choice], region: str) -> dict[str, Value]:
    """What the record held by itself and had not lost there before."""
    lost = {name: choice.losers.get(str(member.record.ref)) for name, choice in before.items()}
    return {
        name: value
        for name, value in own.items()
        if compared(name, value, region=region) != compared(name, lost.get(name), region=region)
    }


def _as_typed(member: Member, former: Link, own: Mapping[str, Value], side: Side) -> Member:
    """The record as before, but with its own value of whatever we wrote there since."""
    typed = {name: own[name] for name in written_since(former, member.link) if name in own}
    contact = Contact.from_fields({**former.base, **typed})
    link = replace(former, person_id=side.person_id, sent=_NOTHING, written=_NOTHING, met=True)
    return replace(member, record=replace(member.record, contact=contact), link=link)


def written_since(former: Link, now: Link) -> set[str]:
    return {name for name, value in now.sent.items() if former.sent.get(name) != value}
