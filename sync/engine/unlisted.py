"""Linked records that no list shows, and that are there all the same when they are asked for by id.

In a workspace shared with others a list shows only who has our label, and anybody may take that away. They are
read when everything is, and looked at before anything is written there or somebody of theirs is created elsewhere.
"""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.engine.notes import note, noted_of_providers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.engine.session import Session

UNLISTED = "unlisted"
"""Provider → record id → until when everything that changed in the record was read and merged."""


def unlisted_at(session: Session, provider: str) -> frozenset[str]:
    """Ids of the records there that are known to be shown by no list."""
    seat = session.seats.get(provider)
    found = {} if seat is None else seat.by_id
    return frozenset({*noted_of_providers(session, UNLISTED).get(provider, {}), *found})


def read_at(session: Session) -> Mapping[str, datetime]:
    """``provider:id`` → until when the record is known."""
    moments: dict[str, datetime] = {}
    for seat in session.seats.values():
        moments |= {f"{seat.name}:{i}": since for i, since in seat.by_id.items() if since is not None}
    for provider, kept in noted_of_providers(session, UNLISTED).items():
        moments |= {f"{provider}:{i}": datetime.fromisoformat(at) for i, at in kept.items()}
    return MappingProxyType(moments)


def unlisted_are_merged(session: Session) -> None:
    """Whom this cycle read by id is known until now; of who was listed again nothing is noted."""
    kept = noted_of_providers(session, UNLISTED)
    now = session.clock.now().isoformat()
    for name, seat in session.seats.items():
        own = kept.get(name, {})
        unread = own.keys() & seat.unsure if seat.complete else own.keys() - seat.seen
        kept[name] = {i: own[i] for i in unread} | dict.fromkeys(seat.by_id, now)
    note(session, {UNLISTED: {name: own for name, own in kept.items() if own}})
