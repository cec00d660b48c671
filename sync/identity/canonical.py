"""Contacts in canonical spelling, their fields in the form in which equal values are equal, their keys."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from sync.contact import NO_VARIABLES, SCALAR_FIELDS, VARIABLE_PREFIX, Contact, scalars
from sync.identity.countries import country_code
from sync.identity.domains import host_of, registrable_domain
from sync.identity.emails import canonical_email, email_key, written_email
from sync.identity.linkedin import linkedin_key, linkedin_url, names_nobody
from sync.identity.phones import is_number, phone_number
from sync.identity.words import words

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from sync.contact import Value

RULES: Final = "4"
"""Raised when any rule of this package reads a value another way, so that rows kept before are read anew."""

_PHONES: Final = frozenset({"phone", "mobile_phone"})
_FOLDED: Final = frozenset({"first_name", "last_name", "job_title", "company_name", "city", "state"})
_LONG_TEXT: Final = frozenset({"company_description"})

_NO_VALUE: Final = words(
    """
    n/a #n/a na none null nil - -- --- . unknown undefined nan tbd 0 not-available not-provided not-found
    unavailable
    """
)
_CERTAIN: Final = frozenset({"n/a", "#n/a", "null", "undefined", "nan", "-", "--"})
_MEANT: Final = {
    "first_name": frozenset({"na", "nan", "nil", "0"}),
    "last_name": frozenset({"na", "nan", "nil", "0"}),
    "country": frozenset({"na"}),
    "language": frozenset({"na"}),
}
"""Words that say nothing elsewhere and are values here: family names, Namibia, Nauruan."""
_NOTHING: Final = {name: _NO_VALUE - meant for name, meant in _MEANT.items()}

_EDGE = "\u00a0\u00ad\u1680\u180e\u2007\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u2060\ufeff"


def canonicalize(contact: Contact, *, default_region: str = "") -> Contact:
    """``contact`` in canonical spelling; doing it twice changes nothing more.

    Texts are trimmed and free of control characters; words that say nothing are dropped. Emails keep their
    spelling, one for each canonical form, primary first. Phones are E.164 where ``contact.country`` or else
    ``default_region`` lets them be read. Profile addresses have one form. What cannot be read stays as it came.
    """
    written = {n: text for n, text in zip(SCALAR_FIELDS, scalars(contact), strict=True) if text is not None}
    found = {name: _known_text(name, text) for name, text in written.items()}
    region = country_code(found.get("country")) or country_code(default_region) or ""
    for name in _PHONES & found.keys():
        found[name] = _phone(found[name], region)
    if "company_domain" in found:
        found["company_domain"] = _host(found["company_domain"])
    if "linkedin_url" in found or "linkedin_id" in found:
        url, member_id = _profile(found.get("linkedin_url"), found.get("linkedin_id"))
        found |= {n: v for n, v in (("linkedin_url", url), ("linkedin_id", member_id)) if v or n in found}
    emails, variables = _emails(contact.emails), _variables(contact.variables)
    if found == written and emails == contact.emails and variables == contact.variables:
        return contact
    return Contact(emails=emails, variables=variables, **found)


def compared(name: str, value: Value | None, *, region: str = "") -> Hashable:
    """The form of one flat field's value in which equal values are equal; ``None`` for not known.

    ``region``: the country in whose numbering plan phones without a prefix are read.
    """
    if value is None:
        return None
    return _compared(name, value if isinstance(value, str) else tuple(value), region)


@lru_cache(maxsize=16384)
def _compared(name: str, value: Value, region: str) -> Hashable:
    """One merge asks for the same form up to ten times; kept forms make merging three times as fast."""
    if name == "emails" or not isinstance(value, str):
        return _compared_emails((value,) if isinstance(value, str) else value)
    text = _known_text(name, value)
    return None if text is None else _compared_text(name, text, region)


def compared_each(name: str, value: Value | None, *, region: str = "") -> frozenset[str]:
    """The compared form of every single value in ``value``."""
    key = compared(name, value, region=region)
    if key is None:
        return frozenset()
    return frozenset(map(str, key)) if isinstance(key, tuple) else frozenset({str(key)})


def is_readable(name: str, value: Value) -> bool:
    """Whether a profile names somebody and a phone is a number; values of other fields are what they are.

    Numbers whose country is not known are some: they are kept as they were typed.
    """
    if not isinstance(value, str):
        return True
    if name in _PHONES:
        return is_number(value)
    return name != "linkedin_url" or linkedin_key(value) is not None


def is_value(name: str, value: Value) -> bool:
    """Whether ``value``, in canonical spelling, is what its field is for: addresses, a number that can be dialled
    from anywhere, a profile, an opaque id, a domain that somebody registered; any text elsewhere.
    """
    if not isinstance(value, str):
        return all(map(canonical_email, value))
    if name in _PHONES:
        return phone_number(value) is not None
    if name == "linkedin_id":
        return (linkedin_key(value) or "").startswith("urn:")
    if name == "company_domain":
        return registrable_domain(value) is not None
    return is_readable(name, value)


def keys_of(contact: Contact) -> tuple[tuple[str, str], ...]:
    """The joinable ``(kind, key)`` pairs, each once: every email, the profile's slug and the opaque id."""
    emails = [("email", key) for key in map(email_key, contact.emails) if key]
    profiles = [("linkedin", key) for key in map(linkedin_key, (contact.linkedin_url, contact.linkedin_id)) if key]
    return tuple(dict.fromkeys(emails + profiles))


def keys_met(contact: Contact) -> set[str]:
    """All by which a provider may recognise somebody: profiles and addresses, also those that join nobody."""
    return {key for _, key in keys_of(contact)} | set(filter(None, map(canonical_email, contact.emails)))


def _compared_emails(emails: Iterable[str]) -> Hashable:
    return tuple(dict.fromkeys(_email_form(email) for email in _emails(emails))) or None


def _compared_text(name: str, text: str, region: str) -> Hashable:
    if name in _PHONES:
        return str(phone_number(text, region) or text)
    if name in _FOLDED:
        return _folded(text)
    if name in {"linkedin_url", "linkedin_id"}:
        return linkedin_key(text) or text
    if name == "country":
        return country_code(text) or _folded(text)
    if name == "company_domain":
        return registrable_domain(text) or host_of(text) or _folded(text)
    return text


def _folded(text: str) -> str:
    """NFC, case-folded, white space folded. Source: Unicode 3.13, default caseless matching of canonical forms."""
    folded = unicodedata.normalize("NFD", text).casefold()
    return " ".join(unicodedata.normalize("NFC", folded).split())


def _known_text(name: str, value: object) -> str | None:
    return _read_text(name, value) if isinstance(value, str) else None


@lru_cache(maxsize=16384)
def _read_text(name: str, value: str) -> str | None:
    """Titles, companies and cities come again and again."""
    text = clean_text(value, keep_lines=name in _LONG_TEXT or name.startswith(VARIABLE_PREFIX))
    word = _as_word(text)
    # A variable is somebody's own text: "none" may well be the answer there.
    nothing = _CERTAIN if name.startswith(VARIABLE_PREFIX) else _NOTHING.get(name, _NO_VALUE)
    # "Null" is a family name; what machines write is never capitalised like one.
    if word in nothing and not (name == "last_name" and text == "Null"):
        return None
    if name == "linkedin_url" and names_nobody(text):
        return None
    return text or None


def _as_word(text: str) -> str:
    return "-".join(text.casefold().split())


def clean_text(value: str, *, keep_lines: bool = False) -> str:
    """``value`` without control characters and lone surrogates, trimmed of blanks seen and unseen.

    Line breaks become blanks unless ``keep_lines``.
    """
    if value.isascii() and value.isprintable():
        return value.strip()
    kept = value.replace("\r\n", "\n").replace("\r", "\n")
    if not keep_lines:
        kept = kept.replace("\n", " ").replace("\t", " ")
    kept = "".join(ch for ch in kept if ch in "\n\t" or unicodedata.category(ch) not in {"Cc", "Cs"})
    return _trimmed(kept)


def _trimmed(text: str) -> str:
    while True:
        shorter = text.strip().strip(_EDGE)
        if shorter == text:
            return text
        text = shorter


def _emails(values: Iterable[object]) -> tuple[str, ...]:
    """Each canonical form once, in its first spelling; placeholders and words that say nothing dropped."""
    kept: dict[str, str] = {}
    for value in values:
        form, spelling = _read_email(value) if isinstance(value, str) else ("", "")
        if form:
            kept.setdefault(form, spelling)
    return tuple(kept.values())


@lru_cache(maxsize=4096)
def _read_email(value: str) -> tuple[str, str]:
    """The form in which equal addresses are equal, and the source spelling; both empty when nothing is said."""
    text = clean_text(value)
    address = written_email(text)
    spelling = address or text
    form = canonical_email(address) if address else _folded(text)
    return (form, spelling) if form and _as_word(spelling) not in _NO_VALUE else ("", "")


def _email_form(text: str) -> str:
    return canonical_email(text) or _folded(text)


def _phone(text: str | None, region: str) -> str | None:
    number = phone_number(text, region) if text else None
    return str(number) if number else text


@lru_cache(maxsize=16384)
def _host(text: str | None) -> str | None:
    host = host_of(text) if text else None
    while host and host.startswith("www.") and host.count(".") > 1:
        host = host.removeprefix("www.")
    return host or text


def _profile(url: str | None, member_id: str | None) -> tuple[str | None, str | None]:
    key, id_key = linkedin_key(url), linkedin_key(member_id)
    if id_key and id_key.startswith("urn:"):
        member_id = id_key.removeprefix("urn:")
    if key is None:
        return url, member_id
    if key.startswith("urn:"):
        member_id = member_id or key.removeprefix("urn:")
    return linkedin_url(key), member_id


def _variables(variables: Mapping[str, str]) -> Mapping[str, str]:
    if not variables:
        return NO_VARIABLES
    kept = {key: _known_text(VARIABLE_PREFIX + key, text) for key, text in variables.items()}
    known = {key: text for key, text in kept.items() if text}
    return MappingProxyType(known) if known else NO_VARIABLES
