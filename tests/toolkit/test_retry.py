"""What is tried again, how often, and after which wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.toolkit.http import WrongPlace
from adapters.toolkit.retry import (
    FIRST_WAIT_S,
    LONGEST_BACKOFF_S,
    READ_ATTEMPTS,
    WRITE_ATTEMPTS,
    RetryBudget,
    backoff_s,
    retried,
)
from sync.errors import (
    AuthError,
    ConfigError,
    ContactSyncError,
    MappingError,
    Missing,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    Rejected,
    Transient,
    Unreachable,
)
from sync.ports import LONGEST_SLEEP_S, LONGEST_WRITE_SLEEP_S
from tests.toolkit.clock import HandClock

P = "topo"


class Failing:
    """A call that fails as told, then gives 7."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return 7


async def tried(error: Exception, *, mutating: bool, times: int = 9) -> tuple[int, list[float]]:
    call, clock = Failing(*[error] * times), HandClock()
    with pytest.raises(type(error)) as caught:
        await retried(call, clock=clock, budget=RetryBudget(), mutating=mutating)
    assert caught.value is error
    return call.calls, clock.slept


@pytest.mark.parametrize(
    ("error", "reads", "writes"),
    [
        (Unreachable(P, "refused"), READ_ATTEMPTS, WRITE_ATTEMPTS),
        (RateLimited(P, "slow down", retry_after_s=1.0), READ_ATTEMPTS, WRITE_ATTEMPTS),
        (RateLimited(P, "slow down"), READ_ATTEMPTS, WRITE_ATTEMPTS),
        (Transient(P, "502"), READ_ATTEMPTS, 1),
        (OutcomeUnknown(P, "reset"), 1, 1),
        (WrongPlace(P, "redirect"), 1, 1),
        (AuthError(P, "401"), 1, 1),
        (QuotaExhausted(P, "402"), 1, 1),
        (Rejected(P, "422"), 1, 1),
        (Missing(P, "404"), 1, 1),
        (MappingError(P, "$.id", "text", "number"), 1, 1),
        (ConfigError("no"), 1, 1),
        (ContactSyncError("no"), 1, 1),
        (RuntimeError("a fault of ours"), 1, 1),
    ],
)
async def test_only_what_is_safe_is_tried_again(error: Exception, reads: int, writes: int) -> None:
    assert (await tried(error, mutating=False))[0] == reads
    assert (await tried(error, mutating=True))[0] == writes


async def test_a_call_that_recovers_gives_its_result_and_waits_no_more() -> None:
    call, clock = Failing(Unreachable(P, "a"), Transient(P, "b")), HandClock()
    assert await retried(call, clock=clock, budget=RetryBudget(), mutating=False) == 7
    assert (call.calls, len(clock.slept)) == (3, 2)
    assert await retried(Failing(), clock=clock, budget=RetryBudget(), mutating=True) == 7
    assert len(clock.slept) == 2


async def test_every_wait_goes_through_the_clock_and_grows_under_its_ceiling() -> None:
    _, slept = await tried(Transient(P, "502"), mutating=False)
    assert slept == [0.25, 0.5, 1.0]


async def test_what_the_server_asked_for_is_waited_for_and_jitter_comes_on_top() -> None:
    _, slept = await tried(RateLimited(P, "later", retry_after_s=LONGEST_SLEEP_S), mutating=False)
    assert slept[:2] == [120.25, 120.5]
    _, slept = await tried(RateLimited(P, "later", retry_after_s=LONGEST_WRITE_SLEEP_S), mutating=True)
    assert slept == [15.25, 15.5]


async def test_a_write_leaves_longer_waits_to_the_caller_who_looks_again_before_it() -> None:
    assert await tried(RateLimited(P, "later", retry_after_s=15.1), mutating=True) == (1, [])


async def test_a_long_wait_is_told_and_not_slept() -> None:
    assert await tried(RateLimited(P, "later", retry_after_s=120.1), mutating=False) == (1, [])


async def test_retries_stay_within_a_fifth_of_the_first_tries_plus_ten() -> None:
    budget, calls = RetryBudget(), 0
    for number in range(1, 201):
        call = Failing(*[Unreachable(P, "down")] * 9)
        with pytest.raises(Unreachable):
            await retried(call, clock=HandClock(), budget=budget, mutating=False)
        calls += call.calls
        assert calls - number <= number * 0.2 + 10
    assert calls == 200 + 50


async def test_a_last_try_takes_nothing_from_the_budget() -> None:
    budget = RetryBudget()
    down = Failing(*[Unreachable(P, "down")] * 3)
    with pytest.raises(Unreachable):
        await retried(down, clock=HandClock(), budget=budget, mutating=True)
    assert [budget.take() for _ in range(9)] == [True] * 8 + [False]


@given(st.integers(1, 100), st.floats(0, 1, exclude_max=True), st.floats(0, 120))
def test_jitter_is_full_and_never_goes_below_the_floor(attempt: int, draw: float, floor_s: float) -> None:
    ceiling_s = min(LONGEST_BACKOFF_S, FIRST_WAIT_S * 2 ** (attempt - 1))
    wait_s = backoff_s(attempt, draw, floor_s)
    assert floor_s <= wait_s <= floor_s + ceiling_s
    assert backoff_s(attempt, 0.0, floor_s) == floor_s
    assert backoff_s(attempt, 0.5) == ceiling_s / 2
