"""Time that moves only when somebody waits or a test says so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from tests.clocks import RealClock

START = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


class HandClock(RealClock):
    """``slept``: every wait that was asked for. ``draws``: what ``random`` gives, the last one for ever."""

    def __init__(self, *draws: float) -> None:
        self.at = START
        self.slept: list[float] = []
        self.draws = list(draws) or [0.5]
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self._monotonic_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)
        await asyncio.sleep(0)

    def random(self) -> float:
        return self.draws.pop(0) if len(self.draws) > 1 else self.draws[0]

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self._monotonic_s += seconds
