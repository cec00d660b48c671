"""What the sandbox knows: contacts, lists, entries, exclusions, and who would have been written to."""

from __future__ import annotations

import copy
import uuid
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from adapters.topo.sandbox_rules import (
    ENTRY_TEXT,
    RefusedError,
    Row,
    Switches,
    absent,
    parsed_time,
    profile_slug,
    truncated,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONTACT_TEXT = (
    "email", "first_name", "last_name", "job_title", "linkedin_url", "phone_number", "city", "state", "country",
    "profile_picture_url", "company_name", "company_domain",
)  # fmt: skip


class _Mentions:
    """Which rows ever named an address or a profile: an index for rules that look at the rows as they are."""

    def __init__(self) -> None:
        self._ids: dict[str, set[str]] = {}
        self._places: dict[str, int] = {}
        self._next_place = 0

    def note(self, row: Row) -> None:
        """What ``row`` says now finds it."""
        if row["id"] not in self._places:
            self._places[row["id"]] = self._next_place
            self._next_place += 1
        for name in _names(row):
            self._ids.setdefault(name, set()).add(row["id"])

    def forget(self, row_id: str) -> None:
        """The row is gone; another of its id would come last."""
        self._places.pop(row_id, None)

    def of(self, wanted: Row, rows: Mapping[str, Row]) -> list[Row]:
        """Rows that may name the same address or profile as ``wanted``, in the order in which they came."""
        found = {row_id for name in _names(wanted) for row_id in self._ids.get(name, ()) if row_id in rows}
        return [rows[row_id] for row_id in sorted(found, key=self._places.__getitem__)]


class World:
    """The truth of one workspace. ``enrolled``: entries that a default sequence would have mailed."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.contacts: dict[str, Row] = {}
        self.contact_variables: dict[str, dict[str, str | None]] = {}
        self.company_variables: dict[str, dict[str, str | None]] = {}
        self.lists: dict[str, Row] = {}
        self.entries: dict[str, Row] = {}
        self.exclusions: dict[str, Row] = {}
        self.enrolled: list[Row] = []
        self.reads = 0
        self.random = Random(7)
        self._ids = Random(42)
        self._waiting: dict[str, tuple[int | None, datetime | None]] = {}
        self._versions: list[tuple[datetime, str, Row | None]] = []
        self._contact_mentions = _Mentions()
        self._entry_mentions = _Mentions()

    def new_id(self) -> str:
        """An id as the server makes them, the same in every run."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def at(self, given: object = None) -> datetime:
        """``given`` as a time, else now, in the grain that times are kept in."""
        moment = given if isinstance(given, datetime) else parsed_time(given, "time") if given else self.now()
        return moment if self.switches.stores_finer else truncated(moment, self.switches.timestamp_grain)

    def add(self, **fields: Any) -> Row:
        """A contact that was there before; times default to now."""
        unknown = set(fields) - {*CONTACT_TEXT, "id", "first_seen_at", "last_seen_at"}
        if unknown:
            raise ValueError(f"a contact has no field {min(unknown)}")
        row: Row = dict.fromkeys(CONTACT_TEXT) | {k: v for k, v in fields.items() if k in CONTACT_TEXT}
        row["id"] = fields.get("id") or self.new_id()
        row["first_seen_at"] = self.at(fields.get("first_seen_at"))
        row["last_seen_at"] = self.at(fields.get("last_seen_at") or row["first_seen_at"])
        self.contacts[row["id"]] = row
        self._changed(row["id"])
        return row

    def edit(self, contact_id: str, **fields: Any) -> Row:
        """A contact edited by a person; ``last_seen_at`` moves only when given or with ``edits_touch``."""
        row = self.contacts[contact_id]
        times = {k: self.at(v) for k, v in fields.items() if k in {"first_seen_at", "last_seen_at"}}
        if self.switches.edits_touch:
            times = {"last_seen_at": self.at()} | times
        row.update(fields | times)
        self._changed(contact_id)
        return row

    def touch(self, contact_id: str) -> None:
        """The contact was added to a list or sequence."""
        self.contacts[contact_id]["last_seen_at"] = self.at()
        self._changed(contact_id)

    def remove(self, contact_id: str) -> None:
        """The contact is gone, without a trace."""
        del self.contacts[contact_id]
        self._changed(contact_id)

    def add_list(self, **fields: Any) -> Row:
        """A contact list."""
        row: Row = {"id": self.new_id(), "name": None, "default_sequence_template_id": None, "entries_count": 0}
        row |= fields | {"created_at": self.at(), "updated_at": self.at()}
        self.lists[row["id"]] = row
        return row

    def add_exclusion(self, **fields: Any) -> Row:
        """An exclusion that was there before."""
        row: Row = dict.fromkeys(("email", "linkedin_url", "message", "until")) | {"reason": "UNSUBSCRIBED"}
        row |= fields | {"id": fields.get("id") or self.new_id()}
        row["created_at"] = self.at(fields.get("created_at"))
        row["updated_at"] = row["created_at"]
        row["until"] = parsed_time(row["until"], "until") if isinstance(row["until"], str) else row["until"]
        self.exclusions[row["id"]] = row
        return row

    def visible(self) -> list[Row]:
        """Contacts as lists show them, which may be older than the truth."""
        if not self.switches.index_lag_s:
            return [dict(row) for row in self.contacts.values()]
        edge = self.now() - timedelta(seconds=self.switches.index_lag_s)
        found = {contact_id: row for at, contact_id, row in self._versions if at <= edge}
        return [dict(row) for row in found.values() if row is not None]

    def _changed(self, contact_id: str) -> None:
        row = self.contacts.get(contact_id)
        self._versions.append((self.now(), contact_id, copy.copy(row)))
        if row is None:
            self._contact_mentions.forget(contact_id)
        else:
            self._contact_mentions.note(row)

    def post_entry(self, item: Row) -> tuple[str, Row]:
        """The item stored: what was done and the entry. Raises ``RefusedError``."""
        target = self.lists.get(item["contact_list_id"])
        if target is None:
            raise absent("contact list")
        entry = self._known_entry(item)
        done = "UPDATED" if entry else "CREATED"
        if entry is None:
            entry = dict.fromkeys((*ENTRY_TEXT, "contact_id", "description", "location"))
            entry |= {"id": self.new_id(), "contact_list_id": target["id"], "created_at": self.at()}
            self.entries[entry["id"]] = entry
            target["entries_count"] += 1
            if target["default_sequence_template_id"]:
                self.enrolled.append(entry)
        self._write_entry(entry, item)
        self._await_contact(entry)
        return done, entry

    def _write_entry(self, entry: Row, item: Row) -> None:
        for name in ENTRY_TEXT:
            blank = self.switches.null_blanks if name in item else self.switches.omission_blanks
            if item.get(name) is not None or blank:
                entry[name] = item.get(name)
        entry["updated_at"] = self.at()
        self._entry_mentions.note(entry)

    def _known_entry(self, item: Row) -> Row | None:
        match = self.switches.entry_match
        for entry in self._entry_mentions.of(item, self.entries):
            here = entry["contact_list_id"] == item["contact_list_id"]
            same_email = item.get("email") and _folded(entry["email"]) == _folded(item["email"])
            slug = profile_slug(item.get("linkedin_url"))
            same_url = slug and profile_slug(entry["linkedin_url"]) == slug
            by_list = here and (same_email if item.get("email") else same_url)
            if {"insert": False, "email": same_email, "linkedin_url": same_url, "list_email": by_list}[match]:
                return entry
        return None

    def _await_contact(self, entry: Row) -> None:
        when, _, amount = self.switches.resolve.partition("=")
        if when == "at_once" or entry["contact_id"] is not None:
            self._link(entry)
        elif when == "after_reads":
            self._waiting.setdefault(entry["id"], (self.reads + int(amount), None))
        elif when == "seconds":
            self._waiting.setdefault(entry["id"], (None, self.now() + timedelta(seconds=float(amount))))

    def settle(self) -> None:
        """Entries whose time has come get their contact; called before each read."""
        self.reads += 1
        for entry_id, (reads, at) in list(self._waiting.items()):
            if (reads is not None and self.reads > reads) or (at is not None and self.now() >= at):
                del self._waiting[entry_id]
                self._link(self.entries[entry_id])

    def _link(self, entry: Row) -> None:
        given = {("phone_number" if k == "phone" else k): entry[k] for k in ENTRY_TEXT if entry[k] is not None}
        given |= dict(self.switches.enriched)
        contact = self.contacts.get(entry["contact_id"]) or self._known_contact(entry)
        if contact is None:
            contact = self.add(**given)
        elif self.switches.entry_updates_contact:
            contact.update(given)
        entry["contact_id"] = contact["id"]
        self.touch(contact["id"])

    def _known_contact(self, entry: Row) -> Row | None:
        unique = self.switches.contact_unique
        slug = profile_slug(entry["linkedin_url"])
        for contact in self._contact_mentions.of(entry, self.contacts):
            email = entry["email"] and _folded(contact["email"]) == _folded(entry["email"])
            profile = slug and profile_slug(contact["linkedin_url"]) == slug
            if {"email": email, "linkedin_url": profile, "both": email or profile, "none": False}[unique]:
                return contact
        return None

    def variables(self, contact_id: str) -> Row:
        """Both kinds of variables as the server shows them."""
        contact = self._contact(contact_id)
        company = self.company_variables.get(contact["company_domain"] or "", {})
        return {
            "contact_variables": dict(self.contact_variables.get(contact_id, {})),
            "company_variables": dict(company),
        }

    def patch_variables(self, contact_id: str, body: Mapping[str, Mapping[str, str | None]]) -> None:
        """Given keys written, others kept; a key with null still counts."""
        contact = self._contact(contact_id)
        for name, store, owner in (
            ("contact_variables", self.contact_variables, contact_id),
            ("company_variables", self.company_variables, contact["company_domain"]),
        ):
            given = body.get(name)
            if not given:
                continue
            if owner is None:
                raise RefusedError(self.switches.no_company_status, "BusinessIssue", "the contact has no company")
            merged = store.get(owner, {}) | dict(given)
            if len(merged) > self.switches.variables_limit:
                limit = self.switches.variables_limit
                raise RefusedError(422, "BusinessIssue", "too many variables", limit=limit)
            store[owner] = merged
        if self.switches.patch_touches:
            self.touch(contact_id)

    def _contact(self, contact_id: str) -> Row:
        if contact_id not in self.contacts:
            raise absent("contact")
        return self.contacts[contact_id]


def _folded(value: object) -> str | None:
    return value.strip().lower() if isinstance(value, str) else None


def _names(row: Row) -> list[str]:
    return [name for name in (_folded(row.get("email")), profile_slug(row.get("linkedin_url"))) if name]
