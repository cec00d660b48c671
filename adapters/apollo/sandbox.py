"""A local Apollo, or a local AISA before it, for rehearsals and tests.

Written from the public documents, not from this adapter: it checks what they demand and answers as they show.
Troubles by endpoint and ordinal come from ``adapters.toolkit.faults``; open questions from ``Switches``.
Source: https://docs.apollo.io/reference/contacts, https://aisa.one/docs/api-reference/apollo
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.apollo.sandbox_endpoints import LABEL, Endpoints
from adapters.apollo.sandbox_gate import KEY, Gate, not_found
from adapters.apollo.sandbox_rows import Workspace
from adapters.apollo.sandbox_switches import Switches
from adapters.toolkit.sandbox import Traffic, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
    from datetime import datetime

    from starlette.requests import Request

PREFIX = {"direct": "/api/v1", "aisa": "/apis/v1/apollo"}
Body = dict[str, Any]


class ApolloSandbox:
    """The running server. ``traffic`` holds its request log and faults; ``now`` may be set to any clock."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.workspace = Workspace(switches)
        self.gate = Gate(self.workspace)
        self.endpoints = Endpoints(self.workspace)
        self.prefix = PREFIX[switches.transport]
        self.traffic = Traffic(safe_posts=frozenset({f"{self.prefix}/contacts/search"}))
        self.base_url = ""

    # -- for rehearsals and tests

    @property
    def settings(self) -> Mapping[str, object]:
        """The provider's TOML table that points at this server."""
        shared = self.switches.transport == "aisa"
        table: dict[str, object] = {
            "base_url": self.base_url,
            "auth": "bearer" if shared else "x-api-key",
            "api_key": "env:APOLLO_SANDBOX_KEY",
        }
        return table | ({"labels": [LABEL], "accept_shared_workspace": True} if shared else {})

    @property
    def secrets(self) -> Mapping[str, str]:
        """Environment variables that the table's references name."""
        return {"APOLLO_SANDBOX_KEY": KEY}

    @property
    def writes(self) -> int:
        """Mutating requests received so far."""
        return self.traffic.writes

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All contacts as they are stored, whatever searches show yet."""
        return list(self.workspace.contacts.values())

    @property
    def now(self) -> Callable[[], datetime]:
        """The server's clock."""
        return self.workspace.now

    @now.setter
    def now(self, clock: Callable[[], datetime]) -> None:
        self.workspace.now = clock

    def add(self, *, labels: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
        """A contact that somebody made; written fields are stored as a create stores them, others as given."""
        row = self.workspace.create(fields, labels)
        return self.edit(row["id"], **{k: v for k, v in fields.items() if k in row and row[k] is None})

    def edit(self, contact_id: str, **fields: Any) -> dict[str, Any]:
        """Somebody's edit of wire fields, as given; ``updated_at`` moves unless it is given too."""
        row = self.workspace.contacts[contact_id]
        if fields:
            row.update({"updated_at": self.workspace._stamp()} | fields)  # noqa: SLF001  # one server
            self.workspace.remember(contact_id)
        return row

    def remove(self, contact_id: str, *, into: str | None = None) -> None:
        """The contact is gone; ``into`` says that it was merged into another one."""
        del self.workspace.contacts[contact_id]
        merged = into is not None and self.switches.merged_answers == "unknown"
        self.workspace.gone[contact_id] = "does not exist" if merged else "has been deleted"
        self.workspace.remember(contact_id)

    def hide(self, contact_id: str) -> None:
        """The key may no longer see the contact."""
        self.workspace.hidden.add(contact_id)

    # -- endpoints

    def app(self) -> Starlette:
        """The server's routes."""
        table: list[tuple[str, str, str, Callable[[Request, Body], Response]]] = [
            ("POST", "/contacts/search", "contacts/search", self.endpoints.search),
            ("POST", "/contacts/bulk_create", "contacts/bulk_create", self.endpoints.bulk_create),
            ("POST", "/contacts/bulk_update", "contacts/bulk_update", self.endpoints.bulk_update),
            ("POST", "/contacts/update_stages", "contacts/update_stages", self.endpoints.update_stages),
            ("GET", "/contacts/{id}", "contacts/show", self.endpoints.show),
            ("PATCH", "/contacts/{id}", "contacts/update", self.endpoints.patch),
            ("GET", "/labels", "labels", self.endpoints.labels),
            ("GET", "/contact_stages", "contact_stages", self.endpoints.stages),
        ]
        return Starlette(
            routes=[
                Route(self.prefix + path, self._guarded(endpoint, answer), methods=[verb])
                for verb, path, endpoint, answer in table
            ],
            exception_handlers={404: lambda _request, _error: not_found()},
        )

    def _guarded(
        self, endpoint: str, answer: Callable[[Request, Body], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            mutating = request.method != "GET" and endpoint != "contacts/search"
            refusal = await self.gate.refuse(request, endpoint, mutating=mutating)
            if refusal is not None:
                return self.gate.finished(refusal, endpoint)
            broken = self.switches.gateway if mutating else ""
            try:
                body = json.loads(await request.body() or b"{}")
            except ValueError:
                return self.gate.finished(JSONResponse({"error": "Bad request"}, 400), endpoint)
            if broken == "lost":
                return self.gate.finished(JSONResponse({"error": "upstream call failed"}, 502), endpoint)
            response = answer(request, body)
            if broken == "applied":
                response = JSONResponse({"error": "upstream call failed"}, 502)
            return self.gate.finished(response, endpoint)

        return handle


@contextlib.asynccontextmanager
async def sandbox(*, port: int = 0, **switches: Any) -> AsyncIterator[ApolloSandbox]:
    """The server on 127.0.0.1 while entered; ``switches`` are the fields of ``Switches``."""
    server = ApolloSandbox(Switches(**switches))
    async with served(server.app(), server.traffic, port=port) as address:
        server.base_url = f"http://{address}{server.prefix}"
        yield server
