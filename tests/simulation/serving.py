"""A small HTTP/1.1 server for the virtual loop: whole requests in, whole answers out, connections kept for ever.

It serves clients that send one request at a time, with a length; websockets are handed over to uvicorn's protocol.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import unquote

import uvicorn
from uvicorn.server import ServerState

from adapters.toolkit.sandbox import _transports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp, Message, Scope

WITHOUT_BODY = frozenset({204, 304})
FAILED = b"Internal Server Error"


class Server:
    """What the connections of one address share."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self.app, self.loop = app, loop
        self.config = uvicorn.Config(
            app, ws="websockets-sansio", lifespan="off", log_config=None, access_log=False, proxy_headers=False,
            ws_ping_interval=None,
        )  # fmt: skip
        self.config.load()
        self.state = ServerState()
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()

    def stop(self) -> None:
        """Every connection is cut and every answer given up."""
        sockets = [getattr(own, "transport", None) for own in self.state.connections]
        for transport in (*(own.transport for own in self.connections), *sockets):
            if transport is not None:
                transport.abort()
        for task in (*self.tasks, *self.state.tasks):
            task.cancel()


class Connection(asyncio.Protocol):
    """One connection, remembered so that a fault can cut it."""

    transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._buffer = b""
        self._lost = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._client: tuple[str, int] = transport.get_extra_info("peername")[:2]
        self._address: tuple[str, int] = transport.get_extra_info("sockname")[:2]
        self._server.connections.add(self)
        _transports[self._client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        _transports.pop(self._client, None)
        self._lost.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.split(b"\r\n")
        pairs = [line.split(b":", 1) for line in lines]
        headers = [(name.lower(), value.strip()) for name, value in pairs]
        told = dict(headers)
        if told.get(b"upgrade") == b"websocket":
            self._hand_over(b"\r\n".join([first, *(b"%s: %s" % pair for pair in headers), b"", b""]))
            return
        if len(rest) < int(told.get(b"content-length", 0)):
            return
        self._buffer = b""
        answer = Answer(self, self._scope(first, headers), rest)
        task = self._server.loop.create_task(answer.give(self._server.app))
        task.add_done_callback(self._server.tasks.discard)
        self._server.tasks.add(task)

    def _scope(self, first: bytes, headers: list[tuple[bytes, bytes]]) -> Scope:
        method, target, _ = first.split(b" ")
        raw_path, _, query = target.partition(b"?")
        return {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "server": self._address, "client": self._client, "scheme": "http", "method": method.decode(),
            "root_path": "", "path": unquote(raw_path.decode()), "raw_path": raw_path, "query_string": query,
            "headers": headers, "state": {},
        }  # fmt: skip

    def _hand_over(self, head: bytes) -> None:
        server = self._server
        server.connections.discard(self)
        protocol = server.config.ws_protocol_class(  # type: ignore[call-arg,misc]  # as uvicorn itself makes it
            config=server.config, server_state=server.state, app_state={}, _loop=server.loop
        )
        protocol.connection_made(self.transport)
        protocol.data_received(head)
        self.transport.set_protocol(protocol)

    async def lost(self) -> None:
        """Returns when the client is gone."""
        await self._lost.wait()


class Answer:
    """One request being answered."""

    def __init__(self, connection: Connection, scope: Scope, body: bytes) -> None:
        self._connection, self._scope = connection, scope
        self._body: bytes | None = body
        self._head: bytes | None = None
        self._begun = False
        self._bare = False

    async def give(self, app: ASGIApp) -> None:
        """The app has answered; what it lets out is a 500, as with any server."""
        try:
            await app(self._scope, self._receive, self._send)
        except Exception:  # noqa: BLE001  # the client is told, and nobody else
            self._fail()
        else:
            if not self._begun:
                self._fail()

    def _fail(self) -> None:
        if not self._begun and not self._connection.transport.is_closing():
            length = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(FAILED)
            self._connection.transport.write(b"HTTP/1.1 500 Internal Server Error\r\n" + length + FAILED)
        self._connection.transport.close()

    async def _receive(self) -> Message:
        if self._body is None:
            await self._connection.lost()
            return {"type": "http.disconnect"}
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def _send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            status, headers = message["status"], message["headers"]
            self._bare = status in WITHOUT_BODY
            assert self._bare or any(name == b"content-length" for name, _ in headers), headers
            first = b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode())
            self._head = first + b"".join(b"%s: %s\r\n" % pair for pair in headers) + b"\r\n"
            self._begun = True
            return
        head, self._head = self._head or b"", None
        self._connection.transport.write(head + (b"" if self._bare else message.get("body", b"")))


@asynccontextmanager
async def served(app: ASGIApp, loop: asyncio.AbstractEventLoop) -> AsyncIterator[str]:
    """``app`` on loopback while entered, without any timer of the server's own."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = Server(app, loop)
    listening = await loop.create_server(lambda: Connection(server), sock=listener)
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listening.close()
        server.stop()
