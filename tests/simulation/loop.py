"""An event loop in virtual time: nothing happens twice at once, and what happens next is drawn from a seed.

Only when nothing is ready to run and no byte is on its way does the world count as being at rest. Then, and only
then, either one waiting gate opens or time jumps to the next timer.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import selectors
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random
    from typing import Any

LANDING_S = 0.0002
"""One real look this long lets bytes on the loopback land before the world is called at rest."""
STEP_S = 0.004
"""How far time moves on when a gate opens, at most; so that no two events share a time."""
MOST_RESTS = 400_000
END_OF_TIME_S = 5e6


class StuckError(Exception):
    """Nothing can ever happen again, or too much happened."""


class _PatientSelector(selectors.SelectSelector):
    """Looks for bytes only when nothing else is to be done, and hands them out in the order of registration."""

    def __init__(self, at_rest: Callable[[float | None], None]) -> None:
        super().__init__()
        self._at_rest = at_rest
        self._serial = 0
        self._order: dict[int, int] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self._serial += 1
        self._order[key.fd] = self._serial
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        for patience in (0.0, LANDING_S):
            found = super().select(patience)
            if found:
                return sorted(found, key=lambda pair: self._order[pair[0].fd])
        self._at_rest(timeout)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """One thread for engine and providers. ``jumps``: how likely time moves though a gate could open.

    ``on_gate`` is told each opened gate's name. ``trace`` holds (virtual time, event) of the whole run.
    """

    def __init__(self, random: Random, *, jumps: float = 0.0) -> None:
        self._now = 0.0
        self._random = random
        self._rests = 0
        self._gates: dict[str, asyncio.Future[None]] = {}
        self.jumps = jumps
        self.on_gate: Callable[[str], None] = lambda _name: None
        self.trace: list[tuple[float, str]] = []
        super().__init__(_PatientSelector(self._rest))

    def time(self) -> float:
        return self._now

    def note(self, event: str) -> None:
        """The event is part of the trace."""
        self.trace.append((round(self._now, 4), event))

    @property
    def digest(self) -> str:
        """SHA-256 of the trace."""
        return hashlib.sha256(repr(self.trace).encode()).hexdigest()

    async def gate(self, name: str) -> None:
        """Returns when the seed opens this gate."""
        while name in self._gates:
            name += "'"
        opened: asyncio.Future[None] = self.create_future()
        self._gates[name] = opened
        try:
            await opened
        finally:
            self._gates.pop(name, None)

    def _rest(self, timeout: float | None) -> None:
        self._rests += 1
        if self._rests > MOST_RESTS:
            raise StuckError("the world never comes to an end")
        waiting = sorted(name for name, opened in self._gates.items() if not opened.done())
        if waiting and (timeout is None or self._random.random() >= self.jumps):
            self._open(waiting[self._random.randrange(len(waiting))])
        elif timeout is None:
            raise StuckError("nothing waits for anything")
        else:
            self._jump()

    def _open(self, name: str) -> None:
        later = self._now + STEP_S * self._random.random()
        if self._next_timer_at() <= later:
            self._jump()  # what is due by then is not overtaken
            return
        self._now = later
        self.note(f"| {name}")
        self._gates[name].set_result(None)
        self.on_gate(name)

    def _jump(self) -> None:
        when = self._next_timer_at()
        if when > END_OF_TIME_S:
            raise StuckError("only timers of idle connections are left")
        self._now = max(self._now, when)

    def _next_timer_at(self) -> float:
        """When the next timer is due; endless without one."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # asyncio's own heap
        return scheduled[0].when() if scheduled else math.inf


def silent(_loop: asyncio.AbstractEventLoop, _context: Mapping[str, Any]) -> None:
    """Connections are cut on purpose here; nobody needs to read about each."""
