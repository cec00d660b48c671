"""What waits for a person, and what their answer does. Nothing is sent to a provider by an answer.

What follows from an answer is kept before its item is closed, so that after a death in between it is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.change import CHANGE, Conflict, Hold, ManualAction, Operation, Outcome, Suspicion
from sync.codes import HoldKind, StateReason
from sync.contact import Contact
from sync.engine import decisions, erasing
from sync.engine.people import merge_people
from sync.engine.settle import settled_by
from sync.engine.storing import store_records
from sync.errors import ContactSyncError
from sync.items import DELETE, Finding, is_erasure, item_id
from sync.record import RecordRef
from sync.store_port import Settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.engine.session import Session
    from sync.store_port import Store


class CannotAnswer(ContactSyncError):
    """The answer does not fit the item."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that waits. ``people``: whom it is about, one or two ids."""

    id: str
    finding: Finding
    people: tuple[str, ...]

    @property
    def kind(self) -> str:
        """``pair``, ``field``, ``hold``, ``parked`` or ``todo``."""
        return self.id.partition("-")[0]


def items(store: Store) -> list[Item]:
    """Everything that waits, by kind, in a stable order."""
    return list(_items(store))


def _items(store: Store) -> Iterator[Item]:
    for one, other, suspicion in store.suspected_pairs():
        yield Item(id=item_id(suspicion), finding=suspicion, people=(one, other))
    alone: tuple[list[Conflict], list[Hold], list[Operation], list[ManualAction]] = (
        store.conflicts(),
        store.holds(),
        store.operations(states=("parked",)),
        store.manual_actions(),
    )
    for findings in alone:
        for finding in findings:
            yield Item(id=item_id(finding), finding=finding, people=(finding.person_id,))


def find_item(store: Store, text: str) -> Item | None:
    """The item of that id, or the parked operation of that id."""
    for item in _items(store):
        if text == item.id or (isinstance(item.finding, Operation) and item.finding.id == text):
            return item
    return None


# accept and reject ------------------------------------------------------------------------------------
def accept(session: Session, item: Item, by: str) -> str:
    """The finding is true; returns what that did, as a sentence."""
    finding = item.finding
    if isinstance(finding, Suspicion):
        return _judge(session, item.people, by, same=True)
    if isinstance(finding, Hold):
        return _accept_hold(session, finding, by)
    if isinstance(finding, Operation):
        return _arrived(session, finding)
    if isinstance(finding, ManualAction):
        return _done_by_hand(session, finding)
    raise _choose(item)


def reject(session: Session, item: Item, by: str) -> str:
    """The finding is not true; returns what that did, as a sentence."""
    finding = item.finding
    if isinstance(finding, Suspicion):
        return _judge(session, item.people, by, same=False)
    if isinstance(finding, Hold):
        return _reject_hold(session, finding, by)
    if isinstance(finding, Operation):
        return _never_arrived(session, finding)
    if isinstance(finding, ManualAction):
        raise CannotAnswer(
            "a thing to do by hand can only be done", remedy=f"`contact-sync review accept {item.id}` ticks it off"
        )
    raise _choose(item)


def _choose(item: Item) -> CannotAnswer:
    return CannotAnswer(
        "a field needs a value",
        remedy=f"`contact-sync review take {item.id} PROVIDER` or `contact-sync review set {item.id} VALUE`",
    )


def _judge(session: Session, people: tuple[str, ...], by: str, *, same: bool) -> str:
    found = session.store.people(people)
    if len(found) < 2:
        return "They are one person already; nothing was done."
    a, b = found[:2]
    judged = decisions.join(session, a, b, by) if same else decisions.never(session, a, b, by)
    foreseen = decisions.foresee(session, judged)
    if foreseen is not None:
        decisions.carry_out(session, foreseen)
    word = "join" if same else "never"
    verdict = "They are one person from now on" if same else "They stay two people for good"
    return f"{verdict}; {decisions.taking_back(word, a.id, b.id)}."


# holds ------------------------------------------------------------------------------------------------
def _accept_hold(session: Session, hold: Hold, by: str) -> str:
    if hold.kind != HoldKind.DISAPPEARED:
        return _judge_hold(session, hold, by, same=True)
    members = [m for person in session.store.people([hold.person_id]) for m in person.members]
    others = {m.record.ref.provider for m in members if not m.gone}
    actions = [
        ManualAction(person_id=hold.person_id, provider=name, action=DELETE)
        for name in sorted(others - {hold.provider})
    ]
    session.store.drop_manual_actions([hold.person_id], [DELETE])
    session.store.note_manual_actions(actions, at=session.clock.now())
    session.store.close_holds([hold])
    listed = f"; to be deleted by hand elsewhere, if you wish: {', '.join(a.provider for a in actions)}"
    return f"The record is gone for good and is never created again at {hold.provider}{listed if actions else ''}."


def _reject_hold(session: Session, hold: Hold, by: str) -> str:
    """One create is allowed whatever records the person had there: all that are gone stand for the same person."""
    if hold.kind != HoldKind.DISAPPEARED:
        return _judge_hold(session, hold, by, same=False)
    members = [m for person in session.store.people([hold.person_id]) for m in person.members]
    gone = {m.record.ref for m in members if m.gone and m.record.ref.provider == hold.provider}
    session.store.mark_people_dirty([hold.person_id])
    for ref in gone | {RecordRef(hold.provider, hold.record_id)}:
        session.store.release(ref, at=session.clock.now())
    session.store.close_holds([hold, *(h for h in session.store.holds() if _is_about(h, gone))])
    return f"The next run may create this person at {hold.provider} once."


def _is_about(hold: Hold, gone: set[RecordRef]) -> bool:
    return hold.kind == HoldKind.DISAPPEARED and RecordRef(hold.provider, hold.record_id) in gone


def _judge_hold(session: Session, hold: Hold, by: str, *, same: bool) -> str:
    """The held person and the one whose record it is are one, or not."""
    owner = session.store.person_of(RecordRef(hold.provider, hold.record_id))
    told = "Nobody has that record any more."
    if owner is not None:
        told = _judge(session, (hold.person_id, owner), by, same=same)
    session.store.close_holds([hold])
    return told


# things done by hand ----------------------------------------------------------------------------------
def _done_by_hand(session: Session, action: ManualAction) -> str:
    """It is not listed again; records deleted by hand are gone for good, unless they are read there once more."""
    at = session.clock.now()
    if action.action == DELETE:
        members = [m for person in session.store.people([action.person_id]) for m in person.members]
        own = [m.record.ref for m in members if m.record.ref.provider == action.provider and not m.gone]
        session.store.mark_gone(own, at=at, holds=())
    if action.action.startswith(CHANGE):
        _changed_by_hand(session, action, action.action.removeprefix(CHANGE))
    session.store.tick_off(action, at=at)
    theirs = [a for a in session.store.manual_actions() if a.person_id == action.person_id]
    if is_erasure(action) and not any(map(is_erasure, theirs)):
        erasing.removed_everywhere(session, action.person_id)
    return "Ticked off; it is not listed again."


def _changed_by_hand(session: Session, action: ManualAction, name: str) -> None:
    """A record that nobody can read shows the wished value, as if an export had told it; updates go by it."""
    seat = session.seats.get(action.provider)
    if seat is None or seat.provider.capabilities.readable:
        return
    for person in session.store.people([action.person_id]):
        own = [m for m in person.members if m.record.ref.provider == action.provider and not m.gone]
        wished = person.contact.get(name)
        if not own or wished is None:
            return
        record = min(own, key=lambda m: m.rid).record
        value = wished[: seat.provider.capabilities.max_emails] if isinstance(wished, tuple) else wished
        contact = Contact.from_fields(record.contact.to_fields() | {name: value})
        store_records(session, seat, [replace(record, contact=contact, absent=record.absent - {name})])
        merge_people(session, [person.id])  # what changes elsewhere by the next run is another change


# parked operations ------------------------------------------------------------------------------------
def _arrived(session: Session, operation: Operation) -> str:
    """It is looked for again by its keys; where nothing can be read, it counts as accepted."""
    seat = session.seats.get(operation.provider)
    if seat is not None and not seat.provider.capabilities.readable:
        outcome = Outcome(operation_id=operation.id, state="acked", record_id=operation.record_id)
        session.store.save_settled([settled_by(session, seat, operation, outcome)], at=session.clock.now())
        return f"It counts as accepted by {operation.provider}."
    wait_s = seat.provider.capabilities.resolve_timeout_s if seat is not None else 0.0
    until = session.clock.now() + timedelta(seconds=wait_s)
    pending = replace(operation, state="pending", reason=StateReason.PENDING_RESOLVE, message=None, until=until)
    session.store.save_settled([Settled(operation=pending)], at=session.clock.now())
    session.store.mark_people_dirty([operation.person_id])
    return f"The next run looks for it at {operation.provider} by its keys and links it; nothing is sent again."


def _never_arrived(session: Session, operation: Operation) -> str:
    failed = replace(operation, state="failed", reason=StateReason.OUTCOME_UNKNOWN)
    session.store.save_settled([Settled(operation=failed)], at=session.clock.now())
    session.store.mark_people_dirty([operation.person_id])
    return f"The next run plans it again for {operation.provider} from what is known then."
