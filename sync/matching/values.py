"""What matching is told and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, combinations
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.change import Suspicion

T = TypeVar("T")

RULES: Final = 2
"""The version of the rules by which records are matched: with another one everybody is matched anew."""
GENERIC_AFTER: Final = 3
"""Mutually incompatible names after which a key is nobody's, unless somebody says otherwise."""

SAME_EMAIL: Final = "same email, names disagree"
UNTOLD: Final = "same email, and names do not tell whose it is"
TWO_PROFILES: Final = "tied by email, two LinkedIn profiles"
BRIDGE: Final = "one record alone ties two complete people"
TWINS: Final = "their merge would make twins at one provider"
WAITING: Final = "their merge waits for another one, which would make twins at one provider"
OPENED: Final = "their merge rested on a key that became generic"
DIVIDED: Final = "they were one person, and show two LinkedIn profiles by now"
REFUSED: Final = "same key, and a human decision keeps it from joining them all"
KEPT_APART: Final = "same key, and what else is in question about it keeps them apart"
FORMER: Final = "same key, which not both of them show any more"
ONE_MAILBOX: Final = "same mailbox apart from tag, dots or mail host"
ALIKE: Final = "name, company, domain and phone are alike"
REMEMBERED: Final = (OPENED, DIVIDED)
"""Reasons for which one person became two, which nothing in the records tells afterwards."""


DISPUTED: Final = 0.9
"""The score of a suspicion that a rule gives; likeness is scored by its features."""
MAX_SIDES: Final = 16
"""Sides of one dispute of whom every two are a suspicion, 120 at most."""


def every_two(sides: Sequence[T]) -> Iterator[tuple[T, T]]:
    """Whom a dispute may make one: every two of its first ``MAX_SIDES`` sides, the first also with each other."""
    return chain(combinations(sides[:MAX_SIDES], 2), ((sides[0], side) for side in sides[MAX_SIDES:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPolicy:
    """How careful matching is.

    ``names_must_agree``: a shared email joins only names that do not plainly disagree. ``generic_after``:
    mutually incompatible names after which a key joins nobody. ``suspect_score``: likeness from which two
    people without a common key are a suspicion. ``look_for_alike``: false leaves that search out.
    """

    names_must_agree: bool = True
    generic_after: int = GENERIC_AFTER
    suspect_score: float = 0.90
    look_for_alike: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericKey:
    """A key seen with ``names`` or more mutually incompatible names; it joins none of its ``rids``."""

    key: str
    names: int
    rids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """Sides kept apart although keys or links tie them; ``reason`` is one of this module's texts.

    ``rid``: the record that ties them where it is one alone (a bridge). ``keys``: what is in dispute.
    """

    reason: str
    sides: tuple[tuple[int, ...], ...]
    keys: tuple[str, ...] = ()
    rid: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Several records of one person inside one provider, canonical order."""

    provider: str
    rids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """Who is one, and everything that somebody should look at.

    ``clusters``: each record once; ordered inside by record reference, outside by lowest rid. ``bridges``,
    ``conflicts`` (two slugs), ``held_merges`` (would make twins), ``opened`` (merges undone by a generic key)
    and ``refused`` (against a human decision) each name their sides, and are suspicions unless judged.
    ``generic``: keys of the records that are nobody's, known ones and those found, which ``generic_keys``
    describes. ``skipped_blocks``: groups of alike records too large to be compared; ``unchecked``: clusters too
    large to be searched for bridges.
    """

    clusters: tuple[tuple[int, ...], ...]
    suspicions: tuple[Suspicion, ...] = ()
    twins: tuple[Twins, ...] = ()
    bridges: tuple[Apart, ...] = ()
    conflicts: tuple[Apart, ...] = ()
    held_merges: tuple[Apart, ...] = ()
    opened: tuple[Apart, ...] = ()
    refused: tuple[Apart, ...] = ()
    generic_keys: tuple[GenericKey, ...] = ()
    generic: frozenset[str] = frozenset()
    skipped_blocks: int = 0
    unchecked: int = 0


@dataclass(slots=True)
class Findings:
    """What the stages find on the way, before it is put in order."""

    suspicions: list[Suspicion] = field(default_factory=list)
    bridges: list[Apart] = field(default_factory=list)
    conflicts: list[Apart] = field(default_factory=list)
    held_merges: list[Apart] = field(default_factory=list)
    opened: list[Apart] = field(default_factory=list)
    refused: list[Apart] = field(default_factory=list)
    unchecked: int = 0

    def extend(self, other: Findings) -> None:
        """What ``other`` found is found here too."""
        self.suspicions += other.suspicions
        self.bridges += other.bridges
        self.conflicts += other.conflicts
        self.held_merges += other.held_merges
        self.opened += other.opened
        self.refused += other.refused
        self.unchecked += other.unchecked
