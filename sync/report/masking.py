"""Values as a report may show them: whole, or masked so that a person cannot be known by them. Pure.

Ids of people, and those that providers gave to records, are never masked: they are what the reader needs to act.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from sync.contact import FIELD_NAMES, PERSONAL, VARIABLE_PREFIX
from sync.redaction import visible, without_people, without_secrets
from sync.secrets import registered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.contact import Value

T = TypeVar("T")

FREE_TEXT = frozenset(
    {"job_title", "company_name", "company_category", "company_size", "company_description", "language", "source"}
)
"""Fields that tell of nobody by themselves and in which people write what they like."""

MORE = "…"
_PLACES = {name: place for place, name in enumerate(FIELD_NAMES)}
_EMAIL = re.compile(r"([^\s@]+)@([^\s@]+)")
_TOP_LEVEL = re.compile(r"[A-Za-z0-9-]{2,24}", re.ASCII)


def in_report_order(fields: Mapping[str, T]) -> list[tuple[str, T]]:
    """The fields as people expect them, name and address together; variables last, by name."""
    return sorted(fields.items(), key=lambda item: (_PLACES.get(item[0], len(_PLACES)), item[0]))


def is_personal(field: str) -> bool:
    """Whether a flat contact field may tell who somebody is."""
    return field in PERSONAL or field.startswith(VARIABLE_PREFIX)


def masked(text: str) -> str:
    """``a…@a….com`` for an email, the first letter and ``…`` for other text, nothing for nothing."""
    email = _EMAIL.fullmatch(text)
    return _masked_email(email[1], email[2]) if email else _first(text) + MORE if text else ""


def masked_value(field: str, value: Value | None, *, values: bool) -> str | list[str] | None:
    """A field's value for a report; tuples become lists. Personal fields are masked unless ``values``, and so are
    addresses, profiles and phone numbers within free text.
    """
    hide = not values and is_personal(field)
    if value is None:
        return None
    if isinstance(value, str):
        if field in FREE_TEXT and not values:
            return without_people(value, masked)
        return masked(value) if hide else value
    return [masked(entry) if hide else entry for entry in value]


def sentence(text: str, *, values: bool) -> str:
    """A sentence that may quote a provider or a person: never a secret, personal data only with ``values``."""
    safe = without_secrets(text, registered())
    return safe if values else without_people(safe, masked)


def one_line(value: str | list[str] | None, *, limit: int | None = None) -> str:
    """A value as one printable line of at most ``limit`` characters; ``""`` for ``None``."""
    text = visible(", ".join(value) if isinstance(value, list) else value or "")
    return text if limit is None or len(text) <= limit else text[: limit - 1] + MORE


def _first(text: str) -> str:
    shown = visible(text.lstrip() or text)
    return shown[:1] if shown[:2] != "\\x" else ""


def _masked_email(local: str, domain: str) -> str:
    name, dot, top = domain.rpartition(".")
    ending = f".{top}" if dot and _TOP_LEVEL.fullmatch(top) else ""
    return f"{_first(local)}{MORE}@{_first(name or domain)}{MORE}{ending}"
