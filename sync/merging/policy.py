"""Who decides which field: the settings of a merge as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.contact import VARIABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPolicy:
    """Who decides one field: ``owner`` (only its edits count) or ``priority`` between several edits."""

    owner: str | None = None
    priority: tuple[str, ...] = ()


NO_POLICY = FieldPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePolicy:
    """``priority``: providers, best first. ``fields``: field → its own policy; ``variables.*`` stands for every
    variable without one. ``blanks``: an emptied value may empty others. ``region``: default region for phone
    numbers without country code, ``""`` = none. ``settle``: how long a read may still show what a write replaced.
    ``read_until``: provider → until when everything that changed there was read and taken into account; of one
    that is not in it every edit counts as made after whatever stands. ``touches``: providers whose records tell
    when they were touched last, by which most but not all edits are met before everything is read. ``read_at``:
    ``provider:id`` → the same moment of a record that no list shows.
    """

    priority: tuple[str, ...] = ()
    fields: Mapping[str, FieldPolicy] = field(default_factory=lambda: MappingProxyType({}))
    blanks: bool = False
    region: str = ""
    settle: timedelta = timedelta(minutes=15)
    read_until: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    touches: frozenset[str] = frozenset()
    read_at: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, name: str) -> FieldPolicy:
        """The policy of one field; an empty one when nothing is configured for it."""
        if name not in self.fields and name.startswith(VARIABLE_PREFIX):
            return self.fields.get(VARIABLE_PREFIX + "*", NO_POLICY)
        return self.fields.get(name, NO_POLICY)

    def rank(self, provider: str, name: str | None = None) -> int:
        """Place in the priority, smaller = better; a field's owner comes first, unlisted providers come last."""
        own = NO_POLICY if name is None else self.of(name)
        if own.owner == provider:
            return -1
        order = own.priority or self.priority
        return order.index(provider) if provider in order else len(order)
