"""Topo's names for canonical fields, both ways."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.contact import FIELD_NAMES, NO_VARIABLES, VARIABLE_PREFIX, Contact
from sync.record import OptOut, Record, RecordRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.topo.wire import ContactRow, ExclusionRow, Variables
    from sync.change import FieldChange
    from sync.contact import Value

NAME = "topo"

CONTACT_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "email": "emails",
        "first_name": "first_name",
        "last_name": "last_name",
        "job_title": "job_title",
        "linkedin_url": "linkedin_url",
        "phone_number": "phone",
        "city": "city",
        "state": "state",
        "country": "country",
        "profile_picture_url": "photo_url",
        "company_name": "company_name",
        "company_domain": "company_domain",
    }
)
"""A contact's wire name → canonical field. Source: https://docs.topo.io/api-reference/contacts/list-contacts."""

ENTRY_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "emails": "email",
        "linkedin_url": "linkedin_url",
        "first_name": "first_name",
        "last_name": "last_name",
        "company_name": "company_name",
        "company_domain": "company_domain",
        "job_title": "job_title",
        "phone": "phone",
    }
)
"""Canonical field → an entry's wire name: ``phone`` here, ``phone_number`` on a contact.

Source: https://docs.topo.io/api-reference/contacts/create-contact-entries.
"""

ENTRY_KEYS = ("emails", "linkedin_url")
"""What Topo finds a person by; an entry needs at least one of them."""

REASONS = frozenset(
    {
        "BAD_TIMING", "BOUNCED", "COMPETITOR", "CONTACT_REFUSED", "INTERESTED", "MEETING", "OTHER",
        "OUT_OF_OFFICE", "UNKNOWN", "UNSUBSCRIBED", "WRONG_PERSON", "EXCLUDE_FROM_SEARCH", "EXCLUDE_FROM_CRM",
        "REFERRAL", "LEFT_COMPANY",
    }
)  # fmt: skip
"""Source: https://docs.topo.io/api-reference/contacts/create-contact-exclusion."""


def to_contact(text: Mapping[str, str], variables: Mapping[str, str] = NO_VARIABLES) -> Contact:
    """The contact in a contact row's text fields, spelled as Topo spells it."""
    flat: dict[str, Value] = {
        CONTACT_FIELDS[name]: value for name, value in text.items() if name in CONTACT_FIELDS
    }
    flat |= {VARIABLE_PREFIX + name: value for name, value in variables.items()}
    return Contact.from_fields(flat)


def to_wire(contact: Contact) -> dict[str, str]:
    """The contact as an entry's fields, known values only: what an entry does with null is not documented."""
    wire: dict[str, str] = {}
    for canonical, name in ENTRY_FIELDS.items():
        value = contact.email if canonical == "emails" else contact.get(canonical)
        if isinstance(value, str):
            wire[name] = value
    return wire


def to_update(observed: Contact, changes: Mapping[str, FieldChange]) -> dict[str, str]:
    """The observed row with the changes, under its own email and profile.

    An emptied field is left out: entries are not documented to take a blank for a value.
    """
    wire = to_wire(observed)
    for canonical, change in changes.items():
        name = ENTRY_FIELDS.get(canonical)
        if name and canonical not in ENTRY_KEYS:
            wire.pop(name, None)
            if isinstance(change.after, str):
                wire[name] = change.after
    return wire


def to_record(row: ContactRow, mapped: Mapping[str, str]) -> Record:
    """The record in a contact row; ``mapped`` variables are absent from it, because lists do not show them."""
    unreadable = frozenset(CONTACT_FIELDS[name] for name in row.unreadable if name in CONTACT_FIELDS)
    return Record(
        ref=RecordRef(NAME, row.id),
        contact=to_contact(row.text),
        absent=unreadable | {VARIABLE_PREFIX + name for name in mapped},
        unreadable=unreadable,
        created_at=row.first_seen_at,
        updated_at=row.last_seen_at,
    )


def from_variables(variables: Variables, mapped: Mapping[str, str]) -> dict[str, str]:
    """The mapped contact variables by canonical name; company variables are everybody's and stay out."""
    return {ours: variables.contact[theirs] for ours, theirs in mapped.items() if theirs in variables.contact}


def variables_echo(record_id: str, variables: Variables, mapped: Mapping[str, str]) -> Record:
    """A row that shows only the mapped variables, as the answer to a write of them does."""
    flat = {VARIABLE_PREFIX + name: value for name, value in from_variables(variables, mapped).items()}
    return Record(ref=RecordRef(NAME, record_id), contact=Contact.from_fields(flat), absent=frozenset(FIELD_NAMES))


def to_variables(changes: Mapping[str, FieldChange], mapped: Mapping[str, str]) -> dict[str, str | None]:
    """The changed mapped variables by Topo's name; null empties one and keeps its slot."""
    body: dict[str, str | None] = {}
    for name, change in changes.items():
        theirs = mapped.get(name.removeprefix(VARIABLE_PREFIX)) if name.startswith(VARIABLE_PREFIX) else None
        if theirs is not None:
            body[theirs] = change.after if isinstance(change.after, str) and change.after else None
    return body


def to_opt_out(row: ExclusionRow) -> OptOut:
    """The opt-out in an exclusion; a reason we do not know stays as it came."""
    return OptOut(
        emails=(row.email,) if row.email else (),
        linkedin_url=row.linkedin_url,
        reason=row.reason,
        source=NAME,
        source_id=row.id,
        until=row.until,
    )


def to_reason(reason: str) -> str:
    """A reason Topo takes; one it does not know is sent as ``OTHER``, which never expires."""
    return reason if reason in REASONS else "OTHER"
