"""A wire whose answers and stream messages come out spoilt now and then; what the server did stays done."""

from __future__ import annotations

import asyncio
import re
import struct
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.edge.mutations import spoilt

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import AsyncIterator
    from random import Random

    from tests.engine.house import House

LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
UPGRADED = b"HTTP/1.1 101 "
TEXT = 0x81


@dataclass
class Distortion:
    """``share`` of all bodies are spoilt; ``count`` of them were."""

    chance: Random
    share: float
    count: int = 0

    def of(self, body: bytes) -> bytes:
        if self.chance.random() >= self.share:
            return body
        self.count += 1
        return spoilt(body, self.chance)


async def _head_and_body(reader: StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    found = LENGTH.search(head)
    return head, await reader.readexactly(int(found[1])) if found else b""


async def _frame(reader: StreamReader) -> tuple[int, bytes]:
    first, size = await reader.readexactly(2)
    if size == 126:
        (size,) = struct.unpack(">H", await reader.readexactly(2))
    elif size == 127:
        (size,) = struct.unpack(">Q", await reader.readexactly(8))
    return first, await reader.readexactly(size)


def _framed(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    if size < 65536:
        return bytes([first, 126]) + struct.pack(">H", size) + payload
    return bytes([first, 127]) + struct.pack(">Q", size) + payload


async def _stream(reader: StreamReader, writer: StreamWriter, distortion: Distortion) -> None:
    while True:
        first, payload = await _frame(reader)
        writer.write(_framed(first, distortion.of(payload) if first == TEXT else payload))
        await writer.drain()


async def _pour(reader: StreamReader, writer: StreamWriter) -> None:
    while packet := await reader.read(65536):
        writer.write(packet)
        await writer.drain()


async def _carry(near: tuple[StreamReader, StreamWriter], target: tuple[str, int], distortion: Distortion) -> None:
    reader, writer = near
    far_reader, far_writer = await asyncio.open_connection(*target)
    try:
        while True:
            far_writer.write(b"".join(await _head_and_body(reader)))
            await far_writer.drain()
            head, body = await _head_and_body(far_reader)
            if head.startswith(UPGRADED):
                writer.write(head)
                pouring = asyncio.create_task(_pour(reader, far_writer))
                try:
                    await _stream(far_reader, writer, distortion)
                finally:
                    pouring.cancel()
                    await asyncio.gather(pouring, return_exceptions=True)
            body = distortion.of(body)
            writer.write(LENGTH.sub(b"content-length: %d" % len(body), head) + body)
            await writer.drain()
    finally:
        far_writer.close()
        writer.close()


@asynccontextmanager
async def distorted(home: House, distortion: Distortion) -> AsyncIterator[None]:
    """Every sandbox of the house is reached over such a wire while entered."""
    async with AsyncExitStack() as stack:
        for name, box in home.boxes.items():
            parts = urlsplit(box.base_url)
            target = (str(parts.hostname), int(parts.port or 0))

            async def carry(reader: StreamReader, writer: StreamWriter, target: tuple[str, int] = target) -> None:
                with suppress(OSError, EOFError):
                    await _carry((reader, writer), target, distortion)

            server = await asyncio.start_server(carry, "127.0.0.1", 0)
            await stack.enter_async_context(server)
            address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            home.configure(name, base_url=f"http://{address}{parts.path}")
            if "stream_url" in box.settings:
                home.configure(name, stream_url=f"ws://{address}")
        yield
