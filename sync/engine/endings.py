"""How one provider's operations end in a cycle: kept, and counted for whoever watches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.engine.refusals import one_fate
from sync.engine.settle import settle
from sync.store_port import Settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sync.change import Batch, Operation, Outcome, State
    from sync.engine.session import Seat, Session


class Endings:
    """Of so many operations as were ``expected``, those that ended."""

    def __init__(self, session: Session, seat: Seat) -> None:
        self._session = session
        self._seat = seat
        self._ended = 0
        self.expected = 0

    def settle(self, batch: Batch, outcomes: Iterable[Outcome]) -> None:
        """The provider told what became of each."""
        settle(self._session, self._seat, batch, outcomes)
        self._count(len(batch.operations))

    def settle_all(
        self, batch: Batch, state: State, reason: str, message: str, request_id: str | None = None
    ) -> None:
        """The same became of all."""
        self.settle(batch, one_fate(batch, state, reason, message, request_id))

    def put_off(
        self, operations: Iterable[Operation], reason: str, *, until: datetime | None = None, sent: bool = False
    ) -> None:
        """These wait. Those that were ``sent`` may have been applied in part and keep the digest of it."""
        waiting = [replace(o, state="deferred", reason=reason, until=until) for o in operations]
        self.end(waiting if sent else [replace(o, digest=None) for o in waiting])

    def end(self, operations: Sequence[Operation]) -> None:
        """These are not sent, as they say themselves."""
        self.keep(operations)
        self._count(len(operations))

    def keep(self, operations: Sequence[Operation]) -> None:
        """These are so for now; they have not ended."""
        self._session.store.save_settled([Settled(operation=o) for o in operations], at=self._session.clock.now())
        self._session.operations.update({o.id: o for o in operations})

    def _count(self, more: int) -> None:
        self._ended += more
        self._session.progress.advance("push", self._seat.name, self._ended, self.expected)
