"""Where a reading of Apollo goes on; pure.

``watermark``: everything updated up to here was taken in; ``None`` = everything must be read. ``sweep``: a full
read that is under way. A text that is damaged, from other labels or from the future starts over.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = 1
FUTURE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """A full read, about to ask for ``page`` of ``parts[at]`` (a stage id; ``None`` = all contacts).

    ``total``: contacts there were before. ``last_total``: the part's count as last told. ``summed``: counts of
    the parts done. ``ignored``: rows that are counted there and are no contacts here. ``whole``: no sign yet
    that rows were missed.
    """

    parts: tuple[str | None, ...]
    total: int
    at: int = 0
    ascending: bool = True
    page: int = 1
    last_total: int = 0
    summed: int = 0
    ignored: int = 0
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The place in all of Apollo's contacts."""

    watermark: datetime | None = None
    sweep: Sweep | None = None


def scope_of(label_ids: Iterable[str]) -> str:
    """A short name of the set of labels that reading is confined to."""
    return hashlib.sha256("\n".join(sorted(label_ids)).encode()).hexdigest()[:12]


def render_cursor(cursor: Cursor, scope: str) -> str:
    """The text from which ``parse_cursor`` goes on."""
    watermark = cursor.watermark.isoformat() if cursor.watermark else None
    sweep = asdict(cursor.sweep) if cursor.sweep else None
    return json.dumps({"v": VERSION, "scope": scope, "watermark": watermark, "sweep": sweep})


def parse_cursor(text: str | None, scope: str, now: datetime) -> Cursor:
    """The cursor in ``text``; one that reads everything when the text cannot be trusted."""
    try:
        found = json.loads(text or "")
        if found["v"] != VERSION or found["scope"] != scope:
            return Cursor()
        watermark = datetime.fromisoformat(found["watermark"]) if found["watermark"] else None
        if watermark and watermark > now + FUTURE:
            return Cursor()
        return Cursor(watermark=watermark, sweep=_sweep(found["sweep"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Cursor()


def _sweep(found: Any) -> Sweep | None:
    if found is None:
        return None
    sweep = Sweep(**(found | {"parts": tuple(found["parts"])}))
    counts = (sweep.total, sweep.at, sweep.page - 1, sweep.last_total, sweep.summed, sweep.ignored)
    if not all(isinstance(count, int) and count >= 0 for count in counts) or sweep.at >= len(sweep.parts):
        raise ValueError
    return sweep
