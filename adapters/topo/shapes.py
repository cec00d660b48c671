"""Reading single values out of an answer: each is what the documentation says, or a ``MappingError``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sync.errors import MappingError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROVIDER = "topo"

_FRACTION = re.compile(r"[.,](\d+)")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """A timestamp and the seconds between two neighbours in the grain it was written in."""

    at: datetime
    grain_s: float


def kind_of(value: object) -> str:
    """The JSON name of a value's type; all that an error may tell of it."""
    if value is None:
        return "null"
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "something else")


def broken(path: str, expected: str, got: object) -> MappingError:
    """The error for a value that is not what the documentation says."""
    return MappingError(PROVIDER, path, expected, kind_of(got))


def table(value: object, path: str) -> dict[str, Any]:
    """``value``, an object. Raises ``MappingError``."""
    if not isinstance(value, dict):
        raise broken(path, "an object", value)
    return value


def text(row: Mapping[str, Any], key: str, path: str) -> str | None:
    """A nullable text field; blank text is ``None``. Raises ``MappingError`` for another type."""
    value = row.get(key)
    if value is None:
        return None
    if not isinstance(value, str):
        raise broken(f"{path}.{key}", "a string or null", value)
    return value if value.strip() else None


def identifier(row: Mapping[str, Any], key: str, path: str) -> str:
    """A required id. Raises ``MappingError``."""
    value = row.get(key)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise broken(f"{path}.{key}", "an id", value)
    return value


def moment(row: Mapping[str, Any], key: str, path: str) -> Moment:
    """A required timestamp. Raises ``MappingError``."""
    found = parse_moment(row.get(key))
    if found is None:
        raise broken(f"{path}.{key}", "an ISO 8601 timestamp", row.get(key))
    return found


def parse_moment(value: object) -> Moment | None:
    """The timestamp in ISO 8601 text, ``None`` when it is none. Without an offset it is read as UTC."""
    if not isinstance(value, str) or len(value) < 19:
        return None
    try:
        at = datetime.fromisoformat(value)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    fraction = _FRACTION.search(value)
    digits = len(fraction[1]) if fraction else 0
    return Moment(at, 1.0 if digits == 0 else 0.001 if digits <= 3 else 0.000001)


def render_moment(at: datetime) -> str:
    """A timestamp for the wire, with ``Z`` so that no ``+`` stands in a query."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def name_of(item: object, position: int) -> str:
    """How a bad row is named: by its id, else by its position."""
    name = item.get("id") if isinstance(item, dict) else None
    return name if isinstance(name, str) and _ID.fullmatch(name) else f"#{position}"
