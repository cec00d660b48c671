"""The engine's door to time, in a virtual loop."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.loop import VirtualLoop

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class SimClock:
    """Implements ``sync.ports.Clock``. ``skew``: how far the machine's wall clock is from the true time."""

    def __init__(self, loop: VirtualLoop, random: Random) -> None:
        self._loop = loop
        self._random = random
        self._last = 0
        self.skew = timedelta()

    def true_now(self) -> datetime:
        """What everybody's clock but the machine's shows."""
        return START + timedelta(seconds=self._loop.time())

    def now(self) -> datetime:
        return self.true_now() + self.skew

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def random(self) -> float:
        return self._random.random()

    def new_id(self) -> str:
        """A UUIDv7 of the virtual time; later ids sort after earlier ones. Source: RFC 9562, section 5.7."""
        stamp = max(int(self.now().timestamp() * 1_000_000), self._last + 1)
        self._last = stamp
        millis, micros = divmod(stamp, 1000)
        bits = millis << 80 | 0x7 << 76 | (micros * 4096 // 1000) << 64 | 0b10 << 62 | self._random.getrandbits(62)
        return str(UUID(int=bits))
