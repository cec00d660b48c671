"""The settings of matching and merging as values."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.engine.read_until import read_until
from sync.engine.unlisted import read_at
from sync.matching import MatchPolicy
from sync.merging import FieldPolicy, MergePolicy

if TYPE_CHECKING:
    from sync.engine.session import Session


def match_policy(session: Session) -> MatchPolicy:
    """How careful matching is configured to be."""
    settings = session.settings.match
    return MatchPolicy(
        names_must_agree=settings.names_must_agree,
        generic_after=settings.generic_after,
        suspect_score=settings.suspect_score,
    )


def merge_policy(session: Session) -> MergePolicy:
    """Who decides which field, as configured."""
    settings = session.settings
    fields = {
        name: FieldPolicy(owner=f.owner or None, priority=tuple(f.priority))
        for name, f in settings.merge.fields.items()
    }
    return MergePolicy(
        priority=tuple(settings.merge.priority),
        fields=MappingProxyType(fields),
        blanks=settings.merge.blanks == "explicit",
        region=settings.sync.default_region,
        settle=settings.sync.settle,
        read_until=read_until(session),
        read_at=read_at(session),
        touches=frozenset(n for n, s in session.seats.items() if s.provider.capabilities.edits_need_sweep),
    )
