"""The last look at a provider before a batch is written: what moved, who said no, what a create would set off."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sync.change import ENROLMENT, OPT_OUT_KINDS, Hold
from sync.codes import HoldKind, StateReason
from sync.engine.opt_out_lists import NOBODY_IS_CREATED, note_opt_outs
from sync.engine.storing import store_records
from sync.engine.unlisted import unlisted_at
from sync.errors import MappingError, Missing, ProviderError
from sync.optouts import wide_keys_of
from sync.ports import FRESH_S, IS_FRESH
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.change import Operation
    from sync.engine.endings import Endings
    from sync.engine.session import Seat, Session
    from sync.ports import Reader
    from sync.record import Record

MAY_CREATE = frozenset({"entry", "upsert"})
"""Ways of updating that create whoever is not there (any more), so opt-outs stop them too."""
RECHECK_AFTER_S = 1.0
"""Batches sent within this time share one look at the opt-out lists (the promise is 60 s)."""


class LookBefore:
    """One provider's looks in one cycle. ``endings``: where operations end that do not hold."""

    def __init__(self, session: Session, seat: Seat, endings: Endings) -> None:
        self._session = session
        self._seat = seat
        self._endings = endings
        self._unlisted = unlisted_at(session, seat.name)
        self._looked_at_s = 0.0

    @contextmanager
    def fresh(self, kind: str) -> Iterator[None]:
        """What is sent while entered is sent soon after the last look, or not at all; opt-outs need no look."""
        clock, looked_at_s = self._session.clock, self._looked_at_s
        free = kind in OPT_OUT_KINDS
        token = IS_FRESH.set(lambda: free or clock.monotonic() - looked_at_s <= FRESH_S)
        try:
            yield
        finally:
            IS_FRESH.reset(token)

    async def at(self, operations: list[Operation]) -> list[Operation]:
        """The operations that still hold after one more look at the provider."""
        held = await self._held(operations)
        self._looked_at_s = self._session.clock.monotonic()
        return held

    async def _held(self, operations: list[Operation]) -> list[Operation]:
        kinds = {o.kind for o in operations}
        if kinds <= OPT_OUT_KINDS:
            return operations
        reader = self._seat.provider.reader
        if reader is not None and self._seat.settings.read:
            page = await reader.newest()
            if not page.complete:
                self._endings.put_off(operations, StateReason.STALE_REMOTE)
                return []
            moved = self._moved(page.records)
            self._session.unsettled_people |= set(self._session.store.owners(moved).values())
            operations = self._without_stale(operations, moved)
            operations = await self._without_gone(reader, operations)
        if "create" in kinds or ("update" in kinds and self._seat.provider.capabilities.updates in MAY_CREATE):
            operations = await self._without_outreach(operations)
            # last, because any look may take its time and a no must not grow old before the write
            operations = await self._without_new_opt_outs(operations)
        return operations

    def _moved(self, records: Sequence[Record]) -> set[RecordRef]:
        """The records are kept; those that are others than they were, or new, or not readable."""
        refs = [record.ref for record in records]
        before = self._session.store.records(refs)
        store_records(self._session, self._seat, records)
        now = self._session.store.records(refs)
        return {
            ref
            for ref, row in now.items()
            if ref not in before or row.contact != before[ref].contact or row.unreadable
        }

    def _without_stale(self, operations: list[Operation], moved: set[RecordRef]) -> list[Operation]:
        """A record that moved since the plan, or a person that just appeared, waits for the next cycle."""
        if not moved:
            return operations
        new_keys: set[str] = set()
        for record in self._session.store.records(moved).values():
            new_keys |= wide_keys_of(record.contact)
        go: list[Operation] = []
        stale: list[Operation] = []
        moved_ids = {r.record_id for r in moved}
        for operation in operations:
            appeared = operation.kind == "create" and wide_keys_of(operation.contact) & new_keys
            (stale if operation.record_id in moved_ids or appeared else go).append(operation)
        self._endings.put_off(stale, StateReason.STALE_REMOTE)
        return go

    async def _without_gone(self, reader: Reader, operations: list[Operation]) -> list[Operation]:
        """Records that no page shows as they are, or whose write would make anew who was deleted, are asked for by
        id. One that is not there any more waits for a person, as after a sweep.
        """
        go: list[Operation] = []
        for operation in operations:
            record_id = operation.record_id
            if record_id is None or not self._needs_single_look(operation):
                go.append(operation)
                continue
            try:
                record = await self._single_look(reader, operation, RecordRef(operation.provider, record_id))
            except Missing:
                if operation.kind != "variables":  # of those alone it tells nothing about the record
                    self._hold(operation, RecordRef(operation.provider, record_id))
                self._endings.put_off([operation], StateReason.STALE_REMOTE)
                continue
            except MappingError:
                self._endings.put_off([operation], StateReason.BAD_BODY)
                continue
            go += self._without_stale([operation], self._moved([record]))
        return go

    def _needs_single_look(self, operation: Operation) -> bool:
        if operation.kind == "variables":
            return True
        by_entry = self._seat.provider.capabilities.updates == "entry"
        return operation.kind == "update" and (by_entry or operation.record_id in self._unlisted)

    async def _single_look(self, reader: Reader, operation: Operation, ref: RecordRef) -> Record:
        known = self._session.store.records([ref]) if operation.kind == "variables" else {}
        return await (reader.details(known[ref]) if ref in known else reader.fetch(ref.record_id))

    def _hold(self, operation: Operation, ref: RecordRef) -> None:
        hold = Hold(
            kind=HoldKind.DISAPPEARED,
            person_id=operation.person_id,
            provider=ref.provider,
            record_id=ref.record_id,
        )
        self._session.store.mark_gone([ref], at=self._session.clock.now(), holds=[hold])

    async def _without_new_opt_outs(self, operations: list[Operation]) -> list[Operation]:
        """The newest page of every opt-out list is read again; who just said no is not created."""
        session = self._session
        for seat in session.seats.values() if operations else ():
            try:
                await self._read_newest(seat)
                await self._read_unlisted(seat, operations)
            except ProviderError as error:
                session.tell(seat, error)
                seat.note(NOBODY_IS_CREATED)
                self._endings.put_off(operations, StateReason.OPTOUTS_UNREADABLE)
                return []
        go = []
        enrols = self._seat.target is not None and self._seat.target.starts_outreach
        for operation in operations:
            effect = session.opt_outs.effect(_keys_of(operation), session.clock.now())
            no = effect.forbids_create(operation.provider) or (enrols and effect.no_enrolment)
            if operation.kind != "variables" and no:
                self._endings.end([replace(operation, state="blocked", reason=StateReason.OPTED_OUT)])
            elif operation.kind == "create" and operation.person_id in session.doubtful:
                self._endings.end([replace(operation, state="blocked", reason=StateReason.SUSPECTED_DUPLICATE)])
            else:
                go.append(operation)
        return go

    async def _read_newest(self, seat: Seat) -> None:
        """The newest opt-outs of a provider that lists any are known; an unreadable one may be anybody's no."""
        now = self._session.clock.monotonic()
        last = seat.opt_outs_read_monotonic
        fresh = last is not None and now - last < RECHECK_AFTER_S
        if seat.provider.opt_out_list is None or fresh:
            return
        page = await seat.provider.opt_out_list.newest()
        note_opt_outs(self._session, page.opt_outs)
        if not page.complete:
            raise MappingError(seat.name, "opt-out list", "the whole page", "part of it")
        seat.opt_outs_read_monotonic = now

    async def _read_unlisted(self, seat: Seat, operations: list[Operation]) -> None:
        """A no in a record of theirs that no list shows is known, too."""
        unlisted, reader = unlisted_at(self._session, seat.name), seat.provider.reader
        if not unlisted or reader is None or not seat.reads:
            return
        people = {operation.person_id for operation in operations}
        refs = [RecordRef(seat.name, record_id) for record_id in sorted(unlisted)]
        for ref, person_id in self._session.store.owners(refs).items():
            if person_id in people:
                with suppress(Missing):  # the next full read tells who is gone
                    store_records(self._session, seat, [await reader.fetch(ref.record_id)])

    async def _without_outreach(self, operations: list[Operation]) -> list[Operation]:
        """Where a write starts outreach by now, only those go on of which the plan said so and the guard knew."""
        seat = self._seat
        if not (operations and seat.provider.capabilities.effects_at_target):
            return operations
        seat.target = await seat.provider.target()
        if not seat.target.needs_allowance:
            return operations
        for operation in operations:
            if ENROLMENT not in operation.effects:
                reason = StateReason.EFFECT_NOT_ALLOWED
                self._endings.end([replace(operation, state="blocked", reason=reason, message=seat.target.reason)])
        return [o for o in operations if ENROLMENT in o.effects]


def _keys_of(operation: Operation) -> frozenset[str]:
    """By which opt-outs find whom the operation is about."""
    keys = wide_keys_of(operation.contact)
    return keys | wide_keys_of(operation.record.contact) if operation.record is not None else keys
