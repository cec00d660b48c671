"""Datananas on this machine: the bulk endpoint, its event stream and a token address on one port.

A tester's view of the real server, written from its documentation. What the documents leave open is a switch.
Source: https://docs.datananas.com/reference/post_contacts-bulk, https://docs.datananas.com/reference/authentication
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from adapters.datananas.sandbox_events import Plan, plan
from adapters.datananas.sandbox_listeners import Listeners
from adapters.datananas.sandbox_rows import InvalidError, QuotaMetError, Rows, read_contacts
from adapters.datananas.sandbox_switches import Switches
from adapters.datananas.sandbox_tokens import Grants, fault
from adapters.toolkit.sandbox import Traffic, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.requests import Request
    from starlette.websockets import WebSocket

    from adapters.datananas.sandbox_switches import Row

BULK = "/contacts/bulk"
TOKEN_PATH = "/oauth2/token"  # noqa: S105  # a path
LIST_ID = "5f0c000000000000000000a1"
LIST_NAME = "contact-sync"
REASONS = {"connect": "contact_connect_quotas", "total": "contact_total_quotas", "other": "something_new"}


@dataclass(slots=True)
class DatananasSandbox:
    """The running server. ``grants``: the tokens in force. ``listeners``: who hears the events.

    ``moved`` and ``owners_replaced`` count the side effects that only the two query flags may have.
    """

    switches: Switches
    traffic: Traffic = field(default_factory=lambda: Traffic(safe_posts=frozenset({TOKEN_PATH})))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    grants: Grants = field(init=False)
    handshakes: list[int] = field(default_factory=list)
    """Status of every WebSocket handshake, in order."""
    _netloc: str = ""
    _store: Rows = field(init=False)
    listeners: Listeners = field(default_factory=Listeners)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _imports: int = 0
    _closed_once: bool = False

    def __post_init__(self) -> None:
        self._store = Rows(self.switches, lambda: self.now())  # noqa: PLW0108  # tests replace ``now`` later
        self.grants = Grants(self.switches)

    @property
    def base_url(self) -> str:
        """The API's address."""
        return f"http://{self._netloc}"

    @property
    def settings(self) -> Mapping[str, object]:
        """The table ``[providers.datananas]`` that points here."""
        s = self.switches
        table: dict[str, object] = {
            "base_url": self.base_url,
            "stream_url": f"ws://{self._netloc}",
            "stream_auth": "header" if s.stream_auth == "header" else f"query:{s.query_name}",
            "token": "env:DATANANAS_TOKEN",
            "list": {"name": LIST_NAME} if s.list_by == "name" else {"_id": LIST_ID},
            "accept_blind_overwrite": True,
            "query_names": {"move_existing": s.move_name, "replace_owner": s.replace_name},
        }
        return table

    @property
    def oauth2(self) -> Mapping[str, object]:
        """The table ``[providers.datananas.oauth2]`` that points here."""
        return {
            "token_url": self.base_url + TOKEN_PATH,
            "client_id": "sandbox-client",
            "client_secret": "env:DATANANAS_CLIENT_SECRET",
            "refresh_token": "env:DATANANAS_REFRESH_TOKEN",
            "client_auth": self.switches.client_auth,
        }

    @property
    def secrets(self) -> Mapping[str, str]:
        """Environment variables that the tables name."""
        return {
            "DATANANAS_TOKEN": "sandbox-token-create",
            "DATANANAS_CLIENT_SECRET": "sandbox-client-secret",
            "DATANANAS_REFRESH_TOKEN": "sandbox-refresh-0",
        }

    @property
    def writes(self) -> int:
        """Mutating requests received so far."""
        return self.traffic.writes

    @property
    def rows(self) -> list[Row]:
        """The contacts held; the API itself cannot show them."""
        return list(self._store.by_id.values())

    @property
    def moved(self) -> int:
        """Contacts that changed their list."""
        return self._store.moved

    @property
    def owners_replaced(self) -> int:
        """Contacts that changed their owner."""
        return self._store.owners_replaced

    def add(self, **fields: Any) -> Row:
        """A contact that was there before us."""
        return self._store.add({"listId": LIST_ID} | fields)

    def edit(self, row_id: str, **fields: Any) -> Row:
        """A contact edited by somebody at Datananas."""
        return self._store.edit(row_id, fields)

    def remove(self, row_id: str) -> None:
        """A contact deleted by somebody at Datananas."""
        self._store.remove(row_id)

    def turn(self, **switches: Any) -> None:
        """Some switches in another position from now on."""
        self.switches = replace(self.switches, **switches)
        self._store.switches = self.grants.switches = self.switches

    async def tell(self, message: str | bytes) -> None:
        """One message to every connected client."""
        await self.listeners.tell(message)

    async def hang_up(self, code: int) -> None:
        """Every connected client is closed with ``code``."""
        await self.listeners.hang_up(code)

    @property
    def sent_events(self) -> list[str | bytes]:
        """Every message that went out."""
        return self.listeners.sent

    # the bulk endpoint

    async def bulk(self, request: Request) -> Response:
        """``POST /contacts/bulk``."""
        refusal = self.grants.refusal(request.headers.get("authorization", ""))
        if refusal is not None:
            return refusal
        try:
            body = json.loads(await request.body())
        except ValueError:
            return fault(self.switches, 400, "SyntaxError", "the body is not JSON")
        try:
            contacts = read_contacts(body, self.switches)
            list_id = self._list_id(body.get("list"))
        except InvalidError as error:
            return fault(self.switches, 422, "ValidationError", str(error))
        return await self._import(contacts, list_id, request.query_params)

    async def _import(self, contacts: list[Row], list_id: str, query: Mapping[str, str]) -> Response:
        self._imports += 1
        s = self.switches
        if self._store.would_meet_quota(contacts):
            return await self._over_quota(contacts, list_id)
        events = plan(s, f"u-{self._imports}", list_id, len(contacts))
        done = self._store.upsert(
            contacts,
            list_id,
            move=query.get(s.move_name) == "true",
            replace_owner=query.get(s.replace_name) == "true",
        )
        events.settle(done.created, done.updated)
        await self._play(events.before_answer)
        if s.ending == "before":
            await self._play(events.after_answer)
        else:
            self._later(events)
        return self._accepted(events.uuid, list_id)

    async def _over_quota(self, contacts: list[Row], list_id: str) -> Response:
        s = self.switches
        if s.quota_when == "after_starting":
            await self._play(plan(s, f"u-{self._imports}", list_id, len(contacts)).before_answer)
        if s.written_part:
            with suppress(QuotaMetError):
                self._store.upsert(contacts, list_id, move=False, replace_owner=False)
        reason = REASONS[s.quota]
        body: dict[str, Any] = {"statusCode": 402, "name": "Error", "message": "Payment Required"}
        if s.reason_at == "top":
            return JSONResponse({"reason": reason, "error": body}, 402)
        if s.reason_at == "text":
            return JSONResponse({"error": reason}, 402)
        body |= {"reason": reason} if s.reason_at == "error" else {"details": {"reason": reason}}
        return JSONResponse({"error": body}, 402)

    def _accepted(self, uuid: str, list_id: str) -> Response:
        if self.switches.body_empty:
            return Response(b"", self.switches.status)
        told = {"uuid": uuid} if self.switches.uuid_in_answer else {}
        return JSONResponse({"listId": list_id} | told, self.switches.status)

    def _list_id(self, target: Any) -> str:
        if not isinstance(target, dict):
            raise InvalidError("list", "must be an object")
        if self.switches.list_by != "name" and isinstance(target.get("_id"), str):
            return f"{target['_id']}"
        if self.switches.list_by != "id" and isinstance(target.get("name"), str):
            return f"5f0c{target['name'].encode().hex()[:20]}"
        raise InvalidError("list", "names no list")

    # the stream

    async def stream(self, socket: WebSocket) -> None:
        """The WebSocket: events go out, nothing comes in."""
        s = self.switches
        header = socket.headers.get("authorization", "")
        told = header if s.stream_auth == "header" else f"Bearer {socket.query_params.get(s.query_name, '')}"
        known = told.partition(" ")[2] in self.grants.tokens  # any token of the account may listen
        refusal = (
            Response(b"", s.socket_status) if s.socket_status else None if known else self.grants.refusal(told)
        )
        if refusal is not None:
            self.handshakes.append(refusal.status_code)
            await socket.send_denial_response(refusal)
            return
        self.handshakes.append(101)
        await socket.accept()
        if s.refuse_after_accept:
            await socket.close(s.refuse_after_accept)
            return
        await self.listeners.serve(socket, replay=s.replay)

    async def _play(self, messages: list[str | bytes]) -> None:
        s = self.switches
        for ordinal, message in enumerate(messages, 1):
            if s.close_at == ordinal and not self._closed_once and messages:
                self._closed_once = True
                await self.hang_up(s.close_code)
                await self.listeners.somebody()
            await self.tell(message)

    def _later(self, events: Plan) -> None:
        async def play() -> None:
            await asyncio.sleep(self.switches.work_s)
            await self._play(events.after_answer)

        task = asyncio.create_task(play())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settled(self) -> None:
        """Every event that is on its way has gone out."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def app(self) -> Starlette:
        """All routes."""
        return Starlette(
            routes=[
                Route(BULK, self.bulk, methods=["POST"]),
                Route(TOKEN_PATH, self.grants.grant, methods=["POST"]),
                WebSocketRoute("/", self.stream),
            ]
        )


@asynccontextmanager
async def sandbox(*, port: int = 0, **switches: Any) -> AsyncIterator[DatananasSandbox]:
    """The server on 127.0.0.1 while entered; ``port`` 0 lets the system choose. ``switches``: ``Switches``."""
    server = DatananasSandbox(Switches(**switches))
    async with served(server.app(), server.traffic, port=port) as netloc:
        server._netloc = netloc  # noqa: SLF001  # its own module
        try:
            yield server
        finally:
            for task in list(server._tasks):  # noqa: SLF001  # its own module
                task.cancel()
