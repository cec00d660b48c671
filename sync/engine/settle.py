"""Keeping outcomes: operation, observed row, link and audit in one commit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.change import OPT_OUT_KINDS, Hold
from sync.codes import HoldKind, StateReason
from sync.contact import Contact
from sync.engine.opt_out_lists import note_opt_outs
from sync.engine.storing import ready_to_store
from sync.identity import is_profile
from sync.record import Record, RecordRef
from sync.redaction import without_secrets
from sync.secrets import registered
from sync.settling import link_after_create, observed_after, sent_unconfirmed, settled_operation, wrote
from sync.store_port import Settled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.change import Batch, Operation, Outcome
    from sync.engine.session import Seat, Session
    from sync.record import Link
    from sync.store_port import ReadRecord

WRITTEN = frozenset({"acked", "verified"})


def settle(session: Session, seat: Seat, batch: Batch, outcomes: Iterable[Outcome]) -> None:
    """Every operation of the batch has its outcome, durably."""
    by_id = {o.id: o for o in batch.operations}
    settled = [settled_by(session, seat, by_id[o.operation_id], o) for o in outcomes]
    session.store.save_settled(settled, at=session.clock.now())
    for item in settled:
        session.operations[item.operation.id] = item.operation
    note_opt_outs(
        session,
        (
            replace(o.opt_out, source=seat.name, source_id=o.entry_id)
            for o in (s.operation for s in settled)
            if o.kind == "exclude" and o.state in WRITTEN and o.opt_out is not None and o.entry_id
        ),
    )


def settled_by(session: Session, seat: Seat, operation: Operation, outcome: Outcome) -> Settled:
    """What is to be kept of one outcome."""
    after = settled_operation(operation, _told(outcome))
    if outcome.reason == StateReason.MATCH_DOUBTFUL and outcome.record_id is not None:
        return _doubtful(session, after, RecordRef(seat.name, outcome.record_id))
    if outcome.state not in WRITTEN or operation.kind in OPT_OUT_KINDS:
        return Settled(operation=after)
    if operation.kind == "create":
        return _created(session, seat, after, outcome)
    link = link_of(session, after)
    if outcome.unconfirmed and link is not None:
        return Settled(operation=after, link=sent_unconfirmed(link, operation))
    read = _observed(session, seat, after, outcome)
    if outcome.record is not None and read is not None and _tells_news(session, operation, read.record):
        session.unsettled_people.add(operation.person_id)
    if link is None:
        return Settled(operation=after, read=read)
    echo = read.record.contact if outcome.record is not None and read is not None else None
    return Settled(
        operation=after,
        read=read,
        link=wrote(link, operation, seat.provider.capabilities, echo, session.clock.now()),
    )


def _tells_news(session: Session, operation: Operation, shown: Record) -> bool:
    """Whether the answer shows somebody's edit: another value than we knew, in a field that was not written."""
    known = session.store.records([shown.ref]).get(shown.ref)
    was, shows = known.contact.to_fields() if known else {}, shown.contact.to_fields()
    others = (was.keys() | shows.keys()) - operation.fields.keys() - shown.absent
    return known is not None and any(was.get(name) != shows.get(name) for name in others)


def _told(outcome: Outcome) -> Outcome:
    """A provider's words may repeat a credential, and are kept; what did not succeed names the request."""
    message = outcome.message
    if outcome.request_id is not None and outcome.state not in WRITTEN:
        message = f"{message or 'no more is told'} (request {outcome.request_id})"
    return replace(outcome, message=message and without_secrets(message, registered()))


def _created(session: Session, seat: Seat, operation: Operation, outcome: Outcome) -> Settled:
    record_id = operation.record_id or _key_name(operation)
    if record_id is None:
        return Settled(operation=operation)
    operation = replace(operation, record_id=record_id)
    ref = RecordRef(seat.name, record_id)
    owner = session.store.person_of(ref)
    if owner is not None and owner != operation.person_id:
        return _somebody_elses(session, operation, ref)
    read = _observed(session, seat, operation, outcome)
    echo = read.record.contact if outcome.record is not None and read is not None else None
    at = session.clock.now()
    link = link_after_create(operation, outcome, seat.provider.capabilities, echo, at)
    if outcome.existing:  # it holds what its own people gave it, and was left untouched
        session.unsettled_people.add(operation.person_id)
    return Settled(operation=operation, read=read, link=link)


def _somebody_elses(session: Session, operation: Operation, ref: RecordRef) -> Settled:
    """The provider says that our person is a record we know as another person: a person decides, once."""
    refused = Settled(operation=replace(operation, state="refused", reason=StateReason.MATCH_DOUBTFUL))
    if _kept_apart(session, operation.person_id, ref):
        return refused
    hold = Hold(
        kind=HoldKind.MATCH_DOUBTFUL,
        person_id=operation.person_id,
        provider=ref.provider,
        record_id=ref.record_id,
    )
    session.store.mark_gone([], at=session.clock.now(), holds=[hold])
    return refused


def _doubtful(session: Session, operation: Operation, ref: RecordRef) -> Settled:
    """The provider met a record that is perhaps not this person; whose it is else, if anybody's, is known here."""
    owner = session.store.person_of(ref)
    if owner is None or owner == operation.person_id:
        return Settled(operation=operation)
    return _somebody_elses(session, operation, ref)


def _kept_apart(session: Session, person_id: str, ref: RecordRef) -> bool:
    """Whether somebody decided that the record is not this person."""
    own = {m.record.ref for person in session.store.people([person_id]) for m in person.members}
    decided = session.store.decisions([ref])
    return any(d.verdict == "different" and own & {d.a, d.b} for d in decided)


def _key_name(operation: Operation) -> str | None:
    """A record nobody tells us the id of is named by the key under which it was accepted."""
    if operation.accepted_key is None:
        return None
    kind = "linkedin" if is_profile(operation.accepted_key) else "email"
    return f"{kind}:{operation.accepted_key}"


def _observed(session: Session, seat: Seat, operation: Operation, outcome: Outcome) -> ReadRecord | None:
    """The row to keep as observed: the echo, or for a sink what it acknowledged."""
    region = session.settings.sync.default_region
    if outcome.record is not None:
        return ready_to_store(outcome.record, region=region)
    if seat.provider.capabilities.readable or operation.record_id is None:
        return None
    ref = RecordRef(seat.name, operation.record_id)
    before = operation.record.contact if operation.record is not None else None
    contact = Contact.from_fields(observed_after(operation, before))
    base = operation.record or Record(ref=ref, contact=contact)
    return ready_to_store(replace(base, contact=contact), region=region)


def link_of(session: Session, operation: Operation) -> Link | None:
    """The link of the operation's record, if it belongs to the operation's person."""
    if operation.record_id is None:
        return None
    ref = RecordRef(operation.provider, operation.record_id)
    for person in session.store.people([operation.person_id]):
        for member in person.members:
            if member.record.ref == ref:
                return member.link
    return None
