"""What the planner is told: providers, other people, time."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from sync.capabilities import Capabilities
    from sync.change import CannotExpress, ManualAction, Operation
    from sync.contact import Contact, Value
    from sync.optouts import Effect
    from sync.planning.scope import Scope
    from sync.record import RecordRef, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One provider as the planner sees it.

    ``swept``: a sweep of it was proven complete for this account. ``target``: what a create sets off now,
    ``None`` = nothing to look at. ``target_since``: when it took the place of another target.
    """

    name: str
    capabilities: Capabilities
    scope: Scope
    swept: bool = True
    target: Target | None = None
    target_since: datetime | None = None

    @property
    def writes(self) -> bool:
        """Whether anything may be written there at all."""
        caps = self.capabilities
        return self.scope.write and (caps.creates or caps.updates != "none" or caps.excludes or caps.stages)

    @property
    def starts_outreach(self) -> bool:
        """Whether a write to its target would enrol people."""
        return self.target is not None and self.target.starts_outreach

    @property
    def needs_allowance(self) -> bool:
        """Whether a create there waits for somebody to allow the outreach that it starts."""
        return self.target is not None and self.target.needs_allowance


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything about other people and times that a person's plan depends on.

    ``suspected``: person id → people it may be one with. ``places``: person id → providers where it has a record
    or an open create, for those people; all of them while its create may still become a record. ``doubts``:
    person id → what opt-outs forbid for those it may be one with, where they forbid anything. ``shared_keys``:
    match keys that people kept apart share. ``open_creates``: (person, provider) with a create that is not
    settled. ``refused``: (person, provider, kind) → wishes (``wish_digest``; ``keys_digest`` of those that met a
    stranger's record) that the provider refused for good.
    ``tried``: (person, provider) → the contact of a create that may have arrived there, though nobody knows.
    ``perhaps``: record that nobody can read → field → values that updates may have left there since it was last
    written for sure. ``optouts_readable``: every configured list was read completely. ``blanks``: what somebody
    emptied at a provider may be emptied elsewhere.
    """

    sides: tuple[Side, ...]
    now: datetime
    new_id: Callable[[], str]
    suspected: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    places: Mapping[str, AbstractSet[str]] = field(default_factory=lambda: MappingProxyType({}))
    doubts: Mapping[str, Effect] = field(default_factory=lambda: MappingProxyType({}))
    shared_keys: AbstractSet[str] = frozenset()
    open_creates: frozenset[tuple[str, str]] = frozenset()
    refused: Mapping[tuple[str, str, str], frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    tried: Mapping[tuple[str, str], Contact] = field(default_factory=lambda: MappingProxyType({}))
    perhaps: Mapping[RecordRef, Mapping[str, tuple[Value, ...]]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    optouts_readable: bool = True
    blanks: bool = False
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPlan:
    """What one person needs. ``waits``: something will have to be looked at again next time.

    ``refused_before``: wishes that are not planned because the provider refused them for good.
    """

    operations: tuple[Operation, ...] = ()
    cannot_express: tuple[tuple[CannotExpress, str], ...] = ()
    manual_actions: tuple[ManualAction, ...] = ()
    waits: bool = False
    refused_before: int = 0
