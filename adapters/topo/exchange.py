"""Requests built and answers read, without any I/O."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from adapters.toolkit import headers, strict_json
from adapters.toolkit.http import Request
from sync.errors import AuthError, Missing, OutcomeUnknown, RateLimited, Rejected, Transient, request_id_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from adapters.toolkit.http import Response

NAME = "topo"
ENDPOINT = "api"
"""One rate window for everything: whether limits are by endpoint, key or workspace is not documented (2026-11)."""

SCOPES = (
    "contacts:read", "contacts:write", "contact_lists:read", "contact_lists:write", "exclusions:read",
    "exclusions:write",
)  # fmt: skip
"""What the adapter can make use of. Source: https://docs.topo.io/api-reference/authentication."""

JSON = (("content-type", "application/json"),)
VALIDATION = "ValidationIssue"
"""The one type of error that is about what was sent, and would be met again."""
CONFLICT = "CommitIssue"
"""A concurrent change, or uniqueness: what was sent may be there already."""
UNSURE = frozenset({408, 425, 499})
"""Client errors that a gateway gives while the request may still be worked on."""

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}", re.ASCII)
_PERSONAL = re.compile(r"\S*@\S*|https?://\S+|\S*linkedin\.com\S*|\+?\d[\d ().-]{6,}\d", re.IGNORECASE)
_WAIT_KEYS = {
    "retry_after": 1.0, "retry_after_s": 1.0, "retry_after_seconds": 1.0, "retry_after_ms": 0.001,
    "retryAfter": 1.0, "retryAfterSeconds": 1.0, "retryAfterMs": 0.001,
}  # fmt: skip


def get(path: str, *params: tuple[str, str]) -> Request:
    """A read."""
    return Request(method="GET", path=path, endpoint=ENDPOINT, params=params)


def write(method: str, path: str, body: object) -> Request:
    """A call that may change something; ``body`` is rendered as JSON, bytes are sent as they are."""
    raw = body if isinstance(body, bytes) else strict_json.dumps(body)
    return Request(method=method, path=path, endpoint=ENDPOINT, body=raw, headers=JSON, mutating=True)


def contact_path(contact_id: str, tail: str = "") -> str:
    """The path of one contact; ``tail`` begins with a slash."""
    return f"/contacts/{quote(contact_id, safe='')}{tail}"


def get_me() -> Request:
    """Who the key belongs to. Source: https://docs.topo.io/api-reference/me/get-me."""
    return get("/me")


def get_contacts(*params: tuple[str, str]) -> Request:
    """A page of contacts. Source: https://docs.topo.io/api-reference/contacts/list-contacts."""
    return get("/contacts", *params)


def get_contact(contact_id: str) -> Request:
    """One contact. Source: https://docs.topo.io/api-reference/contacts."""
    return get(contact_path(contact_id))


def get_variables(contact_id: str) -> Request:
    """A contact's variables. Source: https://docs.topo.io/api-reference/contacts."""
    return get(contact_path(contact_id, "/variables"))


def patch_variables(contact_id: str, body: bytes) -> Request:
    """Given keys are written, others kept; it links the contact to the organisation when it was not.

    Source: https://docs.topo.io/api-reference/contacts/update-contact-variables.
    """
    return write("PATCH", contact_path(contact_id, "/variables"), body)


def get_list(list_id: str) -> Request:
    """One contact list. Source: https://docs.topo.io/api-reference/contact-lists."""
    return get(f"/contact-lists/{quote(list_id, safe='')}")


def post_entries(body: bytes) -> Request:
    """1..100 entries. Source: https://docs.topo.io/api-reference/contacts/create-contact-entries."""
    return write("POST", "/contact-entries", body)


def get_entries(*params: tuple[str, str]) -> Request:
    """A page of entries; inferred from the account entries, which can be read (2026-11).

    Source: https://docs.topo.io/api-reference/accounts/get-account-entry.
    """
    return get("/contact-entries", *params)


def get_exclusions(*params: tuple[str, str]) -> Request:
    """A page of exclusions. Source: https://docs.topo.io/api-reference/contacts/list-contact-exclusions."""
    return get("/contact-exclusions", *params)


def post_exclusion(body: Mapping[str, Any] | bytes) -> Request:
    """One exclusion. Source: https://docs.topo.io/api-reference/contacts/create-contact-exclusion."""
    return write("POST", "/contact-exclusions", body)


def patch_exclusion(exclusion_id: str, body: Mapping[str, Any]) -> Request:
    """Reason or until changed (until null = for good); keys cannot be.

    Source: https://docs.topo.io/api-reference/exclusions; the body is inferred from account exclusions (2026-11).
    """
    return write("PATCH", f"/contact-exclusions/{quote(exclusion_id, safe='')}", body)


def read(request: Request, response: Response, now: datetime) -> Any:
    """The answer's JSON, or the error it stands for.

    The status decides, the body's ``type`` only refines it: types may be added, statuses may not change.
    Source: https://docs.topo.io/api-reference/errors-rate-limits.
    """
    if not 200 <= response.status < 300:
        _refuse(request, response, now)
    try:
        return response.json()
    except strict_json.BadJsonError as error:
        raise _unusable(request, f"answered {response.status} with {error}") from error


def _refuse(request: Request, response: Response, now: datetime) -> NoReturn:
    row = _error_row(response)
    status, request_id = response.status, request_id_of(row.get("request_id"))
    where = f"{request.method} {request.path}"
    said = f"{status} {_type(row)}{_field(row)}".rstrip()
    if status == 401:
        raise AuthError(
            NAME,
            f"{where} answered {said}: the API key is missing or not valid",
            request_id=request_id,
            remedy="make a key in Topo under Settings, Developers, API Keys, and put it where api_key points",
        )
    if status == 403 and not _may_be_managed(request):  # the same type as 401; only the status tells it apart
        raise AuthError(
            NAME,
            f"{where} answered {said}: the API key lacks the scope for it",
            request_id=request_id,
            remedy=f"give the API key these scopes: {', '.join(SCOPES)}",
        )
    if status == 404:
        definite = row.get("type") == "NotFoundIssue"
        raise Missing(NAME, f"{where} answered {said}", definite=definite, request_id=request_id)
    if status == 429:
        wait_s = _wait_s(response, row, now)
        raise RateLimited(NAME, f"{where} answered {said}", retry_after_s=wait_s, request_id=request_id)
    if 400 <= status < 500 and status not in UNSURE:
        kind = _type(row) or None
        raise Rejected(
            NAME,
            f"{where} answered {said}",
            status=status,
            code=kind,
            for_good=kind == VALIDATION,
            request_id=request_id,
        )
    raise _unusable(request, f"answered {said}", request_id)


def _may_be_managed(request: Request) -> bool:
    """Whether a 403 may be about the row: HubSpot's exclusions cannot be changed from inside Topo.

    Source: https://support.topo.io/articles/8993831947-blocklists-contact-company-exclusions (2026-03).
    """
    return request.method == "PATCH" and request.path.startswith("/contact-exclusions/")


def _unusable(request: Request, why: str, request_id: str | None = None) -> OutcomeUnknown | Transient:
    kind = OutcomeUnknown if request.mutating else Transient
    return kind(NAME, f"{request.method} {request.path} {why}", request_id=request_id)


def _error_row(response: Response) -> dict[str, Any]:
    try:
        row = response.json()
    except strict_json.BadJsonError:
        return {}
    return row if isinstance(row, dict) else {}


def _type(row: Mapping[str, Any]) -> str:
    value = row.get("type")
    return value if isinstance(value, str) and _TYPE.fullmatch(value) else ""


def _field(row: Mapping[str, Any]) -> str:
    data = row.get("data")
    field = data.get("field") if isinstance(data, dict) else None
    return f" ({field})" if isinstance(field, str) and _TYPE.fullmatch(field) else ""


def _wait_s(response: Response, row: Mapping[str, Any], now: datetime) -> float | None:
    """Neither headers nor body of a 429 are documented (2026-11), so every usual place is looked at."""
    told = headers.retry_after_s(response.headers, now)
    data = row.get("data")
    hints = data if isinstance(data, dict) else {}
    for key, unit_s in _WAIT_KEYS.items():
        hint = hints.get(key)
        value = _number(hint) if isinstance(hint, str) else hint
        if told is None and isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
            told = min(value * unit_s, headers.LONGEST_WAIT_S)
    return reset_s(response, now) if told is None else told


def reset_s(response: Response, now: datetime) -> float | None:
    """Seconds until the rate window opens again, when headers say that it is used up; ``None`` when not told.

    A large ``…-Reset`` is a Unix time, a small one seconds: both are in use among APIs.
    """
    for prefix in ("ratelimit-", "x-ratelimit-"):
        left, reset = (_number(response.headers.get(prefix + name)) for name in ("remaining", "reset"))
        if reset is not None and (left == 0 or response.status == 429):
            seconds = reset - now.timestamp() if reset > 1e9 else reset
            return min(max(seconds, 0.0), headers.LONGEST_WAIT_S)
    return None


def _number(text: str | None) -> float | None:
    return float(text) if text and re.fullmatch(r"\d{1,12}(\.\d{1,6})?", text.strip(), re.ASCII) else None


def scrubbed(message: str) -> str:
    """The provider's words without addresses, profiles and numbers, short enough for a report."""
    return _PERSONAL.sub("…", " ".join(message.split()))[:200]
