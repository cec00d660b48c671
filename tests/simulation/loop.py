"""An event loop in virtual time: nothing happens twice at once, and what happens next is drawn from a seed.

Only when nothing is ready to run and no byte is on its way does the world count as being at rest. Then, and only
then, either one waiting gate opens or time jumps to the next timer.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import selectors
import socket
import time
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

LANDING_S = 0.0002
"""One real look this long lets bytes land that are known to be on their way, before the world is at rest."""
MOST_LOOKS = 500
STEP_S = 0.004
"""How far time moves on when a gate opens, at most; so that no two events share a time."""
MOST_RESTS = 400_000
END_OF_TIME_S = 5e6


class StuckError(Exception):
    """Nothing can ever happen again, or too much happened."""


End = tuple[int, int]
"""One end of a connection: its own port and that of the other end."""


class _Wires:
    """What is on its way between the ends of the loop's connections: bytes, ends, and connections half made."""

    def __init__(self) -> None:
        self.due: dict[End, int] = {}
        self.ending: set[End] = set()
        self.half: set[End] = set()
        self.sockets: dict[End, int] = {}
        self._open: set[End] = set()

    @property
    def quiet(self) -> bool:
        """Whatever was sent has been received."""
        return not (self.due or self.ending or self.half)

    def join(self, end: End) -> None:
        other = (end[1], end[0])
        self._open.add(end)
        if other not in self.half:
            self.half.add(end)
            return
        self.half.discard(other)
        if other not in self._open:
            self.ending.add(end)

    def sent(self, end: End, size: int) -> None:
        other = (end[1], end[0])
        if other in self._open or end in self.half:
            self.due[other] = self.due.get(other, 0) + size
        else:
            self.ending.add(end)  # the other end is gone, which it will be told

    def received(self, end: End, size: int) -> None:
        left = self.due.get(end, 0) - size
        if left > 0:
            self.due[end] = left
        else:
            self.due.pop(end, None)

    def ended(self, end: End) -> None:
        """The end was told that nothing more will come."""
        self.due.pop(end, None)
        self.ending.discard(end)

    def finish(self, end: End) -> None:
        """Nothing more will be sent by the end."""
        other = (end[1], end[0])
        if other in self._open:
            self.ending.add(other)

    def landing(self, readers: set[int]) -> frozenset[int]:
        """Sockets among ``readers`` that will receive something."""
        return frozenset(self.sockets.get(end, -1) for end in (*self.due, *self.ending)) & readers

    def leave(self, end: End) -> None:
        self.sockets.pop(end, None)
        self._open.discard(end)
        self.ended(end)
        self.finish(end)


class _CountedSocket(socket.socket):
    """A connected socket that tells what it sends and receives."""

    end: End
    wires: _Wires | None = None

    def joined(self, wires: _Wires) -> Self:
        self.end, self.wires = (self.getsockname()[1], self.getpeername()[1]), wires
        wires.join(self.end)
        wires.sockets[self.end] = self.fileno()
        return self

    def send(self, data: Any, flags: int = 0, /) -> int:
        size = super().send(data, flags)
        if self.wires is not None:
            self.wires.sent(self.end, size)
        return size

    def recv(self, most: int, flags: int = 0, /) -> bytes:
        try:
            data = super().recv(most, flags)
        except (BlockingIOError, InterruptedError):
            raise
        except OSError:
            self._told(0)
            raise
        self._told(len(data))
        return data

    def _told(self, size: int) -> None:
        if self.wires is None:
            return
        if size:
            self.wires.received(self.end, size)
        else:
            self.wires.ended(self.end)

    def shutdown(self, how: int) -> None:
        if self.wires is not None:
            self.wires.finish(self.end)
        super().shutdown(how)

    def close(self) -> None:
        wires, self.wires = self.wires, None
        if wires is not None:
            wires.leave(self.end)
        super().close()


class _PatientSelector(selectors.SelectSelector):
    """Looks for bytes only when nothing else is to be done, and hands them out in the order of registration."""

    _readers: set[int]
    _writers: set[int]

    def __init__(self, at_rest: Callable[[float | None], None], wires: _Wires) -> None:
        super().__init__()
        self._at_rest = at_rest
        self._wires = wires
        self._serial = 0
        self._order: dict[int, int] = {}
        self._in_vain: frozenset[int] = frozenset()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = super().register(fileobj, events, data)
        self._serial += 1
        self._order[key.fd] = self._serial
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return []
        found = super().select(0.0)
        if not found and (self._writers or not self._wires.quiet):
            found = super().select(LANDING_S)
        if not self._wires.quiet:
            found = self._landed(found)
        if found:
            return found if len(found) == 1 else sorted(found, key=lambda pair: self._order[pair[0].fd])
        self._at_rest(timeout)
        return []

    def _landed(self, found: list[tuple[selectors.SelectorKey, int]]) -> list[tuple[selectors.SelectorKey, int]]:
        """``found`` with what lands later than usual on a busy machine; nothing is waited for in vain twice."""
        landing = self._wires.landing(self._readers)
        for _ in range(MOST_LOOKS):
            late = landing - {key.fd for key, _ in found}
            if late <= self._in_vain:
                self._in_vain = late
                return found
            time.sleep(LANDING_S)
            found = super().select(0.0)
        self._in_vain = late
        return found


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
        self._wires = _Wires()
        super().__init__(_PatientSelector(self._rest, self._wires))

    def _make_socket_transport(self, sock: socket.socket, *args: Any, **named: Any) -> asyncio.Transport:
        """asyncio's own, over a socket that is counted."""
        try:
            sock.getpeername()
        except OSError:
            return self._plain_transport(sock, *args, **named)  # over before it began
        counted = _CountedSocket(sock.family, sock.type, sock.proto, sock.detach())
        counted.setblocking(False)
        return self._plain_transport(counted.joined(self._wires), *args, **named)

    def _plain_transport(self, *args: Any, **named: Any) -> asyncio.Transport:
        made: asyncio.Transport = super()._make_socket_transport(*args, **named)  # type: ignore[misc]
        return made

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
