"""What earlier runs met, on which a plan depends: what was sent, refused, tried, or may have arrived."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sync.change import OPT_OUT_KINDS
from sync.codes import StateReason
from sync.engine.attention import settings_since
from sync.planning import keys_digest, wish_digest
from sync.planning.opt_outs import pushed_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.change import Operation
    from sync.contact import Contact, Value
    from sync.engine.session import Session
    from sync.person import Person
    from sync.planning.opt_outs import PushedKey
    from sync.record import RecordRef

EVER = datetime.min.replace(tzinfo=UTC)
"""Before everything that was sent."""


def pushed(session: Session) -> dict[PushedKey, datetime]:
    """Opt-outs that were sent before, whatever became of them, with the time."""
    sent = session.store.operations(
        states=("acked", "verified", "unknown", "parked", "sending"), kinds=OPT_OUT_KINDS
    )
    return {pushed_key(o): o.sent_at for o in sent if o.sent_at is not None}


FOR_GOOD = frozenset(
    {StateReason.REJECTED, StateReason.FOREIGN_ROW, StateReason.MATCH_DOUBTFUL, StateReason.NO_KEY}
)
"""Refusals that the same wish would meet again under the same settings."""


MENDABLE = frozenset({StateReason.REJECTED, StateReason.NO_KEY})
"""Refusals that other settings may spare the same wish."""


def refused(session: Session) -> dict[tuple[str, str, str], frozenset[str]]:
    """What providers refused for good, by place; under other settings of theirs it may be tried again.

    A verification takes it for the difference that it is, unless a hold tells of it.
    """
    since = settings_since(session)
    verify = session.options.mode == "verify"
    held = {(h.person_id, h.provider) for h in session.store.holds()} if verify else set()
    found: dict[tuple[str, str, str], set[str]] = {}
    for operation in session.store.operations(states=("refused",), reasons=FOR_GOOD):
        if verify and (operation.person_id, operation.provider) not in held:
            continue
        sent_at, changed_at = operation.sent_at, since.get(operation.provider)
        outdated = sent_at is not None and changed_at is not None and sent_at < changed_at
        if outdated and operation.reason in MENDABLE:
            continue
        place = (operation.person_id, operation.provider, operation.kind)
        digest = keys_digest if operation.reason == StateReason.FOREIGN_ROW else wish_digest
        found.setdefault(place, set()).add(digest(operation))
    return {place: frozenset(wishes) for place, wishes in found.items()}


def tried(session: Session) -> dict[tuple[str, str], Contact]:
    """Creates that may have arrived, by place: the first of each, under whose keys a record would stand. One that
    surely arrived afterwards is the record.
    """
    found: dict[tuple[str, str], Contact] = {}
    for operation in session.store.operations(
        states=("failed",), kinds=("create",), reasons=(StateReason.OUTCOME_UNKNOWN,)
    ):
        if not _created_since(session, operation):
            found.setdefault((operation.person_id, operation.provider), operation.contact)
    return found


def _created_since(session: Session, lost: Operation) -> bool:
    """Whether a create of the same person there surely arrived after that one was sent."""
    made = (sent.operation for sent in session.store.dossier(lost.person_id).sent)
    return any(
        o.kind == "create"
        and o.provider == lost.provider
        and o.state in {"acked", "verified"}
        and (o.sent_at or EVER) > (lost.sent_at or EVER)
        for o in made
    )


def perhaps_left(
    session: Session, people: Iterable[Person], doubtful: Mapping[RecordRef, list[Operation]]
) -> dict[RecordRef, dict[str, tuple[Value, ...]]]:
    """Record → field → values that ``doubtful`` updates may have left there; none that a later write replaced.

    One that followed within ``settle`` may have been there first.
    """
    found: dict[RecordRef, dict[str, tuple[Value, ...]]] = {}
    settle = session.settings.sync.settle
    for person in people:
        for ref in {m.record.ref for m in person.members} & doubtful.keys():
            sure = _surely_written(session, person, ref)
            for operation in doubtful[ref]:
                until = operation.sent_at + settle if operation.sent_at else EVER
                for name, change in operation.fields.items():
                    if change.after is not None and sure.get(name, EVER) < until:
                        left = found.setdefault(ref, {})
                        left[name] = (*left.get(name, ()), change.after)
    return found


def _surely_written(session: Session, person: Person, ref: RecordRef) -> dict[str, datetime]:
    """Field → when the record was last written to for sure."""
    return {
        name: sent.operation.sent_at or EVER
        for sent in session.store.dossier(person.id).sent  # oldest first
        if sent.operation.state in {"acked", "verified"}
        and (sent.operation.provider, sent.operation.record_id) == (ref.provider, ref.record_id)
        for name in sent.operation.fields
    }


def place_of(operation: Operation) -> tuple[str, ...]:
    """Where the operation goes; an update is told by what it wants, too."""
    wish = "" if operation.kind == "create" else wish_digest(operation)
    return operation.person_id, operation.provider, operation.kind, wish


def unsure(session: Session) -> frozenset[tuple[str, ...]]:
    """Places of writes that may have arrived, at providers where a write sets off more than storing."""
    seats = [s for s in session.seats.values() if s.provider.capabilities.effects]
    ended = [o for s in seats for o in session.store.operations(states=("failed", "deferred"), provider=s.name)]
    return frozenset(place_of(o) for o in ended if o.reason == StateReason.OUTCOME_UNKNOWN or _sent_in_part(o))


def _sent_in_part(operation: Operation) -> bool:
    """Whether it waits after a send that may have been applied; without effects it is a repeat of one already."""
    return operation.state == "deferred" and (operation.digest is not None or not operation.effects)
