"""Writing: look once more, note the intent, send, keep the outcome. Batch by batch, provider by provider."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.change import OPT_OUT_KINDS, PARTIAL_TOTALS
from sync.codes import StateReason
from sync.engine.endings import Endings
from sync.engine.logbook import sent
from sync.engine.look_before import LookBefore
from sync.engine.refusals import Refusals, halves, of_short_totals, one_fate, refuses_the_address
from sync.engine.resolve import as_repeat, may_send_again
from sync.engine.settle import settle
from sync.engine.storing import keep_memory
from sync.engine.together import together
from sync.errors import (
    AuthError,
    ContactSyncError,
    MappingError,
    OutcomeUnknown,
    Outdated,
    QuotaExhausted,
    RateLimited,
    Rejected,
    Transient,
)
from sync.ports import LONGEST_SLEEP_S, LONGEST_WRITE_SLEEP_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sync.change import Batch, Operation
    from sync.engine.session import Seat, Session

ORDER = {"exclude": 0, "stage": 0, "update": 1, "variables": 1, "create": 2}
EXTRA_CALLS_TO_ISOLATE = 32
"""Re-posts a run may spend on finding rows that a bulk upsert refused in silence."""
MOST_TRIES = 3
"""Of one write that a provider asked to wait for."""
MOST_LOST_IN_A_ROW = 5
"""Requests whose outcome is unknown, one after another; then no more are sent in this run."""


async def push_all(session: Session) -> None:
    """Every planned operation is sent, refused or put off.

    Opt-outs everywhere first, then each provider's updates before its creates, the providers side by side.
    """
    planned: dict[str, list[Operation]] = defaultdict(list)
    for operation in session.operations.values():
        if operation.state == "planned":
            planned[operation.provider].append(operation)
    for wanted in ({0}, {1, 2}):
        await together(
            _Pusher(session, session.seats[name]).push([o for o in mine if ORDER[o.kind] in wanted])
            for name, mine in sorted(planned.items())
        )


class _Pusher:
    """One provider's writes in one cycle."""

    def __init__(self, session: Session, seat: Seat) -> None:
        self._session = session
        self._seat = seat
        self._endings = Endings(session, seat)
        self._look = LookBefore(session, seat, self._endings)
        self._refusals = Refusals()
        self._extra_calls = EXTRA_CALLS_TO_ISOLATE
        self._lost_in_a_row = 0

    async def push(self, operations: Sequence[Operation]) -> None:
        """All of them have an outcome or stay put off with a reason."""
        ordered = sorted(operations, key=self._turn)
        self._endings.expected = len(ordered)
        for rank in sorted({ORDER[o.kind] for o in ordered}):
            await self._push_in_batches([o for o in ordered if ORDER[o.kind] == rank])

    def _turn(self, operation: Operation) -> tuple[object, ...]:
        """What takes a request of its own goes after what shares one."""
        caps = self._seat.provider.capabilities
        alone = operation.kind == "update" and not all(caps.can(name, "update") for name in operation.fields)
        return ORDER[operation.kind], operation.kind, alone, operation.person_id, operation.id

    async def _push_in_batches(self, operations: list[Operation]) -> None:
        rest = operations
        while rest:
            rest = self._without_stopped(rest)
            if not rest:
                return
            batch = self._seat.provider.batches(rest)[0]
            head = batch.operations
            rest = rest[len(head) :]
            if self._refusals.useless(batch):
                self._endings.put_off(head, StateReason.NOT_TAKEN_NOW)
                continue
            try:
                ready = await self._look.at(list(head))
            except ContactSyncError as error:
                self._give_up(head, error)
                continue
            await self._send_all(ready)

    async def _send_all(self, operations: Sequence[Operation]) -> None:
        for batch in self._seat.provider.batches(operations) if operations else ():
            await self._send(batch)

    def _without_stopped(self, operations: list[Operation]) -> list[Operation]:
        """What may still be sent; the rest is put off with the reason why, all that share one in one commit."""
        go: list[Operation] = []
        stopped: dict[tuple[str, datetime | None], list[Operation]] = defaultdict(list)
        for operation in operations:
            why = self._why_stopped(operation)
            (go if why is None else stopped[why]).append(operation)
        for (reason, until), waiting in stopped.items():
            self._endings.put_off(waiting, reason, until=until)
        return go

    def _why_stopped(self, operation: Operation) -> tuple[str, datetime | None] | None:
        """Why it may not be sent now, and until when; ``None`` where it may."""
        if self._session.stopping.is_set():
            return StateReason.OUT_OF_TIME, None
        if not self._seat.up or self._lost_in_a_row >= MOST_LOST_IN_A_ROW:
            return self._down_reason(), self._seat.until
        stop = self._seat.stop_creates if operation.kind == "create" else None
        return None if stop is None else (stop.reason, stop.resets_at)

    def _down_reason(self) -> str:
        if self._seat.status == "refused":
            return StateReason.REFUSED_CREDENTIALS
        if self._seat.status == "partial" and self._seat.stop_creates is not None:
            return self._seat.stop_creates.reason
        return StateReason.RATE_LIMITED if self._seat.status == "partial" else StateReason.UNREACHABLE

    # sending ------------------------------------------------------------------------------------------
    async def _send(self, batch: Batch) -> None:
        session, seat = self._session, self._seat
        now = session.clock.now()
        sending = [
            replace(o, state="sending", digest=batch.digest, attempt=o.attempt + 1, sent_at=now)
            for o in batch.operations
        ]
        session.store.mark_sending(sending, run_id=session.run_id, at=now)
        batch = replace(batch, operations=tuple(sending))
        seat.wrote = True
        try:
            with self._look.fresh(batch.kind):
                result = await sent(seat.provider, batch, session.progress)
        except (RateLimited, Outdated) as error:
            await self._send_later(batch, error)
        except ContactSyncError as error:
            await self._failed(batch, error)
        else:
            self._lost_in_a_row = 0
            self._refusals.accepted(batch, result.outcomes)
            if result.bulk is not None:
                session.bulk.append(result.bulk)
            short = [o for o in result.outcomes if o.reason == PARTIAL_TOTALS]
            if short and len(batch.operations) > 1 and self._extra_calls >= 2:
                await self._isolate(batch)
            else:
                if short:
                    seat.note("the totals of an upload do not confirm every row of it")
                alone = len(batch.operations) == 1
                self._endings.settle(batch, [of_short_totals(o, alone=alone) for o in result.outcomes])
        keep_memory(session, seat)

    async def _send_later(self, batch: Batch, error: RateLimited | Outdated) -> None:
        """A wait that the provider asked for is waited for, and everything is looked at once more.

        Whoever goes on after a death in the wait knows that nothing was applied.
        """
        session, wait_s = self._session, _wait_s(error)
        tried = max(o.attempt for o in batch.operations)
        if wait_s is None or tried >= MOST_TRIES or session.stopping.is_set():
            self._give_up(batch.operations, error)
            return
        waiting = [replace(o, state="deferred", reason=StateReason.RATE_LIMITED) for o in batch.operations]
        self._endings.keep([replace(o, digest=None) for o in waiting])
        await session.clock.sleep(wait_s + session.clock.random())
        await self._send_anew(batch.operations)

    async def _send_anew(self, operations: Sequence[Operation]) -> None:
        """Everything that was looked at before a first try is looked at again."""
        rest = self._without_stopped(list(operations))
        try:
            ready = await self._look.at(rest)
        except ContactSyncError as error:
            self._give_up(rest, error)
        else:
            await self._send_all(ready)

    async def _isolate(self, batch: Batch) -> None:
        """Some rows of an upsert were refused without being named: the halves are posted again.

        Rows without the key that it matches on would be made a second time; what became of them stays unknown.
        """
        for half in halves(self._recognisable(batch, "the totals do not confirm every row")):
            self._extra_calls -= 1
            await self._send_anew([as_repeat(o) for o in half])

    def _recognisable(self, batch: Batch, why: str) -> list[Operation]:
        """What may be sent once more; what became of the other rows is unknown, since ``why``."""
        again = [o for o in batch.operations if may_send_again(self._seat, o)]
        lost = tuple(o for o in batch.operations if o not in again)
        if lost:
            message = f"{why}, and this one has no key to be recognised by"
            self._endings.settle_all(
                replace(batch, operations=lost), "unknown", StateReason.OUTCOME_UNKNOWN, message
            )
        return again

    async def _failed(self, batch: Batch, error: ContactSyncError) -> None:
        if isinstance(error, (OutcomeUnknown, MappingError, Transient)):
            self._endings.settle_all(batch, "unknown", StateReason.OUTCOME_UNKNOWN, str(error), error.request_id)
            self._note_lost(error)
        elif isinstance(error, Rejected) and refuses_the_address(batch, error):
            self._give_up(batch.operations, error)
        elif isinstance(error, Rejected):
            await self._refused(batch, error)
        elif isinstance(error, QuotaExhausted) and error.sent:
            again = self._recognisable(batch, "rows may have been written before the quota was met")
            self._give_up(again, error)
        else:
            self._give_up(batch.operations, error)

    async def _refused(self, batch: Batch, error: Rejected) -> None:
        """A row that is to blame itself is refused for good; anything else is tried again by the next run."""
        if self._refusals.may_be_a_row(batch, error):
            since = self._refusals.so_far(batch)
            for half in halves(batch.operations):
                if self._refusals.useless(batch):
                    self._endings.put_off(half, StateReason.NOT_TAKEN_NOW)
                else:
                    await self._send_anew(half)
            for row, why in self._refusals.blamed(batch, since):
                fate = one_fate(row, "refused", StateReason.REJECTED, str(why), why.request_id)
                settle(self._session, self._seat, row, fate)
            return
        new = self._refusals.met(batch, error)
        alone = len(batch.operations) == 1
        if alone and (error.for_good or batch.kind in OPT_OUT_KINDS):
            self._endings.settle_all(batch, "refused", StateReason.REJECTED, str(error), error.request_id)
        else:
            if new:
                self._seat.hesitates(error)
            self._endings.settle_all(batch, "deferred", StateReason.NOT_TAKEN_NOW, str(error), error.request_id)

    def _note_lost(self, error: ContactSyncError) -> None:
        """Too many in a row stop the writes; reading goes on, for it may find what was written.

        Credentials that were refused while the outcome was followed stop all, as anywhere else.
        """
        if isinstance(error.__cause__, AuthError):
            self._seat.fail(error.__cause__)
        self._lost_in_a_row += 1
        if self._lost_in_a_row == MOST_LOST_IN_A_ROW:
            self._seat.status = "unreachable"
            self._seat.note(f"{MOST_LOST_IN_A_ROW} writes in a row had no usable answer, so no more are sent now")

    def _give_up(self, operations: Iterable[Operation], error: ContactSyncError) -> None:
        """Nothing of these was surely applied; they and what follows wait."""
        seat = self._seat
        if isinstance(error, QuotaExhausted):
            seat.stop_creates = error
            if error.reason != StateReason.QUOTA_TOTAL:
                seat.until = error.resets_at
                seat.fail(error)
            else:
                seat.note(error.message)
            self._endings.put_off(operations, error.reason, until=error.resets_at, sent=error.sent)
        elif isinstance(error, RateLimited):
            if error.retry_after_s is not None:
                seat.until = self._session.clock.now() + timedelta(seconds=error.retry_after_s)
            seat.fail(error)
            self._endings.put_off(operations, StateReason.RATE_LIMITED, until=seat.until)
        elif isinstance(error, Outdated):
            self._endings.put_off(operations, StateReason.STALE_REMOTE)
        else:
            seat.fail(error)
            self._endings.put_off(operations, self._down_reason())


def _wait_s(error: RateLimited | Outdated) -> float | None:
    """How long the wait is before another try, ``None`` where there is none in this run: the time is too long, or
    so short that it was waited for where the batch was sent, as often as it may be.
    """
    if isinstance(error, Outdated):
        return 0.0
    wait_s = error.retry_after_s or 0.0
    return wait_s if LONGEST_WRITE_SLEEP_S < wait_s <= LONGEST_SLEEP_S else None
