"""Apollo's own shapes, parsed once.

A wrong type raises ``MappingError`` with its path; unknown keys and values are left alone. Almost every field
of a contact may be null or missing: ``present`` remembers which keys a row carried, so that a trimmed row is
not mistaken for an emptied one. Source: https://docs.apollo.io/reference/view-a-contact
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from adapters.toolkit.strict_json import MAX_COUNT
from sync.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROVIDER = "apollo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """One number of a contact; ``kind`` as Apollo names it (``mobile``, ``work_direct``, ...)."""

    raw: str | None
    sanitized: str | None
    kind: str | None
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """One contact as Apollo shows it. ``texts``: plain text fields; ``present``: keys the row carried."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A list of contacts."""

    id: str
    name: str
    modality: str | None


TEXTS = (
    "first_name", "last_name", "name", "title", "organization_name", "linkedin_url", "photo_url", "city", "state",
    "country", "present_raw_address", "contact_stage_id", "team_id",
)  # fmt: skip


def kind_of(value: object) -> str:
    """What a value is, for an error text; never the value."""
    return "null" if value is None else type(value).__name__


def mapping(value: object, path: str) -> dict[str, Any]:
    """``value`` as an object. Raises MappingError."""
    if not isinstance(value, dict):
        raise MappingError(PROVIDER, path, "object", kind_of(value))
    return value


def sequence(value: object, path: str, *, null: bool = False) -> list[Any]:
    """``value`` as an array (null counts as empty where ``null`` says so). Raises MappingError."""
    if value is None and null:
        return []
    if not isinstance(value, list):
        raise MappingError(PROVIDER, path, "array", kind_of(value))
    return value


def text(value: object, path: str) -> str | None:
    """``value`` as text, ``None`` for null and blank. Raises MappingError."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise MappingError(PROVIDER, path, "text or null", kind_of(value))
    return value.strip() or None


def required(value: object, path: str) -> str:
    """``value`` as text that is not blank. Raises MappingError."""
    found = text(value, path)
    if found is None:
        raise MappingError(PROVIDER, path, "text", kind_of(value))
    return found


def number(value: object, path: str) -> int:
    """``value`` as a count; some lists write theirs as text. Raises MappingError.

    Source: https://docs.apollo.io/reference/get-a-list-of-users (``page`` and ``per_page`` are strings)
    """
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value[:18])
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise MappingError(PROVIDER, path, "count", kind_of(value))
    return value


def flag(value: object, path: str) -> bool:
    """``value`` as true or false; null is false. Raises MappingError."""
    if value is not None and not isinstance(value, bool):
        raise MappingError(PROVIDER, path, "true, false or null", kind_of(value))
    return bool(value)


def moment(value: object, path: str) -> datetime | None:
    """``value`` as aware UTC: with ``Z``, with milliseconds or with ``+00:00``. Raises MappingError."""
    found = text(value, path)
    if found is None:
        return None
    try:
        parsed = datetime.fromisoformat(found)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise MappingError(PROVIDER, path, "ISO 8601 time", "other text") from None


def parse_contact(value: object, path: str) -> ContactRow:
    """The contact in ``value``. Raises MappingError when it breaks the documented shape."""
    row = mapping(value, path)
    texts = {name: found for name in TEXTS if (found := text(row.get(name), f"{path}.{name}"))}
    return ContactRow(
        id=required(row.get("id"), f"{path}.id"),
        present=frozenset(row),
        texts=texts,
        emails=_emails(row, path),
        phones=_phones(row.get("phone_numbers"), f"{path}.phone_numbers"),
        label_ids=frozenset(
            required(label, f"{path}.label_ids") for label in sequence(row.get("label_ids"), path, null=True)
        ),
        custom=_custom(row.get("typed_custom_fields"), f"{path}.typed_custom_fields"),
        custom_errors=_custom_errors(row.get("custom_field_errors")),
        unsubscribed=flag(row.get("email_unsubscribed"), f"{path}.email_unsubscribed"),
        full=text(row.get("existence_level"), f"{path}.existence_level") in {None, "full"},
        website=_website(row, path),
        created_at=moment(row.get("created_at"), f"{path}.created_at"),
        updated_at=moment(row.get("updated_at"), f"{path}.updated_at"),
    )


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


def parse_labels(value: object) -> tuple[Label, ...]:
    """All lists, from a bare array. Source: https://docs.apollo.io/reference/get-a-list-of-all-lists"""
    labels = []
    for index, entry in enumerate(sequence(value, "$")):
        at = f"$[{index}]"
        row = mapping(entry, at)
        name = text(row.get("name"), f"{at}.name") or ""
        kind = text(row.get("modality"), f"{at}.modality")
        labels.append(Label(id=required(row.get("id"), f"{at}.id"), name=name, modality=kind))
    return tuple(labels)


def parse_stages(value: object) -> tuple[str, ...]:
    """The ids of all contact stages. Source: https://docs.apollo.io/reference/list-contact-stages"""
    rows = sequence(mapping(value, "$").get("contact_stages"), "$.contact_stages")
    return tuple(
        required(mapping(row, f"$.contact_stages[{index}]").get("id"), f"$.contact_stages[{index}].id")
        for index, row in enumerate(rows)
    )
