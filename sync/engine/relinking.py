"""Records that a provider merged or made anew: gone under one id, alive under another one of the same person."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.codes import HoldKind
from sync.identity.canonical import keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.change import Hold
    from sync.engine.session import Session
    from sync.person import Member, Person

NAMED = 5
"""Relinked records that a note names; the rest is counted."""


def relinked(person: Person) -> Person:
    """The person with the ties of gone records moved to new ones that carry their keys.

    What the gone record was last taken to hold is the base of the new one, so that what changed on the way
    counts as an edit there. Whose record it is (``ours``) does not move.
    """
    if not any(m.gone for m in person.members):
        return person
    members = tuple(_taken_over(person, m) if _is_new(m) else m for m in person.members)
    return replace(person, members=members) if members != person.members else person


def _is_new(member: Member) -> bool:
    return not (member.gone or member.link.met)


def _taken_over(person: Person, new: Member) -> Member:
    at = new.record.ref.provider
    if any(m.link.met and not m.gone for m in person.members if m.record.ref.provider == at):
        return new
    gone = [m for m in person.members if m.gone and m.link.met and same_keys(m, new)]
    if len(gone) != 1:
        return new
    before = gone[0].link
    link = replace(new.link, base=before.base, sent=before.sent, accepted_key=before.accepted_key, met=True)
    return replace(new, link=link)


def same_keys(a: Member, b: Member) -> bool:
    """Whether two records of one provider carry a key in common."""
    if a.record.ref.provider != b.record.ref.provider:
        return False
    return bool(set(keys_of(a.record.contact)) & set(keys_of(b.record.contact)))


def close_relinked(session: Session) -> None:
    """Nobody is asked about a record that is gone when its keys live on in another record of the person there."""
    holds = [h for h in session.store.holds() if h.kind == HoldKind.DISAPPEARED]
    heirs = dict(_heirs(session, holds))
    if not heirs:
        return
    session.store.close_holds(heirs)
    named = [f"{h.provider}:{h.record_id} -> {h.provider}:{heirs[h]}" for h in list(heirs)[:NAMED]]
    more = f" and {len(heirs) - NAMED} more" if len(heirs) > NAMED else ""
    session.notes.append(f"relinked, because the provider merged or made records anew: {', '.join(named)}{more}")


def _heirs(session: Session, holds: list[Hold]) -> Iterator[tuple[Hold, str]]:
    """Hold → the record in which the gone one lives on."""
    people = {p.id: p for p in session.store.people({h.person_id for h in holds})} if holds else {}
    for hold in holds:
        members = people[hold.person_id].members if hold.person_id in people else ()
        for gone in members:
            if (gone.record.ref.provider, gone.record.ref.record_id) == (hold.provider, hold.record_id):
                heir = next((m for m in members if not m.gone and same_keys(gone, m)), None)
                if heir is not None:
                    yield hold, heir.record.ref.record_id
