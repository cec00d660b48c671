"""LinkedIn profile addresses: one key for every spelling of one profile.

A member has two names that we can compare: the vanity slug (``in:<slug>``, letters in either case) and the
opaque id (``urn:ACoAA…``, case kept). They are two name spaces and are never compared with each other. Member
numbers and application-scoped ids give no key: the first are undocumented, the second differ by application.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from sync.identity.words import plain_text, words

MAX_LENGTH: Final = 4096
"""Longer text is no profile address; it bounds the work on hostile input."""

SLUG_LENGTHS: Final = range(3, 201)
"""Custom slugs have 3 to 100 characters; assigned ones may be longer.
Source: linkedin.com/help/linkedin/answer/a542685 (customise your public profile URL)."""

OPAQUE_LENGTH: Final = 39

_PLAIN = re.compile(
    r"(?:(?:https?://)?(?:(?:www|m|touch|[a-z]{2})\.)?linkedin\.com/|/?)in/(?!in[/?#])"
    r"(?!a(?:c[orw]|em)aa[a-z0-9_-]{10,33}(?![a-z0-9_-]))([a-z0-9_-]+)"
    r"(?:[/?#](?!.*(?:\.\.|%2e))[!-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)
"""Nine of ten addresses, no opaque id that was cut; what comes after the slug, where no dots may lead elsewhere,
says nothing more. Read in 1 µs, the others in 6."""
_SPLIT = re.compile(r"(?:(?:https?:)?//)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"(?:[a-z0-9-]+\.)*linkedin\.com\.?(?::(?:443|80)?)?", re.IGNORECASE | re.ASCII)
_OPAQUE = re.compile(r"A[A-Z][A-Za-z]A[A-Za-z0-9_-]{35}", re.ASCII)
_LOWERED_OPAQUE = re.compile(r"a(?:c[orw]|em)aa[a-z0-9_-]{10,}|aa[kim]aa[a-z0-9_-]{34}", re.ASCII)
"""Of any length, as some are cut; but Aakaash and Aamaan are given names."""
_URN = re.compile(r"urn:li:(?:fsd?_|ts_)?[a-z]*profile:\(?([A-Za-z0-9_-]+)[^/?#]*", re.IGNORECASE | re.ASCII)
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_EDGE = " \t\r\n\v\f\u00a0\u1680\u202f\u205f\u3000\ufeff\u2060<>\"'(),;" + "".join(
    map(chr, (*range(0x2000, 0x2010), *range(0x2018, 0x2020), *range(0x2028, 0x202F), *range(0x2066, 0x206A)))
)
_FORBIDDEN = frozenset('%/\\.&=?#@:<>"{}|^`[]$,;*!()')
_JOINERS = frozenset("\u200c\u200d") | frozenset(map(chr, range(0xE0020, 0xE0080)))
_NOBODY = words("me unavailable null undefined none overlay details detail recent-activity edit")
_UPWARDS = frozenset({"..", "%2e.", ".%2e", "%2e%2e"})
_WRAPPERS = (("mwlite", "profile"), ("mwlite",), ("comm",), ("m",))
_PRODUCTS = (
    ("sales", "lead"), ("sales", "people"), ("sales", "profile"), ("talent", "profile"), ("recruiter", "profile"),
)  # fmt: skip


def linkedin_key(value: object) -> str | None:
    """``in:<slug>`` or ``urn:<opaque id>`` of the profile that ``value`` names, ``None`` when it names none.

    Source: RFC 3986 section 6.2.2 (case, escapes), RFC 3987 section 5.3.2.2 (NFC, never NFKC).
    """
    text = value if type(value) is str else plain_text(value)
    if text is None or len(text) > MAX_LENGTH:
        return None
    text = text.strip(_EDGE)
    plain = _PLAIN.fullmatch(text)
    if plain:
        return _key_of_plain_name(plain[1])
    if not text or _has_inner_dirt(text):
        return None
    bare = _opaque_key(text) or _urn_key(text)
    return bare or _key_of_address(text)


def names_nobody(value: str) -> bool:
    """Whether ``value`` is the site itself, or its profile address without anybody in it, as for many people."""
    if linkedin_key(value) is not None:
        return False
    host, path, _ = _parts(value.strip(_EDGE).lower())
    first, *names = [part for part in path.split("/") if part] or ["in"]
    return _HOST.fullmatch(host) is not None and first == "in" and (not names or names[0] in _NOBODY)


def is_profile(key: str) -> bool:
    """Whether a key names a profile; an email's key cannot hold a colon."""
    return key.startswith(("in:", "urn:"))


def linkedin_url(key: str) -> str:
    """The canonical profile address of a key made by ``linkedin_key``; ValueError for any other text."""
    kind, colon, name = key.partition(":")
    if not (colon and name and kind in {"in", "urn"}):
        raise ValueError("not a LinkedIn key")
    return "https://www.linkedin.com/in/" + quote(name, safe="")


def _key_of_address(text: str) -> str | None:
    host, path, query = _parts(text)
    if not _HOST.fullmatch(host):
        return None
    segments = _unwrapped([part for part in path.split("/") if part])
    if not segments or not _UPWARDS.isdisjoint(map(str.lower, segments)):  # it may lead to somebody else
        return None
    words = tuple(part.lower() for part in segments[:2])
    if words in _PRODUCTS:
        return _opaque_key(segments[2].split(",", 1)[0]) if len(segments) > 2 else None
    if words == ("talent", "hire") and len(segments) > 6 and segments[5] == "profile":
        return _opaque_key(segments[6].split(",", 1)[0])
    if words == ("profile", "view"):
        return _queried_key(query)
    if words[0] != "in":
        return None
    # Some forms put "in/" before a handle that already had it; reading "in" as the slug would join them all.
    name = segments[2] if len(segments) > 2 and words[1] == "in" else "".join(segments[1:2])
    return _key_of_escaped(name)


def _parts(text: str) -> tuple[str, str, str]:
    """Host, path and query; ``in/x`` and ``/in/x`` are what a LinkedIn column may hold instead of an address."""
    if re.match(r"/?in/", text, re.IGNORECASE):
        text = "linkedin.com/" + text.lstrip("/")
    match = _SPLIT.fullmatch(text)
    return (match[1], match[2], match[3] or "") if match else ("", "", "")


def _unwrapped(segments: list[str]) -> list[str]:
    for wrapper in _WRAPPERS:
        size = len(wrapper)
        if len(segments) > size + 1 and tuple(s.lower() for s in segments[: size + 1]) == (*wrapper, "in"):
            return segments[size:]
    return segments


def _queried_key(query: str) -> str | None:
    # Here the path is the same for everybody: only the query tells who is meant.
    try:
        found = [text for name, text in parse_qsl(query, max_num_fields=50) if name.lower() == "id"]
    except ValueError:
        return None
    return _opaque_key(found[0].split(",", 1)[0]) if len(found) == 1 else None


def _key_of_escaped(name: str) -> str | None:
    if "%" not in name:
        return _key_of_name(name)
    if _BAD_ESCAPE.search(name):
        return None
    try:
        return _key_of_name(unquote(name, errors="strict"))
    except UnicodeDecodeError:
        return None


def _key_of_plain_name(name: str) -> str | None:
    """``_key_of_name`` for a name of letters, digits, ``-`` and ``_``, of which no sign can be wrong."""
    slug = name.lower()
    if SLUG_LENGTHS.start <= len(slug) < OPAQUE_LENGTH and slug not in _NOBODY:
        return "in:" + slug
    return _key_of_name(name)


def _key_of_name(name: str) -> str | None:
    name = name.strip(_EDGE)
    opaque = _opaque_key(name)
    if opaque:
        return opaque
    slug = name.lower() if name.isascii() else _folded(name)
    if len(slug) not in SLUG_LENGTHS or slug in _NOBODY or not _FORBIDDEN.isdisjoint(slug):
        return None
    # An opaque id that was cut or whose case was lost names nobody any more: two members may have it.
    if _LOWERED_OPAQUE.fullmatch(slug) or _has_inner_dirt(slug):
        return None
    return "in:" + slug


def _folded(name: str) -> str:
    # lower(), not casefold(): "ß" and "ss" are two slugs.
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).lower())


def _opaque_key(text: str) -> str | None:
    whole = len(text) == OPAQUE_LENGTH and not text.isupper() and _OPAQUE.fullmatch(text)
    return "urn:" + text if whole else None


def _urn_key(text: str) -> str | None:
    match = _URN.fullmatch(text) if text[:4].lower() == "urn:" else None
    return _opaque_key(match[1]) if match else None


def _has_inner_dirt(text: str) -> bool:
    if text.isascii():
        return not text.isprintable() or " " in text or "\\" in text
    return "\\" in text or any(
        ch.isspace() or (unicodedata.category(ch) in {"Cc", "Cf", "Cs"} and ch not in _JOINERS) for ch in text
    )
