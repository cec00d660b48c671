"""The brake: a provider that keeps writing its own value back is not argued with for ever.

A return is an edit that puts a record's own value back over one of ours that it had acknowledged. ``LIMIT``
returns of one value within ``WINDOW`` mean that some automatism there decides the field.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.change import Return

LIMIT = 3
WINDOW = timedelta(hours=24)


def noted(history: Iterable[Return], latest: Return) -> tuple[Return, ...]:
    """``history`` with the latest return; what happened longer than ``WINDOW`` before it is forgotten."""
    return (*(r for r in history if r.at > latest.at - WINDOW), latest)


def oscillates(history: Iterable[Return]) -> bool:
    """Whether one record put one value back ``LIMIT`` times; ``history`` spans at most ``WINDOW``."""
    counted: dict[tuple[str, str], int] = {}
    for one in history:
        place = (one.source, one.value)
        counted[place] = counted.get(place, 0) + 1
    return max(counted.values(), default=0) >= LIMIT
