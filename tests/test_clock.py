"""The clock of the real world keeps its promises."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine

from sync.clock import BOOTTIME, SystemClock
from tests.clocks import HastyClock


def test_now_is_aware_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta()


def test_monotonic_time_goes_on_while_the_machine_sleeps_and_never_back() -> None:
    assert getattr(time, "CLOCK_BOOTTIME", BOOTTIME) == BOOTTIME
    clock = SystemClock()
    seen = [clock.monotonic() for _ in range(1000)]
    assert seen == sorted(seen)


async def test_sleeping_takes_as_long_as_asked() -> None:
    clock = SystemClock()
    started = clock.monotonic()
    await clock.sleep(0.01)
    assert 0.009 <= clock.monotonic() - started < 5
    await clock.sleep(0)


def test_randomness_stays_below_one() -> None:
    clock = SystemClock()
    draws = [clock.random() for _ in range(1000)]
    assert 0 <= min(draws) < max(draws) < 1


def test_ids_are_uuids_of_version_7_in_order_and_never_twice() -> None:
    clock = SystemClock()
    ids = [clock.new_id() for _ in range(5000)]
    assert ids == sorted(set(ids))
    assert {UUID(one).version for one in ids} == {7}
    assert {UUID(one).variant for one in ids} == {"specified in RFC 4122"}
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) for one in ids)


def test_an_id_tells_the_millisecond_of_its_making() -> None:
    before = time.time_ns() // 10**6
    made = UUID(SystemClock().new_id()).int >> 80
    assert before <= made <= time.time_ns() // 10**6


def test_ids_stay_in_order_when_the_wall_clock_is_put_back() -> None:
    clock = SystemClock()
    with time_machine.travel(datetime(2030, 1, 1, tzinfo=UTC), tick=False):
        ids = [clock.new_id(), clock.new_id()]
    with time_machine.travel(datetime(2020, 1, 1, tzinfo=UTC), tick=False):
        ids += [clock.new_id(), clock.new_id()]
    assert ids == sorted(set(ids))


async def test_the_hasty_clock_of_the_tests_moves_instead_of_waiting() -> None:
    clock = HastyClock()
    started, wall = clock.monotonic(), clock.now()
    await clock.sleep(3600)
    assert clock.monotonic() - started == pytest.approx(3600, abs=5)
    assert clock.now() - wall >= timedelta(hours=1)
    assert clock.slept == [3600]
