"""Contact exclusions: the list read, and entries written and changed one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adapters.toolkit import strict_json
from adapters.topo import exchange, mapping, wire
from adapters.topo.keys import email_form
from adapters.topo.reading import LARGEST, steps_of
from adapters.topo.shapes import render_moment
from adapters.topo.walk import Walk
from sync.errors import Rejected
from sync.record import OptOutPage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from adapters.topo.client import Client
    from adapters.topo.settings import TopoSettings
    from adapters.topo.wire import ExclusionRow, Listing
    from sync.record import OptOut

PATH = "exclusions.items"

PARTIAL = frozenset({"EXCLUDE_FROM_SEARCH", "EXCLUDE_FROM_CRM"})
"""Reasons that, by their names, keep a person out of one place and say nothing about being written to."""


class TopoOptOuts:
    """The list of people who must not be written to."""

    def __init__(self, client: Client, settings: TopoSettings) -> None:
        self._client = client
        self._settings = settings

    async def read(self) -> AsyncIterator[OptOutPage]:
        """The whole list, oldest first; the last page is complete only when no row can have been left out.

        Expired rows may be listed or not (2026-11): they come with their ``until``, and the engine decides.
        """
        walk = Walk("created_at", "created_at_after", self._settings.page_size)
        seen: set[str] = set()
        total: int | None = None
        while not walk.done:
            listing = await self._listing(walk.params())
            total = listing.total if total is None else total
            rows, bad = wire.parse_rows(listing.items, wire.parse_exclusion, PATH)
            steps = steps_of(listing, "created_at")
            walk.take(steps, rows=len(listing.items), total=listing.total, has_more=listing.has_more)
            fresh = [row for row in rows if row.id not in seen]
            seen.update(row.id for row in rows)
            walk.complete = walk.complete and not bad
            if walk.done and len(seen) < total:
                walk.complete = walk.complete and len(seen) >= await self._total()
            yield OptOutPage(
                opt_outs=tuple(mapping.to_opt_out(row) for row in fresh), last=walk.done, complete=walk.complete
            )

    async def newest(self) -> OptOutPage:
        """The most recently added exclusions."""
        query = (("page", "1"), ("size", LARGEST), ("sort_by", "created_at"), ("sort_order", "desc"))
        listing = await self._listing(query)
        rows, bad = wire.parse_rows(listing.items, wire.parse_exclusion, PATH)
        complete = not bad and _is_whole(listing)
        return OptOutPage(opt_outs=tuple(map(mapping.to_opt_out, rows)), last=True, complete=complete)

    async def exclude(self, body: bytes, wanted: OptOut) -> tuple[ExclusionRow, bool]:
        """``wanted`` stands on the list: the row that says so, and whether it was there before.

        Looked up first, because what a second POST does is not documented (2026-11): 409, a second row or the
        first one again. A weaker row that was met that way is made as strong as ``wanted``; a key that the row
        does not carry gets a row of its own.
        """
        before = await self._covering(wanted)
        if before is not None:
            return before, True
        row, met = await self._post(body, wanted)
        if not covers(row, wanted):
            row = await self.amend(row.id, _strength(row, wanted))
        rest = _not_carried(row, wanted)
        if rest is not None:
            email = rest.emails[0] if rest.emails else None
            await self.exclude(strict_json.dumps(to_body(rest, email, rest.linkedin_url)), rest)
        return row, met

    async def amend(self, exclusion_id: str, changes: Mapping[str, Any]) -> ExclusionRow:
        """Reason or until of one exclusion changed."""
        answer = await self._client.call(exchange.patch_exclusion(exclusion_id, changes))
        return wire.parse_exclusion(answer, "exclusion")

    async def _post(self, body: bytes, wanted: OptOut) -> tuple[ExclusionRow, bool]:
        try:
            answer = await self._client.call(exchange.post_exclusion(body))
        except Rejected as error:
            if error.status != 409:
                raise
            rows = await self._find(wanted.emails, wanted.linkedin_url)
            if not rows:
                raise
            return max(rows, key=lambda row: covers(row, wanted)), True
        return wire.parse_exclusion(answer, "exclusion"), False

    async def _covering(self, wanted: OptOut) -> ExclusionRow | None:
        """A row as strong as ``wanted``, when every key of it stands on such a row."""
        rows = await self._find(wanted.emails, wanted.linkedin_url)
        strong = [row for row in rows if covers(row, wanted)]
        emails = {email_form(row.email) for row in strong if row.email}
        urls = {row.linkedin_url for row in strong}
        all_there = all(email_form(email) in emails for email in wanted.emails)
        if strong and all_there and (wanted.linkedin_url is None or wanted.linkedin_url in urls):
            return strong[0]
        return None

    async def _find(self, emails: Iterable[str], profile: str | None) -> list[ExclusionRow]:
        """Rows by exact key. Whether case and spelling count is not documented, so each form is asked for."""
        found: dict[str, ExclusionRow] = {}
        for name, value in _questions(emails, profile):
            listing = await self._listing((("page", "1"), ("size", LARGEST), (name, value)))
            rows, _ = wire.parse_rows(listing.items, wire.parse_exclusion, PATH)
            found |= {row.id: row for row in rows if _carries(row, name, value)}
        return list(found.values())

    async def _listing(self, params: tuple[tuple[str, str], ...]) -> Listing:
        return wire.parse_listing(await self._client.call(exchange.get_exclusions(*params)), "exclusions")

    async def _total(self) -> int:
        return (await self._listing((("page", "1"), ("size", "1")))).total


def _is_whole(listing: Listing) -> bool:
    """Whether the page, of ``LARGEST`` rows at most, has as many as the list's own count says."""
    return len(listing.items) >= min(int(LARGEST), listing.total)


def covers(row: ExclusionRow, wanted: OptOut) -> bool:
    """Whether the row says at least as much as ``wanted`` and lasts as long."""
    if row.reason in PARTIAL and row.reason != mapping.to_reason(wanted.reason):
        return False
    if row.until is None:
        return True
    return wanted.until is not None and row.until >= wanted.until


def to_body(wanted: OptOut, email: str | None, profile: str | None) -> dict[str, Any]:
    """One exclusion's body: at least one key, the reason, and what else is known.

    Source: https://docs.topo.io/api-reference/contacts/create-contact-exclusion.
    """
    body: dict[str, Any] = {}
    if email is not None:
        body["email"] = email
    if profile is not None:
        body["linkedin_url"] = profile
    body["reason"] = mapping.to_reason(wanted.reason)
    if wanted.until is not None:
        body["until"] = render_moment(wanted.until)
    return body


def _strength(row: ExclusionRow, wanted: OptOut) -> dict[str, Any]:
    """What makes ``row`` as strong as ``wanted``; an end is only ever put off."""
    if row.until is None or wanted.until is None:
        return {"reason": mapping.to_reason(wanted.reason), "until": None}
    return {"reason": mapping.to_reason(wanted.reason), "until": render_moment(max(row.until, wanted.until))}


def _not_carried(row: ExclusionRow, wanted: OptOut) -> OptOut | None:
    """``wanted`` with the one of its two keys that the row lacks; ``None`` when it lacks none."""
    if not (wanted.emails and wanted.linkedin_url):
        return None
    if not _carries(row, "email", wanted.emails[0]):
        return replace(wanted, linkedin_url=None)
    if not _carries(row, "linkedin_url", wanted.linkedin_url):
        return replace(wanted, emails=())
    return None


def _questions(emails: Iterable[str], profile: str | None) -> list[tuple[str, str]]:
    asked = {("email", form): None for email in emails for form in (email, email_form(email))}
    if profile is not None:
        asked[("linkedin_url", profile)] = None
        asked[("linkedin_url", profile.rstrip("/"))] = None
    return list(asked)


def _carries(row: ExclusionRow, name: str, value: str) -> bool:
    """Whether the row was rightly given for the question; guards against a filter that was not applied."""
    if name == "email":
        return row.email is not None and email_form(row.email) == email_form(value)
    return row.linkedin_url is not None and row.linkedin_url.rstrip("/") == value.rstrip("/")
