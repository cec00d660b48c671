"""Contacts as Apollo shows them.

Almost every field of a contact may be null or missing: ``present`` remembers which keys a row carried, so that a
trimmed row is not mistaken for an emptied one. One field of another shape than is documented takes nothing from
the others: whose row it is, and whether it says no, is told by them.
Source: https://docs.apollo.io/reference/view-a-contact
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from adapters.apollo.wire import PROVIDER, flag, kind_of, mapping, moment, number, required, sequence, text
from sync.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One number of a contact; ``kind`` as Apollo names it (``mobile``, ``work_direct``, ...)."""

    raw: str | None
    sanitized: str | None
    kind: str | None
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """One contact as Apollo shows it. ``texts``: plain text fields; ``present``: keys the row carried;
    ``unreadable``: those among them whose values have another shape than is documented.
    """

    id: str
    present: frozenset[str]
    texts: Mapping[str, str]
    emails: tuple[str, ...]
    phones: tuple[Phone, ...]
    label_ids: frozenset[str]
    custom: Mapping[str, str]
    custom_errors: tuple[str, ...]
    unsubscribed: bool
    full: bool
    website: str | None
    created_at: datetime | None
    updated_at: datetime | None
    unreadable: frozenset[str] = frozenset()

    def text(self, name: str) -> str | None:
        """The value of one plain text field, ``None`` when it is null, empty or missing."""
        return self.texts.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """One answer to a search.

    ``bad``: rows that broke the documented shape. ``count``: all rows shown. ``partial``: Apollo left rows out.
    """

    rows: tuple[ContactRow, ...]
    bad: tuple[str, ...]
    count: int
    total: int
    partial: bool


TEXTS = (
    "first_name", "last_name", "name", "title", "organization_name", "linkedin_url", "photo_url", "city", "state",
    "country", "present_raw_address", "contact_stage_id", "team_id",
)  # fmt: skip


class _Fields:
    """Reads the fields of one row. ``unreadable``: keys of those that have another shape than is documented."""

    def __init__(self, row: Mapping[str, Any], path: str) -> None:
        self._row = row
        self._path = path
        self.unreadable: set[str] = set()

    def read(self, key: str, parse: Callable[[object, str], T]) -> T | None:
        """The value of one key, ``None`` where it cannot be read."""
        return self._tried(key, lambda: parse(self._row.get(key), f"{self._path}.{key}"))

    def read_all(self, key: str, parse: Callable[[Mapping[str, Any], str], T]) -> T | None:
        """What ``key`` and others tell together, ``None`` where that cannot be read."""
        return self._tried(key, lambda: parse(self._row, self._path))

    def _tried(self, key: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except MappingError:
            self.unreadable.add(key)
            return None


def parse_contact(value: object, path: str) -> ContactRow:
    """The contact in ``value``. Raises MappingError where not even its id, lists and times can be read; any other
    field that cannot be is named.
    """
    row = mapping(value, path)
    fields = _Fields(row, path)
    labels = sequence(row.get("label_ids"), path, null=True)
    contact = ContactRow(
        id=required(row.get("id"), f"{path}.id"),
        present=frozenset(row),
        texts={name: found for name in TEXTS if (found := fields.read(name, text))},
        emails=fields.read_all("email", _emails) or (),
        phones=fields.read("phone_numbers", _phones) or (),
        label_ids=frozenset(required(label, f"{path}.label_ids") for label in labels),
        custom=fields.read("typed_custom_fields", _custom) or {},
        custom_errors=_custom_errors(row.get("custom_field_errors")),
        unsubscribed=fields.read("email_unsubscribed", flag) or False,
        full=text(row.get("existence_level"), f"{path}.existence_level") in {None, "full"},
        website=fields.read_all("website_url", _website),
        created_at=moment(row.get("created_at"), f"{path}.created_at"),
        updated_at=moment(row.get("updated_at"), f"{path}.updated_at"),
    )
    return replace(contact, unreadable=frozenset(fields.unreadable))


def parse_contacts(values: list[Any], path: str) -> tuple[list[ContactRow], tuple[str, ...]]:
    """The rows that fit the documented shape, and the ids or places of those that do not."""
    rows, bad = [], []
    for index, value in enumerate(values):
        try:
            rows.append(parse_contact(value, f"{path}[{index}]"))
        except MappingError:
            known = value.get("id") if isinstance(value, dict) else None
            bad.append(known if isinstance(known, str) and known else f"row {index + 1}")
    return rows, tuple(bad)


def _emails(row: Mapping[str, Any], path: str) -> tuple[str, ...]:
    """Primary first, then the additional ones by position; each once."""
    found = [text(row.get("email"), f"{path}.email")]
    more = []
    for index, entry in enumerate(sequence(row.get("contact_emails"), f"{path}.contact_emails", null=True)):
        at = f"{path}.contact_emails[{index}]"
        item = mapping(entry, at)
        place = number(item["position"], f"{at}.position") if item.get("position") is not None else index
        more.append((place, index, text(item.get("email"), f"{at}.email")))
    found += [email for _, _, email in sorted(more, key=lambda entry: entry[:2])]
    return tuple(dict.fromkeys(email for email in found if email))


def _phones(value: object, path: str) -> tuple[Phone, ...]:
    """Apollo's own rows say ``type``, enriched ones ``type_cd``; both are read.

    Source: https://docs.apollo.io/reference/view-a-contact, https://docs.apollo.io/reference/people-enrichment
    """
    phones = []
    for index, entry in enumerate(sequence(value, path, null=True)):
        at = f"{path}[{index}]"
        item = mapping(entry, at)
        place = item.get("position")
        phones.append(
            Phone(
                raw=text(item.get("raw_number"), f"{at}.raw_number"),
                sanitized=text(item.get("sanitized_number"), f"{at}.sanitized_number"),
                kind=text(item.get("type"), f"{at}.type") or text(item.get("type_cd"), f"{at}.type_cd"),
                position=index if place is None else number(place, f"{at}.position"),
            )
        )
    return tuple(sorted(phones, key=lambda phone: phone.position))


def _custom(value: object, path: str) -> dict[str, str]:
    """Custom field id → text. A picklist comes back as an array of option ids: one option is that id, several
    are joined by a comma. Source: https://docs.apollo.io/reference/get-a-list-of-fields
    """
    if value is None:
        return {}
    found = {}
    for key, entry in mapping(value, path).items():
        parts = entry if isinstance(entry, list) else [entry]
        written = ",".join(_plain(part, f"{path}.{key}") for part in parts if part is not None)
        if written:
            found[key.removeprefix("contact.")] = written
    return found


def _plain(value: object, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value).strip()
    raise MappingError(PROVIDER, path, "text", kind_of(value))


def _custom_errors(value: object) -> tuple[str, ...]:
    """The custom fields that were not accepted; the form is not documented, so only the keys are taken."""
    return tuple(sorted(map(str, value))) if isinstance(value, dict) else ()


def _website(row: Mapping[str, Any], path: str) -> str | None:
    """The company's domain where a search row embeds its company.

    The workspace's own company (``account``) stands before Apollo's (``organization``).
    """
    for owner in ("account", "organization"):
        nested = row.get(owner)
        if nested is None:
            continue
        company = mapping(nested, f"{path}.{owner}")
        for name in ("primary_domain", "domain", "website_url"):
            if found := text(company.get(name), f"{path}.{owner}.{name}"):
                return found
    return text(row.get("website_url"), f"{path}.website_url")


def parse_search(value: object) -> SearchPage:
    """The page in ``value``. Source: https://docs.apollo.io/reference/search-for-contacts"""
    answer = mapping(value, "$")
    numbers = mapping(answer.get("pagination"), "$.pagination")
    shown = sequence(answer.get("contacts"), "$.contacts")
    rows, bad = parse_contacts(shown, "$.contacts")
    return SearchPage(
        rows=tuple(rows),
        bad=bad,
        count=len(shown),
        total=number(numbers.get("total_entries"), "$.pagination.total_entries"),
        partial=flag(answer.get("partial_results_only"), "$.partial_results_only"),
    )
