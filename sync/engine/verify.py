"""Reading back what was written: acknowledged is not yet verified."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.change import CannotExpress
from sync.codes import CannotReason
from sync.engine.people import chunks, match_and_merge
from sync.engine.pull import keep_memory, read_back
from sync.identity.canonical import compared
from sync.store_port import Settled

if TYPE_CHECKING:
    from sync.change import Operation
    from sync.contact import Contact
    from sync.engine.session import Session


async def verify_writes(session: Session) -> None:
    """Acknowledged writes that show are ``verified``; the ones that do not are named."""
    for seat in session.seats.values():
        if seat.wrote and seat.reads:
            await read_back(session, seat)
            keep_memory(session, seat)
    match_and_merge(session)
    shown = _shown_contacts(session)
    verified = []
    hidden: list[tuple[CannotExpress, str]] = []
    for operation in list(session.operations.values()):
        if operation.state != "acked":
            continue
        contact = shown.get((operation.provider, operation.record_id or ""))
        if operation.kind in {"exclude", "stage"}:
            if _opt_out_shows(operation):
                verified.append(replace(operation, state="verified"))
            continue
        missing = _missing(session, operation, contact)
        if not missing:
            verified.append(replace(operation, state="verified"))
        elif missing is not ALL:
            hidden += [(_not_shown(operation, name), repr(operation.fields[name].after)) for name in missing]
    session.store.save_settled([Settled(operation=o) for o in verified], at=session.clock.now())
    session.operations.update({o.id: o for o in verified})
    session.cannot_express += session.store.note_cannot_express(hidden, at=session.clock.now())


ALL = ("*",)
"""Nothing of the record was seen, so nothing can be said about single fields."""


def _shown_contacts(session: Session) -> dict[tuple[str, str], Contact]:
    ids = sorted({o.person_id for o in session.operations.values() if o.state == "acked"})
    shown = {}
    for people in chunks(session, ids):
        for person in people:
            for member in person.members:
                seat = session.seats.get(member.record.ref.provider)
                if seat is not None and seat.provider.capabilities.readable and not member.gone:
                    ref = member.record.ref
                    shown[ref.provider, ref.record_id] = member.record.contact
    return shown


def _missing(session: Session, operation: Operation, contact: Contact | None) -> tuple[str, ...]:
    """The fields whose new value does not show; ``ALL`` when the record was not seen."""
    if contact is None:
        return ALL
    caps = session.seats[operation.provider].provider.capabilities
    region = session.settings.sync.default_region
    return tuple(
        name
        for name, change in operation.fields.items()
        if caps.can(name, "read") and not _shows(name, change.after, contact, region)
    )


def _shows(name: str, wanted: object, contact: Contact, region: str) -> bool:
    value = contact.get(name)
    want = compared(name, wanted, region=region)  # type: ignore[arg-type]  # a field value
    have = compared(name, value, region=region)
    if name == "emails" and isinstance(want, tuple) and isinstance(have, tuple):
        return set(want) <= set(have)
    return want == have


def _opt_out_shows(operation: Operation) -> bool:
    return operation.kind == "exclude" and operation.entry_id is not None


def _not_shown(operation: Operation, name: str) -> CannotExpress:
    return CannotExpress(
        person_id=operation.person_id,
        provider=operation.provider,
        field=name,
        reason=CannotReason.NOT_SHOWN,
    )
