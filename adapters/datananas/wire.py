"""What Datananas answers, parsed once: the acceptance of a bulk POST and the body of an error.

Neither body is documented (2026-11), so both are read for what they may tell and never required.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adapters.toolkit import strict_json

if TYPE_CHECKING:
    from adapters.toolkit.http import Response

CONNECT_QUOTA = "contact_connect_quotas"
"""Reason of a 402: the daily quota. Source: https://docs.datananas.com/reference/post_contacts-bulk"""

TOTAL_QUOTA = "contact_total_quotas"
"""Reason of a 402: the account is full. Source: https://docs.datananas.com/reference/post_contacts-bulk"""

_REASON_KEYS = ("reason", "code", "name", "message")
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,60}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx: accepted, not done. Both are ``None`` where the body does not tell them."""

    uuid: str | None = None
    list_id: str | None = None


def parse_answer(response: Response) -> Answer:
    """What the body tells; a body that is empty or no JSON tells nothing."""
    body = _json(response)
    places = [place for place in (body, _part(body, "data"), _part(body, "result")) if isinstance(place, dict)]
    uuids = [place.get("uuid") for place in places]
    lists = [_part(place, "list") for place in places]
    list_ids = [place.get("listId") for place in places] + [_part(place, "_id") for place in lists]
    return Answer(_first_text(uuids), _first_text(list_ids))


def parse_reason(response: Response) -> str | None:
    """The reason code of an error body, ``None`` when there is none.

    It may stand at the top or, as LoopBack servers write it, in ``error`` or ``error.details``; the documented
    reasons are also recognised under other keys, and as ``error`` itself.
    """
    body = _json(response)
    error = _part(body, "error")
    places = (body, error, _part(error, "details"), _part(body, "details"))
    known = [_part(place, key) for place in places for key in _REASON_KEYS]
    documented = [text for text in (*known, error) if text in (CONNECT_QUOTA, TOTAL_QUOTA)]
    return _first_text([*documented, *(_part(place, "reason") for place in places)])


def parse_code(response: Response) -> str | None:
    """The error's own type where it is a plain word (never a sentence: those may quote a contact)."""
    body = _json(response)
    error = _part(body, "error")
    found = [_part(place, key) for place in (error, body) for key in ("code", "reason", "name")]
    return _first_text(found)


def _json(response: Response) -> Any:
    try:
        return response.json()
    except strict_json.BadJsonError:
        return None


def _part(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _first_text(values: list[Any]) -> str | None:
    """The first short code or id; a text with spaces may quote personal data and is no code."""
    for value in values:
        if isinstance(value, str) and _CODE.fullmatch(value):
            return value
    return None
