"""Between Apollo's contacts and ours; pure.

``to_contact`` / ``to_record`` read a row. ``to_create`` writes a row of ``bulk_create``, ``to_update`` one of
``bulk_update``, ``to_patch`` the body of a ``PATCH``: only the endpoints' documented fields.
Source: https://docs.apollo.io/reference/bulk-create-contacts,
https://docs.apollo.io/reference/bulk-update-contacts, https://docs.apollo.io/reference/update-a-contact
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from adapters.apollo.address import Address, parse_address, render_address, without_zipcode
from adapters.apollo.wire import PROVIDER
from sync.contact import ADDRESS_GROUP, VARIABLE_PREFIX, Contact
from sync.record import Record, RecordRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.apollo.contacts import ContactRow
    from adapters.apollo.settings import ApolloSettings
    from sync.change import Operation

LOCKED = "email_not_unlocked@"
"""Apollo shows this address instead of one that was not paid for (seen in clients, 2026-11): nobody's email."""

PLAIN = {
    "first_name": "first_name", "last_name": "last_name", "job_title": "title",
    "company_name": "organization_name", "linkedin_url": "linkedin_url",
}  # fmt: skip
"""Canonical field → Apollo's, where the value travels as it is."""

PATCH_ONLY = {"phone": "direct_phone", "mobile_phone": "mobile_phone", "company_domain": "website_url"}
"""Canonical field → Apollo's, where an update must go one contact a request."""

NUMBER = re.compile(r"(\+[1-9]\d{1,14})(;ext=.*)?", re.ASCII | re.DOTALL)
"""In E.164, perhaps with an extension."""

WORK_KINDS = ("work_direct", "work_hq", "work")
MOBILE_KINDS = ("mobile",)

CARRIED_BY = {
    "emails": ("email",), "first_name": ("first_name",), "last_name": ("last_name",), "job_title": ("title",),
    "company_name": ("organization_name",), "linkedin_url": ("linkedin_url",), "photo_url": ("photo_url",),
    "phone": ("phone_numbers",), "mobile_phone": ("phone_numbers",),
    "city": ("city", "present_raw_address"), "state": ("state", "present_raw_address"),
    "country": ("country", "present_raw_address"), "zipcode": ("present_raw_address",),
}  # fmt: skip
"""Canonical field → the keys any of which must stand in a row for the field to be known from it."""


def to_contact(row: ContactRow, settings: ApolloSettings) -> Contact:
    """What the row says of the person."""
    address = to_address(row)
    phone, mobile = to_phones(row)
    return Contact(
        emails=tuple(email for email in row.emails if not email.lower().startswith(LOCKED)),
        **{ours: row.text(theirs) for ours, theirs in PLAIN.items()},
        company_domain=to_host(row.website),
        phone=phone,
        mobile_phone=mobile,
        city=address.city,
        state=address.state,
        country=address.country,
        zipcode=address.zipcode,
        photo_url=row.text("photo_url"),
        variables=MappingProxyType(
            {name: row.custom[field] for name, field in settings.custom_fields.items() if field in row.custom}
        ),
    )


def to_record(row: ContactRow, settings: ApolloSettings) -> Record:
    """The row as a record, with the opt-out it may carry and the fields it did not show."""
    unreadable = to_unreadable(row, settings)
    return Record(
        ref=RecordRef(PROVIDER, row.id),
        contact=to_contact(row, settings),
        absent=to_absent(row, settings) | (unreadable - {"opted_out"}),
        unreadable=unreadable,
        created_at=row.created_at,
        updated_at=row.updated_at,
        opted_out="UNSUBSCRIBED" if opted_out(row, settings) else None,
        labels=row.label_ids,
    )


def opted_out(row: ContactRow, settings: ApolloSettings) -> bool:
    """Whether the row itself says no: unsubscribed, or in a stage that the settings name."""
    return row.unsubscribed or row.text("contact_stage_id") in settings.opt_out_stages


def to_absent(row: ContactRow, settings: ApolloSettings) -> frozenset[str]:
    """The canonical fields that the row did not carry: answers to writes and lists may be trimmed."""
    absent = {name for name, keys in CARRIED_BY.items() if row.present.isdisjoint(keys)}
    if row.website is None and row.present.isdisjoint({"website_url"}):
        absent.add("company_domain")  # only some answers embed the company; its absence says nothing
    if "typed_custom_fields" not in row.present:
        absent.update(VARIABLE_PREFIX + name for name in settings.custom_fields)
    return frozenset(absent)


def to_unreadable(row: ContactRow, settings: ApolloSettings) -> frozenset[str]:
    """The canonical fields, and ``opted_out``, that stand in the row in a form that nobody can read."""
    if not row.unreadable:
        return frozenset()
    unreadable = {name for name, keys in CARRIED_BY.items() if not row.unreadable.isdisjoint(keys)}
    if "website_url" in row.unreadable:
        unreadable.add("company_domain")
    if "typed_custom_fields" in row.unreadable:
        unreadable.update(VARIABLE_PREFIX + name for name in settings.custom_fields)
    if not row.unreadable.isdisjoint({"email_unsubscribed", "contact_stage_id"}):
        unreadable.add("opted_out")
    return frozenset(unreadable)


def to_address(row: ContactRow) -> Address:
    """City, state and country as Apollo parsed them, else from the line; the zip code only from the line."""
    line = parse_address(row.text("present_raw_address"))
    told = (row.text("city"), row.text("state"), row.text("country"))
    if not any(told):
        return line
    city, state, country = (without_zipcode(part, line.zipcode) for part in told)
    return Address(city=city, state=state, country=country, zipcode=line.zipcode)


def to_phones(row: ContactRow) -> tuple[str | None, str | None]:
    """Work and mobile number.

    A number without a type is told by its place, as ``to_create`` puts it: first the work number, then the
    mobile one. Home and other numbers are nobody's work number and stay out.
    """
    work = _first(row, WORK_KINDS)
    mobile = _first(row, MOBILE_KINDS)
    untyped = [(p.position, p.sanitized or p.raw) for p in row.phones if p.kind is None]
    for place, number in untyped:
        if place == 0:
            work = work or number
        else:
            mobile = mobile or number
    return work, mobile


def _first(row: ContactRow, kinds: tuple[str, ...]) -> str | None:
    numbers = [p.sanitized or p.raw for kind in kinds for p in row.phones if p.kind == kind]
    return next((number for number in numbers if number), None)


def to_host(website: str | None) -> str | None:
    """The host of a web address, without scheme, ``www.``, port and path."""
    if website is None:
        return None
    rest = website.lower().partition("://")[2] or website.lower()
    host = rest.partition("/")[0].partition("?")[0].partition(":")[0]
    return host.removeprefix("www.").strip(". ") or None


def to_address_line(contact: Contact) -> str | None:
    """The one line that carries the contact's address."""
    return render_address(
        Address(city=contact.city, state=contact.state, zipcode=contact.zipcode, country=contact.country)
    )


def to_changed_line(operation: Operation) -> str:
    """The line after a change of some of its parts.

    A part that does not change stays as the record shows it: it may be frozen, or not ours to write.
    """
    shown = operation.record.contact if operation.record else Contact()
    parts = {
        name: operation.contact.get(name)
        if name in operation.fields
        else shown.get(name) or operation.contact.get(name)
        for name in ADDRESS_GROUP
    }
    return to_address_line(Contact.from_fields({name: part for name, part in parts.items() if part})) or ""


def to_number(phone: str | None) -> str | None:
    """The number in E.164, without its extension; ``None`` for any other text.

    Apollo keeps digits only: it would take an extension for a part of the number, and puts +1 before a number
    without a country code. Source: https://docs.apollo.io/reference/view-a-contact (``sanitized_number``)
    """
    found = NUMBER.fullmatch(phone or "")
    return found[1] if found else None


def to_create(contact: Contact, person_id: str, settings: ApolloSettings) -> dict[str, Any]:
    """A row of ``bulk_create``: only what is known, and the person's id in its custom field if there is one."""
    row: dict[str, Any] = {theirs: contact.get(ours) for ours, theirs in PLAIN.items()}
    row["email"] = contact.email
    row["photo_url"] = contact.photo_url
    row["present_raw_address"] = to_address_line(contact)
    if settings.contact_emails and len(contact.emails) > 1:
        row["contact_emails"] = [{"email": email, "position": place} for place, email in enumerate(contact.emails)]
    numbers = ((0, to_number(contact.phone)), (1, to_number(contact.mobile_phone)))
    row["phone_numbers"] = [{"raw_number": number, "position": place} for place, number in numbers if number]
    custom = {
        field: contact.variables[name]
        for name, field in settings.custom_fields.items()
        if name in contact.variables
    }
    if settings.external_id_field:
        custom[settings.external_id_field] = person_id
    row["typed_custom_fields"] = custom
    return {name: value for name, value in row.items() if value}


def to_update(operation: Operation, settings: ApolloSettings) -> dict[str, Any]:
    """A row of ``bulk_update`` without its id: what changes, and the whole address when a part of it does.

    A field that is to become empty is sent as an empty text: documented to clear on the single create, assumed
    here. Source: https://docs.apollo.io/reference/create-a-contact
    """
    row: dict[str, Any] = {}
    custom: dict[str, str] = {}
    for name, change in operation.fields.items():
        after = change.after[0] if isinstance(change.after, tuple) and change.after else change.after or ""
        if name in PLAIN:
            row[PLAIN[name]] = after
        elif name == "emails":
            row["email"] = after
        elif name in ADDRESS_GROUP:
            row["present_raw_address"] = to_changed_line(operation)
        elif name.removeprefix(VARIABLE_PREFIX) in settings.custom_fields:
            custom[settings.custom_fields[name.removeprefix(VARIABLE_PREFIX)]] = str(after)
    if custom:
        row["typed_custom_fields"] = custom
    return row


def to_patch(operation: Operation, settings: ApolloSettings) -> dict[str, Any]:
    """The body of a ``PATCH``: what changes, among it numbers and website.

    ``label_names`` is never sent here: it would replace the contact's whole list membership.
    Source: https://docs.apollo.io/reference/update-a-contact
    """
    row = to_update(operation, settings)
    for name, theirs in PATCH_ONLY.items():
        if name in operation.fields:
            after = str(operation.fields[name].after or "")
            sent = after if name == "company_domain" or not after else to_number(after)
            row |= {theirs: sent} if sent is not None else {}
    return row


def import_names(settings: ApolloSettings) -> Mapping[str, str]:
    """Apollo's names → canonical fields, for files exported there."""
    names = {theirs: ours for ours, theirs in (PLAIN | PATCH_ONLY).items()}
    names |= {"email": "emails", "photo_url": "photo_url", "city": "city", "state": "state", "country": "country"}
    return names | {field: VARIABLE_PREFIX + name for name, field in settings.custom_fields.items()}
