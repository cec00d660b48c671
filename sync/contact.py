"""The provider-neutral values of a person.

A ``Contact`` is frozen. ``None`` (or an empty tuple or mapping) means *not known*; ``""`` never occurs.
The flat view (``to_fields`` / ``from_fields``) is what merging, planning and storing work on: one entry a
known field, a variable under ``variables.<name>``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | tuple[str, ...]
"""One field's value in the flat view; a tuple only for ``emails``."""

VARIABLE_PREFIX = "variables."
NO_VARIABLES: Mapping[str, str] = MappingProxyType({})

NAME_GROUP = ("first_name", "last_name")
COMPANY_GROUP = ("company_name", "company_domain", "job_title")
ADDRESS_GROUP = ("city", "state", "country", "zipcode")
GROUPS = (NAME_GROUP, COMPANY_GROUP, ADDRESS_GROUP)
"""Fields that are chosen whole from one record when records meet for the first time."""

PHONES = frozenset({"phone", "mobile_phone"})
MULTI_VALUED = ("emails", "linkedin_url", "linkedin_id", "phone", "mobile_phone")
"""Fields of which a person may truly have several values; never forced over another record's own value."""

PERSONAL = (
    *NAME_GROUP, "emails", "linkedin_url", "linkedin_id", "phone", "mobile_phone", "city", "state", "country",
    "zipcode", "photo_url", "owner_email",
)  # fmt: skip
"""Fields masked in reports unless values are asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What is known of a person, in canonical fields.

    ``emails``: primary first, source spelling. ``linkedin_url``: profile address; ``linkedin_id``: LinkedIn's
    opaque member id (``ACoAA…``, case-sensitive). ``phone`` (work) and ``mobile_phone``: E.164, extension as
    ``;ext=12``; text that is no phone number is kept as it came. ``language``: as the source writes it.
    ``collected_at``: ISO 8601 UTC. ``variables``: free string map on the contact.
    """

    emails: tuple[str, ...] = ()
    linkedin_url: str | None = None
    linkedin_id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    company_name: str | None = None
    company_domain: str | None = None
    company_category: str | None = None
    company_size: str | None = None
    company_description: str | None = None
    phone: str | None = None
    mobile_phone: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    zipcode: str | None = None
    language: str | None = None
    photo_url: str | None = None
    owner_email: str | None = None
    collected_at: str | None = None
    source: str | None = None
    variables: Mapping[str, str] = field(default_factory=lambda: NO_VARIABLES)

    def to_fields(self) -> dict[str, Value]:
        """The known fields, flat; absent key = not known."""
        flat: dict[str, Value] = {
            name: value for name, value in zip(SCALAR_FIELDS, scalars(self), strict=True) if value is not None
        }
        if self.emails:
            flat["emails"] = self.emails
        for key, text in self.variables.items():
            flat[VARIABLE_PREFIX + key] = text
        return flat

    @classmethod
    def from_fields(cls, flat: Mapping[str, Value]) -> Contact:
        """The contact whose ``to_fields`` is ``flat``; empty values are dropped, unknown names raise KeyError."""
        scalars: dict[str, str] = {}
        variables: dict[str, str] = {}
        emails: tuple[str, ...] = ()
        for name, value in flat.items():
            if name == "emails":
                emails = (value,) if isinstance(value, str) else tuple(value)
            elif name.startswith(VARIABLE_PREFIX):
                if value:
                    variables[name.removeprefix(VARIABLE_PREFIX)] = str(value)
            elif name not in SCALAR_NAMES:
                raise KeyError(name)
            elif value:
                scalars[name] = str(value)
        return cls(
            emails=tuple(e for e in emails if e),
            variables=MappingProxyType(variables) if variables else NO_VARIABLES,
            **scalars,
        )

    def get(self, name: str) -> Value | None:
        """The value of one flat field, or ``None`` when it is not known."""
        if name.startswith(VARIABLE_PREFIX):
            return self.variables.get(name.removeprefix(VARIABLE_PREFIX))
        value: Value | None = getattr(self, name)
        return value or None

    @property
    def email(self) -> str | None:
        """The primary email, or ``None``."""
        return self.emails[0] if self.emails else None

    @property
    def full_name(self) -> str | None:
        """First and last name with one space between, or ``None`` when neither is known."""
        return " ".join(part for part in (self.first_name, self.last_name) if part) or None


SCALAR_FIELDS: tuple[str, ...] = tuple(f.name for f in fields(Contact) if f.name not in {"emails", "variables"})
scalars = attrgetter(*SCALAR_FIELDS)
"""A contact's values of ``SCALAR_FIELDS``, in their order."""
SCALAR_NAMES = frozenset(SCALAR_FIELDS)
FIELD_NAMES: tuple[str, ...] = ("emails", *SCALAR_FIELDS)
"""All canonical fields except variables, in report order."""

ALIASES: Mapping[str, str] = MappingProxyType({"email": "emails"})
"""Names people write for canonical fields in settings and import headers."""


_EXTENDED = re.compile(r"(\+\d+);ext=\d+", re.ASCII)


def without_extension(phone: str) -> str:
    """The number in E.164 alone; any other text as it is."""
    found = _EXTENDED.fullmatch(phone)
    return found[1] if found else phone
