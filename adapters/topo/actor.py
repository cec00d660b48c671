"""Somebody at work in Topo's sandbox: people are entered, edited and excluded as users would."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from adapters.topo.sandbox import TopoSandbox
    from sync.contact import Contact

NAMES = {
    "first_name": "first_name", "last_name": "last_name", "job_title": "job_title", "linkedin_url": "linkedin_url",
    "phone": "phone_number", "city": "city", "state": "state", "country": "country",
    "company_name": "company_name", "company_domain": "company_domain", "photo_url": "profile_picture_url",
}  # fmt: skip


class TopoActor:
    """A user of the sandbox."""

    def __init__(self, box: TopoSandbox) -> None:
        self._box = box

    def create(self, contact: Contact) -> str:
        """The contact is there; returns its record id."""
        row = {wire: getattr(contact, name) for name, wire in NAMES.items()}
        return str(self._box.add(email=contact.email, **row)["id"])

    def edit(self, record_id: str, fields: Mapping[str, str]) -> None:
        """The contact's canonical fields have new values."""
        self._box.edit(record_id, **{"email" if n == "emails" else NAMES[n]: v for n, v in fields.items()})
        self._box.touch(record_id)

    def opt_out(self, contact: Contact, reason: str) -> None:
        """The person must not be written to."""
        self._box.add_exclusion(email=contact.email, linkedin_url=contact.linkedin_url, reason=reason)

    def export(self, folder: Path) -> Mapping[str, object]:
        """Settings to add; Topo needs no export."""
        del folder
        return {}
