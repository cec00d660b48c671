"""Planning a person's record at a provider where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import ENROLMENT
from sync.codes import CannotReason, Reason, StateReason
from sync.contact import Contact
from sync.identity import email_key, linkedin_key
from sync.identity.canonical import keys_met
from sync.optouts import NOTHING
from sync.planning.draft import stopped, takes, why_not_writable
from sync.planning.scope import in_scope
from sync.planning.upserts import guard_upsert

if TYPE_CHECKING:
    from sync.change import Operation
    from sync.contact import Value
    from sync.optouts import Effect
    from sync.planning.draft import Draft
    from sync.planning.world import Side


TELLING = frozenset({"emails", "linkedin_url", "opted_out"})
"""Of a record, what tells whether its person may be created elsewhere, and whether they are there already."""


def plan_create(draft: Draft, side: Side) -> None:
    """The create is planned, or stopped with its reason; what the provider cannot take is reported."""
    scope = side.scope
    if not (scope.create and side.capabilities.creates and in_scope(scope, draft.person, creating=True)):
        return
    contact, lost = _creatable(draft, side)
    fields = {n: draft.change(n, None, v) for n, v in sorted(contact.to_fields().items())}
    effects = (*side.capabilities.effects, *((ENROLMENT,) if side.needs_allowance else ()))
    operation = draft.operation(side, "create", Reason.NEW_PERSON, fields, contact=contact, effects=effects)
    operation = _judged(draft, side, operation)
    if draft.add(operation) and operation.state == "planned":
        for name in lost:
            value = draft.person.contact.get(name)
            draft.cannot_express(side, name, _why_lost(side, name, value), value)


def _creatable(draft: Draft, side: Side) -> tuple[Contact, list[str]]:
    """The wanted contact as the provider can take it, and the fields it cannot."""
    caps = side.capabilities
    fields: dict[str, Value] = {}
    lost = []
    for name in draft.wanted_names(side):
        value = draft.person.contact.get(name)
        if value is None:
            continue
        may = takes(side, name, value)
        taken = caps.at_create(name, value) if may else None
        if taken is not None:
            fields[name] = taken
        later = may and (caps.can(name, "update") or caps.can(name, "patch"))
        if taken != value and not (taken is None and later):
            lost.append(name)
    tried = _keys_tried(draft, side)
    if any(draft.key(name, value) != draft.key(name, fields.get(name)) for name, value in tried.items()):
        draft.waits = True  # the keys of now are to be written once the record is there
    return Contact.from_fields(fields | tried), lost


def _keys_tried(draft: Draft, side: Side) -> dict[str, Value]:
    """The keys of a create that may have arrived: under others, a repeat would make a second record."""
    tried = draft.world.tried.get((draft.person.id, side.name))
    if tried is None:
        return {}
    return {name: value for name in ("emails", "linkedin_url") if (value := tried.get(name)) is not None}


def _why_lost(side: Side, name: str, value: Value | None) -> str:
    caps = side.capabilities
    if not takes(side, name, value) or caps.held(name, value) != value:
        return CannotReason.NOT_TAKEN
    return CannotReason.ONE_VALUE if caps.can(name, "create") else why_not_writable(caps, name)


def _judged(draft: Draft, side: Side, operation: Operation) -> Operation:
    """The create, unless something forbids it or asks it to wait."""
    reason = _forbidden(draft, side, operation)
    if reason is not None:
        return stopped(operation, "blocked", reason)
    if side.capabilities.updates == "upsert":
        operation = guard_upsert(draft, side, operation)
    operation = draft.wait_for_opt_outs(operation)
    if operation.state == "planned" and side.capabilities.readable and not side.swept:
        return stopped(operation, "deferred", StateReason.FIRST_SWEEP)
    return operation


def _forbids(effect: Effect, side: Side) -> bool:
    return effect.forbids_create(side.name) or (side.starts_outreach and effect.no_enrolment)


def _forbidden(draft: Draft, side: Side, operation: Operation) -> str | None:
    contact, world = operation.contact, draft.world
    if _forbids(draft.effect, side):
        return StateReason.OPTED_OUT
    if any(TELLING & member.record.unreadable for member in draft.person.members):
        return StateReason.UNREADABLE
    if draft.held & {"emails", "linkedin_url"}:
        return StateReason.DISPUTED_KEY
    if not (any(map(email_key, contact.emails)) or linkedin_key(contact.linkedin_url) or contact.linkedin_id):
        return StateReason.NO_KEY
    if _forbids(world.doubts.get(draft.person.id, NOTHING), side) or any(
        side.name in world.places.get(p, ()) for p in world.suspected.get(draft.person.id, ())
    ):
        return StateReason.SUSPECTED_DUPLICATE
    # Providers recognise people by these keys: the create would land in the other person's record.
    if not world.shared_keys.isdisjoint(keys_met(contact)):
        return StateReason.SHARED_KEY
    return None
