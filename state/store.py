"""The state store: ``sync.store_port.Store`` over one SQLite database.

Only the door is here: each method opens one transaction and hands over to the module of its subject.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from state import (
    audit,
    carried,
    counts,
    erasing,
    findings,
    marker,
    membership,
    optouts,
    people,
    reading,
    runs,
    strangers,
    suspects,
    sweeps,
)
from state.asking import Asking
from state.key import keyed_hash
from state.matching import Matching
from state.rows import MICROSECOND, from_time, to_time
from state.sending import Sending
from sync.garbage import uncollected

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from types import TracebackType

    from state.database import Database
    from sync.change import CannotExpress, Conflict, Hold, Suspicion
    from sync.merging import Met, Shown
    from sync.person import Person
    from sync.record import OptOutEntry, Record, RecordRef
    from sync.store_port import (
        Merged,
        PageCounts,
        ProviderState,
        ReadRecord,
        RunRow,
    )


class SqliteStore(Asking, Matching, Sending):
    """The store; made by ``state.opening.open_store``.

    ``warnings``: sentences for the report. ``lost_database``: the store was empty although earlier runs
    left traces.
    ``rolled_back``: an older copy of the database was put back. ``other_host``: its last run was on another
    machine. All three stay until ``accept``.
    """

    def __init__(
        self,
        database: Database,
        *,
        key: bytes | None,
        ledger: Path | None,
        lost_database: bool = False,
        rolled_back: bool = False,
        other_host: bool = False,
        warnings: Sequence[str] = (),
    ) -> None:
        self.database = database
        self.lost_database = lost_database
        self.rolled_back = rolled_back
        self.other_host = other_host
        self.warnings = list(warnings)
        self._key = key
        self._ledger = ledger
        self._people: counts.Counted | None = None

    @property
    def path(self) -> Path | None:
        """The database file; ``None`` in memory."""
        return self.database.path

    def close(self) -> None:
        """The database is closed; safe to call twice."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def check_audit(self) -> None:
        """The audit trail is unbroken; ``StateError`` otherwise."""
        with self.database.read() as connection:
            audit.check(connection)

    # runs ---------------------------------------------------------------------------------------------
    def begin_run(self, run_id: str, mode: str, at: datetime) -> None:
        with self.database.write("run", takes_over=True) as connection:
            runs.begin(connection, run_id, mode, at)
            epoch, own = marker.own(connection)
        self.database.epoch = epoch
        if self.path is not None and not (self.rolled_back or self.other_host):
            marker.save_marker(self.path, own)

    def finish_run(self, run_id: str, *, at: datetime, exit_code: int, summary: Mapping[str, object]) -> None:
        with self.database.write("run") as connection:
            runs.finish(connection, run_id, at, exit_code, summary)
            counts.keep(connection, self._people)

    def standpoint(self) -> tuple[str, int]:
        with self.database.read() as connection:
            own = marker.own(connection)[1]
        return own.lineage, own.serial

    def recent_runs(self, limit: int) -> list[RunRow]:
        with self.database.read() as connection:
            return runs.recent(connection, limit)

    def accept(self) -> None:
        """A lost, restored or moved database counts as the right one, and this as its machine, from now on.

        Nobody is in it who was erased.
        """
        with self.database.write("accept") as connection:
            erased = erasing.forget_again(connection, optouts.load(connection), self._secret())
            own = marker.accept(connection, self.path)
        if erased:
            self.database.compact()
        if self.path is not None:
            marker.save_marker(self.path, own)
        self.lost_database = self.rolled_back = self.other_host = False

    def keyed_hash(self, text: str) -> str:
        return keyed_hash(self._secret(), text)

    # providers ----------------------------------------------------------------------------------------
    def provider_state(self, provider: str) -> ProviderState:
        with self.database.read() as connection:
            return runs.load_provider(connection, provider)

    def save_provider_state(self, state: ProviderState) -> None:
        with self.database.write("provider") as connection:
            runs.save_provider(connection, state)

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
        with uncollected(), self.database.write("page") as connection:
            if sweep_id is not None:
                sweeps.begin_sweep(connection, state.provider, sweep_id, to_time(at))
            counts = reading.save_page(connection, records, to_time(at), sweep_id, settle // MICROSECOND)
            runs.save_provider(connection, state)
            return counts

    def seen_in_sweep(self, provider: str, sweep_id: str) -> int:
        with self.database.read() as connection:
            return sweeps.seen_in_sweep(connection, provider, sweep_id)

    def sweep_began(self, sweep_id: str) -> datetime | None:
        with self.database.read() as connection:
            at = sweeps.sweep_began(connection, sweep_id)
        return None if at is None else from_time(at)

    def unseen_in_sweep(self, provider: str, sweep_id: str, *, settle: timedelta = timedelta()) -> list[RecordRef]:
        with self.database.read() as connection:
            return sweeps.unseen_in_sweep(connection, provider, sweep_id, settle // MICROSECOND)

    def live_records(self, provider: str) -> int:
        with self.database.read() as connection:
            return sweeps.live_records(connection, provider)

    def touched(self, times: Mapping[RecordRef, datetime]) -> list[RecordRef]:
        with self.database.read() as connection:
            return reading.touched(connection, {ref: to_time(at) for ref, at in times.items()})

    def take_touched(self, times: Mapping[RecordRef, datetime]) -> None:
        with self.database.write("page") as connection:
            reading.take_touched(connection, {ref: to_time(at) for ref, at in times.items()})

    def mark_gone(self, refs: Iterable[RecordRef], *, at: datetime, holds: Sequence[Hold]) -> None:
        with self.database.write("gone") as connection:
            reading.mark_gone(connection, refs, at, holds)

    def records(self, refs: Iterable[RecordRef]) -> dict[RecordRef, Record]:
        with self.database.read() as connection:
            return reading.load(connection, refs)

    # merging and planning -----------------------------------------------------------------------------
    def dirty_people(self) -> list[str]:
        with self.database.read() as connection:
            return people.dirty(connection)

    def mark_absent(self, provider: str, names: Iterable[str]) -> None:
        with self.database.write("people") as connection:
            carried.mark_absent(connection, provider, names)

    def mark_all_people_dirty(self) -> None:
        with self.database.write("people") as connection:
            people.mark_all_dirty(connection)

    def mark_people_dirty(self, ids: Iterable[str]) -> None:
        with self.database.write("people") as connection:
            membership.mark_dirty(connection, ids)

    def people(self, ids: Iterable[str]) -> list[Person]:
        with self.database.read() as connection:
            return people.load(connection, ids)

    def take_strangers(
        self, meet: Callable[[Sequence[Shown]], Met | None], *, but: Iterable[str], at: datetime
    ) -> list[str]:
        with self.database.read() as connection:
            if not strangers.may_wait(connection):
                return people.dirty(connection)
        with self.database.write("merged") as connection:
            return strangers.take(connection, meet, but, to_time(at))

    def person_of(self, ref: RecordRef) -> str | None:
        with self.database.read() as connection:
            return people.person_of(connection, ref)

    def owners(self, refs: Iterable[RecordRef]) -> Mapping[RecordRef, str]:
        with self.database.read() as connection:
            return people.owners(connection, refs)

    def places(self, ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        with self.database.read() as connection:
            return people.places(connection, ids)

    def people_with_key(self, kind: str, value: str) -> list[str]:
        with self.database.read() as connection:
            return people.with_key(connection, kind, value)

    def shared_keys(self, ids: Iterable[str]) -> set[str]:
        with self.database.read() as connection:
            return people.shared_keys(connection, ids)

    def save_merged(self, merged: Sequence[Merged], *, at: datetime) -> None:
        with self.database.write("merged") as connection:
            people.save_merged(connection, merged, at)
            carried.take_carried(connection, [rid for m in merged for rid in m.carried])

    def settle_people(self, ids: Iterable[str]) -> None:
        with self.database.write("people") as connection:
            people.settle(connection, ids)

    def people_count(self) -> int:
        with self.database.read() as connection:
            self._people = counts.people(connection, self._people)
        return self._people.amount

    def people_at(self, provider: str) -> int:
        with self.database.read() as connection:
            return counts.people_at(connection, provider)

    # findings -----------------------------------------------------------------------------------------
    def conflicts(self) -> list[Conflict]:
        with self.database.read() as connection:
            return findings.conflicts(connection)

    def suspicions(self) -> list[Suspicion]:
        with self.database.read() as connection:
            return findings.suspicions(connection)

    def suspected_pairs(self) -> list[tuple[str, str, Suspicion]]:
        with self.database.read() as connection:
            return findings.suspected_pairs(connection)

    def suspected_count(self) -> int:
        with self.database.read() as connection:
            return suspects.count(connection)

    def suspected_people(self, ids: Collection[str] | None = None) -> Mapping[str, frozenset[str]]:
        with self.database.read() as connection:
            return suspects.suspected_people(connection, ids)

    def twins(self) -> list[tuple[str, str, tuple[str, ...]]]:
        with self.database.read() as connection:
            return findings.twins(connection)

    def holds(self) -> list[Hold]:
        with self.database.read() as connection:
            return findings.holds(connection)

    def note_cannot_express(
        self, rows: Sequence[tuple[CannotExpress, str]], *, at: datetime
    ) -> list[CannotExpress]:
        with self.database.write("findings") as connection:
            return findings.note_cannot_express(connection, rows, at)

    # opt-outs -----------------------------------------------------------------------------------------
    def opt_outs(self) -> list[OptOutEntry]:
        with self.database.read() as connection:
            return optouts.load(connection)

    def add_opt_outs(self, entries: Sequence[OptOutEntry]) -> None:
        with self.database.write("optouts") as connection:
            optouts.add(connection, entries, path=self._ledger, key=self._secret())
