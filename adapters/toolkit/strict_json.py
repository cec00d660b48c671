"""JSON from strangers: size, depth and number limits, no NaN, no duplicate keys, no lone surrogates."""

from __future__ import annotations

import json
from typing import Any, NoReturn

MAX_DEPTH = 32
MAX_DIGITS = 400


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
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise BadJsonError(f"nesting deeper than {MAX_DEPTH}")
        elif char in "]}":
            depth -= 1


def loads(body: bytes | str) -> Any:
    """The value in ``body`` (UTF-8, byte order mark allowed). Raises ``BadJsonError``."""
    try:
        text = body.decode("utf-8-sig") if isinstance(body, bytes) else body
    except UnicodeDecodeError as error:
        raise BadJsonError("bytes that are not UTF-8") from error
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
    return value


def dumps(value: object) -> bytes:
    """Compact UTF-8 JSON, keys in the given order; the bytes that are sent and digested."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
