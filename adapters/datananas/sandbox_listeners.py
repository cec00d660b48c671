"""Who is connected to the sandbox's stream, and what they were told."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.websockets import WebSocket, WebSocketDisconnect

GONE = (RuntimeError, WebSocketDisconnect)
"""What sending to a client that has left raises."""


@dataclass(slots=True)
class Listeners:
    """``sent``: every message that went out, heard or not."""

    sent: list[str | bytes] = field(default_factory=list)
    connected: set[WebSocket] = field(default_factory=set)

    async def serve(self, socket: WebSocket, *, replay: bool) -> None:
        """The client is one of the listeners until it leaves; ``replay``: it is told everything again first."""
        try:
            for message in list(self.sent) if replay else ():
                await _send(socket, message)
            self.connected.add(socket)
            while True:
                await socket.receive()
                if socket.client_state.name != "CONNECTED":
                    return
        except GONE:
            return
        finally:
            self.connected.discard(socket)

    async def tell(self, message: str | bytes) -> None:
        """The message went to everybody."""
        self.sent.append(message)
        for socket in list(self.connected):
            try:
                await _send(socket, message)
            except GONE:
                self.connected.discard(socket)

    async def hang_up(self, code: int) -> None:
        """Everybody was closed with ``code``."""
        for socket in list(self.connected):
            self.connected.discard(socket)
            try:
                await socket.close(code)
            except GONE:
                continue

    async def somebody(self) -> None:
        """Somebody is connected, or half a second is over."""
        for _ in range(100):
            if self.connected:
                return
            await asyncio.sleep(0.005)


async def _send(socket: WebSocket, message: str | bytes) -> None:
    await (socket.send_bytes(message) if isinstance(message, bytes) else socket.send_text(message))
