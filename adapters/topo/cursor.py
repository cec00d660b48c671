"""Where a pull goes on in a later run: JSON text that only this adapter reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.toolkit import strict_json
from adapters.topo.shapes import render_moment

AHEAD = timedelta(days=1)
"""A cursor further in the future than this is thrown away; less is two clocks that differ."""

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """``at``: the provider's own latest time (incremental) or the next strict bound (sweep).

    ``total``: the provider's count before the sweep's first page. ``complete``: no sign of left-out rows yet.
    """

    mode: str
    at: datetime | None = None
    total: int | None = None
    complete: bool = True

    def render(self) -> str:
        """The text from which ``parse`` gives an equal cursor."""
        at = render_moment(self.at) if self.at else None
        return strict_json.dumps(
            {"mode": self.mode, "at": at, "total": self.total, "complete": self.complete}
        ).decode()


def parse(text: str | None, mode: str, now: datetime) -> Cursor:
    """The cursor in ``text``; the beginning when it is unreadable, of another mode, or of the future."""
    fresh = Cursor(mode=mode)
    try:
        row = strict_json.loads(text) if text else None
        if not isinstance(row, dict) or row.get("mode") != mode or not isinstance(row.get("at"), str):
            return fresh
        at = datetime.fromisoformat(row["at"])
    except ValueError:
        return fresh
    if at.tzinfo is None or not EARLIEST < at <= now + AHEAD:
        return fresh
    total = row.get("total")
    return Cursor(
        mode=mode,
        at=at,
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
        complete=row.get("complete") is True,
    )
