"""Valid JSON, spoilt: what servers under attack, servers that changed, and torn wires send."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

MEGABYTE = 1024 * 1024
NEST: Any = []
for _ in range(40):
    NEST = [NEST]

VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**53 + 1, 2**70, -(2**63), 1.5, -0.0, 1e308, "", " ", "null", "NaN", "0",
    "a\x00b",
    "\ud800", "\udfff\ud800", "\u202e\u2066", "\x1b[2J", "é" * 70_000,
    [], {}, [[]], [None], [{}],
    {"": None}, {"id": []}, {"error": {"message": ["x"]}}, NEST,
    "2026-13-45T99:99:99Z", "0000-00-00", "9999-12-31T23:59:59Z", "+999999",
    "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "' OR 1=1 --", "../../etc/passwd", "a@b@c", "@", "https://",
    "http://169.254.169.254/latest", 10**400, [1, "2", {"3": 4}],
)  # fmt: skip
"""What may stand where something else belongs."""

PAGES = (
    b"", b" ", b"null", b"true", b"0", b'""', b"[]", b"{}", b"[[[[", b"}", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf",
    b"<!DOCTYPE html><html><body>Sign in</body></html>", b"upstream connect error", b"NaN", b"-Infinity",
    b"[" * 100_000, b'{"a":' * 5_000, b"1" * 5_000, b"1e999999", b'"\\ud800"', b'{"a":1,"a":2}', b"\x00",
    b'{"items":[{}]}', b"[1,2", b'"' + b"x" * MEGABYTE + b'"', b"\x1f\x8b\x08\x00",
)  # fmt: skip
"""Whole bodies that are nothing like the documented ones."""


def spoilt(body: bytes, chance: Random) -> bytes:
    """The body with something wrong in it."""
    kinds: list[Callable[[bytes, Random], bytes]] = [_another_page, _cut, _flipped, _doubled_keys, _literal]
    if chance.random() < 0.7:
        return _changed_inside(body, chance)
    return chance.choice(kinds)(body, chance)


def spoilt_value(value: Any, chance: Random) -> Any:
    """The value with one to three of its parts exchanged, dropped, repeated or blown up."""
    value = deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        places = list(_places(value))
        if not places:
            return deepcopy(chance.choice(VALUES))
        holder, key = chance.choice(places)
        _spoil(holder, key, chance)
    return value


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(pairs):
        yield value, key
        yield from _places(part)


def _spoil(holder: Any, key: Any, chance: Random) -> None:
    roll = chance.random()
    if roll < 0.15:
        del holder[key]
    elif roll < 0.25 and isinstance(holder, list):
        holder.extend([holder[key]] * chance.choice([1, 2, 500]))
    elif roll < 0.28:
        holder[key] = "x" * MEGABYTE
    elif roll < 0.4 and isinstance(holder, dict):
        holder[f"{key}_v2"] = holder.pop(key)
    else:
        holder[key] = deepcopy(chance.choice(VALUES))


def _changed_inside(body: bytes, chance: Random) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return _another_page(body, chance)
    return json.dumps(spoilt_value(value, chance)).encode("ascii")


def _another_page(_: bytes, chance: Random) -> bytes:
    return chance.choice(PAGES)


def _cut(body: bytes, chance: Random) -> bytes:
    return body[: chance.randrange(len(body) + 1)]


def _flipped(body: bytes, chance: Random) -> bytes:
    changed = bytearray(body or b"x")
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _doubled_keys(body: bytes, _: Random) -> bytes:
    return body.replace(b"{", b'{"id":1,"id":"2",', 1)


def _literal(body: bytes, chance: Random) -> bytes:
    return body.replace(b"null", chance.choice([b"NaN", b"Infinity", b"1e999", b"undefined", b"1" * 500]))
