"""Topo's own shapes, parsed once.

Loud (``MappingError`` with the path) where a documented field has another type; silent about fields and enum
values we do not know, because they may be added inside ``/v1`` at any time.
Source: https://docs.topo.io/api-reference (versioning).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.toolkit.strict_json import MAX_COUNT
from adapters.topo.shapes import PROVIDER, broken, identifier, moment, name_of, parse_moment, table, text
from sync.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The API key's own description."""

    organization_id: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of any list; ``items`` are still raw."""

    items: list[Any]
    total: int
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """A contact. ``text``: its known text fields by wire name; ``unreadable``: those of another type."""

    id: str
    first_seen_at: datetime
    last_seen_at: datetime
    text: Mapping[str, str]
    unreadable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variables:
    """A contact's variables. ``slots``: contact keys in use, those that hold null included."""

    contact: Mapping[str, str]
    slots: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactList:
    """A contact list. ``sequence_template_id``: entries put there are enrolled in it; ``None`` = in none."""

    id: str
    sequence_template_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """A contact entry; ``contact_id`` is ``None`` until a contact was made of it or found for it."""

    id: str
    contact_id: str | None
    email: str | None
    linkedin_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionRow:
    """A contact exclusion; ``until`` ``None`` = for good."""

    id: str
    email: str | None
    linkedin_url: str | None
    reason: str
    until: datetime | None = None


CONTACT_TEXT = (
    "email", "first_name", "last_name", "job_title", "linkedin_url", "phone_number", "city", "state", "country",
    "profile_picture_url", "company_name", "company_domain",
)  # fmt: skip
"""Nullable text fields of a contact. Source: https://docs.topo.io/api-reference/contacts/list-contacts."""


def parse_me(value: object) -> Me:
    """Source: https://docs.topo.io/api-reference/me/get-me."""
    row = table(value, "me")
    scopes = row.get("scopes")
    if not isinstance(scopes, list) or not all(isinstance(s, str) for s in scopes):
        raise broken("me.scopes", "an array of strings", scopes)
    return Me(organization_id=identifier(row, "organization_id", "me"), scopes=frozenset(scopes))


def parse_listing(value: object, path: str) -> Listing:
    """Source: https://docs.topo.io/api-reference/pagination-filtering (the envelope is frozen for ``/v1``)."""
    row = table(value, path)
    items, total, more = row.get("items"), row.get("total_count"), row.get("has_more")
    if not isinstance(items, list):
        raise broken(f"{path}.items", "an array", items)
    if not isinstance(total, int) or isinstance(total, bool) or not 0 <= total <= MAX_COUNT:
        raise broken(f"{path}.total_count", "a count", total)
    if not isinstance(more, bool):
        raise broken(f"{path}.has_more", "a boolean", more)
    return Listing(items=items, total=total, has_more=more)


def parse_rows(items: list[Any], parse: Callable[[object, str], T], path: str) -> tuple[list[T], list[str]]:
    """The rows that parse, and the names of those that do not: their id, else their position."""
    good: list[T] = []
    bad: list[str] = []
    for position, item in enumerate(items):
        try:
            good.append(parse(item, f"{path}[{position}]"))
        except MappingError:
            bad.append(name_of(item, position))
    return good, bad


def parse_contact(value: object, path: str) -> ContactRow:
    """Source: https://docs.topo.io/api-reference/contacts/list-contacts (schema ``PublicContactOutput``)."""
    row = table(value, path)
    unreadable = frozenset(key for key in CONTACT_TEXT if not isinstance(row.get(key), (str, type(None))))
    found = {key: text(row, key, path) for key in CONTACT_TEXT if key not in unreadable}
    return ContactRow(
        id=identifier(row, "id", path),
        first_seen_at=moment(row, "first_seen_at", path).at,
        last_seen_at=moment(row, "last_seen_at", path).at,
        text=MappingProxyType({key: value for key, value in found.items() if value is not None}),
        unreadable=unreadable,
    )


def parse_variables(value: object) -> Variables:
    """Source: https://docs.topo.io/api-reference/contacts/update-contact-variables."""
    row = table(value, "variables")
    contact = table(row.get("contact_variables"), "variables.contact_variables")
    return Variables(
        contact=_strings(contact, "variables.contact_variables"),
        slots=frozenset(contact),
    )


def _strings(row: Mapping[str, Any], path: str) -> Mapping[str, str]:
    for key in row:
        text(row, key, path)
    return MappingProxyType({key: value for key, value in row.items() if value})


def parse_list(value: object) -> ContactList:
    """A missing ``default_sequence_template_id`` is an error: only an explicit null says that nobody is mailed.

    Source: https://docs.topo.io/api-reference/contact-lists.
    """
    row = table(value, "contact_list")
    if "default_sequence_template_id" not in row:
        raise MappingError(PROVIDER, "contact_list.default_sequence_template_id", "an id or null", "nothing")
    sequence = row["default_sequence_template_id"]
    if sequence is not None and not isinstance(sequence, str):
        raise broken("contact_list.default_sequence_template_id", "an id or null", sequence)
    return ContactList(id=identifier(row, "id", "contact_list"), sequence_template_id=sequence)


def parse_entry(value: object, path: str) -> EntryRow:
    """Source: https://docs.topo.io/api-reference/contacts/create-contact-entries."""
    row = table(value, path)
    linked = row.get("contact_id") not in (None, "")
    return EntryRow(
        id=identifier(row, "id", path),
        contact_id=identifier(row, "contact_id", path) if linked else None,
        email=text(row, "email", path),
        linkedin_url=text(row, "linkedin_url", path),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemError:
    """Why one item of a batch was refused."""

    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryItem:
    """One item of a batch's answer. ``index``, ``status``: ``None`` when it told none."""

    index: int | None
    status: str | None
    entry: EntryRow | None
    error: ItemError | None
    consistent: bool = field(default=True)
    """Exactly one of entry and error is there, and the status does not deny it."""


def parse_entry_items(value: object, status_fields: tuple[str, ...]) -> list[EntryItem]:
    """The readable items of a batch's answer; unreadable ones are left out.

    The samples leave out enum fields, so the name of the status field is not documented: the first text found
    under ``status_fields`` counts (2026-11). Source:
    https://docs.topo.io/api-reference/contacts/create-contact-entries.
    """
    items = table(value, "entries").get("items")
    if not isinstance(items, list):
        raise broken("entries.items", "an array", items)
    good, _ = parse_rows(items, lambda item, path: _entry_item(item, path, status_fields), "entries.items")
    return good


def _entry_item(value: object, path: str, status_fields: tuple[str, ...]) -> EntryItem:
    row = table(value, path)
    index, resource, error = _index(row.get("index"), path), row.get("resource"), row.get("error")
    if error is not None and isinstance(resource, dict) and not resource.get("id"):
        resource = None  # what was sent, shown again
    entry = None if resource is None else parse_entry(resource, f"{path}.resource")
    status = next((row[name] for name in status_fields if isinstance(row.get(name), str)), None)
    consistent = (entry is None) != (error is None)
    if status is not None and status.upper() == "FAILED" and error is None:
        consistent = False
    if status is not None and status.upper() in {"CREATED", "UPDATED"} and entry is None:
        consistent = False
    return EntryItem(index=index, status=status, entry=entry, error=_item_error(error), consistent=consistent)


def _index(value: object, path: str) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise broken(f"{path}.index", "a number", value)
    return value


def _item_error(value: object) -> ItemError | None:
    if value is None:
        return None
    row = value if isinstance(value, dict) else {}
    kind, message = row.get("type"), row.get("message")
    return ItemError(
        type=kind if isinstance(kind, str) else "", message=message if isinstance(message, str) else ""
    )


def parse_exclusion(value: object, path: str) -> ExclusionRow:
    """Lenient towards everything but id and keys: an opt-out that reads oddly is a hard one, not a lost one.

    Source: https://docs.topo.io/api-reference/contacts/list-contact-exclusions.
    """
    row = table(value, path)
    until, reason = parse_moment(row.get("until")), row.get("reason")
    return ExclusionRow(
        id=identifier(row, "id", path),
        email=text(row, "email", path),
        linkedin_url=text(row, "linkedin_url", path),
        reason=reason if isinstance(reason, str) and reason else "UNKNOWN",
        until=until.at if until else None,
    )
