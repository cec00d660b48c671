"""Unknown outcomes of earlier runs: looked up once the provider had time to settle, never sent again blindly."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.change import Outcome
from sync.codes import StateReason
from sync.engine.recognising import not_shown
from sync.engine.settle import settled_by
from sync.engine.storing import store_records
from sync.errors import ContactSyncError, Rejected
from sync.identity import email_key, is_profile
from sync.planning import wish_digest
from sync.store_port import Settled

if TYPE_CHECKING:
    from sync.change import Operation
    from sync.engine.session import Seat, Session
    from sync.record import Record

SENT_AGAIN = 2
"""How often a write with an unknown outcome is given back to the planner. About a create a person decides then,
and a value that cannot be read back is reported as not shown; an opt-out is told until it surely arrived.
"""
LOOK_UPS_A_CYCLE = 50
"""Single look-ups for entries that the normal pull has not resolved, oldest first."""


def recover(session: Session) -> None:
    """What an earlier run left in flight has an unknown outcome, and what it only planned is planned anew."""
    session.store.drop_planned(session.run_id)
    left = session.store.operations(states=("sending",))
    session.store.save_settled(
        [Settled(operation=replace(o, state="unknown", reason=StateReason.OUTCOME_UNKNOWN)) for o in left],
        at=session.clock.now(),
    )


async def resolve_unknown(session: Session) -> None:
    """Every unknown outcome older than ``settle`` is found, given back to the planner, or parked."""
    for operation in session.store.operations(states=("unknown",)):
        seat = session.seats.get(operation.provider)
        if seat is None or not (seat.active and seat.up):
            continue
        if operation.sent_at is not None and not session.has_settled(operation.sent_at):
            continue
        try:
            await _resolve(session, seat, operation)
        except Rejected:  # nobody but a person can look it up then
            _park(session, operation, operation.reason)
        except ContactSyncError as error:
            session.fail(seat, error)


async def _resolve(session: Session, seat: Seat, operation: Operation) -> None:
    if operation.kind != "create":
        if operation.fields and not seat.reads and _tries(session, operation) >= SENT_AGAIN:
            _take_for_sent(session, seat, operation)
        else:
            _give_back(session, operation)
        return
    found = await _look(session, seat, operation)
    if found:
        _tie(session, seat, operation, found[0])
    elif may_send_again(seat, operation) and _tries(session, operation) < SENT_AGAIN:
        _give_back(session, operation)
    else:
        _park(session, operation, operation.reason)


async def _look(session: Session, seat: Seat, operation: Operation) -> tuple[Record, ...]:
    reader = seat.provider.reader
    if reader is None:
        return ()
    found = await reader.find(operation.contact)
    store_records(session, seat, found)
    return found


def _tie(session: Session, seat: Seat, operation: Operation, record: Record) -> None:
    """The create did arrive: from here the normal matching ties the record and takes it as our echo."""
    _keep(session, replace(operation, state="pending", reason=StateReason.PENDING_RESOLVE, message=None))
    session.store.mark_people_dirty([operation.person_id])
    seat.note(f"found {record.ref} for a write whose answer was lost")


def may_send_again(seat: Seat, operation: Operation) -> bool:
    """Whether sending once more cannot create a second record: the provider dedupes on a key it has."""
    caps = seat.provider.capabilities
    if caps.resolves_later:
        harmless = seat.target is not None and seat.target.exists and not seat.target.starts_outreach
        return harmless and any(map(email_key, operation.contact.emails))
    if caps.updates == "upsert":
        key = operation.accepted_key
        by_profile = caps.match_key == "linkedin_url"
        return key is not None and is_profile(key) == by_profile
    return caps.creates_dedupe and any(map(email_key, operation.contact.emails))


def as_repeat(operation: Operation) -> Operation:
    """The operation, to be sent once more although an earlier send may have been applied."""
    return replace(operation, repeats=True, effects=())


def _tries(session: Session, operation: Operation) -> int:
    """How many writes like it ended in an unknown outcome before."""
    failed = session.store.operations(
        states=("failed",),
        kinds=(operation.kind,),
        reasons=(StateReason.OUTCOME_UNKNOWN,),
        provider=operation.provider,
    )
    return sum(
        o.person_id == operation.person_id and (o.kind == "create" or wish_digest(o) == wish_digest(operation))
        for o in failed
    )


def _take_for_sent(session: Session, seat: Seat, operation: Operation) -> None:
    """What was sent again and again to a provider that cannot be read is not planned until it changes."""
    outcome = Outcome(
        operation_id=operation.id,
        state="acked",
        record_id=operation.record_id,
        message="sent again and again, and never surely confirmed",
    )
    rows = [(not_shown(operation, name), repr(change.after)) for name, change in operation.fields.items()]
    session.cannot_express += session.store.note_cannot_express(rows, at=session.clock.now())
    session.store.save_settled([settled_by(session, seat, operation, outcome)], at=session.clock.now())


def _give_back(session: Session, operation: Operation) -> None:
    """The operation ends; its person is planned again from what the provider shows."""
    _keep(session, replace(operation, state="failed", reason=StateReason.OUTCOME_UNKNOWN))
    session.store.mark_people_dirty([operation.person_id])


def _park(session: Session, operation: Operation, reason: str) -> None:
    """From now on a person decides, and this run's report says so."""
    parked = replace(operation, state="parked", reason=reason)
    _keep(session, parked)
    session.ended_late.append(parked)


def _keep(session: Session, operation: Operation) -> None:
    session.store.save_settled([Settled(operation=operation)], at=session.clock.now())


async def resolve_pending(session: Session) -> None:
    """Entries the pull did not resolve are looked up one by one, a bounded number a cycle.

    After the time-out they are parked and go on blocking a second create; for one that a person says did arrive
    it begins with that.
    """
    looked = 0
    for operation in session.store.operations(states=("pending",)):
        seat = session.seats.get(operation.provider)
        if seat is None or not seat.reads or looked >= LOOK_UPS_A_CYCLE:
            continue
        timeout = timedelta(seconds=seat.provider.capabilities.resolve_timeout_s)
        since = operation.sent_at or session.clock.now()
        expired = session.clock.now() > (operation.until or since + timeout)
        looked += 1
        try:
            found = await _look(session, seat, operation)
        except Rejected:
            found = ()
        except ContactSyncError as error:
            session.fail(seat, error)
            continue
        if not found and expired:
            _park(session, operation, StateReason.PENDING_RESOLVE)
