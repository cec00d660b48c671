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
    """Who was read to the end by this cycle is known until now, after everybody was merged; one who can only be
    known from exports, until the last one was made.
    """
    until = {seat.name: session.clock.now() for seat in session.seats.values() if seat.read_out}
    until |= {
        seat.name: seat.state.export_as_of
        for seat in session.seats.values()
        if not seat.provider.capabilities.readable and seat.state.export_as_of is not None
    }
    kept = noted_of_providers(session, READ_UNTIL)
    note(session, {READ_UNTIL: {**kept, **{name: at.isoformat() for name, at in until.items()}}})
