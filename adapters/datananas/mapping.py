"""Contact ↔ Datananas row; pure. Which name each field has on the wire is the settings' ``field_map``.

An empty value and null are never sent: what they do is not documented.
Source: https://docs.datananas.com/reference/post_contacts-bulk
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from adapters.datananas.settings import VARS
from sync.contact import NO_VARIABLES, PHONES, VARIABLE_PREFIX, Contact, without_extension
from sync.errors import MappingError
from sync.identity import canonical_email, linkedin_key, linkedin_url

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from adapters.datananas.settings import DatananasSettings
    from sync.change import Operation
    from sync.contact import Value

Row = dict[str, Any]

PROVIDER = "datananas"

RIDE_ALONG = ("language", "source")
"""The server has defaults for these (``en``, ``manual``), so an update without them may reset them.

Source: https://docs.datananas.com/reference/post_contacts-bulk (2026-11: whether it does is not documented)
"""

CREATE_ONLY = frozenset({"photo_url", "collected_at", "source", "owner_email"})
"""Where and when we found somebody is told once, and is nobody's later edit."""


def create_row(contact: Contact, settings: DatananasSettings) -> Row:
    """Everything of ``contact`` that Datananas can hold."""
    row = _fields(contact, settings.field_map, settings)
    return row | _vars(contact, settings)


def update_row(operation: Operation, settings: DatananasSettings) -> Row:
    """The match key, what changes, and what must ride along; variables whole when one of them changes."""
    contact = operation.contact
    changed = [name for name, change in operation.fields.items() if change.after]
    row = key_part(operation, settings)
    names = [name for name in changed if name != settings.match_field and writes_on_update(name, settings)]
    row |= _fields(contact, names, settings)
    row |= _riding(operation, settings)
    if any(name.startswith(VARIABLE_PREFIX) for name in changed):
        row |= _vars(contact, settings)
    return row


def key_part(operation: Operation, settings: DatananasSettings) -> Row:
    """The key under which the record is known there; both keys are not sent, one may have changed."""
    held = operation.record.contact if operation.record else operation.contact
    if settings.match_key == "email":
        own, other = held.emails, operation.contact.emails
        value = _accepted(operation.accepted_key, own, other, canonical_email, str)
    else:
        own, other = _known(held.linkedin_url), _known(operation.contact.linkedin_url)
        value = _accepted(operation.accepted_key, own, other, linkedin_key, linkedin_url)
    if value is None:  # accepted without the assumed key: the other one is all there is to find it by
        return _fields(held, ("emails", "linkedin_url"), settings)
    return {settings.wire_name(settings.match_field): value}


def _known(value: str | None) -> tuple[str, ...]:
    return (value,) if value else ()


def writes_on_update(name: str, settings: DatananasSettings) -> bool:
    """Whether a changed field is sent in an update."""
    return name not in CREATE_ONLY or (name == "owner_email" and settings.replace_owner)


def to_contact(row: Row, settings: DatananasSettings) -> Contact:
    """The contact that a row in the API's own names stands for. Raises ``MappingError`` at a wrong type."""
    flat: dict[str, Value] = {}
    for name, wire_name in settings.field_map.items():
        value = row.get(wire_name) if wire_name else None
        if value is None:
            continue
        if not isinstance(value, str):
            raise MappingError(PROVIDER, wire_name, "a string", type(value).__name__)
        if value:
            flat[name] = value
    contact = Contact.from_fields(flat)
    return Contact.from_fields(contact.to_fields() | _variables(row))


def _variables(row: Row) -> dict[str, Value]:
    held = row.get(VARS)
    if held is None:
        return {}
    if not isinstance(held, dict):
        raise MappingError(PROVIDER, VARS, "an object", type(held).__name__)
    return {VARIABLE_PREFIX + str(key): value for key, value in held.items() if isinstance(value, str) and value}


def _accepted(
    accepted: str | None,
    own: tuple[str, ...],
    other: tuple[str, ...],
    key_of: Callable[[object], str | None],
    written: Callable[[str], str],
) -> str | None:
    """The accepted key in the spelling we know it by; without one, the record's ``own`` and never an ``other``."""
    if accepted is None:
        return own[0] if own else None
    key = key_of(accepted) or accepted
    for spelling in (*own, *other):
        if key_of(spelling) == key:
            return spelling
    try:
        return written(key)
    except ValueError:
        return accepted


def _fields(contact: Contact, names: Iterable[str], settings: DatananasSettings) -> Row:
    row: Row = {}
    for name in names:
        wire_name = settings.wire_name(name)
        value = contact.email if name == "emails" else _scalar(contact, name)
        if wire_name and value and sends(name, value, settings):
            row[wire_name] = value
    return row


def _scalar(contact: Contact, name: str) -> str | None:
    value = None if name.startswith(VARIABLE_PREFIX) else contact.get(name)
    if not isinstance(value, str):
        return None
    return without_extension(value) if name in PHONES else value


def sends(name: str, value: str, settings: DatananasSettings) -> bool:
    """Whether the settings let this value out.

    ``source`` is an enumeration there of which only ``manual`` is shown, so a word of another system may get the
    row refused. An owner is a side effect. Source: https://docs.datananas.com/reference/post_contacts-bulk
    """
    if name == "source":
        return settings.source_form.fullmatch(value) is not None
    return name != "owner_email" or settings.send_owner or settings.replace_owner


def _riding(operation: Operation, settings: DatananasSettings) -> Row:
    """Known values of the fields that have defaults; what the record holds comes before what we would put."""
    row: Row = {}
    for name in RIDE_ALONG:
        if name not in operation.fields or name in CREATE_ONLY:
            held = _fields(operation.record.contact, (name,), settings) if operation.record else {}
            row |= held or _fields(operation.contact, (name,), settings)
    return row


def _vars(contact: Contact, settings: DatananasSettings) -> Row:
    """All variables: whether a partial map is merged or replaces the rest is not documented."""
    if not settings.send_vars or contact.variables == NO_VARIABLES:
        return {}
    return {VARS: dict(MappingProxyType(contact.variables))}
