"""The value behind every report; the engine fills it, the renderers only read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sync.change import (
        BulkTotals,
        CannotExpress,
        Conflict,
        GuardReport,
        Hold,
        ManualAction,
        Operation,
        Suspicion,
    )

DIFFERS = frozenset({"planned", "deferred"})
"""States of operations that are wished and would be sent by a run, now or later."""
Mode = Literal["run", "dry-run", "apply", "undo", "verify"]
ProviderStatus = Literal["ok", "partial", "unreachable", "refused", "failed", "off"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReport:
    """How one provider fared. ``records`` counts distinct records read; ``complete`` is ``None`` without a
    sweep in this run. ``problems`` are sentences.
    """

    status: ProviderStatus = "ok"
    records: int = 0
    changed: int = 0
    read_requests: int = 0
    complete: bool | None = None
    write_requests: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleReport:
    """Distinct people: ``total`` with at least one record, ``new`` and ``merged`` in this run, ``excluded``
    by an opt-out that forbids creates.
    """

    total: int = 0
    new: int = 0
    merged: int = 0
    excluded: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinReport:
    """Several records of one person inside one provider."""

    person_id: str
    provider: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspicionReport:
    """A suspicion with the two people it is about."""

    people: tuple[str, str]
    suspicion: Suspicion


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedReport:
    """An operation only a person can settle. ``look_for``: key name → value (masked when rendered)."""

    operation: Operation
    look_for: Mapping[str, str]
    decide: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeferredReport:
    """Work put off for one reason at one provider. ``until`` ``None``: no time is known."""

    provider: str
    reason: str
    count: int
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """Everything one run has to say. It has no ``repr`` of its values: asyncio makes one whenever it puts signal
    handlers back, and a traceback must not show people.
    """

    run_id: str
    mode: Mode
    started_at: datetime
    finished_at: datetime
    exit_code: int
    providers: Mapping[str, ProviderReport]
    people: PeopleReport = field(default_factory=PeopleReport)
    operations: tuple[Operation, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    suspected_duplicates: tuple[SuspicionReport, ...] = ()
    twins: tuple[TwinReport, ...] = ()
    holds: tuple[Hold, ...] = ()
    parked: tuple[ParkedReport, ...] = ()
    deferred: tuple[DeferredReport, ...] = ()
    cannot_express: tuple[CannotExpress, ...] = ()
    manual_actions: tuple[ManualAction, ...] = ()
    guards: tuple[GuardReport, ...] = ()
    bulk: tuple[BulkTotals, ...] = ()
    still_blocked: int = 0
    """Operations that are blocked as an earlier report told."""
    refused_before: int = 0
    """Changes that are still wished and not sent again, because their providers refused them for good."""
    unsettled: int = 0
    """Operations of earlier runs whose outcome is not known yet and that no person is asked about."""
    notes: tuple[str, ...] = ()
    """Sentences about the whole run (what a person should do next)."""
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Person id → a display name, for text renderings with values shown."""
    unlisted: int = 0
    """Suspected duplicates that are counted only, besides those listed."""

    @property
    def suspected(self) -> int:
        """How many suspected duplicates there are."""
        return len(self.suspected_duplicates) + self.unlisted
