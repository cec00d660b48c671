"""Reading back what was written: acknowledged is not yet verified."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import OPT_OUT_KINDS
from sync.codes import StateReason
from sync.engine.attention import after_read_back
from sync.engine.people import chunks, match_and_merge
from sync.engine.pull import read_back
from sync.engine.recognising import not_shown
from sync.engine.settle import link_of
from sync.engine.storing import keep_memory
from sync.identity.canonical import compared
from sync.planning import wish_digest
from sync.record import RecordRef
from sync.report.words import count
from sync.store_port import Settled

if TYPE_CHECKING:
    from sync.capabilities import Capabilities
    from sync.change import CannotExpress, Operation
    from sync.contact import Contact
    from sync.engine.session import Session
    from sync.person import Member
    from sync.record import Link


async def verify_writes(session: Session) -> None:
    """Acknowledged writes that a new read shows are ``verified``; the ones that it does not are named."""
    seen: set[RecordRef] = set()
    for seat in session.seats.values():
        if seat.wrote and seat.reads:
            seen |= await read_back(session, seat)
            keep_memory(session, seat)
    acked = [o for o in session.operations.values() if o.state == "acked"]
    waiting = set(session.store.dirty_people())
    before = [p for p in session.store.people(sorted({o.person_id for o in acked})) if p.id not in waiting]
    match_and_merge(session)
    hidden = _judge(session, acked, seen)
    after_read_back(session, before)
    session.store.mark_people_dirty(sorted(session.unsettled_people))
    for seat in session.seats.values():
        missing = sum(o.provider == seat.name for o in hidden)
        if missing and seat.reads:
            writes = count(missing, "acknowledged write does not show yet", "acknowledged writes do not show yet")
            seat.note(f"{writes}; what does not show is looked at again next time")


def look_again(session: Session) -> None:
    """Writes acknowledged in earlier runs that did not show then are judged once more, where this run could read.

    One that still shows nothing after ``settle`` is planned again, at most twice; then it has failed. An update
    that is an entry posted once more is sent once for each wanted value: not showing is the provider's answer.
    """
    acked = [
        o
        for name, seat in session.seats.items()
        for o in session.store.operations(
            states=("acked",), provider=name, kinds=None if seat.reads else OPT_OUT_KINDS
        )
        if o.sent_at is not None and session.has_settled(o.sent_at) and o.knows_values
    ]
    hidden = _judge(session, acked, None)
    if not hidden:
        return
    failed = Counter(
        (o.person_id, o.provider, wish_digest(o))
        for o in session.store.operations(states=("failed",), reasons=(StateReason.VERIFY_FAILED,))
    )
    for operation in hidden:
        once = operation.kind == "update" and _capabilities(session, operation).updates == "entry"
        tried = failed[operation.person_id, operation.provider, wish_digest(operation)]
        again = not once and tried < PLANNED_AGAIN
        ended = _fail(session, operation, plan_again=again)
        session.ended_late += [] if once or again else [ended]


PLANNED_AGAIN = 2
"""How often a write that was acknowledged and never showed is planned once more."""


def _fail(session: Session, operation: Operation, *, plan_again: bool) -> Operation:
    link = link_of(session, operation)
    if link is not None:
        link = _given_up(link, operation, plan_again=plan_again)
    if not plan_again:
        rows = [(not_shown(operation, name), repr(c.after)) for name, c in operation.fields.items()]
        session.cannot_express += session.store.note_cannot_express(rows, at=session.clock.now())
    failed = replace(operation, state="failed", reason=StateReason.VERIFY_FAILED)
    session.store.save_settled([Settled(operation=failed, link=link)], at=session.clock.now())
    session.seats[operation.provider].note(
        "an acknowledged write never showed" + ("; it is planned again" if plan_again else "")
    )
    return failed


def _given_up(link: Link, operation: Operation, *, plan_again: bool) -> Link:
    """Whatever the record shows from now on instead of what stands there is somebody's edit."""
    written = {name: w for name, w in link.written.items() if name not in operation.fields}
    sent = {name: v for name, v in link.sent.items() if not plan_again or name not in operation.fields}
    return replace(link, sent=MappingProxyType(sent), written=MappingProxyType(written))


def _judge(session: Session, acked: list[Operation], seen: set[RecordRef] | None) -> list[Operation]:
    """What shows is settled as ``verified``; returns the operations of which nothing shows.

    ``seen``: records that were read again; ``None`` takes every record as the store knows it.
    """
    shown = _shown_members(session, [o for o in acked if _shows_itself(session, o)])
    verified: list[Settled] = []
    hidden: list[Operation] = []
    missing_rows: list[tuple[CannotExpress, str]] = []
    for operation in acked:
        if operation.kind in OPT_OUT_KINDS:
            verified += [Settled(operation=replace(operation, state="verified"))] if operation.entry_id else []
            continue
        if not _shows_itself(session, operation):
            continue
        ref = RecordRef(operation.provider, operation.record_id or "")
        member = shown.get(ref) if seen is None or ref in seen else None
        contact = None if member is None else member.record.contact
        missing = _missing(session, operation, contact)
        if member is None or (missing and len(missing) == _readable_fields(session, operation)):
            hidden.append(operation)
            continue
        link = None if seen is None else _seen(member.link, set(operation.fields) - set(missing))
        verified.append(Settled(operation=replace(operation, state="verified"), link=link))
        missing_rows += [(not_shown(operation, n), repr(operation.fields[n].after)) for n in missing]
        if missing and seen is not None:
            session.unsettled_people.add(operation.person_id)  # an edit is told from a late read after ``settle``
    # told before it is settled: after that nobody would look again, should the process die in between
    session.cannot_express += session.store.note_cannot_express(missing_rows, at=session.clock.now())
    session.store.save_settled(verified, at=session.clock.now())
    session.operations.update(
        {s.operation.id: s.operation for s in verified if s.operation.id in session.operations}
    )
    return hidden


def _seen(link: Link, names: set[str]) -> Link:
    """The tie after a read showed those writes: whatever replaces them from now on is somebody's edit."""
    written = {n: replace(w, seen=True) if n in names else w for n, w in link.written.items()}
    return replace(link, written=MappingProxyType(written))


def _shown_members(session: Session, operations: list[Operation]) -> dict[RecordRef, Member]:
    shown = {}
    for people in chunks(session, sorted({o.person_id for o in operations})):
        for person in people:
            shown.update({m.record.ref: m for m in person.members if not m.gone})
    return shown


def _missing(session: Session, operation: Operation, contact: Contact | None) -> tuple[str, ...]:
    """The fields whose new value does not show."""
    if contact is None:
        return ()
    caps = _capabilities(session, operation)
    region = session.settings.sync.default_region
    return tuple(
        name
        for name, change in operation.fields.items()
        if caps.can(name, "read") and not _shows(name, change.after, contact, region)
    )


def _shows_itself(session: Session, operation: Operation) -> bool:
    """Whether a read can show what became of it in a record."""
    return operation.kind not in OPT_OUT_KINDS and _capabilities(session, operation).readable


def _readable_fields(session: Session, operation: Operation) -> int:
    caps = _capabilities(session, operation)
    return sum(caps.can(name, "read") for name in operation.fields)


def _capabilities(session: Session, operation: Operation) -> Capabilities:
    return session.seats[operation.provider].provider.capabilities


def _shows(name: str, wanted: object, contact: Contact, region: str) -> bool:
    value = contact.get(name)
    want = compared(name, wanted, region=region)  # type: ignore[arg-type]  # a field value
    have = compared(name, value, region=region)
    if name == "emails" and isinstance(want, tuple) and isinstance(have, tuple):
        return set(want) <= set(have)
    return want == have
