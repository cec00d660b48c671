"""The doors of the engine: what it asks of a provider and of time.

The store's door is ``sync.store_port``. Implementations live in ``adapters`` and ``state``.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime

    from sync.capabilities import Capabilities
    from sync.change import Batch, BatchResult, Operation
    from sync.contact import Contact
    from sync.record import Account, OptOutPage, Page, PullMode, Record, Target


LONGEST_SLEEP_S = 120.0
"""No wait for a turn, or that a provider asks for, is longer; what takes more is put off to a later run."""
LONGEST_WRITE_SLEEP_S = 15.0
"""A write waits no longer inside an adapter: what was looked at right before it, opt-outs above all, must not
grow old. Longer ones are the engine's, which looks again."""


FRESH_S = 60.0
"""No write begins later than this after the look before it: a machine may sleep in between, or be stopped."""


def _always() -> bool:
    return True


IS_FRESH: ContextVar[Callable[[], bool]] = ContextVar("is_fresh", default=_always)
"""Whether what was looked at before a write is recent enough; asked right before its first byte."""


class Clock(Protocol):
    """Time, waiting and randomness; a simulator puts its own behind this door."""

    def now(self) -> datetime:
        """The wall clock, aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back and go on while the machine sleeps."""

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""

    def random(self) -> float:
        """A number in [0, 1)."""

    def new_id(self) -> str:
        """A fresh UUIDv7, text form; later ids sort after earlier ones."""


class Progress(Protocol):
    """Where live progress goes; a no-op unless somebody watches."""

    def advance(self, stage: str, provider: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` (``None`` = not known) of ``stage`` (``pull``, ``match``, ``push``, ``bulk``)."""


@dataclass(slots=True)
class RequestCounts:
    """HTTP requests actually sent, by effect; guard reads and look-ups are reads too."""

    read: int = 0
    write: int = 0


class Reader(Protocol):
    """The reading half of a provider; every method raises the errors of ``sync.errors``."""

    def pull(self, mode: PullMode, cursor: str | None, *, overlap_s: float) -> AsyncIterator[Page]:
        """Pages from ``cursor`` (``None`` = from the beginning) to the end.

        ``incremental`` yields what changed since the cursor less ``overlap_s``; a ``None`` cursor there reads
        everything. ``sweep`` reads everything and, on its last page, tells both totals.
        """

    async def newest(self) -> Page:
        """The most recently touched page, as a look before a write; not complete where the provider says that rows
        are missing. One request.
        """

    async def fetch(self, record_id: str) -> Record:
        """One record by id. One request. Raises ``Missing`` when it is gone."""

    async def details(self, record: Record) -> Record:
        """``record`` with what only a single read shows (variables). One request."""

    async def find(self, contact: Contact) -> tuple[Record, ...]:
        """Records that carry the contact's email or profile, for settling an unknown outcome.

        At most one request a key. Empty = not there (yet).
        """


class OptOutList(Protocol):
    """A provider's own list of people who must not be written to."""

    def read(self) -> AsyncIterator[OptOutPage]:
        """The whole list, page by page."""

    async def newest(self) -> OptOutPage:
        """The most recently added page. One request."""


class Provider(Protocol):
    """One system that holds contacts. ``reader`` / ``opt_out_list`` are ``None`` when it cannot be read."""

    @property
    def name(self) -> str:
        """The folder's name; also the key of its settings."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do under the current settings."""

    @property
    def reader(self) -> Reader | None:
        """Its reading half."""

    @property
    def opt_out_list(self) -> OptOutList | None:
        """Its opt-out list."""

    @property
    def requests(self) -> RequestCounts:
        """Requests sent so far by this instance."""

    @property
    def memory(self) -> Mapping[str, object]:
        """JSON-able notes to keep across runs (rate windows, spend); given back at the next opening."""

    async def open(self) -> Account:
        """Preflight: credentials, scopes, reachability. Raises ``AuthError``, ``Unreachable``, ``ConfigError``."""

    async def close(self) -> None:
        """Connections closed; safe to call twice."""

    async def target(self) -> Target:
        """What a create would set off now; asked right before each create batch when
        ``capabilities.effects_at_target``.
        """

    def batches(self, operations: Sequence[Operation]) -> list[Batch]:
        """The operations rendered into requests, order kept, each at most ``capabilities.batch[kind]`` long.

        Pure: the same operations give the same digests.
        """

    async def send(self, batch: Batch, progress: Progress) -> BatchResult:
        """The batch sent once (retries only where it was surely not sent or refused before work).

        Exactly one outcome an operation. Raises instead when the whole batch met one fate: ``AuthError``,
        ``Unreachable`` (not sent), ``RateLimited``, ``QuotaExhausted``, ``Rejected``, ``OutcomeUnknown``.
        """
