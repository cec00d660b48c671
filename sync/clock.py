"""The real clock: the system's time, waiting and randomness behind the ``Clock`` door; and how a time is told."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from array import array
from datetime import UTC, datetime
from pathlib import Path

RANDOM_AT_ONCE = 64

BOOTTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, where the system has such a clock."""


BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Names this start of the machine, since when ``monotonic`` counts; ``""`` where the system does not tell."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


class SystemClock:
    """Time as the machine tells it."""

    def __init__(self) -> None:
        self._last = 0
        self._block = array("Q")

    def now(self) -> datetime:
        """The wall clock, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since start-up, sleep included."""
        return time.clock_gettime(BOOTTIME)

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        await asyncio.sleep(seconds)

    def random(self) -> float:
        """A number in [0, 1)."""
        return random.random()

    def new_id(self) -> str:
        """A fresh UUIDv7. Source: RFC 9562, section 5.7; ids of one process never go back."""
        stamp = max(time.time_ns() // 1000, self._last + 1)
        self._last = stamp
        millis, micros = divmod(stamp, 1000)
        value = millis << 80 | 0x7 << 76 | (micros * 4096 // 1000) << 64 | 0b10 << 62 | self._random() >> 2
        text = f"{value:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _random(self) -> int:
        """64 bits of the system's randomness, asked for in blocks: a first match mints ids by the million."""
        if not self._block:
            self._block = array("Q", secrets.token_bytes(8 * RANDOM_AT_ONCE))
        return self._block.pop()


def utc(moment: datetime | None) -> str | None:
    """A time as JSON holds it."""
    return None if moment is None else f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
