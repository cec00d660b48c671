"""What is to be changed where: a pure function of what is observed, wanted and allowed.

A field is planned for a record when the wanted value differs both from what the provider last acknowledged
and, after normalisation, from what it shows. Wishes are shaped to a provider's capabilities before they are
compared; what it cannot hold becomes a ``CannotExpress`` row instead of an operation.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import CannotExpress, FieldChange, ManualAction, Operation
from sync.codes import CannotReason, Reason, Rule, StateReason
from sync.contact import MULTI_VALUED, VARIABLE_PREFIX, Contact
from sync.identity import email_key, linkedin_key
from sync.identity.canonical import compared
from sync.planning_scope import Scope, in_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sync.change import Choice, Kind, State
    from sync.contact import Value
    from sync.optouts import Effect
    from sync.person import Member, Person
    from sync.record import Capabilities, Target

CREATED_AT_ONCE = frozenset({"update", "patch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One provider as the planner sees it.

    ``swept``: a sweep of it was proven complete for this account. ``target``: what a create sets off now,
    ``None`` = nothing to look at. ``enrolment_allowed``: outreach may be started there.
    """

    name: str
    capabilities: Capabilities
    scope: Scope
    swept: bool = True
    target: Target | None = None
    enrolment_allowed: bool = False

    @property
    def writes(self) -> bool:
        """Whether anything may be written there at all."""
        caps = self.capabilities
        return self.scope.write and (caps.creates or caps.updates != "none" or caps.excludes or caps.stages)

    @property
    def starts_outreach(self) -> bool:
        """Whether a write to its target would enrol people."""
        return self.target is not None and self.target.starts_outreach


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything about other people and times that a person's plan depends on.

    ``suspected``: person id → people it may be one with. ``places``: person id → providers where it has a
    record or an open create, for those people. ``shared_keys``: match keys that people kept apart share.
    ``open_creates``: (person, provider) with a create that is not settled. ``refused``: (person, provider,
    kind) → wishes (``wish_digest``) that the provider refused for good. ``optouts_readable``: every configured
    list was read completely.
    """

    sides: tuple[Side, ...]
    now: datetime
    new_id: Callable[[], str]
    suspected: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    places: Mapping[str, AbstractSet[str]] = field(default_factory=lambda: MappingProxyType({}))
    shared_keys: AbstractSet[str] = frozenset()
    open_creates: frozenset[tuple[str, str]] = frozenset()
    refused: Mapping[tuple[str, str, str], frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    optouts_readable: bool = True
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPlan:
    """What one person needs. ``waits``: something will have to be looked at again next time."""

    operations: tuple[Operation, ...] = ()
    cannot_express: tuple[tuple[CannotExpress, str], ...] = ()
    manual_actions: tuple[ManualAction, ...] = ()
    waits: bool = False


def plan_person(person: Person, effect: Effect, world: World) -> PersonPlan:
    """The operations that bring every provider to the person's contact, sorted by provider."""
    plan = _Plan(person, effect, world)
    for side in world.sides:
        plan.plan_at(side)
    return plan.result()


class _Plan:
    def __init__(self, person: Person, effect: Effect, world: World) -> None:
        self._person = person
        self._effect = effect
        self._world = world
        self._held = {c.field for c in person.conflicts} | set(person.frozen)
        self._operations: list[Operation] = []
        self._cannot: list[tuple[CannotExpress, str]] = []
        self._manual: list[ManualAction] = []
        self._waits = False

    def result(self) -> PersonPlan:
        return PersonPlan(
            operations=tuple(self._operations),
            cannot_express=tuple(self._cannot),
            manual_actions=tuple(self._manual),
            waits=self._waits,
        )

    def plan_at(self, side: Side) -> None:
        if not side.writes:
            return
        members = sorted(
            (m for m in self._person.members if m.record.ref.provider == side.name), key=lambda m: m.rid
        )
        live = [m for m in members if not m.gone]
        if (self._person.id, side.name) in self._world.open_creates:
            self._waits = self._waits or not live
            if not live:
                return
        if live:
            self._plan_update(side, live[0])
        elif not members:
            self._plan_create(side)

    # updates ------------------------------------------------------------------------------------------
    def _plan_update(self, side: Side, member: Member) -> None:
        if not side.scope.update or not in_scope(side.scope, self._person, creating=False):
            return
        wishes = self._wishes(side, member)
        changes: dict[str, dict[str, FieldChange]] = {}
        for name, change in wishes.items():
            reason = self._obstacle(side, member, name)
            if reason is not None:
                self._cannot_express(side, name, reason, change.after)
                if reason == CannotReason.MATCH_KEY_CHANGED and change.before is not None:
                    self._manual.append(
                        ManualAction(person_id=self._person.id, provider=side.name, action=f"change-{name}")
                    )
            else:
                changes.setdefault(self._ride(side, name), {})[name] = change
        for ride, fields in sorted(changes.items()):
            self._add_update(side, member, ride, fields)

    def _wishes(self, side: Side, member: Member) -> dict[str, FieldChange]:
        """Every field whose wanted value the record neither shows nor ever acknowledged."""
        wishes = {}
        for name in self._wanted_names(side):
            observed = member.record.contact.get(name)
            wanted = self._shaped(side, name)
            if side.capabilities.detail_variables and name in member.record.absent:
                self._waits = True  # nobody has looked yet what stands there
                continue
            if name in MULTI_VALUED and (observed is not None or name in member.record.absent):
                wanted = self._replacement(name, observed)
                if wanted is None:
                    continue
            if self._differs(name, wanted, observed) and not self._acknowledged(name, wanted, member.link.sent):
                wishes[name] = self._change(name, observed, wanted)
        return wishes

    def _wanted_names(self, side: Side) -> list[str]:
        names = set(self._person.contact.to_fields())
        names |= {n for n, c in self._person.choices.items() if c.rule == Rule.BLANK}
        return sorted(names - self._held - side.scope.ignored(names))

    def _shaped(self, side: Side, name: str) -> Value | None:
        value = self._person.contact.get(name)
        if name == "emails" and isinstance(value, tuple):
            return value[: side.capabilities.max_emails]
        return value

    def _differs(self, name: str, wanted: Value | None, observed: Value | None) -> bool:
        return self._key(name, wanted) != self._key(name, observed)

    def _acknowledged(self, name: str, wanted: Value | None, sent: Mapping[str, Value]) -> bool:
        """Whether the provider took this very value before; an empty text in ``sent`` is a value it cleared."""
        return name in sent and self._key(name, sent[name]) == self._key(name, wanted)

    def _replacement(self, name: str, observed: Value | None) -> Value | None:
        """What stands in the place of the record's own value, if a person replaced that very value."""
        choice = self._person.choices.get(name)
        if observed is None or choice is None or not choice.replaced:
            return None
        if isinstance(observed, tuple):
            kept: dict[str, str] = {}
            for email in (self._follow(name, choice, e) or e for e in observed):
                kept.setdefault(self._one_key(name, email), email)
            return tuple(kept.values())
        return self._follow(name, choice, observed)

    def _follow(self, name: str, choice: Choice, value: str) -> str | None:
        seen: set[str] = set()
        found = None
        key = self._one_key(name, value)
        while key in choice.replaced and key not in seen:
            seen.add(key)
            found = choice.replaced[key]
            key = self._one_key(name, found)
        return found

    def _one_key(self, name: str, value: str) -> str:
        key = self._key(name, (value,) if name == "emails" else value)
        return str(key[0] if isinstance(key, tuple) and key else key)

    def _obstacle(self, side: Side, member: Member, name: str) -> str | None:
        """Why the field cannot be written on the record, or ``None``."""
        caps = side.capabilities
        if name.startswith(VARIABLE_PREFIX) and caps.variable_operation and caps.can(name, "patch"):
            return None
        if caps.updates == "entry" and caps.can(name, "create"):
            if caps.only_ours and not member.link.ours:
                return CannotReason.NOT_OURS
            if side.starts_outreach:
                return CannotReason.DEFAULT_SEQUENCE
        if name == _field(caps.match_key) and caps.updates == "upsert":
            return CannotReason.MATCH_KEY_CHANGED
        if caps.can(name, "update") or caps.can(name, "patch"):
            return None
        if caps.can(name, "create"):
            return caps.why_not.get(name, CannotReason.CREATE_ONLY)
        missing = CannotReason.NOT_MAPPED if name.startswith(VARIABLE_PREFIX) else CannotReason.NO_FIELD
        return caps.why_not.get(name, CannotReason.NO_ENDPOINT if caps.can(name, "read") else missing)

    @staticmethod
    def _ride(side: Side, name: str) -> str:
        caps = side.capabilities
        if name.startswith(VARIABLE_PREFIX) and caps.variable_operation:
            return "variables"
        return "update" if caps.can(name, "update") else "patch"

    def _add_update(self, side: Side, member: Member, ride: str, fields: Mapping[str, FieldChange]) -> None:
        caps = side.capabilities
        operation = self._operation(
            side,
            "variables" if ride == "variables" else "update",
            self._reason(fields),
            fields,
            contact=self._person.contact,
            record=member.record,
            record_id=member.record.ref.record_id,
            accepted_key=member.link.accepted_key,
        )
        if ride != "variables" and caps.updates == "upsert":
            operation = self._wait_for_opt_outs(self._guard_upsert(side, operation))
        elif ride != "variables" and caps.updates == "entry":
            if self._effect.forbids_create(side.name):
                operation = _stopped(operation, "blocked", StateReason.OPTED_OUT)
            operation = self._wait_for_opt_outs(operation)
        self._waits = self._waits or operation.state == "deferred"
        self._add(operation)

    def _wait_for_opt_outs(self, operation: Operation) -> Operation:
        """What could create a record is put off while anybody's opt-out may be unknown."""
        if operation.state != "planned" or self._world.optouts_readable:
            return operation
        return _stopped(operation, "deferred", StateReason.OPTOUTS_UNREADABLE)

    def _guard_upsert(self, side: Side, operation: Operation) -> Operation:
        """An upsert may create: opt-outs, missing keys and shared keys stop it.

        A person without the key the upsert matches on may be created once under the other key, but such a
        record is never updated: the second row could become a second person.
        """
        match = operation.accepted_key or _key_for(operation, side.capabilities.match_key)
        other = "emails" if side.capabilities.match_key == "linkedin_url" else "linkedin_url"
        key = match or (_key_for(operation, other) if operation.kind == "create" else None)
        by_profile = side.capabilities.match_key == "linkedin_url"
        if key is None or (operation.kind != "create" and _is_profile(key) != by_profile):
            return _stopped(operation, "blocked", StateReason.NO_MATCH_KEY)
        if self._effect.forbids_create(side.name):
            return _stopped(operation, "blocked", StateReason.OPTED_OUT)
        if key in self._world.shared_keys:
            return _stopped(operation, "blocked", StateReason.SUSPECTED_DUPLICATE)
        if operation.kind == "create" and side.capabilities.needs_import:
            return _stopped(operation, "blocked", StateReason.BLIND_OVERWRITE)
        return replace(operation, accepted_key=key)

    # creates ------------------------------------------------------------------------------------------
    def _plan_create(self, side: Side) -> None:
        scope = side.scope
        if not (scope.create and side.capabilities.creates and in_scope(scope, self._person, creating=True)):
            return
        contact, lost = self._creatable(side)
        fields = {n: self._change(n, None, v) for n, v in sorted(contact.to_fields().items())}
        effects = (*side.capabilities.effects, *(("enrolment",) if side.starts_outreach else ()))
        operation = self._operation(side, "create", Reason.NEW_PERSON, fields, contact=contact, effects=effects)
        operation = self._judge_create(side, operation)
        if operation.state == "deferred":
            self._waits = True
        if self._add(operation) and operation.state == "planned":
            for name in lost:
                self._cannot_express(side, name, self._why_lost(side, name), self._person.contact.get(name))

    def _creatable(self, side: Side) -> tuple[Contact, list[str]]:
        caps = side.capabilities
        fields: dict[str, Value] = {}
        lost = []
        for name in self._wanted_names(side):
            value = self._person.contact.get(name)
            if value is None:
                continue
            if caps.can(name, "create"):
                fields[name] = value[: caps.max_emails_create] if isinstance(value, tuple) else value
                if isinstance(value, tuple) and len(value) > caps.max_emails_create:
                    lost.append(name)
            elif not (caps.can(name, "update") or caps.can(name, "patch")):
                lost.append(name)
        return Contact.from_fields(fields), lost

    def _why_lost(self, side: Side, name: str) -> str:
        caps = side.capabilities
        if caps.can(name, "create"):
            return CannotReason.ONE_VALUE
        default = CannotReason.NOT_MAPPED if name.startswith(VARIABLE_PREFIX) else CannotReason.NO_FIELD
        return caps.why_not.get(name, CannotReason.NO_ENDPOINT if caps.can(name, "read") else default)

    def _judge_create(self, side: Side, operation: Operation) -> Operation:
        contact = operation.contact
        if self._effect.forbids_create(side.name):
            return _stopped(operation, "blocked", StateReason.OPTED_OUT)
        if side.starts_outreach and self._effect.no_enrolment:
            return _stopped(operation, "blocked", StateReason.OPTED_OUT)
        if not (any(map(email_key, contact.emails)) or linkedin_key(contact.linkedin_url) or contact.linkedin_id):
            return _stopped(operation, "blocked", StateReason.NO_KEY)
        if any(side.name in self._world.places.get(p, ()) for p in self._world.suspected.get(self._person.id, ())):
            return _stopped(operation, "blocked", StateReason.SUSPECTED_DUPLICATE)
        if side.capabilities.updates == "upsert":
            operation = self._guard_upsert(side, operation)
            if operation.state != "planned":
                return operation
        operation = self._wait_for_opt_outs(operation)
        if operation.state == "planned" and side.capabilities.readable and not side.swept:
            return _stopped(operation, "deferred", StateReason.FIRST_SWEEP)
        return operation

    # shared -------------------------------------------------------------------------------------------
    def _add(self, operation: Operation) -> bool:
        """The operation is planned, unless the provider already refused this very wish."""
        place = (operation.person_id, operation.provider, operation.kind)
        if wish_digest(operation) in self._world.refused.get(place, ()):
            return False
        self._operations.append(operation)
        return True

    def _operation(
        self,
        side: Side,
        kind: Kind,
        reason: str,
        fields: Mapping[str, FieldChange],
        *,
        contact: Contact,
        record_id: str | None = None,
        effects: tuple[str, ...] = (),
        **rest: object,
    ) -> Operation:
        return Operation(
            id=self._world.new_id(),
            person_id=self._person.id,
            provider=side.name,
            kind=kind,
            contact=contact,
            reason=reason,
            fields=MappingProxyType(dict(fields)),
            effects=effects,
            record_id=record_id,
            **rest,  # type: ignore[arg-type]  # record and accepted_key only
        )

    def _change(self, name: str, before: Value | None, after: Value | None) -> FieldChange:
        choice = self._person.choices.get(name)
        if choice is None:
            return FieldChange(before=before, after=after, source="", rule=Rule.FIRST_CONTACT)
        rule = Rule.FILL if before is None and choice.rule in _UNION else choice.rule
        return FieldChange(before=before, after=after, source=choice.source.partition(":")[0], rule=rule)

    @staticmethod
    def _reason(fields: Mapping[str, FieldChange]) -> str:
        """The strongest rule among the fields, as the operation's reason."""
        rules = {c.rule for c in fields.values()}
        return next((r for r in _STRENGTH if r in rules), Reason.FILL)

    def _cannot_express(self, side: Side, name: str, reason: str, wanted: Value | None) -> None:
        row = CannotExpress(person_id=self._person.id, provider=side.name, field=name, reason=reason)
        self._cannot.append((row, repr(self._key(name, wanted))))

    def _key(self, name: str, value: Value | None) -> object:
        return compared(name, value, region=self._world.region)


_UNION = frozenset({Rule.FIRST_CONTACT, Rule.SURVIVORSHIP, Rule.GROUP})
_STRENGTH = (
    Rule.HUMAN, Rule.UNDO, Rule.FIELD_OWNER, Rule.REVERTED_BY_OWNER, Rule.FIELD_PRIORITY, Rule.ONLY_CHANGER,
    Rule.AGREED, Rule.BLANK, Rule.SURVIVORSHIP, Rule.GROUP, Rule.FILL, Rule.FIRST_CONTACT,
)  # fmt: skip


def wish_digest(operation: Operation) -> str:
    """A digest of what the operation wants, the same whenever the same is wanted again."""
    wants = sorted((name, change.after) for name, change in operation.fields.items())
    # The record a create met, or made, is an answer and no part of the wish.
    record_id = None if operation.kind == "create" else operation.record_id
    return hashlib.blake2b(repr((record_id, wants)).encode("utf-8", "surrogatepass")).hexdigest()


def _stopped(operation: Operation, state: State, reason: str) -> Operation:
    return replace(operation, state=state, reason=reason)


def _field(match_key: str | None) -> str | None:
    """The canonical field of a match key as settings name it."""
    return "emails" if match_key == "email" else match_key


def _key_for(operation: Operation, name: str | None) -> str | None:
    contact = operation.record.contact if operation.record else operation.contact
    if name == "linkedin_url":
        return linkedin_key(contact.linkedin_url or contact.linkedin_id)
    return email_key(contact.email)


def _is_profile(key: str) -> bool:
    return key.startswith(("in:", "urn:"))
