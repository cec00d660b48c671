"""Clocks for tests that talk over real sockets."""

import asyncio
import random
import secrets
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID


class RealClock:
    """Implements ``sync.ports.Clock``."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def random(self) -> float:
        return random.random()

    def new_id(self) -> str:
        """A UUIDv7. Source: RFC 9562, section 5.7."""
        stamp = int(time.time() * 1000) << 80
        bits = stamp | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
        return str(UUID(int=bits))


class HastyClock(RealClock):
    """The real clock, put forward instead of waiting. ``slept``: every wait that was asked for, in seconds."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
