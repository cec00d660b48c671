"""Numbers, times, kinds and states in words. Pure."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LONGEST_VALUE = 80

_KINDS: Mapping[str, tuple[str, str]] = {
    "create": ("create", "creates"),
    "update": ("update", "updates"),
    "variables": ("variables update", "variables updates"),
    "exclude": ("opt-out entry", "opt-out entries"),
    "stage": ("opt-out stage", "opt-out stages"),
}
_STATES: Mapping[str, str] = {
    "failed": "failed",
    "refused": "refused",
    "parked": "parked until you decide",
    "unknown": "with an unknown outcome",
    "sending": "being sent when the run ended",
    "blocked": "blocked",
    "deferred": "put off",
    "planned": "planned",
    "pending": "accepted, not resolved yet",
    "acked": "accepted",
    "verified": "done and verified",
}
_ORDER = tuple(_STATES)


def kind(code: str) -> tuple[str, str]:
    """One and many of an operation's kind."""
    return _KINDS.get(code, (code, code))


def state(code: str) -> str:
    """An operation's state, to stand behind a number of them."""
    return _STATES.get(code, code)


def urgency(code: str) -> int:
    """Where a state stands when the ones that need a look come first."""
    return _ORDER.index(code) if code in _ORDER else -1


def number(value: int | None) -> str:
    """``1,290``; a number that is not known is ``?``."""
    return "?" if value is None else f"{value:,}"


def count(value: int, one: str, many: str) -> str:
    """``1 update``, ``1,290 updates``."""
    return f"{number(value)} {one if value == 1 else many}"


def moment(value: datetime) -> str:
    """A time as people read it, to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def until(value: datetime | None) -> str:
    """When something put off goes on."""
    return f"until {moment(value)}" if value else "until a later run"


def seconds(value: float) -> str:
    """``36 s``, ``2 min 5 s``, ``1 h 4 min``."""
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
