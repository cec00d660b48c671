"""Erasure: what is known of somebody leaves the store; what they are recognised by stays, as keyed hashes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.engine.review import DELETE
from sync.errors import ContactSyncError
from sync.items import erasures_of, told_id
from sync.optouts import FORGET, FORGOTTEN, own_keys, record_key, wide_keys
from sync.planning.opt_outs import BY_HAND
from sync.record import OptOutEntry

if TYPE_CHECKING:
    from sync.change import State
    from sync.engine.session import Session
    from sync.person import Person
    from sync.record import RecordRef

WITHOUT_OUTCOME: tuple[State, ...] = ("sending", "unknown", "pending", "parked")


class NotSettled(ContactSyncError):
    """Something that was sent for the person has no outcome yet; without their values it cannot be looked up."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What an erasure of ``person`` comes to. ``keys``: plain-text wide keys of which keyed hashes stay.

    ``shared``: whether somebody else's record shows one of their keys, which is therefore not among ``keys``.
    ``records``: theirs, live or gone, by the ids that their providers know them by, as far as these were told.
    """

    person: Person
    keys: frozenset[str]
    shared: bool
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
    return _erasure_of(session, person)


def _erasure_of(session: Session, person: Person) -> Erasure:
    own = own_keys([person.contact, *(member.record.contact for member in person.members)], person.aliases)
    others = session.store.shared_keys([person.id])
    shared = wide_keys(others, None) | {f"linkedin:{key}" for key in others}
    return Erasure(person, own - shared, bool(own & shared), _records(session, person))


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
    session.store.drop_manual_actions([gone], (*BY_HAND, DELETE))
    session.store.note_manual_actions(erasures_of(gone, erasure.records), at=session.clock.now())
    session.store.forget(gone)
