"""Whose a decision is after a parting: of those for whom it was made, not of whom they were merged into."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.merging.first_contact import is_decided

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from sync.change import Choice
    from sync.merging.parting import Side
    from sync.person import Person


def with_heirs(sides: Iterable[Side], people: Sequence[Person], before: Sequence[Person]) -> list[Side]:
    """The sides, each with what was decided for somebody whose records are most of them its own.

    That is told only where it would be lost: the side that keeps the id holds none of those records, and no side
    is that somebody again. ``people``: everybody as they are; ``before``: as they were, latest first.
    """
    heirs = list(sides)
    for person in people:
        for name, rids in _left(person, heirs, before):
            at = max(range(len(heirs)), key=lambda number: _share(heirs[number], rids))
            if _share(heirs[at], rids)[0] and not _has(heirs[at].before, name, person.choices[name]):
                heirs[at] = replace(heirs[at], decided=heirs[at].decided | {(person.id, name)})
    return heirs


def _left(person: Person, sides: Iterable[Side], before: Sequence[Person]) -> Iterator[tuple[str, set[int]]]:
    """Fields that were decided for somebody who was merged into the person, with the records they had then."""
    staying = {m.rid for side in sides if side.person_id == person.id for m in side.members}
    for name, choice in person.choices.items():
        if is_decided(choice) and ":" not in choice.source:
            first = next((b for b in reversed(before) if _has(b, name, choice)), person)
            rids = {m.rid for m in first.members}
            if first.id != person.id and not staying & rids:
                yield name, rids


def _share(side: Side, rids: AbstractSet[int]) -> tuple[int, int]:
    """How many of ``rids`` are the side's; of two with as many, the one that was linked first counts more."""
    own = rids & {m.rid for m in side.members}
    return len(own), -min(own, default=0)


def _has(person: Person | None, name: str, choice: Choice) -> bool:
    """Whether the field was decided by that very act."""
    known = person.choices.get(name) if person else None
    return known is not None and (known.rule, known.source, known.at) == (choice.rule, choice.source, choice.at)
