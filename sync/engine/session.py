"""What one cycle has in its hands, and how each provider fares in it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.codes import StateReason
from sync.errors import AuthError, ContactSyncError, ProviderError, QuotaExhausted, RateLimited, StateError
from sync.guards import Allowances
from sync.optouts import OptOutIndex
from sync.report.model import DeferredReport, ProviderReport

if TYPE_CHECKING:
    from datetime import datetime

    from sync.change import BulkTotals, CannotExpress, GuardReport, Operation
    from sync.config import ProviderSettings, Settings
    from sync.plans import SavedPlan
    from sync.ports import Clock, Progress, Provider
    from sync.record import Target
    from sync.report.model import Mode, ProviderStatus
    from sync.store_port import ProviderState, Store


@dataclass(slots=True)
class Seat:
    """One provider's place in a cycle.

    ``active``: it takes part in reading and writing; otherwise only its opt-outs are read. ``up``: it
    answers; a provider that failed stays down for the rest of the cycle. ``limited``: a limit stopped it, for
    writes ``until`` then (``None`` = not told).
    """

    provider: Provider
    settings: ProviderSettings
    state: ProviderState
    fingerprint: str
    active: bool = True
    up: bool = True
    limited: bool = False
    status: ProviderStatus = "ok"
    problems: dict[str, str | None] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    bad_rows: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    """Records that were read and not kept, because their people were erased."""
    singly: set[str] = field(default_factory=set)
    """Records that were read one by one, which none is twice."""
    by_id: dict[str, datetime | None] = field(default_factory=dict)
    """Records that no list shows and that were read by their id, with until when the list had shown them."""
    unsure: set[str] = field(default_factory=set)
    """Records that no list shows and of which nobody could tell whether they are there."""
    changed: int = 0
    complete: bool | None = None
    read_until: datetime | None = None
    """Until when this cycle read everything that had changed there; ``None`` = not all of it was read."""
    target: Target | None = None
    stop_creates: QuotaExhausted | None = None
    vanished: tuple[int, int] | None = None
    changed_config: str | None = None
    wrote: bool = False
    opt_outs_read_monotonic: float | None = None
    """The monotonic clock when its newest opt-outs were last read before a write; ``None`` = never."""
    until: datetime | None = None

    @property
    def name(self) -> str:
        return self.provider.name

    @property
    def reads(self) -> bool:
        """Whether its records can be and are to be read now."""
        return self.up and self.active and self.settings.read and self.provider.reader is not None

    @property
    def tells_noes(self) -> bool:
        """Whether its records are to be read, and may say themselves that their people opted out."""
        readable = self.settings.read and self.provider.reader is not None
        return readable and self.provider.capabilities.opt_outs_on_rows

    def fail(self, error: ContactSyncError) -> None:
        """The provider stops for this cycle; the report says why."""
        self.tell(error)
        self.up = False

    def tell(self, error: ContactSyncError) -> None:
        """The report says what went wrong there, and it goes on. An error of the store stops everything."""
        if isinstance(error, StateError):
            raise error
        self.limited = self.limited or isinstance(error, (RateLimited, QuotaExhausted))
        self.status = _status(error)
        request_id = error.request_id if isinstance(error, ProviderError) else None
        self.note(str(error).removeprefix(f"{self.name}: "), error.remedy, request_id)

    def hesitates(self, error: ProviderError) -> None:
        """It does not take something now, and goes on; the report says what."""
        self.status = "partial" if self.status == "ok" else self.status
        self.note(error.message, error.remedy, error.request_id)

    def doubt(self, problem: str, remedy: str) -> None:
        """What it shows is not compared with what is known; the report says why, and how a run accepts it."""
        self.status = "failed"
        self.note(problem, remedy)

    def lacks(self, problem: str, remedy: str | None = None) -> None:
        """What should speak for it cannot be read, and it goes on; the report says why."""
        self.status = "failed" if self.status in {"ok", "partial"} else self.status
        self.note(problem, remedy)

    def note(self, problem: str, remedy: str | None = None, request_id: str | None = None) -> None:
        """A sentence for the report, once, with the first request that met it where its provider names it."""
        sentence = f"{problem}; {remedy}" if remedy else problem
        if sentence not in self.problems:
            self.problems[sentence] = request_id

    def report(self) -> ProviderReport:
        """How it fared."""
        requests = self.provider.requests
        return ProviderReport(
            status=self.status if self.active or self.status != "ok" else "off",
            records=len(self.seen),
            changed=self.changed,
            read_requests=requests.read,
            complete=self.complete,
            write_requests=requests.write,
            problems=tuple(f"{said} (request {by})" if by else said for said, by in self.problems.items()),
        )


def _status(error: ContactSyncError) -> ProviderStatus:
    if isinstance(error, AuthError):
        return "refused"
    if isinstance(error, (RateLimited, QuotaExhausted)):
        return "partial"
    return "unreachable" if isinstance(error, ProviderError) else "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line asked of this one cycle. ``allowances``: guards let through.

    ``plan``: exactly this is to be carried out. ``undo``: the run whose replaced values are to be restored.
    ``lists``: false where the report is read by nobody who looks for twins and pairs that may be one person;
    there may be tens of thousands, and the pairs are counted then.
    """

    mode: Mode = "run"
    allowances: Allowances = field(default_factory=Allowances)
    plan: SavedPlan | None = None
    undo: str | None = None
    lists: bool = True

    @property
    def leaves_no_trace(self) -> bool:
        """Nothing is written, neither at a provider nor to the store."""
        return self.mode in {"dry-run", "verify"}


@dataclass(slots=True)
class Session:
    """One cycle's world. Findings collect here and become the report."""

    run_id: str
    started_at: datetime
    store: Store
    clock: Clock
    settings: Settings
    seats: dict[str, Seat]
    options: Options
    progress: Progress
    lost_database: bool = False
    other_host: bool = False
    stale: bool = False
    """The saved plan is not what would be sent now, so nothing is."""
    only_key: str | None = None
    only_people: set[str] | None = None
    """Nobody else is planned; ``None`` = everybody who waits."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    opt_outs: OptOutIndex = field(init=False)
    optouts_readable: bool = True
    operations: dict[str, Operation] = field(default_factory=dict)
    planned_people: list[str] = field(default_factory=list)
    unsettled_people: set[str] = field(default_factory=set)
    """Whoever is to be looked at again whatever becomes of the operations planned for them: something about them
    waits, or was heard after they were planned, in a look before a write or in its answer.
    """
    doubtful: set[str] = field(default_factory=set)
    """Who may be one with somebody who said no after they were planned."""
    unread: dict[str, list[str]] = field(default_factory=dict)
    """Provider → people with a record there of which single reads would show more than this cycle read."""
    uncompared: int = 0
    """Groups of records that may look alike and are too many to be compared pair by pair."""
    told_before: set[str] = field(default_factory=set)
    ended_late: list[Operation] = field(default_factory=list)
    """Writes of earlier runs that have failed now, or were parked now."""
    cannot_express: list[CannotExpress] = field(default_factory=list)
    deferred_reads: list[DeferredReport] = field(default_factory=list)
    bulk: list[BulkTotals] = field(default_factory=list)
    guards: tuple[GuardReport, ...] = ()
    refused_before: int = 0
    """Wishes that were not planned because a provider refused them for good."""
    merges: dict[str, int] = field(default_factory=dict)
    new_people: int = 0
    merged_people: int = 0
    held_joins: int = 0
    clock_moved_at: datetime | None = None
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.opt_outs = OptOutIndex(self.store.opt_outs(), self.store.keyed_hash)

    @property
    def dry(self) -> bool:
        """Whether nothing may be written at any provider."""
        return self.options.leaves_no_trace

    def has_settled(self, sent_at: datetime) -> bool:
        """Whether what was sent then shows by now. What was sent by a clock that was moved since waits anew; a
        time far ahead of us stems from a clock that was wrong.
        """
        now, moved_at = self.clock.now(), self.clock_moved_at
        if moved_at is not None and not moved_at < sent_at <= now:
            sent_at = moved_at
        return abs(now - sent_at) >= self.settings.sync.settle

    def working(self) -> list[Seat]:
        """The providers that take part and answer."""
        return [s for s in self.seats.values() if s.active and s.up]

    @property
    def sinks(self) -> set[str]:
        """The providers that nobody can read: what they hold is known from what they took, and from exports."""
        return {name for name, seat in self.seats.items() if not seat.provider.capabilities.readable}

    def fail(self, seat: Seat, error: ContactSyncError) -> None:
        """The provider stops for this cycle; of a limit that was met the report says until when."""
        self.tell(seat, error)
        seat.up = False

    def tell(self, seat: Seat, error: ContactSyncError) -> None:
        """The report says what went wrong there, of a limit until when; the provider goes on."""
        if isinstance(error, (RateLimited, QuotaExhausted)):
            self._defer_read(seat, error)
        seat.tell(error)

    def _defer_read(self, seat: Seat, error: RateLimited | QuotaExhausted) -> None:
        until = None
        if isinstance(error, QuotaExhausted):
            until, reason = error.resets_at, error.reason
        else:
            reason = StateReason.RATE_LIMITED
            if error.retry_after_s is not None:
                until = self.clock.now() + timedelta(seconds=error.retry_after_s)
        if all((d.provider, d.reason) != (seat.name, reason) for d in self.deferred_reads):
            self.deferred_reads.append(DeferredReport(provider=seat.name, reason=reason, count=0, until=until))
