"""What the store can tell around one person, besides the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sync.change import CannotExpress, Hold, ManualAction, Operation, Suspicion
    from sync.person import Decision
    from sync.record import RecordRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """When a record was met, changed and found gone, and the keys it shows (``True``) or once showed."""

    ref: RecordRef
    first_seen: datetime
    changed_at: datetime
    gone_at: datetime | None
    keys: Mapping[tuple[str, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An operation with the times it was planned and settled at."""

    operation: Operation
    planned_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What is known around one person besides the person: oldest first wherever there is an order.

    ``former_ids``: ids that were merged into this one. ``split_from``: the id this one was parted from.
    ``generic``: keys of its records that stand at so many different people that they join nobody.
    """

    person_id: str
    former_ids: tuple[str, ...] = ()
    split_from: str | None = None
    sightings: tuple[Sighting, ...] = ()
    generic: frozenset[tuple[str, str]] = frozenset()
    sent: tuple[Sent, ...] = ()
    suspicions: tuple[Suspicion, ...] = ()
    holds: tuple[Hold, ...] = ()
    decisions: tuple[Decision, ...] = ()
    cannot_express: tuple[CannotExpress, ...] = ()
    manual_actions: tuple[ManualAction, ...] = ()
