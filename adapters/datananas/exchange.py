"""The bulk call without the network: how it is asked, and what an answer means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.datananas import wire
from adapters.toolkit import strict_json
from adapters.toolkit.headers import retry_after_s
from adapters.toolkit.http import Request, Response
from sync.codes import StateReason
from sync.errors import AuthError, OutcomeUnknown, ProviderError, QuotaExhausted, RateLimited, Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from adapters.datananas.settings import DatananasSettings

PROVIDER = "datananas"
PATH = "/contacts/bulk"
ENDPOINT = "bulk"
UNSETTLED = frozenset({408, 409, 425})
"""4xx codes that do not say whether the request was worked on."""


def render_body(rows: Sequence[Mapping[str, object]], settings: DatananasSettings) -> bytes:
    """The request's body. Source: https://docs.datananas.com/reference/post_contacts-bulk"""
    return strict_json.dumps({"list": dict(settings.list), "contacts": [dict(row) for row in rows]})


def bulk_request(body: bytes, settings: DatananasSettings, *, repeats: bool = False) -> Request:
    """``POST /contacts/bulk``. Both query flags are side effects, so they are named only when switched on.

    ``repeats``: the rows may have been posted before; they are moved and given an owner once.
    Source: https://docs.datananas.com/reference/post_contacts-bulk (two booleans, default false)
    """
    flags = {"move_existing": settings.move_existing, "replace_owner": settings.replace_owner}
    names: dict[str, str] = {str(key): name for key, name in settings.query_names.items()}
    return Request(
        method="POST",
        path=PATH,
        endpoint=ENDPOINT,
        params=tuple((names[flag], "true") for flag, on in flags.items() if on and not repeats),
        body=body,
        headers=(("content-type", "application/json"), ("accept", "application/json")),
        mutating=True,
    )


def read_answer(response: Response, *, now: datetime, settings: DatananasSettings) -> wire.Answer:
    """What an accepted POST tells; any 2xx accepts. Raises the error that any other status stands for."""
    if 200 <= response.status < 300:
        return wire.parse_answer(response)
    if response.status == 402:
        raise _quota_met(response, now, settings)
    raise _refusal(response, now)


def _quota_met(response: Response, now: datetime, settings: DatananasSettings) -> QuotaExhausted:
    """402 tells the quota by its reason; whether some rows were written before is not documented.

    Source: https://docs.datananas.com/reference/post_contacts-bulk
    """
    reason = wire.parse_reason(response)
    if reason == wire.CONNECT_QUOTA:
        resets_at = settings.quota_resets_at(now)
        return QuotaExhausted(
            PROVIDER,
            f"the daily quota is used up ({reason})",
            reason=StateReason.QUOTA,
            resets_at=resets_at,
            sent=True,
        )
    told = reason or "no reason told"
    return QuotaExhausted(
        PROVIDER, f"the account takes no more contacts ({told})", reason=StateReason.QUOTA_TOTAL, sent=True
    )


def _refusal(response: Response, now: datetime) -> ProviderError:
    status = response.status
    if status in {401, 403}:
        what = "the token was refused" if status == 401 else "the token lacks the scope to create contacts"
        return AuthError(
            PROVIDER,
            f"{what} ({status})",
            remedy="ask Datananas' support for a token that may create contacts, and put it where the settings "
            "point",
        )
    if status == 429:
        return RateLimited(PROVIDER, "too many requests (429)", retry_after_s=retry_after_s(response.headers, now))
    if 400 <= status < 500 and status not in UNSETTLED:
        return Rejected(
            PROVIDER, f"the request was refused ({status})", status=status, code=wire.parse_code(response)
        )
    return OutcomeUnknown(PROVIDER, f"POST {PATH} was answered {status}")
