"""Until when everything that changed at each provider was read and merged.

An edit met later was surely made after it. Of one that is met together with a value chosen since then at another
place nobody can tell which came first.
"""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.engine.notes import note, noted_of_providers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.engine.session import Session

READ_UNTIL = "read until"
"""Provider → the moment."""


def read_until(session: Session) -> Mapping[str, datetime]:
    """The moments that are known, by provider."""
    kept = noted_of_providers(session, READ_UNTIL)
    return MappingProxyType({name: datetime.fromisoformat(at) for name, at in kept.items()})


def all_is_merged(session: Session) -> None:
    """Everybody was merged, with what this cycle read: that is known until now. Who can only be known from exports
    is known until the last one was made.
    """
    kept = noted_of_providers(session, READ_UNTIL)
    for seat in session.seats.values():
        is_read = seat.provider.reader is not None and seat.settings.read
        until = seat.read_until if is_read else seat.state.export_as_of
        if until is not None:
            in_this_cycle = is_read and until >= session.started_at
            kept[seat.name] = (session.clock.now() if in_this_cycle else until).isoformat()
    note(session, {READ_UNTIL: kept})
