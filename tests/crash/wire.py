"""The wire between the program and its sandboxes, where a trap can be set at any request.

``before``: nothing of the request arrives. ``torn``: half of its first packet arrives. ``applied``: the server
did it, nothing of the answer arrives. ``halfway``: half of the answer's first packet arrives. A message on an
open stream counts like an answer without a request.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator, Callable

    from tests.engine.house import House

Moment = Literal["before", "torn", "applied", "halfway"]
MOMENTS: tuple[Moment, ...] = get_args(Moment)
REQUEST = re.compile(rb"(GET|POST|PATCH|PUT|DELETE) (\S+) HTTP/1\.1\r\n")
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{24}")
UPGRADED = b"HTTP/1.1 101 "
PACKET = 65536


@dataclass(frozen=True)
class Trap:
    """The program dies at ``moment`` of the ``nth`` request (from 1) of one kind, ``METHOD PATH``."""

    provider: str
    what: str
    nth: int
    moment: Moment

    def __str__(self) -> str:
        return f"{self.provider}: {self.what} {self.nth} {self.moment}"


@dataclass
class Wire:
    """The wire to one sandbox. ``requests``: what went over it, by method and path."""

    provider: str
    host: str
    port: int
    spring: Callable[[], None]
    requests: list[str] = field(default_factory=list)
    trap: Trap | None = None
    sprung: bool = False

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One connection, until either side leaves or the trap springs."""
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
            talk = _Talk(self, reader, writer, far_reader, far_writer)
            ways = [asyncio.create_task(talk.ask()), asyncio.create_task(talk.answer())]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                far_writer.close()
                writer.close()

    def springs(self, what: str, moment: Moment) -> bool:
        nth = self.requests.count(what)
        return not self.sprung and self.trap == Trap(self.provider, what, nth, moment)

    def snap(self) -> None:
        self.sprung = True
        self.spring()


@dataclass
class _Talk:
    wire: Wire
    reader: StreamReader
    writer: StreamWriter
    far_reader: StreamReader
    far_writer: StreamWriter
    what: str = ""
    unanswered: bool = False
    streaming: bool = False

    async def ask(self) -> None:
        with suppress(OSError):
            while packet := await self.reader.read(PACKET):
                if not await self._asked(packet):
                    return

    async def answer(self) -> None:
        with suppress(OSError):
            while packet := await self.far_reader.read(PACKET):
                if not await self._answered(packet):
                    return

    async def _asked(self, packet: bytes) -> bool:
        found = None if self.streaming else REQUEST.match(packet)
        if found is not None:
            self._begin(f"{found[1].decode()} {ID.sub('{id}', urlsplit(found[2].decode()).path)}")
            if self.wire.springs(self.what, "before"):
                self.wire.snap()
                return False
            if self.wire.springs(self.what, "torn"):
                await _send(self.far_writer, packet[: len(packet) // 2])
                self.wire.snap()
                return False
        await _send(self.far_writer, packet)
        return True

    async def _answered(self, packet: bytes) -> bool:
        if self.streaming:
            self._begin("stream message")
        if self.unanswered:
            self.unanswered = False
            if self.wire.springs(self.what, "applied"):
                self.wire.snap()
                return False
            if self.wire.springs(self.what, "halfway"):
                await _send(self.writer, packet[: len(packet) // 2])
                self.wire.snap()
                return False
            self.streaming = self.streaming or packet.startswith(UPGRADED)
        await _send(self.writer, packet)
        return True

    def _begin(self, what: str) -> None:
        self.what = what
        self.wire.requests.append(what)
        self.unanswered = True


async def _send(writer: StreamWriter, packet: bytes) -> None:
    writer.write(packet)
    await writer.drain()


@asynccontextmanager
async def wired(home: House, spring: Callable[[], None]) -> AsyncIterator[dict[str, Wire]]:
    """Every sandbox of the house is reached over a wire while entered."""
    async with AsyncExitStack() as stack:
        wires = {}
        for name, box in home.boxes.items():
            parts = urlsplit(box.base_url)
            assert parts.hostname is not None
            assert parts.port is not None
            wire = wires[name] = Wire(name, parts.hostname, parts.port, spring)
            server = await asyncio.start_server(wire.carry, "127.0.0.1", 0)
            await stack.enter_async_context(server)
            near = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            home.configure(name, base_url=f"http://{near}{parts.path}")
            if "stream_url" in box.settings:
                home.configure(name, stream_url=f"ws://{near}")
        yield wires
