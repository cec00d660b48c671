"""Which import on the stream is ours, and what became of it; pure.

The server makes the uuid, and its answer to the POST may not tell it. So ours is, in this order: the uuid of the
answer; the one import on our list that began after our send; among several, the one whose ``total`` is the
number of contacts that we sent. Where a server tells everything again to each new connection, those that an
earlier batch heard of count only as long as no other began. Anything less is ambiguous, and ambiguous is never
taken for done.
Source: https://docs.datananas.com/reference/post_contacts-bulk (the event ``_starting`` precedes the answer, and
``_ending`` follows it; either order is accepted here, because two connections keep no common order).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from adapters.datananas.events import Ended, Event, Running, Started

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_IMPORTS = 1_000
"""Imports remembered; a flood beyond that is forgotten, so that memory stays bounded."""

Doubt = Literal["ambiguous", "contradiction"]


@dataclass(slots=True)
class _Import:
    """What was heard of one uuid. ``early``: it began between our send and the answer."""

    uuid: str
    started: Started | None = None
    early: bool = False
    total: int | None = None
    ended: Ended | None = None
    contradicted: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of our import. ``doubt`` set: it must count as unknown. ``contradicted``: two endings differed."""

    uuid: str | None
    created: int | None = None
    updated: int | None = None
    contradicted: bool = False
    doubt: Doubt | None = None


class Following:
    """Follows one POST of ``size`` contacts. ``list_id``: the target list's id, ``None`` when it is not known.

    ``known``: uuids that were heard before this POST.
    """

    def __init__(self, size: int, list_id: str | None, known: Iterable[str] = ()) -> None:
        self._size = size
        self._list_id = list_id
        self._known = frozenset(known)
        self._imports: dict[str, _Import] = {}
        self._foreign: set[str] = set()
        self._uuid: str | None = None
        self._posted = False
        self._answered = False
        self._leading: str | None = None
        self.revision = 0
        """Counts everything heard that may change ``verdict``."""

    def posted(self) -> None:
        """Our POST goes out now (again): what was heard before belongs to others."""
        self._foreign.update(self._imports)
        self._imports.clear()
        self._posted = True
        self._leading = None

    def answered(self, uuid: str | None, list_id: str | None) -> None:
        """The POST was accepted; its answer told these, ``None`` = not told."""
        self._answered = True
        self._uuid = uuid
        self._list_id = list_id or self._list_id
        self._leading = self._lead()

    def hear(self, event: Event) -> bool:
        """The event is taken in; true when it is about our import, as far as that can be told."""
        seen = self._import(event.uuid)
        if seen is None:
            return False
        if isinstance(event, Running):
            self._take_total(seen, event.total)
        elif isinstance(event, Started):
            self._take_start(seen, event)
        else:
            self._take_end(seen, event)
        return self.leading == event.uuid

    @property
    def leading(self) -> str | None:
        """The uuid that is ours, or most likely ours; ``None`` while nothing began."""
        return self._leading or self._uuid

    @property
    def begun(self) -> bool:
        """Something was heard of our import."""
        return self._leading is not None

    @property
    def heard(self) -> list[str]:
        """The uuids of all imports that were heard of, ours among them."""
        return [*self._foreign, *self._imports]

    @property
    def verdict(self) -> Verdict | None:
        """What became of our import, once the POST was accepted and the end is known; ``None`` before.

        A doubt that no later event can clear is a verdict, too.
        """
        if not self._answered:
            return None
        if self._uuid is not None:
            return self._judge(self._imports.get(self._uuid))
        candidates = self._candidates()
        if len(candidates) < 2:
            verdict = self._judge(candidates[0] if candidates else None)
            return Verdict(None, doubt="ambiguous") if verdict and self._rivalled() else verdict
        if all(one.uuid in self._known for one in candidates):
            return None  # ours is still to come
        fitting = [one for one in candidates if one.total == self._size]
        if len(fitting) > 1:
            return Verdict(None, doubt="ambiguous")
        if any(one.total is None and one.ended is None for one in candidates):
            return None  # its total may still be ours
        return self._judge(fitting[0]) if fitting else Verdict(None, doubt="ambiguous")

    def _import(self, uuid: str) -> _Import | None:
        if uuid in self._foreign:
            return None
        if uuid not in self._imports:
            if len(self._imports) + len(self._foreign) >= MOST_IMPORTS:
                return None
            self._imports[uuid] = _Import(uuid)
            self._leading = self._lead() if uuid == self._uuid else self._leading
        return self._imports[uuid]

    def _take_start(self, seen: _Import, event: Started) -> None:
        if seen.started is None:
            seen.started = event
            seen.early = self._posted and not self._answered
            self._leading = self._lead()
            self.revision += 1

    def _take_total(self, seen: _Import, total: int | None) -> None:
        if seen.total is None and total is not None:
            seen.total = total
            if seen.started is not None:
                self._leading = self._lead()
                self.revision += 1

    def _take_end(self, seen: _Import, event: Ended) -> None:
        if seen.ended is None:
            seen.ended = event
            self.revision += 1
        elif seen.ended != event:
            seen.contradicted = True

    def _lead(self) -> str | None:
        if self._uuid is not None:
            return self._uuid if self._uuid in self._imports else None
        candidates = self._candidates() if self._posted else []
        return candidates[0].uuid if candidates else None

    def _candidates(self) -> list[_Import]:
        """Imports that may be ours, in the order they were heard of; a lone one whatever its total says.

        A start before the answer is the documented case; later ones count only where there is none.
        """
        begun = [one for one in self._imports.values() if one.started is not None and self._on_our_list(one)]
        if len(begun) > 1:
            begun = [one for one in begun if one.total in {None, self._size}]
        begun = [one for one in begun if one.uuid not in self._known] or begun
        return [one for one in begun if one.early] or begun

    def _rivalled(self) -> bool:
        """An import of exactly our size whose start we missed: it may be ours, and the candidate another's."""
        return any(one.started is None and one.total == self._size for one in self._imports.values())

    def _on_our_list(self, one: _Import) -> bool:
        told = one.started.list_id if one.started else None
        return told is None or self._list_id is None or told == self._list_id

    def _judge(self, ours: _Import | None) -> Verdict | None:
        if ours is None or ours.ended is None:
            return None
        created, updated = self._totals(ours.ended)
        if created is None or updated is None or min(created, updated) < 0 or created + updated > self._size:
            return Verdict(ours.uuid, doubt="contradiction")
        return Verdict(ours.uuid, created, updated, ours.contradicted)

    def _totals(self, ended: Ended) -> tuple[int | None, int | None]:
        """A count that is not told is 0 where the other one is all that was sent, and unknown elsewhere."""
        created = 0 if ended.created is None and ended.updated == self._size else ended.created
        updated = 0 if ended.updated is None and ended.created == self._size else ended.updated
        return created, updated
