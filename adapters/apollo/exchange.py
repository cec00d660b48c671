"""Apollo's requests, built, and its answers, read; sans-I/O.

An unreadable 2xx leaves the outcome of a write unknown and makes a read ``Transient``, so that a captive portal
or a cut answer is never taken for data.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from adapters.apollo import wire
from adapters.toolkit.http import Request
from adapters.toolkit.strict_json import BadJsonError, dumps
from sync.errors import MappingError, OutcomeUnknown, Transient, request_id_of
from sync.record import RateWindow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from adapters.toolkit.http import Response

T = TypeVar("T")

SEARCH = "contacts/search"
SHOW = "contacts/show"
CREATE = "contacts/bulk_create"
UPDATE = "contacts/bulk_update"
PATCH = "contacts/update"
STAGE = "contacts/update_stages"
GATEWAY = "aisa"
"""The window that AISA keeps for a key, whatever the endpoint."""

BY_UPDATED = "contact_updated_at"
BY_CREATED = "contact_created_at"

WINDOWS = {
    60.0: ("x-rate-limit-minute", "x-minute-usage", "x-minute-requests-left"),
    3600.0: ("x-rate-limit-hourly", "x-hourly-usage", "x-hourly-requests-left"),
    86400.0: ("x-rate-limit-24-hour", "x-24-hour-usage", "x-24-hour-requests-left"),
}
OLD_NAMES = {
    "x-rate-limit-24-hour": "x-rate-limit-daily",
    "x-24-hour-usage": "x-daily-usage",
    "x-24-hour-requests-left": "x-daily-requests-left",
}


def search(  # each argument is one documented key
    *,
    page: int = 1,
    per_page: int,
    sort: str | None = BY_UPDATED,
    ascending: bool = False,
    labels: Sequence[str] = (),
    stage: str | None = None,
    keywords: str | None = None,
) -> Request:
    """A page of contacts. A read, although it is a POST.

    ``per_page`` is always sent because its default is not documented.
    Source: https://docs.apollo.io/reference/search-for-contacts
    """
    body: dict[str, Any] = {"page": page, "per_page": per_page}
    if sort:
        body |= {"sort_by_field": sort, "sort_ascending": ascending}
    if labels:
        body["contact_label_ids"] = list(labels)
    if stage:
        body["contact_stage_ids"] = [stage]
    if keywords:
        body["q_keywords"] = keywords
    return Request(method="POST", path="/contacts/search", endpoint=SEARCH, body=dumps(body))


def show(contact_id: str) -> Request:
    """One contact. Source: https://docs.apollo.io/reference/view-a-contact"""
    return Request(method="GET", path=f"/contacts/{wire_id(contact_id)}", endpoint=SHOW)


def labels() -> Request:
    """All lists. Source: https://docs.apollo.io/reference/get-a-list-of-all-lists"""
    return Request(method="GET", path="/labels", endpoint="labels")


def stages() -> Request:
    """All contact stages. Source: https://docs.apollo.io/reference/list-contact-stages"""
    return Request(method="GET", path="/contact_stages", endpoint="contact_stages")


def bulk_create(rows: Sequence[Mapping[str, Any]], *, label_names: Sequence[str], as_text: bool) -> Request:
    """Up to 100 contacts; matches come back untouched because ``run_dedupe`` is true.

    ``as_text``: AISA's contract types the array as a string. Source:
    https://docs.apollo.io/reference/bulk-create-contacts, https://aisa.one/docs/api-reference/apollo
    """
    body: dict[str, Any] = {"run_dedupe": True}
    if label_names:
        body["append_label_names"] = list(label_names)
    body["contacts"] = json.dumps(rows, ensure_ascii=False) if as_text else list(rows)
    return Request(method="POST", path="/contacts/bulk_create", endpoint=CREATE, body=dumps(body), mutating=True)


def bulk_update(rows: Sequence[Mapping[str, Any]]) -> Request:
    """Up to 100 contacts by id. Source: https://docs.apollo.io/reference/bulk-update-contacts"""
    body = dumps({"contact_attributes": list(rows)})
    return Request(method="POST", path="/contacts/bulk_update", endpoint=UPDATE, body=body, mutating=True)


def patch(contact_id: str, fields: Mapping[str, Any]) -> Request:
    """One contact, the named fields only. Source: https://docs.apollo.io/reference/update-a-contact"""
    path = f"/contacts/{wire_id(contact_id)}"
    return Request(method="PATCH", path=path, endpoint=PATCH, body=dumps(fields), mutating=True)


def update_stages(contact_ids: Sequence[str], stage_id: str) -> Request:
    """Contacts moved to a stage; everything stands in the query, the body is an empty object.

    Source: https://docs.apollo.io/reference/update-contact-stage
    """
    params = [("contact_ids[]", contact_id) for contact_id in contact_ids]
    return Request(
        method="POST",
        path="/contacts/update_stages",
        endpoint=STAGE,
        params=(*params, ("contact_stage_id", stage_id)),
        body=b"{}",
        mutating=True,
    )


def wire_id(contact_id: str) -> str:
    """``contact_id`` as a path segment: anything but letters and digits is escaped."""
    return quote(contact_id, safe="")


def read(request: Request, response: Response, parse: Callable[[Any], T]) -> T:
    """What a 2xx answer holds.

    Raises OutcomeUnknown (write) or Transient (read) when it is not JSON or not what is documented.
    """
    kind = OutcomeUnknown if request.mutating else Transient
    told_id = request_id_of(response.headers.get("x-request-id"))
    try:
        return parse(response.json())
    except BadJsonError as error:
        raise kind(wire.PROVIDER, f"{request.endpoint}: the answer is {error}", request_id=told_id) from None
    except MappingError as error:
        raise kind(wire.PROVIDER, f"{request.endpoint}: {error.message}", request_id=told_id) from error


def windows(endpoint: str, response: Response, now: datetime) -> tuple[RateWindow, ...]:
    """The rate windows that the answer's headers tell; an empty limit is an unlimited window.

    Source: https://docs.apollo.io/reference/rate-limits
    """
    told: list[RateWindow] = []
    for seconds, (limit_name, used_name, left_name) in WINDOWS.items():
        limit = _count(response, limit_name)
        used, left = _count(response, used_name), _count(response, left_name)
        if limit is None or (used is None and left is None):
            continue
        spent = max(used or 0, limit - left if left is not None else 0)
        told.append(RateWindow(endpoint=endpoint, seconds=seconds, limit=limit, used=spent, opened_at=now))
    return tuple(told)


def gateway_window(response: Response, now: datetime) -> tuple[RateWindow, ...]:
    """AISA's own window of a minute, where its headers tell one; they need not be there.

    Source: https://aisa.one/docs/api-reference/rate-limits
    """
    limit, left, reset = (
        _count(response, f"x-ratelimit-{name}-requests") for name in ("limit", "remaining", "reset")
    )
    if not limit or left is None:
        return ()
    ends_in_s = 60.0 if reset is None else min(max(reset - now.timestamp(), 0.0), 60.0)
    opened_at = now - timedelta(seconds=60.0 - ends_in_s)
    used = max(0, limit - left)
    return (RateWindow(endpoint=GATEWAY, seconds=60.0, limit=limit, used=used, opened_at=opened_at),)


def _count(response: Response, name: str) -> int | None:
    text = response.headers.get(name) or response.headers.get(OLD_NAMES.get(name, ""), "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
