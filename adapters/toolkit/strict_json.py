"""JSON from strangers: size, depth and number limits, no NaN, no duplicate keys, no lone surrogates.

A half of a surrogate pair is what other programs leave when they cut a text inside a character. It is dropped,
so that one such name does not cost its page; everything else is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

MAX_SIZE = 16 * 1024 * 1024
MAX_DEPTH = 32
MAX_DIGITS = 400
MAX_COUNT = 2**53
"""No count of rows is larger, and a state store holds 64 bits."""
MAX_PARTS = 200_000
"""Values in one text; a page of 100 contacts has some 20,000. Small values cost far more memory than text."""


_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)
"""Possessive, and taking an open string to its end, so that no text takes more than one look at each character."""
_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class BadJsonError(ValueError):
    """The text is not JSON we accept; the message names the rule it broke, never the content."""


def _no_constant(name: str) -> NoReturn:
    raise BadJsonError(f"the number {name} is not JSON")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise BadJsonError(f"a number of more than {MAX_DIGITS} digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise BadJsonError("a number beyond any float")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise BadJsonError("an object with a key twice")
    return table


def _check_depth(text: str) -> None:
    depth = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadJsonError(f"nesting deeper than {MAX_DEPTH}")
        elif found[0] in "]}":
            depth -= 1


def _check_parts(text: str) -> None:
    if text.count(",") + text.count("[") + text.count("{") > MAX_PARTS:
        raise BadJsonError(f"more than {MAX_PARTS} values")


def _whole(value: Any) -> Any:
    """``value`` without halves of surrogate pairs, in keys too."""
    if isinstance(value, str):
        return value.encode("utf-8", "ignore").decode()
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return _unique([(_whole(key), _whole(item)) for key, item in value.items()])
    return value


def loads(body: bytes | str) -> Any:
    """The value in ``body`` (UTF-8, byte order mark allowed). Raises ``BadJsonError``."""
    if len(body) > MAX_SIZE:
        raise BadJsonError(f"more than {MAX_SIZE // 1024**2} MiB")
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body
    except UnicodeDecodeError as error:
        raise BadJsonError("bytes that are not UTF-8") from error
    _check_parts(text)
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(text)
    try:
        value = json.loads(
            text,
            parse_constant=_no_constant,
            parse_int=_integer,
            parse_float=_float,
            object_pairs_hook=_unique,
        )
    except BadJsonError:
        raise
    except (ValueError, RecursionError) as error:
        raise BadJsonError("text that is not JSON") from error
    return _whole(value) if _holds_half(text) else value


def _holds_half(text: str) -> bool:
    """Most texts show at a glance that they do not; a closer look costs four fifths of reading one."""
    return ("\\u" in text or not text.isascii()) and _HALF.search(text) is not None


def dumps(value: object) -> bytes:
    """Compact UTF-8 JSON, keys in the given order; the bytes that are sent and digested."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
