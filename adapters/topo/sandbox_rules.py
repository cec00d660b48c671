"""What the sandbox demands of a request, written from the documentation and not from the adapter."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from random import Random

Row = dict[str, Any]

REASONS = frozenset(
    {
        "BAD_TIMING", "BOUNCED", "COMPETITOR", "CONTACT_REFUSED", "INTERESTED", "MEETING", "OTHER",
        "OUT_OF_OFFICE", "UNKNOWN", "UNSUBSCRIBED", "WRONG_PERSON", "EXCLUDE_FROM_SEARCH", "EXCLUDE_FROM_CRM",
        "REFERRAL", "LEFT_COMPANY",
    }
)  # fmt: skip
ENTRY_TEXT = (
    "first_name", "last_name", "email", "linkedin_url", "company_name", "company_domain", "job_title", "phone",
)  # fmt: skip
SCOPES = (
    "contacts:read", "contacts:write", "contact_lists:read", "contact_lists:write", "exclusions:read",
    "exclusions:write",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Every question that the documentation leaves open; the defaults are what the adapter assumes.

    ``entry_match``: what a re-posted entry is recognised by. ``atomic``: one bad item refuses the request.
    ``status_field``: name of an item's status, ``""`` = none. ``failed_shows``: a failed item shows what was
    sent as its resource. ``index_base``: first index of a batch's answer. ``index_text``: as text.
    ``no_contact``: how an entry without a contact tells that. ``entry_errors``: email → type of the error with
    which its entry fails.
    ``timestamp_grain``: how fine times are shown; ``stores_finer``: kept finer than shown. ``tie_order``: order
    of rows that share a sort key. ``index_lag_s``: how much older than the truth lists are.
    ``duplicate_exclusion``: what a repeated POST of an exclusion does. ``exclusion_case``: emails are compared
    with their case. ``exclusion_edit_status``: above 299, exclusions are managed elsewhere and not changed.
    ``resolve``: when an entry gets its contact: ``at_once``, ``after_reads=N``, ``seconds=N``, ``never``.
    ``enriched``: values that the contact gets whatever the entry said. ``entry_updates_contact``: a known
    contact takes the values of a new entry. ``contact_unique``: what makes two entries one contact.
    ``null_blanks`` / ``omission_blanks``: an entry's null / missing field empties what was there.
    ``patch_touches`` / ``edits_touch``: writing variables / editing a contact moves ``last_seen_at``.
    ``default_sequence``: the list's sequence template. ``rate_limit``: how a 429 tells its wait, and
    ``rate_limit_every``: each n-th request is one (0 = none). ``early_end``: lists end after their first page.
    """

    entry_match: Literal["insert", "email", "linkedin_url", "list_email"] = "list_email"
    atomic: bool = False
    status_field: str = "status"
    failed_shows: bool = False
    index_base: int = 0
    index_text: bool = False
    no_contact: Literal["null", "empty"] = "null"
    entry_errors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    timestamp_grain: Literal["s", "ms", "us"] = "us"
    stores_finer: bool = False
    tie_order: Literal["id", "insertion", "reverse", "random"] = "id"
    index_lag_s: float = 0.0
    duplicate_exclusion: Literal["409", "second_row", "existing"] = "409"
    expired_exclusions_listed: bool = True
    exclusion_case: bool = True
    exclusion_edit_status: int = 200
    entries_listable: bool = False
    resolve: str = "at_once"
    enriched: Mapping[str, str | None] = field(default_factory=lambda: MappingProxyType({}))
    entry_updates_contact: bool = True
    contact_unique: Literal["email", "linkedin_url", "both", "none"] = "both"
    null_blanks: bool = False
    omission_blanks: bool = False
    variables_limit: int = 200
    no_company_status: int = 422
    patch_touches: bool = True
    edits_touch: bool = False
    default_sequence: str | None = None
    rate_limit: Literal["retry-after", "date", "data", "data-text", "headers", "bare"] = "retry-after"
    rate_limit_every: int = 0
    retry_after_s: float = 0.0
    early_end: bool = False
    scopes: tuple[str, ...] = SCOPES


class RefusedError(Exception):
    """An answer in the documented error shape. Source: https://docs.topo.io/api-reference/errors-rate-limits."""

    def __init__(self, status: int, kind: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.told = data


def invalid(message: str, **data: Any) -> RefusedError:
    """A bad body or query is a 400 here, never a 422."""
    return RefusedError(400, "ValidationIssue", message, **data)


def absent(what: str) -> RefusedError:
    """Not there, or in another workspace."""
    return RefusedError(404, "NotFoundIssue", f"{what} not found")


def shown(at: datetime | None, grain: str) -> str | None:
    """A time as the server writes it."""
    if at is None:
        return None
    spec = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}[grain]
    return at.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")


def truncated(at: datetime, grain: str) -> datetime:
    """A time in the grain it is kept in."""
    keep = {"s": 1_000_000, "ms": 1000, "us": 1}[grain]
    return at.replace(microsecond=at.microsecond - at.microsecond % keep)


def parsed_time(value: object, name: str) -> datetime:
    """A time of a query or body; one without an offset is refused."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise invalid(f"{name} is no date-time", field=name) from error
    if at.tzinfo is None:
        raise invalid(f"{name} has no offset", field=name)
    return at.astimezone(UTC)


def listing(
    rows: Iterable[Row], query: Mapping[str, str], sorts: tuple[str, ...], switches: Switches, random: Random
) -> tuple[list[Row], Row]:
    """The rows of one page and its envelope. Source: https://docs.topo.io/api-reference/pagination-filtering."""
    page = _number(query, "page", 1, 10**9, 1)
    size = _number(query, "size", 1, 100, 10)
    ordered = _ordered(list(rows), query, sorts, switches, random)
    part = ordered[(page - 1) * size : page * size]
    more = page * size < len(ordered) and not switches.early_end
    pages = math.ceil(len(ordered) / size)
    return part, {"total_count": len(ordered), "total_pages": pages, "has_more": more}


def _ordered(
    rows: list[Row], query: Mapping[str, str], sorts: tuple[str, ...], switches: Switches, random: Random
) -> list[Row]:
    key = query.get("sort_by") or sorts[0]
    order = query.get("sort_order", "asc")
    if key not in sorts:
        raise invalid(f"sort_by must be one of {', '.join(sorts)}", field="sort_by")
    if order not in {"asc", "desc"}:
        raise invalid("sort_order must be asc or desc", field="sort_order")
    ties: dict[str, Callable[[], None]] = {
        "id": lambda: rows.sort(key=lambda row: str(row["id"])),
        "insertion": lambda: None,
        "reverse": rows.reverse,
        "random": lambda: random.shuffle(rows),
    }
    ties[switches.tie_order]()
    return sorted(rows, key=lambda row: (row[key] is None, row[key] or ""), reverse=order == "desc")


def _number(query: Mapping[str, str], name: str, least: int, most: int, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
        raise invalid(f"{name} must be between {least} and {most}", field=name)
    return int(text)


def entry_fault(item: object) -> RefusedError | None:
    """What is wrong with one entry, ``None`` when nothing is."""
    if not isinstance(item, dict):
        return invalid("an item must be an object")
    if not isinstance(item.get("contact_list_id"), str):
        return invalid("contact_list_id is required", field="contact_list_id")
    unknown = set(item) - {*ENTRY_TEXT, "contact_list_id"}
    if unknown:
        return invalid("unknown field", field=min(unknown))
    for name in ENTRY_TEXT:
        if not isinstance(item.get(name), (str, type(None))):
            return invalid(f"{name} must be a string", field=name)
    if not (item.get("email") or item.get("linkedin_url")):
        return invalid("email or linkedin_url is required", field="email")
    if item.get("email") and "@" not in item["email"]:
        return invalid(f"{item['email']} is no email address", field="email")
    return None


def exclusion_body(body: object, allowed: frozenset[str]) -> Row:
    """A checked exclusion body; ``until`` as a time."""
    if not isinstance(body, dict):
        raise invalid("the body must be an object")
    if set(body) - allowed:
        raise invalid("unknown field", field=min(set(body) - allowed))
    if "reason" in body and body["reason"] not in REASONS:
        raise invalid("unknown reason", field="reason")
    for name in ("email", "linkedin_url", "message"):
        if not isinstance(body.get(name), (str, type(None))):
            raise invalid(f"{name} must be a string", field=name)
    until = body.get("until")
    return {**body, "until": parsed_time(until, "until")} if until is not None else dict(body)


def variables_body(body: object) -> Mapping[str, Mapping[str, str | None]]:
    """A checked body of a variables PATCH: both parts optional, texts or null only."""
    if not isinstance(body, dict) or set(body) - {"contact_variables", "company_variables"}:
        raise invalid("contact_variables and company_variables are all there is")
    for name, part in body.items():
        if not isinstance(part, dict):
            raise invalid(f"{name} must be an object", field=name)
        if not all(isinstance(value, (str, type(None))) for value in part.values()):
            raise invalid(f"{name} must hold strings", field=name)
    return body


def profile_slug(url: object) -> str | None:
    """The server's idea of one profile: no scheme, no ``www.``, no closing slash, no case."""
    if not isinstance(url, str) or not url:
        return None
    bare = url.split("://", 1)[-1].split("?")[0].rstrip("/").lower()
    return bare.removeprefix("www.")
