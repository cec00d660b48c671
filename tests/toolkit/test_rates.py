"""When an endpoint may be asked next: windows, refusals, pace, and notes that outlive a run."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.toolkit.headers import LONGEST_WAIT_S
from adapters.toolkit.rates import Limiter, parse_windows
from sync.errors import RateLimited
from sync.ports import LONGEST_SLEEP_S
from sync.record import RateWindow
from tests.toolkit.clock import START, HandClock

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def told(seconds: float, limit: int, used: int, clock: HandClock, endpoint: str = "search") -> RateWindow:
    return RateWindow(endpoint=endpoint, seconds=seconds, limit=limit, used=used, opened_at=clock.now())


def limiter(clock: HandClock, **more: Any) -> Limiter:
    return Limiter("apollo", clock, **more)


def kept(one: Limiter) -> Any:
    return json.loads(json.dumps(one.memory()))


async def test_what_is_not_limited_is_asked_at_once() -> None:
    clock = HandClock()
    one = limiter(clock)
    for _ in range(100):
        await one.acquire("search")
    assert (clock.slept, one.windows(), one.wait_s("search")) == ([], (), 0.0)


async def test_the_fullest_of_several_windows_decides() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.observe("search", [told(MINUTE, 50, 50, clock), told(HOUR, 200, 60, clock), told(DAY, 600, 60, clock)])
    assert one.wait_s("search") == MINUTE
    await one.acquire("search")
    assert clock.slept == [MINUTE]
    assert [(w.seconds, w.used) for w in one.windows()] == [(MINUTE, 1), (HOUR, 61), (DAY, 61)]


async def test_the_end_of_a_window_that_a_refusal_tells_outranks_when_it_was_first_seen() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.observe("search", [told(MINUTE, 200, 1, clock), told(HOUR, 400, 400, clock), told(DAY, 2000, 400, clock)])
    one.refused("search", 200.0)
    one.ends("search", 200.0)
    assert one.wait_s("search") == 200.0
    clock.advance(200.0)
    assert limiter(clock, memory=kept(one)).wait_s("search") == 0.0
    assert {w.seconds: w.used for w in one.windows()} == {DAY: 400}


async def test_a_refusal_that_tells_no_end_leaves_the_windows_as_they_were_seen() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.observe("search", [told(HOUR, 400, 400, clock)])
    for in_s in (0.0, DAY):
        one.ends("search", in_s)
        assert one.wait_s("search") == HOUR


async def test_our_own_count_fills_a_window_between_two_answers() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.observe("search", [told(MINUTE, 3, 1, clock)])
    for _ in range(3):
        await one.acquire("search")
    assert clock.slept == [MINUTE]


async def test_what_the_provider_counted_outranks_our_count_in_both_directions() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.observe("search", [told(MINUTE, 10, 1, clock)])
    await one.acquire("search")
    one.observe("search", [told(MINUTE, 10, 10, clock)])
    assert one.wait_s("search") == MINUTE
    one.observe("search", [told(MINUTE, 10, 2, clock)])
    assert one.wait_s("search") == 0
    one.observe("search", [told(MINUTE, 2, 2, clock)])
    assert one.wait_s("search") == MINUTE


async def test_a_window_opens_at_its_first_request_and_not_at_each_answer() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.observe("search", [told(MINUTE, 3, 1, clock)])
    clock.advance(40)
    one.observe("search", [told(MINUTE, 3, 3, clock)])
    assert one.wait_s("search") == 20
    clock.advance(20)
    one.observe("search", [told(MINUTE, 3, 1, clock)])
    assert [w.opened_at for w in one.windows()] == [START + timedelta(seconds=60)]


async def test_a_wait_longer_than_two_minutes_is_told_and_not_slept() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.observe("search", [told(HOUR, 1, 1, clock)])
    with pytest.raises(RateLimited, match="search is used up") as caught:
        await one.acquire("search")
    assert (caught.value.retry_after_s, clock.slept) == (HOUR, [])
    clock.advance(HOUR - LONGEST_SLEEP_S)
    await one.acquire("search")
    assert clock.slept == [LONGEST_SLEEP_S]


async def test_one_endpoint_does_not_hold_up_another() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.refused("search", 600)
    one.observe("bulk_create", [told(HOUR, 1, 1, clock, "bulk_create")])
    await one.acquire("update")
    assert (one.wait_s("search"), one.wait_s("bulk_create"), one.wait_s("update")) == (600, HOUR, 0)


async def test_a_refused_endpoint_rests_as_long_as_told_and_never_shorter() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.refused("search", 90)
    one.refused("search", 30)
    assert one.wait_s("search") == 90
    await one.acquire("search")
    assert clock.slept == [90]
    one.refused("search", 10)
    assert one.wait_s("search") == 10


@pytest.mark.parametrize(("given_s", "wait_s"), [(-5.0, 0), (0.0, 0), (1e12, LONGEST_WAIT_S), (float("inf"), DAY)])
def test_no_refusal_puts_off_further_than_a_day(given_s: float, wait_s: float) -> None:
    one = limiter(HandClock())
    one.refused("search", given_s)
    assert one.wait_s("search") == wait_s


async def test_requests_keep_their_pace() -> None:
    clock = HandClock()
    one = limiter(clock, requests_per_second=4)
    for _ in range(4):
        await one.acquire("search")
    assert clock.slept == [0.25] * 3
    clock.advance(10)
    await one.acquire("search")
    assert clock.slept == [0.25] * 3


async def test_a_deferral_costs_no_pace() -> None:
    clock = HandClock()
    one = limiter(clock, requests_per_second=0.01)
    one.refused("search", 600)
    for _ in range(3):
        with pytest.raises(RateLimited):
            await one.acquire("search")
    await one.acquire("update")
    assert clock.slept == []


async def test_windows_and_refusals_outlive_a_run() -> None:
    clock = HandClock()
    one = limiter(clock)
    one.observe("search", [told(MINUTE, 50, 50, clock), told(HOUR, 200, 80, clock)])
    one.refused("bulk_create", 900)
    again = limiter(clock, memory=kept(one))
    assert again.windows() == one.windows()
    assert (again.wait_s("search"), again.wait_s("bulk_create")) == (MINUTE, 900)
    clock.advance(HOUR)
    assert kept(again) == {"windows": [], "not_before": {}}


@pytest.mark.parametrize("years", [-10, -1, 1, 10])
async def test_a_clock_that_was_wrong_holds_nothing_up(years: int) -> None:
    clock = HandClock()
    one = limiter(clock)
    one.observe("search", [told(DAY, 1, 1, clock)])
    one.refused("update", DAY)
    clock.advance(years * 365 * DAY)
    for each in (one, limiter(clock, memory=kept(one))):
        await each.acquire("search")
        await each.acquire("update")
    assert clock.slept == []


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.sampled_from([START.isoformat(), "2026-11-20T12:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31"]),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text() | st.just("search"), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip
ROWS = st.lists(st.tuples(st.just("search"), JUNK, JUNK, JUNK, JUNK).map(list) | JUNK, max_size=3)


@given(
    st.dictionaries(st.sampled_from(["windows", "not_before", "spend"]), JUNK)
    | st.fixed_dictionaries({"windows": ROWS, "not_before": st.dictionaries(st.just("search"), JUNK)})
)
def test_damaged_notes_are_survived(memory: dict[str, Any]) -> None:
    one = limiter(HandClock(), memory=memory)
    assert 0 <= one.wait_s("search") <= LONGEST_WAIT_S
    one.observe("search", [told(MINUTE, 5, 1, HandClock())])
    assert limiter(HandClock(), memory=kept(one)).windows() == one.windows()


def test_readable_rows_are_kept_beside_unreadable_ones() -> None:
    row = ["search", 60, 50, 7, "2026-11-20T12:00:00+00:00"]
    bad = [[], None, "abcde", [*row, 1], ["search", "x", 1, 1, row[4]], ["search", 60, 0, 1, row[4]]]
    bad += [["search", float("inf"), 50, 7, row[4]], ["search", 60, float("inf"), 7, row[4]]]
    assert [w.used for w in parse_windows({"windows": [bad[0], row, *bad[1:]]})] == [7]
    assert parse_windows({}) == parse_windows({"windows": 3}) == ()
