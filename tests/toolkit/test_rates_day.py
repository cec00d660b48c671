"""A day at a provider with three fixed windows and other callers: we are hardly ever turned away."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from adapters.toolkit.rates import Limiter
from sync.errors import RateLimited
from sync.record import RateWindow

LIMITS = {60.0: 200, 3600.0: 400, 86400.0: 2000}
"""Source: https://docs.apollo.io/reference/rate-limits (Basic and Professional plans)."""
ENDPOINT = "contacts/search"


class DayClock:
    """Time that only moves when somebody waits or works."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def random(self) -> float:
        return 0.5

    def new_id(self) -> str:
        raise NotImplementedError


@dataclass
class Windows:
    """The provider: fixed windows that open at their first request, whoever makes it."""

    counts: dict[float, tuple[datetime, int]] = field(default_factory=dict)

    def ask(self, at: datetime) -> bool:
        """Whether a request at ``at`` is let in; if so it is counted in every window."""
        for seconds in LIMITS:
            opened, used = self.counts.get(seconds, (at, 0))
            if at >= opened + timedelta(seconds=seconds):
                opened, used = at, 0
            self.counts[seconds] = (opened, used)
        if any(self.counts[s][1] >= limit for s, limit in LIMITS.items()):
            return False
        self.counts = {s: (opened, used + 1) for s, (opened, used) in self.counts.items()}
        return True

    def told(self, at: datetime) -> list[RateWindow]:
        return [
            RateWindow(endpoint=ENDPOINT, seconds=s, limit=LIMITS[s], used=used, opened_at=at)
            for s, (_, used) in self.counts.items()
        ]

    def full(self) -> list[tuple[float, datetime]]:
        """The windows without room: seconds and opening time."""
        return [(s, opened) for s, (opened, used) in self.counts.items() if used >= LIMITS[s]]

    def retry_after_s(self, at: datetime) -> float:
        return max((opened + timedelta(seconds=s) - at).total_seconds() for s, opened in self.full())


@dataclass
class Day:
    """How a day went: our requests, and the full windows by which we were turned away, each time."""

    sent: int = 0
    refused: list[tuple[float, datetime]] = field(default_factory=list)


async def one_day(others: list[datetime]) -> Day:
    """We ask as fast as we may, stopping and starting like runs do, while ``others`` ask at their times."""
    clock, server, day = DayClock(), Windows(), Day()
    end = clock.now() + timedelta(days=1)
    waiting = sorted(others, reverse=True)
    limiter = Limiter("apollo", clock)
    while clock.now() < end:
        try:
            await limiter.acquire(ENDPOINT)
        except RateLimited as deferred:
            clock.at += timedelta(seconds=(deferred.retry_after_s or 0) + 1)
            limiter = Limiter("apollo", clock, memory=limiter.memory())
            continue
        while waiting and waiting[-1] <= clock.now():
            server.ask(waiting.pop())
        now = clock.now()
        if server.ask(now):
            day.sent += 1
            limiter.observe(ENDPOINT, server.told(now))
        else:
            day.refused += server.full()
            limiter.refused(ENDPOINT, server.retry_after_s(now))
        clock.at += timedelta(seconds=0.25)
    return day


START = DayClock().at


async def test_beside_others_who_use_half_of_every_window_smoothly_we_are_never_turned_away() -> None:
    every_s = 86400 / 1000
    day = await one_day([START + timedelta(seconds=every_s * i) for i in range(1000)])
    assert day.refused == []
    assert day.sent > 800


@pytest.mark.parametrize("seed", range(20))
async def test_beside_others_who_come_in_bursts_we_are_turned_away_at_most_once_a_window(seed: int) -> None:
    random = Random(seed)
    others = []
    for hour in range(24):
        at = START + timedelta(hours=hour, seconds=random.uniform(0, 3600))
        others += [at + timedelta(seconds=0.1 * i) for i in range(random.choice((0, 30, 100)))]
    day = await one_day(others)
    assert day.sent > 500
    assert max(Counter(day.refused).values(), default=0) <= 1


async def test_alone_we_use_all_that_there_is() -> None:
    day = await one_day([])
    assert (day.sent, day.refused) == (2000, [])
