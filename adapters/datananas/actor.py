"""Somebody at work in Datananas' sandbox, who can also hand out an export, since its API cannot be read."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from adapters.datananas.sandbox import DatananasSandbox
    from sync.contact import Contact

NAMES = {
    "emails": "email", "first_name": "firstName", "last_name": "lastName", "job_title": "position",
    "company_name": "company", "company_domain": "companyWebsite", "company_size": "companySize",
    "company_category": "companyCategory", "company_description": "companyDescription", "city": "city",
    "country": "country", "zipcode": "zipcode", "phone": "phone", "mobile_phone": "mobile",
    "linkedin_url": "linkedin",
}  # fmt: skip


class DatananasActor:
    """A user of the sandbox."""

    def __init__(self, box: DatananasSandbox) -> None:
        self._box = box
        self._opted_out: dict[str, str] = {}

    def create(self, contact: Contact) -> str:
        """The contact is there; returns its record id."""
        flat = {n: contact.email if n == "emails" else getattr(contact, n) for n in NAMES}
        return str(self._box.add(**{NAMES[n]: v for n, v in flat.items() if v})["_id"])

    def edit(self, record_id: str, fields: Mapping[str, str]) -> None:
        """The contact's canonical fields have new values."""
        self._box.edit(record_id, **{NAMES[n]: v for n, v in fields.items()})

    def opt_out(self, contact: Contact, reason: str) -> None:
        """The person said no; only an export tells."""
        for row in self._box.rows:
            if contact.email and str(row.get("email", "")).lower() == contact.email.lower():
                self._opted_out[row["_id"]] = reason

    def export(self, folder: Path) -> Mapping[str, object]:
        """A CSV export of all contacts is in ``folder``; returns the settings that take it in."""
        path = folder / "datananas-export.csv"
        columns = ["record_id", "opted_out", *NAMES.values()]
        told = [
            r | {"record_id": r["_id"], "opted_out": self._opted_out.get(r["_id"], "")} for r in self._box.rows
        ]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, extrasaction="ignore", quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows(told)
        return {"export_file": str(path)}
