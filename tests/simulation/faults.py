"""What goes wrong, drawn from the seed and the name of the request: taking one fault away leaves the others."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

READ_KINDS = (
    "reset-before", "reset-after", "stall", "cut", "garbage", "empty", "wrong-type", "429", "500", "502", "503",
    "403", "early-end", "wrong-total", "doubled-row", "bad-row",
)  # fmt: skip
WRITE_KINDS = (
    "reset-before", "reset-after", "reset-after", "stall", "late", "late", "never", "partly", "twice", "cut",
    "garbage", "empty", "wrong-type", "429", "500", "502", "503", "500-done", "502-done", "503-done", "401", "403",
)  # fmt: skip
WS_KINDS = ("drop", "dup", "delay", "corrupt", "giant", "close", "foreign", "silent")
LYING = frozenset({"early-end", "wrong-total", "doubled-row", "bad-row", "short-page"})
"""The answer arrives whole and says something wrong, or less than was asked for."""
UNREADABLE = frozenset(
    {"reset-before", "reset-after", "stall", "cut", "garbage", "empty", "wrong-type", "never", "late"}
)
WAITS = ("7", "45", "90", "130", "15733", "0", "-5", "soon", "date", "past", "")


@dataclass(slots=True)
class Faults:
    """The faults of one seed. ``left``: how many may still strike. ``on``: whether any may."""

    seed: int
    left: int
    on: bool = True
    wide: bool = False
    """Also faults that the engine can only answer with a stated residue."""
    _counts: dict[str, int] = field(default_factory=dict)

    def name(self, provider: str, method: str, path: str, query: str) -> str:
        """The request's name: what it asks for and how often that was asked before."""
        what = f"{provider} {method} {path}" + (f"?{query}" if query else "")
        self._counts[what] = self._counts.get(what, 0) + 1
        return f"{what} #{self._counts[what]}"

    def draw(self, name: str, *, mutating: bool) -> str | None:
        """What goes wrong with this request."""
        random = self.random(name)
        if not self.on or self.left <= 0 or random.random() > (0.3 if mutating else 0.05):
            return None
        self.left -= 1
        return random.choice(WRITE_KINDS if mutating else READ_KINDS)

    def draw_message(self, name: str) -> str | None:
        """What goes wrong with this message of the stream."""
        random = self.random(name)
        if not self.on or self.left <= 0 or random.random() > 0.12:
            return None
        self.left -= 1
        return random.choice(WS_KINDS)

    def random(self, name: str) -> Random:
        """The request's own source of randomness."""
        return Random(f"{self.seed}|{name}")


def late_s(random: Random, *, wide: bool) -> float:
    """How long after the request it is worked on: past every deadline, normally before outcomes are looked up."""
    return random.uniform(1000.0, 4000.0) if wide and random.random() < 0.1 else random.uniform(61.0, 840.0)


def wait_header(random: Random, now: datetime, wish: str = "") -> tuple[str | None, float]:
    """A ``Retry-After`` and how long it really forbids to ask again; unreadable text counts for a minute.

    ``wish``: which one, drawn when empty.
    """
    wait = wish or random.choice(WAITS)
    if wait == "date":
        return format_datetime(now + timedelta(seconds=40), usegmt=True), 39.0
    if wait == "past":
        return format_datetime(now - timedelta(days=1), usegmt=True), 0.0
    if wait == "":
        return None, 0.0
    return wait, {"soon": 60.0}.get(wait) or max(0.0, float(wait) if wait != "soon" else 60.0)


def part_of(body: bytes) -> bytes:
    """The request with the first half of its rows only."""
    try:
        told = json.loads(body)
    except ValueError:
        return body
    for key in ("items", "contacts", "contact_attributes"):
        rows = told.get(key) if isinstance(told, dict) else None
        if isinstance(rows, list) and len(rows) > 1:
            return json.dumps(told | {key: rows[: len(rows) // 2]}).encode()
    return body


def lied(kind: str, body: bytes, random: Random) -> bytes:
    """The read answer with one lie in it; a body without rows stays as it is."""
    try:
        told = json.loads(body)
    except ValueError:
        return body
    key = next(
        (k for k in ("items", "contacts") if isinstance(told, dict) and isinstance(told.get(k), list)), None
    )
    if key is None:
        return body
    rows: list[Any] = told[key]
    if kind == "short-page":
        told[key] = rows[:2]
        told |= {"has_more": True} if "has_more" in told and len(rows) > 2 else {}
    elif kind == "early-end":
        told[key] = rows[: len(rows) // 2]
        if "has_more" in told:
            told["has_more"] = False
    elif kind == "doubled-row" and rows:
        told[key] = [rows[0], *rows]
    elif kind == "bad-row" and rows:
        rows[random.randrange(len(rows))] = {"id": 7}
    elif kind == "wrong-total":
        change = random.choice((-1, 1, 5))
        if "total_count" in told:
            told["total_count"] = max(0, told["total_count"] + change)
        elif isinstance(told.get("pagination"), dict):
            told["pagination"]["total_entries"] = max(0, told["pagination"]["total_entries"] + change)
    return json.dumps(told).encode()
