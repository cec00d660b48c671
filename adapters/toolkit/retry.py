"""The one retry layer: surely-not-sent and refused-before-work for writes, transient failures for reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import stamina
import stamina.instrumentation

from sync.errors import ProviderError, RateLimited, Transient, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sync.ports import Clock

T = TypeVar("T")

stamina.instrumentation.set_on_retry_hooks([])  # its default hook logs call arguments

READ_ATTEMPTS = 4
WRITE_ATTEMPTS = 3
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 30.0
LONGEST_RETRY_AFTER_S = 120.0


class RetryBudget:
    """Caps retries at a fifth of the requests made plus ten, so that an outage meets no storm of retries."""

    def __init__(self) -> None:
        self._requests = 0
        self._retries = 0

    def count(self) -> None:
        """One request goes out."""
        self._requests += 1

    def take(self) -> bool:
        """Whether one more retry is allowed; if so it is counted."""
        if self._retries >= self._requests * 0.2 + 10:
            return False
        self._retries += 1
        return True


def backoff_s(attempt: int, random: float, floor_s: float = 0.0) -> float:
    """Full jitter: a uniform draw below the exponential ceiling, on top of what the server asked for.

    ``attempt`` counts from 1. Source: Marc Brooker, «Exponential Backoff And Jitter», AWS, 2015.
    """
    ceiling_s: float = FIRST_WAIT_S * 2.0 ** (attempt - 1)
    return floor_s + random * min(LONGEST_WAIT_S, ceiling_s)


async def retried(call: Callable[[], Awaitable[T]], *, clock: Clock, budget: RetryBudget, mutating: bool) -> T:
    """The result of ``call``, tried again where that is safe; its last error otherwise."""
    attempts = 0

    def wait_for(error: Exception) -> bool | float:
        safe = isinstance(error, (Unreachable, RateLimited)) or (not mutating and isinstance(error, Transient))
        floor_s = (error.retry_after_s or 0.0) if isinstance(error, RateLimited) else 0.0
        if not safe or not isinstance(error, ProviderError) or floor_s > LONGEST_RETRY_AFTER_S:
            return False
        if not budget.take():
            return False
        return backoff_s(attempts, clock.random(), floor_s)

    limit = WRITE_ATTEMPTS if mutating else READ_ATTEMPTS
    async for attempt in stamina.retry_context(on=wait_for, attempts=limit, timeout=None):
        with attempt:
            attempts += 1
            budget.count()
            return await call()
    raise AssertionError("stamina ends by returning or raising")  # pragma: no cover  # for the type checker
