"""Serving a provider's sandbox on loopback, keeping its request log, and disturbing it on demand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from adapters.toolkit.faults import Fault

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Received:
    """One request as a sandbox received it. ``body`` is parsed JSON, ``None`` when there was none."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any


@dataclass(slots=True)
class Traffic:
    """What a sandbox received and which faults await it. ``safe_posts``: POST paths that only read."""

    safe_posts: frozenset[str] = frozenset()
    received: list[Received] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def writes(self) -> int:
        """Requests that may have changed something."""
        return sum(not self._reads(r) for r in self.received)

    def count(self, method: str, path: str) -> int:
        """Requests received with this method and exact path."""
        return sum(r.method == method and r.path == path for r in self.received)

    def _reads(self, request: Received) -> bool:
        return request.method in SAFE_METHODS or request.path in self.safe_posts


class Disturbed:
    """ASGI wrapper: logs each HTTP request and lets the faults strike."""

    def __init__(self, app: ASGIApp, traffic: Traffic) -> None:
        self._app = app
        self._traffic = traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        self._traffic.received.append(_received(scope, body))
        actions: dict[str, str] = {}
        for fault in self._traffic.faults:
            if fault.strikes(scope["method"], scope["path"]):
                actions |= fault.actions
        await self._answer(scope, body, actions, send)

    async def _answer(self, scope: Scope, body: bytes, actions: Mapping[str, str], send: Send) -> None:
        if "delay" in actions:
            await asyncio.sleep(float(actions["delay"]))
        if "reset-before" in actions:
            _cut(scope)
            return
        if "status" in actions or "redirect" in actions:
            await _send(send, *_refusal(actions))
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._app(scope, _replay(body), keep)
        if "stall" in actions:
            await asyncio.sleep(float(actions["stall"]))
        if "reset-after" in actions:
            _cut(scope)
            return
        await _send_disturbed(send, messages, actions, scope)


def _refusal(actions: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    if "redirect" in actions:
        return 302, {"location": actions["redirect"]}, b""
    headers = {"content-type": "application/json"}
    if "retry-after" in actions:
        headers["retry-after"] = actions["retry-after"]
    return int(actions["status"]), headers, actions.get("body", '{"error":"sandbox fault"}').encode()


async def _send_disturbed(send: Send, messages: list[Message], actions: Mapping[str, str], scope: Scope) -> None:
    if "then-status" in actions:
        await _send(send, int(actions["then-status"]), {"content-type": "application/json"}, b'{"error":"x"}')
    elif "garbage" in actions:
        page = b"<html><body>sign in to this network</body></html>"
        await _send(send, 200, {"content-type": "text/html"}, page)
    elif "empty" in actions:
        await _send(send, 200, {}, b"")
    elif "body" in actions:
        await _send(send, 200, {"content-type": "application/json"}, actions["body"].encode())
    elif "cut-body" in actions:
        body = b"".join(m.get("body", b"") for m in messages)
        await send(messages[0])
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await asyncio.sleep(0.02)
        _cut(scope)
    else:
        for message in messages:
            await send(message)


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body


def _replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _received(scope: Scope, body: bytes) -> Received:
    from urllib.parse import parse_qsl

    try:
        parsed = json.loads(body) if body else None
    except (ValueError, RecursionError):
        parsed = body.decode("utf-8", "replace")
    return Received(
        scope["method"],
        scope["path"],
        dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True)),
        {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]},
        parsed,
    )


async def _send(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    raw = [(k.encode(), v.encode()) for k, v in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


_transports: dict[tuple[str, int], asyncio.Transport] = {}


class _CuttableProtocol(H11Protocol):
    """uvicorn's protocol, remembering its transport so that a fault can cut it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn types it
        super().connection_made(transport)
        _transports[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _transports.pop(self.transport.get_extra_info("peername", (None, None))[:2], None)
        super().connection_lost(exc)


def _cut(scope: Scope) -> None:
    transport = _transports.get(tuple(scope["client"]))
    if transport is not None:
        transport.abort()


class _QuietServer(uvicorn.Server):
    """A server inside somebody else's program: signals stay with the program."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        """``serve`` returns as soon as it can."""
        self.should_exit = self.force_exit = True
        self._stopped.set()

    async def main_loop(self) -> None:
        """As uvicorn's, and over at once when it is stopped: its tick alone would cost every test 0.1 s."""
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, without its fixed pause of 0.1 s; handlers that stall are cancelled after as long."""
        for listener in (*self.servers, *(sockets or ())):
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(50):
            if not (self.server_state.connections or self.server_state.tasks):
                return
            await asyncio.sleep(0.002)
        for task in self.server_state.tasks:
            task.cancel()


@contextlib.asynccontextmanager
async def served(app: ASGIApp, traffic: Traffic, *, port: int = 0) -> AsyncIterator[str]:
    """``app`` on 127.0.0.1 while entered; gives ``127.0.0.1:port`` (0 = the system chooses)."""
    # named as TCP, so that asyncio turns Nagle's algorithm off; else each answer waits 40 ms for an ACK
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(
        Disturbed(app, traffic),
        http=_CuttableProtocol,
        ws="websockets-sansio",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
        ws_ping_interval=None,
    )
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # cut answers are meant here
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            if task.done():
                await task
            await asyncio.sleep(0.005)
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.stop()
        await task
        listener.close()
