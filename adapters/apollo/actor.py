"""Somebody at work in Apollo's sandbox: people are entered, edited and unsubscribed as users would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from adapters.apollo.sandbox import ApolloSandbox
    from sync.contact import Contact

NAMES = {
    "first_name": "first_name", "last_name": "last_name", "job_title": "title", "linkedin_url": "linkedin_url",
    "company_name": "organization_name",
}  # fmt: skip
PHONES = {"phone": "work_direct", "mobile_phone": "mobile"}


class ApolloActor:
    """A user of the sandbox."""

    def __init__(self, box: ApolloSandbox) -> None:
        self._box = box

    def create(self, contact: Contact) -> str:
        """The contact is there; returns its record id."""
        row: dict[str, Any] = {wire: getattr(contact, name) for name, wire in NAMES.items()}
        row["contact_emails"] = [{"email": e, "position": i} for i, e in enumerate(contact.emails)]
        row["phone_numbers"] = [
            {"raw_number": number, "position": i, "type": kind}
            for i, (name, kind) in enumerate(PHONES.items())
            if (number := getattr(contact, name)) is not None
        ]
        line = ", ".join(part for part in (contact.city, contact.state, contact.country) if part)
        known = {k: v for k, v in row.items() if v} | ({"present_raw_address": line} if line else {})
        if contact.email:
            known["email"] = contact.email
        return str(self._box.add(**known)["id"])

    def edit(self, record_id: str, fields: Mapping[str, str]) -> None:
        """The contact's canonical fields have new values."""
        self._box.edit(record_id, **{"email" if n == "emails" else NAMES[n]: v for n, v in fields.items()})

    def opt_out(self, contact: Contact, reason: str) -> None:
        """The person unsubscribed; Apollo knows no other reason."""
        del reason
        for row in self._box.rows:
            if contact.email and row["email"] == contact.email:
                self._box.edit(row["id"], email_unsubscribed=True)

    def export(self, folder: Path) -> Mapping[str, object]:
        """Settings to add; Apollo needs no export."""
        del folder
        return {}
