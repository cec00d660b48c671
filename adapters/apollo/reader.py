"""Reading Apollo: newest first down to the watermark, or everything by creation time.

There is no filter on time, so an incremental read walks ``contact_updated_at`` downwards: a row edited meanwhile
jumps to page 1 and pushes the others one place back, so a row may be seen twice but is not lost, and the edited
one is newer than the watermark, which is the newest of page 1 at the start. Ascending, the same edit would lose
a row, therefore a full read goes by ``contact_created_at``, which never moves. The page that gives it its
watermark is its first: whoever is shown there may be deleted before their turn, and a no on them is known.
Source: https://docs.apollo.io/reference/search-for-contacts
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from adapters.apollo import contacts, exchange, wire
from adapters.apollo.cursor import Cursor, Sweep, parse_cursor, render_cursor, scope_of
from adapters.apollo.echo import emails_of, profile_of
from adapters.apollo.mapping import to_record
from adapters.apollo.rows import Rows, noted, older
from sync.errors import Missing, Transient
from sync.identity import canonical_email, linkedin_key
from sync.record import Page, Record

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from adapters.apollo.client import Client
    from adapters.apollo.contacts import ContactRow, SearchPage
    from adapters.apollo.settings import ApolloSettings
    from sync.contact import Contact
    from sync.ports import Clock
    from sync.record import PullMode

OVERFLOW = (
    "more contacts changed than one search can reach, so the next run reads everything "
    "(run more often to avoid it)"
)
MOST_EMAILS = 3
"""Emails of one contact that are looked up."""


class ApolloReader:
    """The reading half. ``label_ids``: in a shared workspace only rows with one of them are ours."""

    def __init__(self, client: Client, settings: ApolloSettings, clock: Clock) -> None:
        self.label_ids: frozenset[str] = frozenset()
        self.problems: list[str] = []
        self._met: tuple[Record, ...] = ()
        self._client = client
        self._settings = settings
        self._clock = clock

    async def pull(self, mode: PullMode, cursor: str | None, *, overlap_s: float) -> AsyncIterator[Page]:
        """See ``sync.ports.Reader.pull``."""
        start = parse_cursor(cursor, self._scope, self._clock.now())
        if mode == "incremental" and start.sweep is None and start.watermark is not None:
            async for page in self._recent(start.watermark, overlap_s):
                yield page
            return
        async for page in self._everything(start.sweep, start.watermark, tell=mode == "sweep"):
            yield page

    def remember(self, answer: SearchPage) -> None:
        """What the preflight showed is told with the next first page: nobody else may ever show it."""
        self._met = self._records(self._ours(answer))

    async def newest(self) -> Page:
        """See ``sync.ports.Reader.newest``. Its cursor is the place from which changes after it are read."""
        rows = await self._first_page()
        after = Cursor(watermark=self._newest(rows) if rows.complete else None)
        return self._page(rows, after, complete=not rows.partial)

    async def fetch(self, record_id: str) -> Record:
        """See ``sync.ports.Reader.fetch``. A row that only hints at a contact counts as hidden."""
        return to_record(await self.fetch_row(record_id), self._settings)

    async def fetch_row(self, record_id: str) -> ContactRow:
        """The row with this id as it is now. Raises ``Missing``."""
        request = exchange.show(record_id)
        row, _ = await self._client.ask(request, _one_contact)
        if row.id != record_id:
            raise Transient(wire.PROVIDER, f"{request.endpoint} answered with another contact")
        if not row.full:
            raise Missing(wire.PROVIDER, f"{record_id} is not shown in full", definite=False)
        return row

    async def details(self, record: Record) -> Record:
        """See ``sync.ports.Reader.details``: a single read shows nothing more, it is only newer."""
        return await self.fetch(record.ref.record_id)

    async def find(self, contact: Contact) -> tuple[Record, ...]:
        """See ``sync.ports.Reader.find``. Keywords are fuzzy, so equality is checked here.

        No search by profile is documented: the name is searched instead, when nothing carries an email.
        """
        found: dict[str, Record] = {}
        emails = {key for email in contact.emails if (key := canonical_email(email))}
        profiles = {key for text in (contact.linkedin_url, contact.linkedin_id) if (key := linkedin_key(text))}
        keywords = list(contact.emails[:MOST_EMAILS])
        if profiles and contact.full_name:
            keywords.append(contact.full_name)
        for words in keywords:
            if not found:
                rows = await self._parsed(exchange.search(**self._filter, sort=None, keywords=words))
                found |= {
                    row.id: to_record(row, self._settings)
                    for row in rows
                    if emails & emails_of(row) or profile_of(row) in profiles
                }
        return tuple(found.values())

    # -- incremental

    async def _recent(self, watermark: datetime, overlap_s: float) -> AsyncIterator[Page]:
        floor = watermark - timedelta(seconds=overlap_s)
        seen: set[str] = set()
        newest, page, whole = watermark, 1, True
        while True:
            rows = await (self._first_page() if page == 1 else self._search(page=page))
            whole = whole and rows.complete
            if page == 1:
                newest = max(watermark, self._newest(rows) or watermark)
            reached = bool(rows.records) and all(older(r, floor) for r in rows.records)
            out_of_rows = page >= self._pages(rows.total) or rows.count == 0
            overflow = out_of_rows and not reached and rows.total >= self._settings.search_cap
            last = reached or out_of_rows
            after = Cursor(watermark=watermark)
            if overflow:
                self.problems.append(OVERFLOW)
                after = Cursor()
            elif last and whole:
                after = Cursor(watermark=newest)
            yield Page(
                records=tuple(r for r in rows.records if r.ref.record_id not in seen),
                cursor=self._render(after),
                last=last,
                complete=whole and not overflow,
                bad_rows=rows.bad,
            )
            if last:
                return
            seen.update(r.ref.record_id for r in rows.records)
            page += 1

    # -- everything

    async def _everything(
        self, sweep: Sweep | None, watermark: datetime | None, *, tell: bool
    ) -> AsyncIterator[Page]:
        if sweep is None:
            rows = await self._first_page()
            sweep, watermark = await self._plan(rows), self._newest(rows)
            yield self._page(rows, Cursor(watermark=watermark, sweep=sweep), complete=sweep.whole)
        after: Sweep | None = sweep
        while after is not None:
            sweep = after
            rows = await self._search(
                page=sweep.page,
                sort=exchange.BY_CREATED,
                ascending=sweep.ascending,
                stage=sweep.parts[sweep.at],
            )
            sweep = noted(sweep, rows)
            after = self._next(sweep, rows)
            last = after is None
            if last and sweep.parts != (None,) and not self._adds_up(sweep, rows):
                sweep = replace(sweep, whole=False)
            page = self._page(rows, Cursor(watermark=watermark, sweep=after), complete=sweep.whole)
            yield await self._with_totals(page, sweep, rows) if last and tell else replace(page, last=last)

    async def _plan(self, rows: Rows) -> Sweep:
        """A full read's plan, by the first page of what changed last.

        A count that has shrunk by the next page may mean somebody whom the first one showed.
        """
        parts: tuple[str | None, ...] = (None,)
        if rows.total >= self._settings.search_cap:
            parts = (await self._client.ask(exchange.stages(), wire.parse_stages))[0] or (None,)
        last_total = rows.total if parts == (None,) else 0  # that of a part is another count
        return Sweep(parts=parts, total=rows.total, last_total=last_total, whole=rows.complete)

    def _next(self, sweep: Sweep, rows: Rows) -> Sweep | None:
        """The next page to ask for: further on, the same part from its other end, the next part, or none.

        A part larger than the cap is read from both ends: the two meet when it is at most twice the cap. A
        count of exactly the cap may be a capped count (not documented, 2026-11), which proves nothing.
        """
        cap, size = self._settings.search_cap, self._settings.page_size
        reach = rows.total if sweep.ascending else rows.total - cap + size
        ended = rows.count == 0 or sweep.page >= self._pages(reach)
        if not ended:
            return replace(sweep, page=sweep.page + 1, last_total=rows.total)
        if sweep.ascending and rows.total >= cap and rows.count > 0:
            met = cap < rows.total <= 2 * cap
            return replace(sweep, page=1, ascending=False, last_total=rows.total, whole=sweep.whole and met)
        if sweep.at + 1 < len(sweep.parts):
            summed = sweep.summed + rows.total
            return replace(sweep, at=sweep.at + 1, ascending=True, page=1, last_total=0, summed=summed)
        return None

    def _adds_up(self, sweep: Sweep, rows: Rows) -> bool:
        """Whether the parts hold as many contacts as there are: one in no stage is reached by no part.

        A count of exactly the cap may be a capped one, which proves nothing (not documented, 2026-11).
        """
        return sweep.summed + rows.total >= sweep.total != self._settings.search_cap

    async def _with_totals(self, page: Page, sweep: Sweep, rows: Rows) -> Page:
        """The last page, with the counts before and after; of a read in parts no part's count is that of all."""
        total = rows.total
        if sweep.parts != (None,):
            at_last = await self._search(page=1)
            total, whole = at_last.total, page.complete and at_last.complete
            page = replace(page, records=page.records + at_last.records, complete=whole)
        before, after = sweep.total - sweep.ignored, total - sweep.ignored
        return replace(page, last=True, total_before=before, total_after=after)

    # -- one page

    @property
    def _scope(self) -> str:
        return scope_of(self.label_ids)

    @property
    def _filter(self) -> dict[str, Any]:
        labels = sorted(self.label_ids) if self._settings.shared else ()
        return {"per_page": self._settings.page_size, "labels": labels}

    def _page(self, rows: Rows, after: Cursor, *, complete: bool) -> Page:
        return Page(records=rows.records, cursor=self._render(after), complete=complete, bad_rows=rows.bad)

    def _render(self, cursor: Cursor) -> str:
        return render_cursor(cursor, self._scope)

    def _newest(self, rows: Rows) -> datetime | None:
        """The newest change told, never beyond our clock: a row from the future must not hide later ones."""
        told = max((r.updated_at for r in rows.records if r.updated_at), default=None)
        return told and min(told, self._clock.now())

    def _pages(self, total: int) -> int:
        """Pages that a search over ``total`` rows may be asked for."""
        return max(1, math.ceil(min(total, self._settings.search_cap) / self._settings.page_size))

    async def _first_page(self) -> Rows:
        rows = await self._search(page=1)
        met, self._met = self._met, ()
        shown = {record.ref for record in rows.records}
        return replace(rows, records=rows.records + tuple(r for r in met if r.ref not in shown))

    async def _search(self, **wishes: Any) -> Rows:
        if self._settings.shared and not self.label_ids:
            # without a label there is nothing of ours; no filter at all would show everybody's contacts
            return Rows(records=(), bad=(), ignored=0, total=0, count=0, partial=False, surely=True)
        answer, _ = await self._client.ask(exchange.search(**self._filter, **wishes), contacts.parse_search)
        ours = self._ours(answer)
        return Rows(
            records=self._records(ours),
            bad=answer.bad,
            ignored=len(answer.rows) - len(ours),
            total=answer.total,
            count=answer.count,
            partial=answer.partial,
            surely=all(self._is_ours(row) for row in answer.rows),
        )

    async def _parsed(self, request: Any) -> list[ContactRow]:
        if self._settings.shared and not self.label_ids:
            return []
        answer, _ = await self._client.ask(request, contacts.parse_search)
        return self._ours(answer)

    def _ours(self, answer: SearchPage) -> list[ContactRow]:
        return [row for row in answer.rows if row.full and self._is_ours(row)]

    def _records(self, rows: Iterable[ContactRow]) -> tuple[Record, ...]:
        return tuple(to_record(row, self._settings) for row in rows)

    def _is_ours(self, row: ContactRow) -> bool:
        """In a shared workspace a row must show one of our labels itself: the filter alone is not trusted."""
        return not self._settings.shared or bool(row.label_ids & self.label_ids)


def _one_contact(value: Any) -> ContactRow:
    return contacts.parse_contact(wire.mapping(value, "$").get("contact"), "$.contact")
