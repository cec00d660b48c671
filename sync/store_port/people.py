"""The door to who is who: matching, membership, people and their merged contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sync.matching.values import GENERIC_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sync.matching import Parts
    from sync.merging import Met, Shown
    from sync.person import Decision, Person
    from sync.record import RecordRef
    from sync.store_port.values import Matched, MembershipUpdate, Merged, Region


class People(Protocol):
    """Who is who."""

    # matching -----------------------------------------------------------------------------------------
    def region(
        self, around: Iterable[RecordRef] | None = None, generic_after: int = GENERIC_AFTER
    ) -> Region | None:
        """The region around all dirty records (see ``Region``), or around some; ``None`` when there are none.

        ``generic_after``: see ``MatchPolicy``.
        """

    def parts(self, generic_after: int) -> Parts | None:
        """The region around all dirty records in parts, read and not sorted out; ``None`` when there are none."""

    def alike(self, rids: Sequence[int] | None) -> Iterator[Sequence[int]]:
        """Groups of records with a mark in common, all of them or (``rids``) those with one of these; an empty one
        for each that is too large to be compared. All are read some at a time: nothing may be written meanwhile.
        """

    def heads(self, rids: Sequence[int]) -> Mapping[int, int]:
        """Record to the lowest record of its person."""

    def full_names(self, rids: Sequence[int]) -> Mapping[int, str | None]:
        """The full names of those records."""

    def part(self, rids: Sequence[int]) -> Region:
        """Those records as a region; the caller knows that nothing ties them to others."""

    def save_matched(self, matched: Matched, *, at: datetime) -> None:
        """As ``save_membership``, for the whole region around the dirty records, which are dirty no longer."""

    def save_membership(self, update: MembershipUpdate, *, at: datetime) -> None:
        """Membership is kept, every person touched is dirty; dirty records stay so, for matching looks further."""

    def decisions(self, about: Iterable[RecordRef] | None = None) -> list[Decision]:
        """Judgements that stand, all or about some records, oldest first; the two records of each in order."""

    def replaced_decisions(self, pairs: Iterable[tuple[RecordRef, RecordRef]]) -> list[Decision]:
        """What the judgements that stand on those pairs replaced, where they replaced others."""

    # merging and planning -----------------------------------------------------------------------------
    def dirty_people(self) -> list[str]:
        """Ids of persons to merge and plan again, sorted."""

    def mark_all_records_dirty(self) -> None:
        """Every record waits for matching (its rules changed)."""

    def mark_absent(self, provider: str, names: Iterable[str]) -> None:
        """No row of the provider has carried those fields so far: the first that does shows nobody's edit."""

    def mark_all_people_dirty(self) -> None:
        """Every active person is dirty (policy or settings changed)."""

    def mark_people_dirty(self, ids: Iterable[str]) -> None:
        """Those persons are dirty."""

    def people(self, ids: Iterable[str]) -> list[Person]:
        """The active persons of those ids in id order; a retired id resolves to its successor, once."""

    def person_of(self, ref: RecordRef) -> str | None:
        """The person a record is linked to, by its name or by an id that an export told."""

    def owners(self, refs: Iterable[RecordRef]) -> Mapping[RecordRef, str]:
        """Record → the person it is linked to, of those that are linked."""

    def places(self, ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """Person → the providers where they have a record, or had one in whose place nobody allowed another."""

    def people_with_key(self, kind: str, value: str) -> list[str]:
        """The active persons one of whose records carries that joinable key."""

    def shared_keys(self, ids: Iterable[str]) -> set[str]:
        """Keys that records of those persons show and a record of another active person shows too."""

    def shared_mailboxes(self) -> set[str]:
        """Addresses that join nobody and are shown by records of several persons; looks at every record."""

    def people_before(self, ids: Iterable[str]) -> list[Person]:
        """Those persons, retired ones too, as they were before merges, latest first.

        Members are the records they owned then, with their ties of then and what is observed now.
        """

    def save_merged(self, merged: Sequence[Merged], *, at: datetime) -> None:
        """Contacts, choices, links and conflicts are kept; the persons stay dirty until ``settle_people``."""

    def take_strangers(
        self, meet: Callable[[Sequence[Shown]], Met | None], *, but: Iterable[str], at: datetime
    ) -> list[str]:
        """Dirty persons who were never merged, all of whose records are live and were not met, hold what ``meet``
        makes of them; a single record's values stand as they are.

        Those of ``but``, and those for whom ``meet`` gives ``None``, are left out. It keeps what ``save_merged``
        would keep of a merge of each, in one step for all; they stay dirty. Returns the others that are dirty.
        """

    def settle_people(self, ids: Iterable[str]) -> None:
        """The persons are no longer dirty (nothing about them waits)."""

    def people_count(self) -> int:
        """Distinct persons that own at least one record."""

    def people_at(self, provider: str) -> int:
        """Distinct persons with a live record at the provider."""
