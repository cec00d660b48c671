"""Topo's local server for rehearsals and tests, written from its documentation.

Every question that the documentation leaves open is a field of ``Switches``.
Source: https://docs.topo.io/api-reference and the pages below it, 2026-11.
"""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.toolkit.sandbox import Traffic, served
from adapters.topo.sandbox_handlers import KEY, Call, TopoSandbox
from adapters.topo.sandbox_rules import RefusedError, Row, Switches, invalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from starlette.requests import Request

    Handler = Callable[[TopoSandbox, Call], Row]

__all__ = ["Switches", "TopoSandbox", "sandbox"]

_CONTACT = "/contacts/{contact_id}"
_EXCLUSIONS = "/contact-exclusions"
_EXCLUSION = "/contact-exclusions/{exclusion_id}"

ROUTES: tuple[tuple[str, str, str | None, Handler], ...] = (
    ("GET", "/me", None, TopoSandbox.get_me),
    ("GET", "/contacts", "contacts:read", TopoSandbox.get_contacts),
    ("GET", _CONTACT, "contacts:read", TopoSandbox.get_contact),
    ("GET", _CONTACT + "/variables", "contacts:read", TopoSandbox.get_variables),
    ("PATCH", _CONTACT + "/variables", "contacts:write", TopoSandbox.patch_contact_variables),
    ("GET", "/contact-lists", "contact_lists:read", TopoSandbox.get_lists),
    ("GET", "/contact-lists/{list_id}", "contact_lists:read", TopoSandbox.get_list),
    ("POST", "/contact-entries", "contact_lists:write", TopoSandbox.post_entries),
    ("GET", "/contact-entries", "contact_lists:read", TopoSandbox.get_entries),
    ("GET", _EXCLUSIONS, "exclusions:read", TopoSandbox.get_exclusions),
    ("GET", _EXCLUSION, "exclusions:read", TopoSandbox.get_exclusion),
    ("POST", _EXCLUSIONS, "exclusions:write", TopoSandbox.post_exclusion),
    ("PATCH", _EXCLUSION, "exclusions:write", TopoSandbox.patch_exclusion),
)
"""Method, path, scope, handler. Scopes: https://docs.topo.io/api-reference/authentication."""


@contextlib.asynccontextmanager
async def sandbox(*, port: int = 0, **switches: Any) -> AsyncIterator[TopoSandbox]:
    """The server on loopback while entered; ``switches`` are fields of ``Switches``."""
    box = TopoSandbox(Switches(**switches), Traffic())
    async with served(_app(box), box.traffic, port=port) as address:
        box.base_url = f"http://{address}/v1"
        yield box


def _app(box: TopoSandbox) -> Starlette:
    routes = [
        Route("/v1" + path, _endpoint(box, scope, handler, method), methods=[method])
        for method, path, scope, handler in ROUTES
    ]
    return Starlette(routes=routes)


def _endpoint(
    box: TopoSandbox, scope: str | None, handler: Handler, method: str
) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        box.requests += 1
        try:
            _check_key(box, request, scope)
            limited = _rate_limited(box)
            if limited is not None:
                return limited
            if method == "GET":
                box.settle()
            body = handler(box, Call(request, await _body(request)))
        except RefusedError as error:
            return _refused(box, error)
        return _accepted(method, request.url.path, body)

    return answer


def _check_key(box: TopoSandbox, request: Request, scope: str | None) -> None:
    """401 before any endpoint logic; a missing scope is 403 of the same type."""
    if request.headers.get("authorization") != f"Bearer {KEY}":
        raise RefusedError(401, "UnauthorizedIssue", "the API key is missing or invalid")
    if scope is not None and scope not in box.switches.scopes:
        raise RefusedError(403, "UnauthorizedIssue", f"the API key lacks {scope}")


async def _body(request: Request) -> Any:
    raw = await request.body()
    if not raw:
        return None
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise invalid("the content type must be application/json")
    try:
        return json.loads(raw)
    except ValueError as error:
        raise invalid("the body is no JSON") from error


def _accepted(method: str, path: str, body: Row) -> Response:
    """201 for a new exclusion, 200 for everything else, entries included."""
    created = method == "POST" and path.endswith("/contact-exclusions")
    return JSONResponse(body, status_code=201 if created else 200)


def _refused(box: TopoSandbox, error: RefusedError, headers: Mapping[str, str] | None = None) -> Response:
    body: Row = {
        "status_code": error.status, "type": error.kind, "message": error.message,
        "request_id": f"req_{box.requests}",
    }  # fmt: skip
    if error.told:
        body["data"] = error.told
    return JSONResponse(body, status_code=error.status, headers=headers)


def _rate_limited(box: TopoSandbox) -> Response | None:
    """The 429 that this request gets, in the form that the switch names; its form is not documented."""
    every, wait_s = box.switches.rate_limit_every, box.switches.retry_after_s
    if not every or box.requests % every:
        return None
    until = box.now() + timedelta(seconds=wait_s)
    headers = {
        "retry-after": {"Retry-After": f"{wait_s:g}"},
        "date": {"Retry-After": format_datetime(until.astimezone(UTC), usegmt=True)},
        "headers": {"X-RateLimit-Limit": "4", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{wait_s:g}"},
    }.get(box.switches.rate_limit, {})
    hints: dict[str, Row] = {"data": {"retry_after": wait_s}, "data-text": {"retryAfter": f"{wait_s:g}"}}
    told = hints.get(box.switches.rate_limit, {})
    return _refused(box, RefusedError(429, "RateLimitIssue", "slow down", **told), headers)
