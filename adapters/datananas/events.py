"""WebSocket messages → events of the bulk stream; pure, and deaf to everything else.

The documents name three events and their payloads, not the envelope, so every usual one is understood:
``{"type": T, "data": {…}}`` (also ``event``/``name``, whatever the type, and ``payload``/``args``), flat
``{"type": T, "uuid": …}``, ``["T", {…}]``, and socket.io's ``42["T", {…}]``.
Source: https://docs.datananas.com/reference/post_contacts-bulk
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from adapters.toolkit import strict_json

PREFIX = "contact_bulk_create"
OURS = frozenset({"_starting", "_running", "_ending"})
MAX_ID_LENGTH = 200
NO_COUNT = -1
"""Stands for something that is no whole number from 0 up."""
_SOCKET_IO = re.compile(r"\d+(?:/[^,\[]*,)?\d*(?=\[)", re.ASCII)
_NAME_KEYS = ("type", "event", "name")
_PAYLOAD_KEYS = ("data", "payload", "args")


@dataclass(frozen=True, slots=True)
class Started:
    """A bulk import began; ``list_id`` is ``None`` when it was not told."""

    uuid: str
    list_id: str | None


@dataclass(frozen=True, slots=True)
class Running:
    """One contact was worked on; for display only. ``i`` may begin at 0 or 1; ``None`` = not told."""

    uuid: str
    i: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A bulk import is over; a count is ``None`` when it was not told, and may be ``NO_COUNT``."""

    uuid: str
    created: int | None
    updated: int | None


@dataclass(frozen=True, slots=True)
class Unrelated:
    """Something else that the account is told about; a sign that the stream works, and nothing more."""


Event = Started | Running | Ended


def decode(message: str | bytes) -> Event | Unrelated | None:
    """The event in one message, ``None`` when it holds none."""
    try:
        text = message if isinstance(message, str) else message.decode("utf-8")
        text = text.removeprefix("\ufeff")
        envelope = strict_json.loads(text[_prefix(text) :])
    except (UnicodeDecodeError, strict_json.BadJsonError):
        return None
    name, payload = _open(envelope)
    if isinstance(name, str) and isinstance(payload, dict):
        return _event(name, payload)
    return None if PREFIX in text else Unrelated()


def _prefix(text: str) -> int:
    """Characters of a socket.io packet before its JSON: packet type, name space, acknowledgement id."""
    found = _SOCKET_IO.match(text)
    return found.end() if found else 0


def _open(envelope: Any) -> tuple[Any, Any]:
    if isinstance(envelope, list) and len(envelope) > 1:
        return envelope[0], envelope[1]
    if not isinstance(envelope, dict):
        return None, None
    names = [envelope[key] for key in _NAME_KEYS if isinstance(envelope.get(key), str)]
    name = next((one for one in names if one.removeprefix(PREFIX) in OURS), names[0] if names else None)
    for key in _PAYLOAD_KEYS:
        payload = envelope.get(key)
        if isinstance(payload, list) and payload:
            payload = payload[0]
        if isinstance(payload, dict):
            return name, payload
    return name, envelope


def _event(name: str, payload: dict[str, Any]) -> Event | Unrelated | None:
    if name.removeprefix(PREFIX) not in OURS:
        return Unrelated()
    uuid = _id(payload.get("uuid"))
    if uuid is None:
        return None
    match name.removeprefix(PREFIX):
        case "_starting":
            return Started(uuid, _id(payload.get("listId")))
        case "_running":
            return Running(uuid, _count(payload.get("i")), _count(payload.get("total")))
        case _:
            return Ended(uuid, *(_total(payload.get(key)) for key in ("created", "updated")))


def _id(value: Any) -> str | None:
    usable = isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH and value.isascii() and value.isprintable()
    return value if usable else None


def _total(value: Any) -> int | None:
    count = _count(value)
    return NO_COUNT if count is None and value is not None else count


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
