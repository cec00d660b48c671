"""One person's plan in the making: what every part of the planner shares."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from sys import intern
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import HUMAN, CannotExpress, FieldChange, ManualAction, Operation
from sync.codes import CannotReason, Rule, StateReason
from sync.contact import VARIABLE_PREFIX
from sync.identity.canonical import compared, is_readable
from sync.planning.world import PersonPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.capabilities import Capabilities
    from sync.change import Kind, State
    from sync.contact import Contact, Value
    from sync.optouts import Effect
    from sync.person import Person
    from sync.planning.world import Side, World

UNION = frozenset({Rule.FIRST_CONTACT, Rule.SURVIVORSHIP, Rule.GROUP})
STRENGTH = (
    Rule.HUMAN, Rule.UNDO, Rule.FIELD_OWNER, Rule.REVERTED_BY_OWNER, Rule.FIELD_PRIORITY, Rule.ONLY_CHANGER,
    Rule.AGREED, Rule.BLANK, Rule.SURVIVORSHIP, Rule.GROUP, Rule.FILL, Rule.FIRST_CONTACT,
)  # fmt: skip
"""Rules by how much they say; the strongest one of an operation's fields is its reason."""


class Draft:
    """Collects what one person needs. ``waits``: something has to be looked at again next time. ``held``: fields
    that wait for a decision.
    """

    def __init__(self, person: Person, effect: Effect, world: World) -> None:
        self.person = person
        self.effect = effect
        self.world = world
        self.waits = False
        self._refused_before = 0
        self.held = {c.field for c in person.conflicts} | set(person.frozen)
        self._operations: list[Operation] = []
        self._cannot: list[tuple[CannotExpress, str]] = []
        self._manual: list[ManualAction] = []

    def result(self) -> PersonPlan:
        """Everything collected."""
        return PersonPlan(
            operations=tuple(self._operations),
            cannot_express=tuple(self._cannot),
            manual_actions=tuple(self._manual),
            waits=self.waits,
            refused_before=self._refused_before,
        )

    def wanted_names(self, side: Side) -> list[str]:
        """Fields that may be written at ``side``: known or emptied, not held back, not ignored there."""
        names = set(self.person.contact.to_fields())
        emptied = {n: c.source for n, c in self.person.choices.items() if c.rule == Rule.BLANK}
        names |= {name for name, source in emptied.items() if self.world.blanks or source == HUMAN}
        return sorted(names - self.held - side.scope.ignored(names))

    def key(self, name: str, value: Value | None) -> object:
        """The form in which values of a field are compared."""
        return compared(name, value, region=self.world.region)

    def change(self, name: str, before: Value | None, after: Value | None) -> FieldChange:
        """The change with whose value it is and which rule chose it."""
        choice = self.person.choices.get(name)
        if choice is None:
            return FieldChange(before=before, after=after, source="", rule=Rule.FIRST_CONTACT)
        rule = Rule.FILL if before is None and choice.rule in UNION else choice.rule
        source = intern(choice.source.partition(":")[0])  # a first run keeps a million of them
        return FieldChange(before=before, after=after, source=source, rule=rule)

    def operation(
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
        """A planned operation for the person."""
        return Operation(
            id=self.world.new_id(),
            person_id=self.person.id,
            provider=side.name,
            kind=kind,
            contact=contact,
            reason=reason,
            fields=MappingProxyType(dict(fields)),
            effects=effects,
            record_id=record_id,
            **rest,  # type: ignore[arg-type]  # record and accepted_key only
        )

    def add(self, operation: Operation) -> bool:
        """The operation is planned, unless the provider already refused this very wish; that is told each time."""
        place = (operation.person_id, operation.provider, operation.kind)
        known = self.world.refused.get(place, frozenset())
        if known and not known.isdisjoint({wish_digest(operation), keys_digest(operation)}):
            self._refused_before += 1
            self.waits = True
            return False
        self.waits = self.waits or operation.state == "deferred"
        self._operations.append(operation)
        return True

    def cannot_express(self, side: Side, name: str, reason: str, wanted: Value | None) -> None:
        """The wish is reported as one the provider cannot hold."""
        row = CannotExpress(person_id=self.person.id, provider=side.name, field=name, reason=reason)
        self._cannot.append((row, repr(self.key(name, wanted))))

    def by_hand(self, side: Side, action: str) -> None:
        """A person is asked to do what no API can."""
        self._manual.append(ManualAction(person_id=self.person.id, provider=side.name, action=action))

    def wait_for_opt_outs(self, operation: Operation) -> Operation:
        """What could create a record is put off while anybody's opt-out may be unknown."""
        if operation.state != "planned" or self.world.optouts_readable:
            return operation
        return stopped(operation, "deferred", StateReason.OPTOUTS_UNREADABLE)


def takes(side: Side, name: str, value: Value | None) -> bool:
    """Whether the value may go there: it has the form that it must have, and is no text that nobody can use.

    Source: a profile goes out in its canonical form only; a phone as E.164, or as it was typed where nobody knows
    its country.
    """
    return (value is None or is_readable(name, value)) and side.capabilities.takes(name, value)


def reason_of(fields: Mapping[str, FieldChange]) -> str:
    """The strongest rule among the fields, as the operation's reason."""
    rules = {c.rule for c in fields.values()}
    return next((r for r in STRENGTH if r in rules), Rule.FILL)


def stopped(operation: Operation, state: State, reason: str) -> Operation:
    """The operation, not to be sent, with the reason why."""
    return replace(operation, state=state, reason=reason)


def why_not_writable(caps: Capabilities, name: str) -> str:
    """The reason code for a field that can be neither created nor updated."""
    if name.startswith(VARIABLE_PREFIX):
        missing = caps.why_not.get("variables", CannotReason.NOT_MAPPED)
    else:
        missing = CannotReason.NO_FIELD
    return caps.why_not.get(name, CannotReason.NO_ENDPOINT if caps.can(name, "read") else missing)


def wish_digest(operation: Operation) -> str:
    """A digest of what the operation wants, the same whenever the same is wanted again."""
    wants = sorted((name, change.after) for name, change in operation.fields.items())
    # The record a create met, or made, is an answer and no part of the wish.
    record_id = None if operation.kind == "create" else operation.record_id
    return hashlib.blake2b(repr((record_id, wants)).encode("utf-8", "surrogatepass")).hexdigest()


MATCHED_BY = ("emails", "first_name", "last_name", "company_name", "company_domain")
"""By what a provider may take a new row for one that is there."""


def keys_digest(operation: Operation) -> str:
    """A digest of by what a record would be met, whatever else is wanted."""
    keys = [(name, operation.contact.get(name)) for name in MATCHED_BY]
    return hashlib.blake2b(repr((operation.kind, keys)).encode("utf-8", "surrogatepass")).hexdigest()
