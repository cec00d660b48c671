"""What a provider refuses in one cycle: which rows are to blame, and when it is no use to go on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sync.change import OPT_OUT_KINDS, PARTIAL_TOTALS, Outcome
from sync.codes import StateReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sync.change import Batch, Operation, State
    from sync.errors import Rejected

WITH_OTHERS = frozenset({"create", "update"})
"""Kinds whose requests carry many people to one address."""
ABOUT_THE_ADDRESS = frozenset({404, 405, 406, 410, 415, 426})
"""Refusals of the address, the verb or the form."""
PERHAPS_A_ROW = frozenset({400, 409, 413, 422})
"""Refusals that may be about a row, or about how many there are; with any other no row would fare better."""
MOST_ALIKE = 3
"""Rows refused alone and alike while none was accepted; then no more are looked for. After as many more requests
nothing of the kind is sent in this run.
"""
ACCEPTED = frozenset({"acked", "pending"})

Call = tuple[str, str]


class Refusals:
    """What one provider refused and accepted, by call."""

    def __init__(self) -> None:
        self._accepted: Counter[Call] = Counter()
        self._alike: Counter[tuple[Call, int | None, str | None, bool | None]] = Counter()
        self._alone: list[tuple[Batch, Rejected]] = []
        self._useless: set[Call] = set()

    def accepted(self, batch: Batch, outcomes: Iterable[Outcome]) -> None:
        """The rows that were taken show that the call as such is not refused."""
        self._accepted[_call(batch)] += sum(outcome.state in ACCEPTED for outcome in outcomes)

    def useless(self, batch: Batch) -> bool:
        """Whether nothing like it is to be sent any more in this run."""
        return _call(batch) in self._useless

    def may_be_a_row(self, batch: Batch, error: Rejected) -> bool:
        """Whether its rows are to be sent in halves, to find the one that is to blame."""
        if len(batch.operations) == 1:
            return False
        call = _call(batch)
        few = self._accepted[call] or self._alike[_kind_of(batch, error)] < MOST_ALIKE
        return batch.kind in OPT_OUT_KINDS or (error.status in PERHAPS_A_ROW and bool(few))

    def met(self, batch: Batch, error: Rejected) -> bool:
        """The batch was refused and is not sent again in this run; true where that is something new.

        An opt-out is tried whatever became of the others.
        """
        if batch.kind in OPT_OUT_KINDS:
            return False
        call, kind, alone = _call(batch), _kind_of(batch, error), len(batch.operations) == 1
        if alone and error.for_good is None and error.status in PERHAPS_A_ROW:
            self._alone.append((batch, error))
        self._alike[kind] += 1
        often = self._alike[kind] >= 2 * MOST_ALIKE and not self._accepted[call]
        if often or not (alone or error.status in PERHAPS_A_ROW):
            self._useless.add(call)
        return self._alike[kind] == 1

    def so_far(self, batch: Batch) -> tuple[int, int]:
        """Where ``blamed`` begins to look."""
        return len(self._alone), self._accepted[_call(batch)]

    def blamed(self, batch: Batch, since: tuple[int, int]) -> list[tuple[Batch, Rejected]]:
        """The rows that were refused alone while others of the ``batch`` were accepted; each is told once.

        Not those of which the provider says itself whether the reason may pass.
        """
        start, accepted = since
        if self._accepted[_call(batch)] == accepted:
            return []
        found = self._alone[start:]
        del self._alone[start:]
        return found


def _call(batch: Batch) -> Call:
    return batch.kind, batch.way


def _kind_of(batch: Batch, error: Rejected) -> tuple[Call, int | None, str | None, bool | None]:
    return _call(batch), error.status, error.code, error.for_good


def refuses_the_address(batch: Batch, error: Rejected) -> bool:
    """Whether nothing could be sent there."""
    return batch.kind in WITH_OTHERS and error.status in ABOUT_THE_ADDRESS


def halves(operations: Sequence[Operation]) -> tuple[Sequence[Operation], Sequence[Operation]]:
    """The operations in two parts, order kept."""
    middle = len(operations) // 2
    return operations[:middle], operations[middle:]


def one_fate(
    batch: Batch, state: State, reason: str, message: str, request_id: str | None = None
) -> list[Outcome]:
    """The outcome that all operations of the batch share."""
    return [
        Outcome(operation_id=o.id, state=state, reason=reason, message=message, request_id=request_id)
        for o in batch.operations
    ]


def of_short_totals(outcome: Outcome, *, alone: bool) -> Outcome:
    """A row that was posted ``alone`` is the refused one; rows that stay unnamed are accepted but unconfirmed."""
    if outcome.reason != PARTIAL_TOTALS:
        return outcome
    if alone:
        message = "posted alone, it was neither created nor updated"
        return replace(outcome, state="refused", reason=StateReason.REJECTED, message=message)
    message = "the totals do not confirm every row"
    return replace(outcome, state="acked", reason=None, message=message, unconfirmed=True)
