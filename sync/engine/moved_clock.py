"""A wall clock that somebody moved: what was sent before has not settled because of that.

The clock that counts since the machine was started, sleep included, tells how much time went by for true.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sync.clock import boot_id
from sync.engine.notes import note, noted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.engine.session import Session

CLOCK = "clock"
"""Start of the machine, seconds since then and the wall clock at one moment; and when it was found moved."""
SLIPS = timedelta(seconds=30)
"""A clock that is kept right slips by less."""


def look_at_clock(session: Session) -> None:
    """``session.clock_moved_at`` tells since when the wall clock goes as it does now, ``None`` = as ever."""
    last = noted(session, CLOCK)
    known = last if isinstance(last, dict) else {}
    moved = _moved(session, known)
    told = known.get("moved_at")
    session.clock_moved_at = (
        session.clock.now() if moved else datetime.fromisoformat(told) if isinstance(told, str) else None
    )
    if moved or known.get("boot") != boot_id():
        note(session, {CLOCK: _reading(session)})


def _reading(session: Session) -> dict[str, object]:
    moved_at = session.clock_moved_at
    return {
        "boot": boot_id(),
        "since_boot_s": session.clock.monotonic(),
        "at": session.clock.now().isoformat(),
        "moved_at": moved_at.isoformat() if moved_at is not None else None,
    }


def _moved(session: Session, known: Mapping[str, object]) -> bool:
    """After another start of the machine only a clock that went back is known to be another one."""
    at, since_s = known.get("at"), known.get("since_boot_s")
    if not isinstance(at, str) or not isinstance(since_s, int | float):
        return False
    went_by = session.clock.now() - datetime.fromisoformat(at)
    if known.get("boot") != boot_id():
        return went_by < -SLIPS
    return abs(went_by - timedelta(seconds=session.clock.monotonic() - since_s)) > SLIPS
