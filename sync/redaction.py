"""Text made safe to show: control characters visible, secrets and personal data hidden. Pure.

The patterns hide too much rather than too little; they are for text whose parts are not known. Values whose
field is known are masked by ``sync.report.masking``.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HIDDEN = "***"
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
"""Control, format and surrogate characters and line separators, except the two joiners: these are ordinary in
Persian and Indic names and in emoji, and can neither reorder nor hide text."""

_CREDENTIALS = (
    (re.compile(r"(?i)\b(bearer|basic|token)(\s+)[A-Za-z0-9._~+/=-]{6,}"), rf"\1\2{HIDDEN}"),
    (
        re.compile(
            r"(?i)((?:x-)?api[-_]?key|authorization|(?:access|refresh|id)[-_]?token|client[-_]?secret|password"
            r"|set-cookie|cookie|token|secret)([\"']?\s{0,3}[:=]\s{0,3}[\"']?)(?!(?i:bearer|basic)\s)"
            r"(?!\.{3}(?!\S))[^\s\"',;}\])]+"  # three dots stand for a value in what we tell people to type
        ),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"topo_[A-Za-z0-9_-]{6,}"), f"topo_{HIDDEN}"),
    (re.compile(r"sk-aisa-[A-Za-z0-9_-]+"), f"sk-aisa-{HIDDEN}"),
    (re.compile(r"eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){1,2}"), HIDDEN),
    (re.compile(r"(://)[^\s/?#@\"'<>]{1,512}@"), rf"\1{HIDDEN}@"),
)
_COLOUR = re.compile(r"\x1b\[[0-?]{0,32}[ -/]{0,8}[@-~]")
_QUERY = re.compile(
    r"(?<=[^\s\"'<>?])\?[^\s\"'<>?=&]{1,256}=[^\s\"'<>]*|((?:https?|wss?)://[^\s\"'<>?]{1,2000})\?[^\s\"'<>]+"
)
_EMAIL = re.compile(r"[^\s@<>\"'()\[\]{},;:=|/\\]{1,256}(?:@|%40)[^\s@<>\"'()\[\]{},;:=|/\\?&]{1,255}")
_PERSONAL = (
    (re.compile(r"(?i)(linkedin\.com/(?:in|pub|sales/lead|sales/people)/)[^\s\"'<>?#]{1,512}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?<![\w.])(?:\+|00)\s?\d(?:[\s().\-/]{0,2}\d){6,16}(?!\w)"), "<phone>"),
    (re.compile(r"(?<![\w.:-])0\d(?:[ .-]?\d\d){4}(?![\w:])"), "<phone>"),
    (re.compile(r"(?<![\w.:-])\(?\d{3}\)?[ .-]{1,2}\d{3}[ .-]\d{4}(?![\w:])"), "<phone>"),
    (re.compile(r"(?<![\w.:-])\d{9,15}(?![\w.:-])"), "<number>"),
)  # fmt: skip


def visible(text: str) -> str:
    r"""``text`` with control, bidi and other invisible characters written as ``\x..``; one line, printable."""
    return _UNSAFE.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def visible_in_json(text: str) -> str:
    r"""JSON text whose invisible characters, except line feeds, are ``\u`` escapes: the same document."""
    return _UNSAFE.sub(lambda found: "\n" if found[0] == "\n" else json.dumps(found[0])[1:-1], text)


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without credentials of known shapes, the given secrets, and query strings of URLs."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for pattern, replacement in _CREDENTIALS:
        text = pattern.sub(replacement, text)
    return _QUERY.sub(lambda found: f"{found[1] or ''}?{HIDDEN}", text) if "?" in text else text


def without_people(text: str, email: Callable[[str], str] = lambda _: "<email>") -> str:
    """``text`` without phone numbers and profile addresses, each email replaced by ``email`` of it."""
    text = _EMAIL.sub(lambda found: email(found[0]), text)
    for pattern, replacement in _PERSONAL:
        text = pattern.sub(replacement, text)
    return text


def redacted(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without secrets and without personal data of known shapes."""
    if "\x1b" in text:  # the letter that ends a colour code would hide where a word begins
        text = _COLOUR.sub(lambda found: f"{found[0]} ", text)
    return without_people(without_secrets(text, secrets))
