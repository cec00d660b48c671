"""Email addresses: the equality form, the joining key and the wider forms that opt-outs match by.

Two spellings are equal when they differ only in syntax: letter case, blanks, ``mailto:``, a display name,
quotes, the domain's spelling. Plus tags and Gmail dots do not make addresses equal; they only widen opt-outs.
Which addresses may join records is decided in ``sync.identity.mailboxes``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from sync.identity.domains import ascii_host
from sync.identity.mailboxes import is_placeholder, joins_nobody
from sync.identity.words import plain_text

MAX_LENGTH: Final = 1024
"""Longer text is no single address; it bounds the work on hostile input."""

_NO_LABEL_TOO_LONG: Final = 63
"""Nothing in an address of that length is longer than a label, or a local part, may be. Source: RFC 1035, 5321."""

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*", re.IGNORECASE)
_PLAIN = re.compile(
    r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@((?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24})", re.ASCII
)
_NAMED = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^<>"])*)<([^<>]*)>', re.DOTALL)
_SEVERAL = re.compile(r"@\s*[^\s@,;.]+\.[^\s@,;][^,;]*[,;]")
_COMMENT = re.compile(r"\s*\([^()@]*\)$")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ROUND_AT = re.compile(r"\s*@\s*")

# Written by copy and paste, seen by nobody; inside an address they would make a third identity.
_INVISIBLE = dict.fromkeys(
    [
        0xAD,
        0x180E,
        0xFEFF,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2065),
        *range(0x2066, 0x206A),
    ]
)
_JOINERS = frozenset("\u200c\u200d")
_NO_JOINERS = {sign: None for sign in _INVISIBLE if chr(sign) not in _JOINERS}
_AT_SIGNS = {0xFF20: "@", 0xFE6B: "@"}
_PAIRS = (("<", ">"), ('"', '"'), ("(", ")"), ("[", "]"))

_SAME_HOST: Final = {
    "googlemail.com": "gmail.com",
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
    **dict.fromkeys(["ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "yandex.com.tr"], "yandex.ru"),
}
"""Hosts of one mail service under which one mailbox answers. Source: each provider's own help pages on aliases."""


def canonical_email(value: object) -> str | None:
    """The form in which equal addresses are equal, ``None`` when ``value`` is no single address or a placeholder.

    Lower case, NFC, A-label domain. Source: RFC 5321 (lengths, case), RFC 6531/6532 (UTF-8 local parts),
    RFC 5890 (domains), RFC 5322 (display names), RFC 6068 (mailto).
    """
    parts = _parts(value)
    return None if parts is None or is_placeholder(*parts) else f"{parts[0]}@{parts[1]}"


def email_key(value: object) -> str | None:
    """The canonical address when it may join records; role, machine, disposable and sample addresses may not."""
    parts = _parts(value)
    if parts is None or is_placeholder(*parts) or joins_nobody(*parts):
        return None
    return f"{parts[0]}@{parts[1]}"


def wide_email_keys(value: object) -> frozenset[str]:
    """All forms under which an opt-out of ``value`` is to be found; two addresses meet when the sets do.

    The canonical form, the same without plus tag, and the same folded by the habits of its mail service
    (Gmail ignores dots; several services answer under more than one domain). Role addresses included.
    """
    parts = _parts(value)
    if parts is None or is_placeholder(*parts):
        return frozenset()
    local, domain = parts
    return frozenset({f"{local}@{domain}", f"{_untagged(local)}@{domain}", _mailbox(local, domain)})


def mailbox_of(value: object) -> str | None:
    """The one form of all addresses that reach the mailbox of ``value``, by the habits of its mail service.

    Support, never identity: what a tag or a dot means is known to the service alone.
    """
    parts = _parts(value)
    return None if parts is None or is_placeholder(*parts) else _mailbox(*parts)


def _mailbox(local: str, domain: str) -> str:
    base, host = _untagged(local), _SAME_HOST.get(domain, domain)
    return f"{(base.replace('.', '') or base) if host == 'gmail.com' else base}@{host}"


def _untagged(local: str) -> str:
    return local.partition("+")[0] or local


def written_email(value: object) -> str | None:
    """The bare address in its source spelling, without what surrounds it; ``None`` when there is no single one."""
    text, parts = plain_text(value), _parts(value)
    if parts is None or text is None:
        return None
    if text.lower() == "@".join(parts):
        return text  # nothing is around it
    address = _address(text)
    return "@".join(address) if address else None


def _parts(value: object) -> tuple[str, str] | None:
    """Canonical local part and domain."""
    text = value if type(value) is str else plain_text(value)
    return _read(text) if text is not None and len(text) <= MAX_LENGTH else None


@lru_cache(maxsize=4096)
def _read(value: str) -> tuple[str, str] | None:
    """Taking in one record asks four times for each address, which is read once this way."""
    plain = _PLAIN.fullmatch(value.lower()) if value.isascii() and len(value) <= _NO_LABEL_TOO_LONG else None
    if plain and "xn--" not in plain[2]:
        return plain[1], plain[2]
    address = _address(value)
    return _canonical_parts(*address) if address else None


def _canonical_parts(written_local: str, written_domain: str) -> tuple[str, str] | None:
    local, host = _folded(written_local), ascii_host(_folded(written_domain))
    if host is None or not _LOCAL.fullmatch(local) or not local.isprintable():
        return None
    size = len(local.encode())
    return (local, host) if size <= 64 and size + 1 + len(host) <= 254 else None


def _folded(text: str) -> str:
    return (
        text.lower()
        if text.isascii()
        else unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
    )


def _address(value: str) -> tuple[str, str] | None:
    """Local part and domain as they are written, of the one address in ``value``.

    A joiner stays where the domain may hold it: without, some names in Persian or Hindi are another's domain.
    """
    found = _split(value.translate(_INVISIBLE))
    joined = _split(value.translate(_NO_JOINERS)) if found and not _JOINERS.isdisjoint(value) else None
    domain = joined[1].strip("\u200c\u200d") if joined else ""
    return (found[0], domain) if found and ascii_host(_folded(domain)) else found


def _split(value: str) -> tuple[str, str] | None:
    text = _bare(value.translate(_AT_SIGNS))
    named = _NAMED.fullmatch(text)
    if named:
        if _SEVERAL.search(re.sub(r'"[^"]*"', "", named[1])):
            return None
        text = _bare(named[2])
    if text[:7].lower() == "mailto:":
        text = _bare(_mailto(text[7:].removeprefix("//")))
    local, at, domain = _ROUND_AT.sub("@", _COMMENT.sub("", text)).rpartition("@")
    if len(local) > 2 and local[0] == local[-1] == '"':
        local = local[1:-1]  # quotes that were not needed; what needs them fails as a local part
    return (local, domain.rstrip(".\u3002\uff0e")) if at else None


def _bare(text: str) -> str:
    """``text`` without blanks, list commas and paired quotes or brackets around it."""
    while True:
        before = text
        text = text.strip().strip(",;").strip("'")
        for opening, closing in _PAIRS:
            if len(text) > 1 and text[0] == opening and text[-1] == closing and text.count(opening) <= 2:
                text = text[1:-1]
        if text == before:
            return text


def _mailto(text: str) -> str:
    address = text.partition("?")[0]
    if _BAD_ESCAPE.search(address):
        return ""
    try:
        return unquote(address, errors="strict")
    except UnicodeDecodeError:
        return ""
