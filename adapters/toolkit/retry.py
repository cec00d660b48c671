"""The one retry layer: surely-not-sent and refused-before-work for writes, transient failures for reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from adapters.toolkit.http import WrongPlace
from sync.errors import ProviderError, RateLimited, Transient, Unreachable
from sync.ports import LONGEST_SLEEP_S, LONGEST_WRITE_SLEEP_S

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sync.ports import Clock

T = TypeVar("T")

READ_ATTEMPTS = 4
WRITE_ATTEMPTS = 3
FIRST_WAIT_S = 0.5
LONGEST_BACKOFF_S = 30.0


class RetryBudget:
    """Caps retries at a fifth of the first tries plus ten, so that an outage meets no storm of retries."""

    def __init__(self) -> None:
        self._calls = 0
        self._retries = 0

    def count(self) -> None:
        """One request goes out for the first time."""
        self._calls += 1

    def take(self) -> bool:
        """Whether one more retry is allowed; if so it is counted."""
        if self._retries + 1 > self._calls * 0.2 + 10:
            return False
        self._retries += 1
        return True


def backoff_s(attempt: int, random: float, floor_s: float = 0.0) -> float:
    """Full jitter: a uniform draw below the exponential ceiling, on top of what the server asked for.

    ``attempt`` counts from 1. Source: Marc Brooker, «Exponential Backoff And Jitter», AWS, 2015.
    """
    ceiling_s: float = FIRST_WAIT_S * 2.0 ** (attempt - 1)
    return floor_s + random * min(LONGEST_BACKOFF_S, ceiling_s)


async def retried(call: Callable[[], Awaitable[T]], *, clock: Clock, budget: RetryBudget, mutating: bool) -> T:
    """The result of ``call``, tried again where that is safe; its last error otherwise."""
    budget.count()
    for attempt in range(1, WRITE_ATTEMPTS if mutating else READ_ATTEMPTS):
        try:
            return await call()
        except ProviderError as error:
            floor_s = _floor_s(error, mutating=mutating)
            if floor_s is None or not budget.take():
                raise
        await clock.sleep(backoff_s(attempt, clock.random(), floor_s))
    return await call()


def _floor_s(error: ProviderError, *, mutating: bool) -> float | None:
    """Seconds that must pass before another try; ``None`` when there must be none."""
    if isinstance(error, RateLimited):
        asked_s = error.retry_after_s or 0.0
        return asked_s if asked_s <= (LONGEST_WRITE_SLEEP_S if mutating else LONGEST_SLEEP_S) else None
    mends = isinstance(error, Unreachable) and not isinstance(error, WrongPlace)
    return 0.0 if mends or (isinstance(error, Transient) and not mutating) else None
