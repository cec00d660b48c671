"""Telling our own writes from somebody's edits where no answer said what became of them."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import CannotExpress
from sync.codes import CannotReason, StateReason
from sync.identity.canonical import compared
from sync.planning.draft import reason_of
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.change import FieldChange, Operation, State
    from sync.contact import Value
    from sync.engine.session import Session
    from sync.person import Member, Person
    from sync.record import Record


def doubtful_updates(
    session: Session, states: tuple[State, ...] = ("unknown", "failed")
) -> dict[RecordRef, list[Operation]]:
    """Updates of which nobody knows whether they arrived, by record, oldest first."""
    found: dict[RecordRef, list[Operation]] = {}
    for operation in session.store.operations(
        states=states, kinds=("update", "variables"), reasons=(StateReason.OUTCOME_UNKNOWN,)
    ):
        if operation.record_id is not None:
            found.setdefault(RecordRef(operation.provider, operation.record_id), []).append(operation)
    return found


def left_in_doubt(session: Session) -> dict[RecordRef, list[Operation]]:
    """Those of them that were given back, at providers where no read tells what stands."""
    given_back = doubtful_updates(session, ("failed",))
    return {ref: own for ref, own in given_back.items() if ref.provider in session.sinks}


def recognised(session: Session, person: Person, doubtful: Mapping[RecordRef, list[Operation]]) -> Person:
    """The person; where a record shows what a doubtful update wrote, it shows our write and nobody's edit."""
    if not doubtful:
        return person
    members = (_recognised(session, m, doubtful.get(m.record.ref, [])) for m in person.members)
    return replace(person, members=tuple(members))


def _recognised(session: Session, member: Member, updates: list[Operation]) -> Member:
    ours: dict[str, Value] = {}
    for operation in updates:
        for name, change in operation.fields.items():
            if change.after is not None and same(session, name, change.after, member.record.contact.get(name)):
                ours[name] = change.after
    if not ours:
        return member
    link = member.link
    base, sent = {**link.base, **ours}, {**link.sent, **ours}
    return replace(member, link=replace(link, base=MappingProxyType(base), sent=MappingProxyType(sent)))


def arrived(session: Session, person: Person, doubtful: Mapping[RecordRef, list[Operation]]) -> list[Operation]:
    """Doubtful updates that the person's records show whole: they were applied, so what is typed there later is an
    edit, also where it is the same.
    """
    if not doubtful:
        return []
    records = {m.record.ref: m.record for m in person.members if m.record.ref in doubtful}
    return [
        replace(operation, state="acked", reason=reason_of(operation.fields), message="a later read showed it")
        for ref, record in records.items()
        for operation in doubtful[ref]
        if operation.fields
        and all(
            change.after is not None and same(session, name, change.after, record.contact.get(name))
            for name, change in operation.fields.items()
        )
    ]


def lacking(session: Session, record: Record, operation: Operation) -> frozenset[str]:
    """Fields of an open create that its record shows blank; none when the provider had accepted all of them."""
    seat = session.seats.get(operation.provider)
    if operation.state == "pending" and (seat is None or seat.provider.capabilities.resolves_later):
        return frozenset()
    known = operation.contact.to_fields()
    return frozenset(n for n in known if _shows(session, record, n) and record.contact.get(n) is None)


def note_hidden(session: Session, record: Record, operation: Operation, *, but: frozenset[str]) -> None:
    """What the record of our create does not show as it was sent is in the report; not the fields ``but``."""
    rows = [
        (not_shown(operation, name), repr(change.after))
        for name, change in operation.fields.items()
        if name not in but and _hides(session, record, name, change)
    ]
    session.cannot_express += session.store.note_cannot_express(rows, at=session.clock.now())


def _hides(session: Session, record: Record, name: str, change: FieldChange) -> bool:
    if not _shows(session, record, name):
        return False
    have = record.contact.get(name)
    if isinstance(change.after, tuple) and isinstance(have, tuple):
        return not any(same(session, name, (value,), have[:1]) for value in change.after)
    return not same(session, name, change.after, have)


def _shows(session: Session, record: Record, name: str) -> bool:
    """Whether the record would show a value of the field, if it had one."""
    seat = session.seats.get(record.ref.provider)
    return seat is not None and seat.provider.capabilities.can(name, "read") and name not in record.absent


def same(session: Session, name: str, one: Value | None, other: Value | None) -> bool:
    """Whether two values of a field are one after normalisation."""
    region = session.settings.sync.default_region
    return compared(name, one, region=region) == compared(name, other, region=region)


def not_shown(operation: Operation, name: str) -> CannotExpress:
    """The provider was told that value and does not hold it, as far as can be seen."""
    return CannotExpress(
        person_id=operation.person_id, provider=operation.provider, field=name, reason=CannotReason.NOT_SHOWN
    )
