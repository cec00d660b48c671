"""Erasure: what is known of somebody leaves the store; what they are recognised by stays, as keyed hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.codes import StateReason
from sync.engine.notes import note, noted_of_providers
from sync.errors import ContactSyncError
from sync.identity.canonical import keys_met
from sync.items import DELETE, erasures_of, told_id
from sync.optouts import FORGET, FORGOTTEN, own_keys, record_key, wide_keys, wide_keys_of
from sync.planning.opt_outs import BY_HAND
from sync.record import OptOutEntry
from sync.report.words import count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.change import State
    from sync.engine.session import Session
    from sync.person import Person
    from sync.record import RecordRef

LEFT = "erased"
"""Person → keyed hashes of the keys that they shared with others, until their records are removed everywhere."""

WITHOUT_OUTCOME: tuple[State, ...] = ("sending", "unknown", "pending", "parked")


class NotSettled(ContactSyncError):
    """Something that was sent for the person has no outcome yet, and without their values it cannot be looked up;
    or they may be one with somebody, who would be somebody new once nothing tells any more what was in question.
    """


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure of ``person`` comes to. ``keys``: plain-text wide keys of which keyed hashes stay.

    ``shared``: those that somebody else's record shows as well, which are therefore not among ``keys``.
    ``records``: theirs, live or gone, by the ids that their providers know them by, as far as these were told.
    """

    person: Person
    keys: frozenset[str]
    shared: frozenset[str]
    records: tuple[RecordRef, ...]

    @property
    def marks(self) -> frozenset[str]:
        """Everything of which keyed hashes stay: the keys, and the records, whose people may give them others.

        A record that is named by a key is known by that one alone, which may be somebody else's, too.
        """
        return self.keys | {record_key(ref) for ref in self.records if told_id(ref.record_id) == ref.record_id}


def prepare(session: Session, person: Person) -> Erasure:
    """What would be erased and what would stay. Raises ``NotSettled``."""
    if _is_open(session, person):
        raise NotSettled(
            f"something that was sent for person {person.id} is not settled yet",
            remedy="let `contact-sync run` look it up, answer what `contact-sync review list` shows, then repeat",
        )
    if others := session.store.suspected_people([person.id]).get(person.id):
        raise NotSettled(
            f"person {person.id} may be one with {count(len(others), 'other one', 'others')}, who would stay",
            remedy="answer what `contact-sync review list` asks about them, then repeat",
        )
    return _erasure_of(session, person)


def _erasure_of(session: Session, person: Person) -> Erasure:
    own = own_keys([person.contact, *(member.record.contact for member in person.members)], person.aliases)
    others = session.store.shared_keys([person.id])
    shared = wide_keys(others, None) | {f"linkedin:{key}" for key in others}
    return Erasure(person, own - shared, own & shared, _records(session, person))


def still_theirs(session: Session, people: Iterable[Person]) -> set[str]:
    """The keys of those of ``people`` who share one with somebody erased whose records still are to be removed: at
    their providers, they would be taken for these.
    """
    left = frozenset(key for keys in _left(session).values() for key in keys)
    sharers = [p for p in people if left and not left.isdisjoint(session.opt_outs.hashed(wide_keys_of(p.contact)))]
    return {key for person in sharers for key in keys_met(person.contact)}


def removed_everywhere(session: Session, person_id: str) -> None:
    """No record of somebody erased is left to be removed: whoever was not written over a key they shared is
    planned again.
    """
    note(session, {LEFT: {person: keys for person, keys in _left(session).items() if person != person_id}})
    blocked = session.store.operations(states=("blocked",), reasons=(StateReason.SHARED_KEY,))
    session.store.mark_people_dirty(sorted({operation.person_id for operation in blocked}))


def _left(session: Session) -> dict[str, list[str]]:
    return noted_of_providers(session, LEFT)


def _records(session: Session, person: Person) -> tuple[RecordRef, ...]:
    """The person's records as their providers call them, as far as these told."""
    refs = [member.record.ref for member in person.members]
    told = session.store.told_ids(refs)
    return tuple(told.get(ref, ref) for ref in refs)


def _is_open(session: Session, person: Person) -> bool:
    """Whether something is not settled that was sent for them or for who was merged into them, or to a record."""
    sent = session.store.operations(states=WITHOUT_OUTCOME)
    records = {(member.record.ref.provider, member.record.ref.record_id) for member in person.members}
    if any((operation.provider, operation.record_id) in records for operation in sent):
        return True
    return any(going_on.id == person.id for going_on in session.store.people([o.person_id for o in sent]))


def forget(session: Session, erasure: Erasure) -> None:
    """No value of the person is left in the store; their records, and whoever shows one of the keys, are neither
    stored nor created from.

    The ledger says so first: should the process die in between, nobody is created, and the next cycle ends it.
    """
    person, now = erasure.person, session.clock.now()
    entry = OptOutEntry(
        keys=session.opt_outs.hashed(erasure.marks), reason=FORGOTTEN, source=FORGET, source_id=person.id, at=now
    )
    if entry.keys:
        session.store.add_opt_outs([entry])
        session.opt_outs.add(entry)
    _leave_nothing(session, erasure)


def end_interrupted(session: Session) -> None:
    """Who is in the ledger as erased is so in the store, too, where a process died between the two.

    Only who is still just whom that erasure was about: whoever they were joined with since was not asked for.
    """
    entries = {entry.source_id: entry for entry in session.opt_outs.forgets if entry.source_id is not None}
    for person in session.store.people(entries) if entries else ():
        entry = entries.get(person.id)
        erasure = _erasure_of(session, person)
        if entry is not None and erasure.marks and session.opt_outs.hashed(erasure.marks) <= entry.keys:
            _leave_nothing(session, erasure)


def _leave_nothing(session: Session, erasure: Erasure) -> None:
    gone = erasure.person.id
    if erasure.shared and erasure.records:
        note(session, {LEFT: {**_left(session), gone: sorted(session.opt_outs.hashed(erasure.shared))}})
    session.store.drop_manual_actions([gone], (*BY_HAND, DELETE))
    session.store.note_manual_actions(erasures_of(gone, erasure.records), at=session.clock.now())
    session.store.forget(gone)
