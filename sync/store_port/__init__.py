"""The door to the state store: what the engine asks of it, in values only.

Every method that writes is one transaction, durable when it returns. No method waits on the network. Times
are aware UTC. The store compares and decides nothing: it keeps what it is given.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from sync.store_port.outcomes import Outcomes
from sync.store_port.people import People
from sync.store_port.values import (
    Matched,
    MembershipUpdate,
    Merged,
    PageCounts,
    ProviderState,
    ReadRecord,
    Ready,
    Region,
    RunRow,
    Settled,
    Standing,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sync.change import Hold
    from sync.record import Record, RecordRef

__all__ = [
    "Matched",
    "MembershipUpdate",
    "Merged",
    "PageCounts",
    "ProviderState",
    "ReadRecord",
    "Ready",
    "Region",
    "RunRow",
    "Settled",
    "Standing",
    "Store",
]


class Store(People, Outcomes, Protocol):
    """The state store as the engine sees it."""

    # runs ---------------------------------------------------------------------------------------------
    def begin_run(self, run_id: str, mode: str, at: datetime) -> None:
        """A run row exists; the epoch is one higher."""

    def finish_run(self, run_id: str, *, at: datetime, exit_code: int, summary: Mapping[str, object]) -> None:
        """The run row is complete."""

    def recent_runs(self, limit: int) -> list[RunRow]:
        """Newest first."""

    def standpoint(self) -> tuple[str, int]:
        """The database's name for life, and how many runs it has seen."""

    def keyed_hash(self, text: str) -> str:
        """HMAC-SHA256 of ``text`` under the installation's key, hex; the key is not in the database."""

    # providers ----------------------------------------------------------------------------------------
    def provider_state(self, provider: str) -> ProviderState:
        """What is kept of a provider; a blank state when it was never seen."""

    def save_provider_state(self, state: ProviderState) -> None:
        """``state`` is kept, and its last export known for good."""

    def took_export(self, provider: str, digest: str) -> bool:
        """Whether the export whose bytes have that digest was taken in before, the last one or an earlier one."""

    # reading ------------------------------------------------------------------------------------------
    def save_page(
        self,
        records: Sequence[ReadRecord],
        state: ProviderState,
        *,
        at: datetime,
        sweep_id: str | None,
        settle: timedelta = timedelta(),
    ) -> PageCounts:
        """Records and cursor are kept in one commit.

        A record whose fingerprint is unchanged is only marked as seen (in ``sweep_id`` when given). A new or
        changed one is dirty for matching, its person (if any) dirty for merging. ``Record.absent`` fields
        keep their former observed value. Keys the record no longer shows stay as its aliases. A row that its
        provider dates before what was stored less than ``settle`` ago is a late read, and not kept.
        """

    def seen_in_sweep(self, provider: str, sweep_id: str) -> int:
        """Distinct records seen in that sweep."""

    def sweep_began(self, sweep_id: str) -> datetime | None:
        """When that sweep began; ``None`` = it never did, or its provider began another one since."""

    def unseen_in_sweep(self, provider: str, sweep_id: str, *, settle: timedelta = timedelta()) -> list[RecordRef]:
        """Live records that the sweep did not show and that were stored more than ``settle`` before it began."""

    def live_records(self, provider: str) -> int:
        """Records not marked gone."""

    def touched(self, times: Mapping[RecordRef, datetime]) -> list[RecordRef]:
        """The known records whose last change that is known was before their time."""

    def take_touched(self, times: Mapping[RecordRef, datetime]) -> None:
        """The known records were touched at those times and show no change; their persons are dirty."""

    def mark_gone(self, refs: Iterable[RecordRef], *, at: datetime, holds: Sequence[Hold]) -> None:
        """The records are gone, ``holds`` are open, their persons are dirty."""

    def records(self, refs: Iterable[RecordRef]) -> dict[RecordRef, Record]:
        """The observed records that are known."""

    def named(self, refs: Iterable[RecordRef]) -> Mapping[RecordRef, RecordRef]:
        """Name or told id → the name of the record it stands for, of those that are known."""

    def told_ids(self, refs: Iterable[RecordRef]) -> Mapping[RecordRef, RecordRef]:
        """Record → the id by which its provider knows it, where an export told another one than its name."""

    def note_told(self, shown: Mapping[RecordRef, RecordRef]) -> None:
        """An export showed the records (under its own name or a told id → record); they go by these ids, too."""
