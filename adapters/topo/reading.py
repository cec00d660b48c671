"""Contacts read: pulls, single looks, look-ups."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from adapters.topo import cursor as cursors
from adapters.topo import exchange, mapping, wire
from adapters.topo.cursor import Cursor
from adapters.topo.keys import email_form, may_be_same_profile, profile_of
from adapters.topo.shapes import parse_moment
from adapters.topo.walk import Step, Walk
from sync.contact import VARIABLE_PREFIX
from sync.errors import MappingError, Missing, Rejected, Transient
from sync.record import Page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from datetime import datetime

    from adapters.topo.client import Client
    from adapters.topo.settings import TopoSettings
    from adapters.topo.wire import EntryRow, Listing
    from sync.contact import Contact
    from sync.ports import Clock
    from sync.record import PullMode, Record

LAST_SEEN = ("last_seen_at", "last_seen_after")
FIRST_SEEN = ("first_seen_at", "first_seen_after")
"""Sort key and its strict filter. Source: https://docs.topo.io/api-reference/contacts/list-contacts."""

LARGEST = "100"
KEY_FIELDS = frozenset({"emails", "linkedin_url"})


def steps_of(listing: Listing, time_field: str) -> list[Step]:
    """The rows a walk can stand on: an id and a readable time, whatever else is wrong with them."""
    steps = []
    for item in listing.items:
        row = item if isinstance(item, dict) else {}
        moment = parse_moment(row.get(time_field))
        if moment is not None and isinstance(row.get("id"), str):
            steps.append(Step(row["id"], moment))
    return steps


class TopoReader:
    """The reading half. ``slots``: record id → contact variables in use, as far as this run has seen them."""

    def __init__(self, client: Client, settings: TopoSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self.slots: dict[str, frozenset[str]] = {}

    async def pull(self, mode: PullMode, cursor: str | None, *, overlap_s: float) -> AsyncIterator[Page]:
        """Pages of contacts: by ``last_seen_at`` for what was touched, by ``first_seen_at`` for a sweep.

        ``last_seen_at`` moves when a contact is touched, not when it is edited, so only sweeps see every edit.
        """
        begin = cursors.parse(cursor, mode, self._clock.now())
        sweep = mode == "sweep"
        time_field, after_param = FIRST_SEEN if sweep else LAST_SEEN
        after = begin.at if sweep or begin.at is None else begin.at - timedelta(seconds=overlap_s)
        walk = Walk(time_field, after_param, self._settings.page_size, after=after, complete=begin.complete)
        total = begin.total
        while not walk.done:
            listing = await self._listing(walk.params())
            total = listing.total if total is None and walk.after is None else total
            steps = steps_of(listing, time_field)
            fresh = walk.take(steps, rows=len(listing.items), total=listing.total, has_more=listing.has_more)
            page = self._page(listing, fresh)
            if sweep:
                after_total = await self._total() if walk.done else None
                yield replace(
                    page,
                    cursor=_sweep_cursor(walk, total).render(),
                    last=walk.done,
                    complete=walk.complete,
                    total_before=total,
                    total_after=after_total,
                )
            else:
                at = _latest(begin.at, walk.high, self._clock.now())
                text = Cursor(mode=mode, at=at).render()
                yield replace(page, cursor=text, last=walk.done, complete=walk.complete)

    async def newest(self) -> Page:
        """The most recently touched contacts; the cursor is that of an incremental pull that ended here."""
        query = (("page", "1"), ("size", LARGEST), ("sort_by", "last_seen_at"), ("sort_order", "desc"))
        listing = await self._listing(query)
        high = max((step.moment.at for step in steps_of(listing, "last_seen_at")), default=None)
        at = _latest(None, high, self._clock.now())
        return replace(self._page(listing, None), cursor=Cursor(mode="incremental", at=at).render(), last=True)

    async def fetch(self, record_id: str) -> Record:
        """One contact. Raises ``Missing``."""
        row = wire.parse_contact(await self._client.call(exchange.get_contact(record_id)), "contact")
        if row.id.lower() != record_id.lower():
            raise MappingError(exchange.NAME, "contact.id", "the contact that was asked for", "another one")
        return mapping.to_record(row, self._settings.variables)

    async def details(self, record: Record) -> Record:
        """``record`` with its mapped variables. Raises ``Missing``."""
        record_id = record.ref.record_id
        answer = await self._client.call(exchange.get_variables(record_id))
        variables = wire.parse_variables(answer)
        self.slots[record_id] = variables.slots
        known = mapping.from_variables(variables, self._settings.variables)
        return replace(
            record,
            contact=replace(record.contact, variables=MappingProxyType(known)),
            absent=frozenset(name for name in record.absent if not name.startswith(VARIABLE_PREFIX)),
        )

    async def find(self, contact: Contact) -> tuple[Record, ...]:
        """Contacts that carry one of the emails or the profile; with ``look_up_entries`` also through entries."""
        found: dict[str, Record] = {}
        for email in contact.emails:
            for record in await self._lookup("email", email):
                if any(email_form(own) == email_form(email) for own in record.contact.emails):
                    found[record.ref.record_id] = record
        profile = profile_of(contact)
        if profile is not None:
            for record in await self._lookup("linkedin_url", profile):
                if may_be_same_profile(profile, record.contact.linkedin_url):
                    found[record.ref.record_id] = record
        if not found and self._settings.look_up_entries:
            return await self._through_entries(contact)
        return tuple(found.values())

    async def find_entries(self, contact: Contact) -> tuple[EntryRow, ...]:
        """Entries of the configured list that carry the primary email; empty when they cannot be listed.

        Raises Transient where one of them cannot be read.
        Source: https://docs.topo.io/api-reference/accounts/get-account-entry (the account twin, 2026-11).
        """
        if contact.email is None:
            return ()
        query = (("page", "1"), ("size", LARGEST), ("contact_list_id", self._settings.contact_list_id))
        try:
            answer = await self._client.call(exchange.get_entries(*query, ("email", contact.email)))
        except (Missing, Rejected):
            return ()
        rows, bad = wire.parse_rows(wire.parse_listing(answer, "entries").items, wire.parse_entry, "entries.items")
        if bad:
            raise Transient(exchange.NAME, "GET /contact-entries showed a row that cannot be read")
        wanted = email_form(contact.email)
        return tuple(row for row in rows if row.email and email_form(row.email) == wanted)

    async def _through_entries(self, contact: Contact) -> tuple[Record, ...]:
        """The contacts that entries became; enrichment may have given them another email."""
        linked = {row.contact_id for row in await self.find_entries(contact) if row.contact_id}
        found = []
        for contact_id in sorted(linked):
            try:
                found.append(await self.fetch(contact_id))
            except Missing:
                continue
        return tuple(found)

    async def _lookup(self, name: str, value: str) -> Iterable[Record]:
        """Raises Transient where the contact that is looked for may be among rows that cannot be read."""
        listing = await self._listing((("page", "1"), ("size", LARGEST), (name, value)))
        page = self._page(listing, None)
        if page.bad_rows or any(record.unreadable & KEY_FIELDS for record in page.records):
            raise Transient(exchange.NAME, f"GET /contacts by {name} showed a row that cannot be read")
        return page.records

    async def _listing(self, params: tuple[tuple[str, str], ...]) -> Listing:
        return wire.parse_listing(await self._client.call(exchange.get_contacts(*params)), "contacts")

    async def _total(self) -> int:
        return (await self._listing((("page", "1"), ("size", "1")))).total

    def _page(self, listing: Listing, fresh: frozenset[str] | None) -> Page:
        rows, bad = wire.parse_rows(listing.items, wire.parse_contact, "contacts.items")
        mapped = self._settings.variables
        records = tuple(mapping.to_record(row, mapped) for row in rows if fresh is None or row.id in fresh)
        return Page(records=records, cursor="", bad_rows=tuple(bad))


def _sweep_cursor(walk: Walk, total: int | None) -> Cursor:
    if walk.done:
        return Cursor(mode="sweep")
    return Cursor(mode="sweep", at=walk.after, total=total, complete=walk.complete)


def _latest(before: datetime | None, high: datetime | None, now: datetime) -> datetime | None:
    """The provider's own latest time, never beyond our clock: a row from the future must not hide later ones."""
    times = [moment for moment in (before, high) if moment is not None]
    return min(max(times), now) if times else None
