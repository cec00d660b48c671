"""Apollo's own shapes, parsed once.

A wrong type raises ``MappingError`` with its path; unknown keys and values are left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.toolkit.strict_json import MAX_COUNT
from sync.errors import MappingError

PROVIDER = "apollo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A list of contacts."""

    id: str
    name: str
    modality: str | None


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
    """``value`` as true or false, also as text; null is false. Raises MappingError."""
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
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
