"""What an error answer of Apollo, or of AISA before it, means: the error table as code; sans-I/O.

Apollo answers in text, with ``error`` or with ``message``; AISA's newer form puts ``code`` at the top or inside
``error``, which may be a text or an object, and its older form always uses an object.
Source: https://docs.apollo.io/reference/status-codes, https://docs.apollo.io/reference/rate-limits,
https://aisa.one/docs/api-reference/errors (2026-11)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.apollo.wire import PROVIDER
from adapters.toolkit.headers import retry_after_s
from adapters.toolkit.strict_json import BadJsonError
from sync.codes import StateReason
from sync.errors import (
    AuthError,
    Missing,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Rejected,
    Transient,
    request_id_of,
)

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.toolkit.http import Request, Response

UNTOLD_WAIT_S = 60.0
LONGEST_MESSAGE = 200
_PERIODS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}
_SPENT = frozenset({"quota_exceeded"})
_OF_THE_KEY = frozenset({"rate_limit_exceeded", "rate_limit_error"})
_PERSONAL = re.compile(r"\S+@\S+|https?://\S+|(?<![0-9a-f])\+?\d(?:[ .()-]?\d){6,}(?![0-9a-f])|[\"'«“].*?[\"'»”]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error answer taken apart. ``row``: the contact it names; ``deleted``: contacts it calls deleted."""

    code: str | None = None
    message: str = ""
    request_id: str | None = None
    row: str | None = None
    deleted: tuple[str, ...] = ()


def parse_refusal(response: Response) -> Refusal:
    """The code and the words of an error answer of any shape; never raises."""
    told_id = request_id_of(response.headers.get("x-request-id"))
    try:
        body = response.json()
    except BadJsonError:
        return Refusal(message=response.text, request_id=told_id)
    if not isinstance(body, dict):
        return Refusal(request_id=told_id)
    nested = body.get("error")
    inner: dict[str, Any] = nested if isinstance(nested, dict) else {}
    details = body.get("error_details")
    deleted = body.get("deleted_contact_ids")
    return Refusal(
        code=_first(body.get("error_code"), body.get("code"), inner.get("code"), inner.get("type")),
        message=_first(nested, inner.get("message"), body.get("message")) or "",
        request_id=request_id_of(body.get("request_id")) or request_id_of(inner.get("request_id")) or told_id,
        row=_first(details.get("contact_id")) if isinstance(details, dict) else None,
        deleted=tuple(d for d in deleted if isinstance(d, str)) if isinstance(deleted, list) else (),
    )


def is_of_the_key(response: Response) -> bool:
    """Whether a 429 is AISA's own, which limits a key at all endpoints, and not passed on from Apollo.

    Source: https://aisa.one/docs/api-reference/rate-limits
    """
    return parse_refusal(response).code in _OF_THE_KEY


def _first(*candidates: object) -> str | None:
    return next((text for text in candidates if isinstance(text, str) and text), None)


def without_personal(message: str) -> str:
    """The provider's words without addresses, numbers, quotations and control characters, cut short."""
    printable = "".join(char if char.isprintable() else " " for char in message[: 4 * LONGEST_MESSAGE])
    return _PERSONAL.sub("…", printable)[:LONGEST_MESSAGE].strip()


def error_for(request: Request, response: Response, now: datetime) -> ProviderError:
    """The error that an answer outside 200-299 means for this request."""
    refusal = parse_refusal(response)
    status = response.status
    said = without_personal(refusal.message)
    where = f"{request.method} {request.endpoint} answered {status}" + (f" ({said})" if said else "")
    told = refusal.request_id
    if status == 401:
        # the words may repeat the key, so they are not shown
        return AuthError(
            PROVIDER,
            f"the API key was refused{f' ({refusal.code})' if refusal.code else ''}",
            remedy="check the key that providers.apollo.api_key names, and providers.apollo.auth",
            request_id=told,
        )
    if status == 403:
        return AuthError(
            PROVIDER,
            f"{where}: the key does not open this endpoint",
            remedy=f"give the key access to {request.endpoint} in Apollo, or use a master key",
            request_id=told,
        )
    if status == 402 or (status == 429 and refusal.code in _SPENT):
        return QuotaExhausted(
            PROVIDER, f"{where} {refusal.code or ''}".strip(), reason=StateReason.PRICE, request_id=told
        )
    if status == 429:
        return RateLimited(PROVIDER, where, retry_after_s=wait_s(response, refusal.message, now), request_id=told)
    if status == 422 and request.endpoint == "contacts/show":
        return _not_shown(where, refusal)
    if status in {408, 409, 425} or status >= 500:
        kind = OutcomeUnknown if request.mutating else Transient
        return kind(PROVIDER, f"{where} {refusal.code or ''}".strip(), request_id=told)
    row = refusal.row or (refusal.deleted[0] if refusal.deleted else None)
    return Rejected(
        PROVIDER,
        where,
        status=status,
        code="deleted" if refusal.deleted else refusal.code,
        record_id=row,
        for_good=True if row or _is_absent(request, refusal) else None,
        request_id=told,
    )


def _is_absent(request: Request, refusal: Refusal) -> bool:
    """Whether a PATCH met no such contact, as with the id of a person; other words may be about the call."""
    return request.method == "PATCH" and "does not exist" in refusal.message.lower()


def _not_shown(where: str, refusal: Refusal) -> ProviderError:
    """A contact that cannot be read: 422 with one of three texts, never 404.

    Source: https://docs.apollo.io/reference/view-a-contact
    """
    words = refusal.message.lower()
    if "not authorized" in words:
        return Missing(PROVIDER, where, definite=False, request_id=refusal.request_id)
    if "does not exist" in words or "deleted" in words:
        return Missing(PROVIDER, where, request_id=refusal.request_id)
    return Rejected(PROVIDER, where, status=422, code=refusal.code, request_id=refusal.request_id)


def wait_s(response: Response, message: str, now: datetime) -> float:
    """Seconds until the exhausted window ends: as the header tells, else the whole window the words name."""
    told = retry_after_s(response.headers, now)
    if told is not None:
        return told
    found = re.search(r"per (minute|hour|day)", message.lower())
    return _PERIODS[found[1]] if found else UNTOLD_WAIT_S
