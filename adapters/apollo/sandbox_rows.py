"""The sandbox's workspace: contacts as Apollo keeps them, and its rules for matching and re-spelling.

Written from Apollo's documents alone; it shares nothing with the adapter's own mapping.
Source: https://docs.apollo.io/reference/bulk-create-contacts, https://docs.apollo.io/reference/update-a-contact
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from adapters.apollo.sandbox_switches import Switches

    Rule = Callable[[dict[str, Any], Mapping[str, Any]], bool]

TEAM = "609500000000000000000001"
USER = "6630aa11bb22cc33dd44ee55"
NEW_STAGE = "609500000000000000000010"
CRM_IDS = ("salesforce_lead_id", "salesforce_contact_id", "hubspot_id")
PHONE_TYPES = {
    "direct_phone": "work_direct", "corporate_phone": "work_hq", "mobile_phone": "mobile", "home_phone": "home",
    "other_phone": "other",
}  # fmt: skip
PLAIN = (
    "first_name", "last_name", "title", "organization_name", "linkedin_url", "facebook_url", "twitter_url",
    "photo_url", "account_id", "organization_id", "contact_stage_id", "owner_id", "person_id", "salesforce_id",
    *CRM_IDS,
)  # fmt: skip


class Workspace:
    """All contacts, lists and stages of one workspace. ``now`` may be set; it decides every timestamp."""

    def __init__(self, switches: Switches) -> None:
        self.switches = switches
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.contacts: dict[str, dict[str, Any]] = {}
        self.gone: dict[str, str] = {}
        self.hidden: set[str] = set()
        self.labels: dict[str, str] = {}
        self.stages: dict[str, str] = {NEW_STAGE: "New"}
        self._history: dict[str, list[tuple[datetime, dict[str, Any] | None]]] = {}
        self._ids = 0
        self._mentions: dict[str, set[str]] = {}

    def new_id(self) -> str:
        """A fresh id: 24 hex digits."""
        self._ids += 1
        return f"66f{self._ids:021x}"

    def label_id(self, name: str) -> str:
        """The id of a list of contacts; an unknown name makes the list."""
        if name not in self.labels:
            self.labels[name] = self.new_id()
        return self.labels[name]

    def create(self, fields: Mapping[str, Any], labels: tuple[str, ...] = ()) -> dict[str, Any]:
        """A new contact with these written fields."""
        row = blank_row(self.new_id(), self._stamp())
        self.write(row, fields)
        row["label_ids"] = [self.label_id(name) for name in labels]
        self.contacts[row["id"]] = row
        self.touch(row, created=True)
        return row

    def touch(self, row: dict[str, Any], *, created: bool = False) -> None:
        """The change of ``row`` is kept with its time."""
        row["updated_at"] = self._stamp()
        if created:
            row["created_at"] = row["updated_at"]
        self.remember(row["id"])

    def remember(self, contact_id: str) -> None:
        """What searches will show of a contact from now on (later, when they lag)."""
        row = copy.deepcopy(self.contacts.get(contact_id))
        self._history.setdefault(contact_id, []).append((self.now(), row))
        if row is not None:
            for text in (row["name"], row["email"], *(entry["email"] for entry in row["contact_emails"])):
                self._mentions.setdefault(_folded(text), set()).add(contact_id)

    def searchable(self) -> list[dict[str, Any]]:
        """The contacts as searches show them now."""
        until = self.now() - timedelta(seconds=self.switches.search_lag_s)
        shown = []
        for versions in self._history.values():
            old = [row for at, row in versions if at <= until]
            if old and old[-1] is not None:
                shown.append(old[-1])
        return shown

    def write(self, row: dict[str, Any], fields: Mapping[str, Any]) -> None:
        """The written fields are stored as Apollo stores them; fields that are not sent stay."""
        for name in PLAIN:
            if name in fields:
                row[name] = fields[name] or None
        if "primary_title" in fields:
            row["title"] = fields["primary_title"] or None
        row["name"] = " ".join(filter(None, (row["first_name"], row["last_name"])))
        self._write_emails(row, fields)
        self._write_phones(row, fields)
        if "present_raw_address" in fields:
            self._write_address(row, fields["present_raw_address"] or "")
        if fields.get("website_url"):
            host = fields["website_url"].partition("://")[2] or fields["website_url"]
            row["account"] = {"website_url": f"http://www.{host}", "primary_domain": host}
        if "typed_custom_fields" in fields:
            self._write_custom(row, fields["typed_custom_fields"] or {})

    def _write_emails(self, row: dict[str, Any], fields: Mapping[str, Any]) -> None:
        if "email" in fields:
            row["email"] = fields["email"] or None
        more = [e["email"] for e in fields.get("contact_emails") or []]
        if "email" in fields or more:
            every = dict.fromkeys(filter(None, [row["email"], *more]))
            row["contact_emails"] = [
                {"email": email, "position": place, "email_status": None} for place, email in enumerate(every)
            ]

    def _write_phones(self, row: dict[str, Any], fields: Mapping[str, Any]) -> None:
        if "phone_numbers" in fields or "phone" in fields:
            raw = [{"raw_number": fields["phone"], "position": 0}] if fields.get("phone") else []
            raw += fields.get("phone_numbers") or []
            row["phone_numbers"] = [self._phone(n["raw_number"], None, n.get("position", 0)) for n in raw]
        for name, kind in PHONE_TYPES.items():
            if name not in fields or (fields[name] == "" and self.switches.patch_empty == "ignored"):
                continue
            numbers = row["phone_numbers"]
            if self.switches.patch_phone == "replaces" or not fields[name]:
                numbers[:] = [n for n in numbers if n["type"] != kind]
            if fields[name]:
                numbers.append(self._phone(fields[name], kind, len(numbers)))

    def _phone(self, raw: str, kind: str | None, place: int) -> dict[str, Any]:
        return {
            "raw_number": raw, "sanitized_number": self._sanitized(raw), "type": kind, "position": place,
            "status": "no_status",
        }  # fmt: skip

    def _sanitized(self, raw: str) -> str:
        """A number without a country code becomes +1. Source: Apollo's own samples."""
        digits = "".join(char for char in raw if char.isdigit())
        return "+" + digits if raw.startswith("+") or not self.switches.normalise_phones else "+1" + digits

    def _write_address(self, row: dict[str, Any], line: str) -> None:
        stored = line.replace("St.", "Saint") if self.switches.respell_addresses else line
        row["present_raw_address"] = stored or None
        parts = [part.strip() for part in stored.split(",")] if stored else []
        row.update(city=None, state=None, country=None)
        if self.switches.parse_addresses and parts:
            row["country" if len(parts) > 1 else "city"] = parts[-1]
            row["city"] = parts[0]
            row["state"] = parts[-2] if len(parts) > 2 else None

    def _write_custom(self, row: dict[str, Any], custom: Mapping[str, Any]) -> None:
        known = self.switches.known_fields
        kept = {} if self.switches.custom_fields_replace else row["typed_custom_fields"]
        accepted = {key: value for key, value in custom.items() if known is None or key in known}
        kept |= {k: [v] if k in self.switches.picklists and v else v for k, v in accepted.items()}
        row["typed_custom_fields"] = {key: value for key, value in kept.items() if value}
        row["custom_field_errors"] = {key: "is not a field" for key in custom if key not in accepted}

    def match(self, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        """The contact that ``run_dedupe`` finds; the first rule that hits decides."""
        name = " ".join(filter(None, (fields.get("first_name"), fields.get("last_name"))))
        foreign = any(fields.get(key) for key in (*CRM_IDS, "person_id"))
        places: tuple[tuple[Rule, Iterable[str]], ...] = (
            (_by_id, [str(fields.get("id"))]),
            (_by_crm_id, list(self.contacts) if foreign else ()),
            (_by_person, list(self.contacts) if foreign else ()),
            (_by_email, self._candidates(fields.get("email"))),
            (_by_name_and_company, self._candidates(name)),
        )
        for rule, candidates in places:
            for contact_id in candidates:
                row = self.contacts.get(contact_id)
                if row is not None and rule(row, fields):
                    return row
        return None

    def _candidates(self, text: Any) -> list[str]:
        """Contacts that had this name or address at some time, oldest first; the rules look closer."""
        return sorted(self._mentions.get(_folded(text), ()))

    def placeholder(self, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        """The stub of a mailbox sync that a create is merged into."""
        stubs = (row for row in self.contacts.values() if row["source"] == "email_import")
        return next((row for row in stubs if _by_email(row, fields)), None)

    def _stamp(self) -> str:
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def blank_row(contact_id: str, stamp: str) -> dict[str, Any]:
    """A contact with every documented key and no value."""
    names = (*PLAIN, "name", "email", "present_raw_address", "city", "state", "country", "email_unsubscribed")
    return dict.fromkeys(names) | {
        "id": contact_id, "team_id": TEAM, "owner_id": USER, "creator_id": USER, "contact_stage_id": NEW_STAGE,
        "contact_emails": [], "phone_numbers": [], "label_ids": [], "typed_custom_fields": {},
        "custom_field_errors": {}, "existence_level": "full", "source": "api", "original_source": "api",
        "email_status": None, "headline": None, "time_zone": None, "created_at": stamp, "updated_at": stamp,
    }  # fmt: skip


def _same(left: Any, right: Any) -> bool:
    return bool(left) and bool(right) and _folded(left) == _folded(right)


def _folded(text: Any) -> str:
    return str(text or "").strip().lower()


def _by_id(row: dict[str, Any], fields: Mapping[str, Any]) -> bool:
    return _same(row["id"], fields.get("id"))


def _by_crm_id(row: dict[str, Any], fields: Mapping[str, Any]) -> bool:
    return any(_same(row[name], fields.get(name)) for name in CRM_IDS)


def _by_person(row: dict[str, Any], fields: Mapping[str, Any]) -> bool:
    return _same(row["person_id"], fields.get("person_id"))


def _by_email(row: dict[str, Any], fields: Mapping[str, Any]) -> bool:
    every = [row["email"], *(entry["email"] for entry in row["contact_emails"])]
    return any(_same(email, fields.get("email")) for email in every)


def _by_name_and_company(row: dict[str, Any], fields: Mapping[str, Any]) -> bool:
    name = " ".join(filter(None, (fields.get("first_name"), fields.get("last_name"))))
    domains = [(email or "").partition("@")[2] for email in (row["email"], fields.get("email"))]
    companies = [(row[key], fields.get(key)) for key in ("organization_id", "organization_name")]
    return _same(row["name"], name) and any(_same(a, b) for a, b in [*companies, tuple(domains)])
