"""Undo of a run: the values that it replaced are decided for good again, as if a person had set them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from sync.codes import Rule, StateReason
from sync.engine.named import find_people
from sync.engine.people import merge_people, to_merged
from sync.engine.policies import merge_policy
from sync.engine.recognising import same
from sync.merging.emails import EmailEdit, as_emails, distinct
from sync.merging.human import decide_field
from sync.record import RecordRef
from sync.store_port import Merged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.change import FieldChange, Operation, State
    from sync.contact import Value
    from sync.engine.session import Session
    from sync.person import Person

SENT: tuple[State, ...] = ("acked", "verified", "pending", "failed")


def take_back(session: Session, run_id: str) -> list[Person]:
    """Whatever the run replaced, and nobody changed since, holds its former value and is planned everywhere.

    Only these people are planned, of whom the command may name one; returns them as they were. What cannot be
    taken back is in the notes of the report.
    """
    left: list[str] = []
    found: dict[str, dict[str, list[Operation]]] = {}
    for person_id, operation in _sent(session, run_id):
        if operation.state == "failed":
            if operation.reason == StateReason.VERIFY_FAILED:
                left.append(f"{operation.kind} of {_named(operation)}, which was acknowledged and never showed")
        elif operation.kind not in {"update", "variables"}:
            left.append(f"{operation.kind} of {_named(operation)}")
        else:
            for name, change in operation.fields.items():
                if not change.is_kept:
                    left.append(f"{name} of {_named(operation)}, whose former value is no longer kept")
                elif change.before is None:
                    left.append(f"{name} of {_named(operation)}, which was empty")
                else:
                    found.setdefault(person_id, {}).setdefault(name, []).append(operation)
    session.only_people = set()
    merge_people(session, sorted(found))
    before = session.store.people(found)
    for person in before:
        left += _restore(session, person, found.get(person.id, {}))
    session.notes += _told(run_id, left)
    return before


def _sent(session: Session, run_id: str) -> Iterator[tuple[str, Operation]]:
    """What the run sent, where the command names a person only for them, each with whose record it is by now.

    People may have been parted since: what one of them got is nobody else's.
    """
    sent = session.store.operations(run_id=run_id, states=SENT)
    refs = {o.id: RecordRef(o.provider, o.record_id) for o in sent if o.record_id is not None}
    owners = session.store.owners(refs.values())
    wanted = None if session.only_key is None else find_people(session.store, session.only_key)
    for operation in sent:
        ref = refs.get(operation.id)
        person_id = owners.get(ref, operation.person_id) if ref else operation.person_id
        if wanted is None or any(p.id in wanted for p in session.store.people([person_id])):
            yield person_id, operation


def leave_as_they_were(session: Session, people: list[Person]) -> None:
    """Nothing is decided about them: else the next run would send what this one was not let through with."""
    if people:
        session.store.save_merged([Merged.of(person) for person in people], at=session.clock.now())


def _restore(session: Session, person: Person, changes: dict[str, list[Operation]]) -> Iterator[str]:
    """The person's fields are decided; what stays as it is, and why."""
    at, policy = session.clock.now(), merge_policy(session)
    for name, made in changes.items():
        if why := _stays(session, person, name, made):
            yield f"{name} of person {person.id}, {why}"
            continue
        stood = person.contact.get(name)
        value = _former(session, name, stood, made)
        instead_of = [] if stood is None else [stood]
        source = f"{made[0].provider}:{made[0].record_id}"  # whose value it was: it goes with that record
        result = decide_field(
            person, name, value, policy, at, source=source, rule=Rule.UNDO, instead_of=instead_of
        )
        session.store.mark_people_dirty([person.id])  # before it is decided: a death in between loses nothing
        session.store.save_merged([to_merged(person, result)], at=at)
        (person,) = session.store.people([person.id])
        session.only_people = {person.id, *(session.only_people or ())}


def _stays(session: Session, person: Person, name: str, made: list[Operation]) -> str | None:
    """Why the field stays as it is; ``None`` when its former value may stand again.

    A value that stands as the run wrote it may have been chosen anew since.
    """
    stands, choice = person.contact.get(name), person.choices.get(name)
    changes = [operation.fields[name] for operation in made]
    if any(conflict.field == name for conflict in person.conflicts):
        return "which waits for a decision"
    chosen_since = choice is not None and all(o.sent_at is not None and o.sent_at < choice.at for o in made)
    swaps = [swap for change in changes for swap in _swaps(name, change)]
    if chosen_since or not any(same(session, name, new, one) for new, _ in swaps for one in _each(name, stands)):
        return "which changed since"
    differ = [(one, two) for one, two in combinations(swaps, 2) if not same(session, name, one[1], two[1])]
    if any(name != "emails" or same(session, name, one[0], two[0]) for one, two in differ):
        return "of which the run replaced different values"
    return None


def _swaps(name: str, change: FieldChange) -> list[tuple[Value | None, Value | None]]:
    """What the change put there, and in the place of what; each address alone."""
    if name != "emails":
        return [(change.after, change.before)]
    return [((new,), (old,)) for new, old in EmailEdit(as_emails(change.after), as_emails(change.before)).swaps()]


def _each(name: str, value: Value | None) -> list[Value | None]:
    return [(email,) for email in as_emails(value)] if name == "emails" else [value]


def _former(session: Session, name: str, stands: Value | None, made: list[Operation]) -> Value | None:
    """What stands, with what the changes replaced in its place again; other addresses stay."""
    swaps = [swap for operation in made for swap in _swaps(name, operation.fields[name])]
    if name != "emails":
        return swaps[0][1]
    former = (next((o for n, o in swaps if same(session, name, n, one)), one) for one in _each(name, stands))
    return tuple(distinct(email for value in former for email in as_emails(value)))


def _named(operation: Operation) -> str:
    return f"person {operation.person_id} at {operation.provider}"


def _told(run_id: str, left: list[str]) -> Iterator[str]:
    if left:
        yield f"Of run {run_id} this is not taken back: {'; '.join(left)}."
