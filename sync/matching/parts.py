"""The records of a region in parts that nothing ties to each other, and which of them are plain.

Nearly all parts of a store are plain: one person and one profile at most, names that agree, nobody's judgement.
They are told from the others by a few numbers a record, without an object for each of a million records. The
others are resolved by every rule (``match``), which gives a plain part the same answer.
"""

from __future__ import annotations

from array import array
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from sync.batches import batched
from sync.identity.emails import email_key
from sync.matching.generic import generic_pairs, is_generic
from sync.matching.hubs import profile_key
from sync.matching.numbers import own, width, zeros
from sync.matching.rounds import names_are_plain
from sync.matching.unions import find
from sync.matching.values import GENERIC_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from sync.change import Suspicion

SHARES_EMAIL, SHARES_PROFILE, HAD_OTHER_KEYS, CAREFUL, SHARES_FORMER = 1, 2, 4, 8, 128
LINKED: Final = "linked"
EVIDENCE: Final = (LINKED, "email", "linkedin", "email+linkedin")
"""What ties a record to the others of its person, by the two lowest bits of its flags."""
ALONE: Final = "own"
FORMER_KEY: Final = "former"
"""What ties a record whose key others of its person have, but not all of them show."""
_KNOWN: Final = {evidence: number << 4 for number, evidence in enumerate((*EVIDENCE, ALONE, FORMER_KEY), start=1)}
_KNOWN_BITS: Final = 0x70
_SEVERAL: Final = -1
_AT_ONCE: Final = 4000
_CROWDED_AT_ONCE: Final = 200
"""Keys whose holders' names are read at once; some have hundreds."""

RecordRow = tuple[int, str | None, str | None]
"""Number, given name, family name."""
KeyRow = tuple[str, str]
"""A key, and the numbers of its holders with commas between, negative for one that showed it before."""


class Parts:
    """Who is tied to whom in one region: everything is read, records first, then ``sort_out`` answers.

    ``highest``: the highest record number where most are there, ``None`` for a few. ``whole``: the region is the
    whole store. ``dirty``: how many changed records opened it. ``once_one``: suspicions on who was one.
    ``careful``: parts that need every rule. ``owners``: record to its person as a number without other meaning;
    whoever resolves a careful part sets them there. ``joined``: (record, record whose person it comes to,
    evidence). ``told``: (record, evidence) where only that changed. ``generic``: keys that are nobody's, which tie
    no parts together; ``generic_after``: mutually incompatible names that make one.
    """

    def __init__(
        self,
        highest: int | None,
        *,
        generic_after: int = GENERIC_AFTER,
        whole: bool = False,
        dirty: int = 0,
    ) -> None:
        self.whole = whole
        self.dirty = dirty
        self.generic: set[str] = set()
        self._generic_after = generic_after
        self._crowded: list[tuple[str, list[int], int]] = []
        self._nobodys: dict[int, list[str]] = {}
        self.once_one: list[tuple[int, int, Suspicion]] = []
        self.rids: array[int] = array(width(highest))
        self.owners = own(highest)
        self.careful: list[list[int]] = []
        self.joined: list[tuple[int, int, str]] = []
        self.told: list[tuple[int, str]] = []
        self.judged: list[tuple[int, int]] = []
        self._founders: array[int] = array(width(highest))
        self._next = own(highest)
        self._flags = zeros(highest, "B")
        self._names = zeros(highest)
        self._profiles = zeros(highest, width(highest))
        self._people = zeros(highest, width(highest))

    def read_records(self, rows: Iterable[RecordRow]) -> None:
        """The region's records, by number."""
        names = self._names
        for some in batched(rows, _AT_ONCE):
            self.rids.extend([row[0] for row in some])
            for rid, first, last in some:
                if first or last:
                    names[rid] = hash((first, last)) or 1

    def read_generic(self, keys: Iterable[str]) -> None:
        """Keys known to be nobody's, whose holders need not all be in the region; before the other keys."""
        self.generic.update(keys)

    def read_emails(self, rows: Iterable[KeyRow]) -> None:
        """Every address that one of the records shows or showed, with those of its holders in the region."""
        generic = self.generic
        for email, text in rows:
            if not text.isdigit() or email in generic:
                holders = self._holders(text)
                self._read_key(email, holders, SHARES_EMAIL, is_key=len(holders) > 1 and email_key(email) == email)

    def read_profiles(self, rows: Iterable[KeyRow]) -> None:
        """Every profile key, as for emails."""
        profiles, generic = self._profiles, self.generic
        for mark, (profile, text) in enumerate(rows, start=1):
            holders = [int(text)] if text.isdigit() else self._holders(text)
            for rid in map(abs, holders):
                profiles[rid] = _SEVERAL if profiles[rid] else mark
            if len(holders) > 1 or profile in generic:
                self._read_key(profile, holders, SHARES_PROFILE, is_key=profile_key(profile) == profile)

    def read_people(self, rows: Iterable[tuple[int, str]]) -> None:
        """(Record, person) of those that are linked, by person."""
        for mark, (_, held) in enumerate(groupby(rows, key=itemgetter(1)), start=1):
            first = 0
            for rid, _ in held:
                self._people[rid] = mark
                if first:
                    self._tie(first, rid)
                first = first or rid

    def read_evidence(self, rows: Iterable[tuple[int, str]]) -> None:
        """(Record, evidence) of those that are linked."""
        for rid, evidence in rows:
            self._flags[rid] |= _KNOWN.get(evidence, 0)

    def read_judged(self, rows: Iterable[tuple[int, int, str]]) -> None:
        """(Record, record, verdict) of every judgement inside the region. "Not the same" ties nobody."""
        for a, b, verdict in rows:
            self.judged.append((a, b))
            if verdict == "same":
                self._tie(a, b)

    def read_once_one(self, rows: Iterable[tuple[int, int, Suspicion]]) -> None:
        """(Record, record, what is in question) of those who were one person."""
        self.once_one += rows

    def _holders(self, text: str) -> list[int]:
        holders = [int(rid) for rid in text.split(",")]
        if "-" in text:
            for rid in holders:
                if rid < 0:
                    self._flags[-rid] |= HAD_OTHER_KEYS
        return holders

    def _read_key(self, key: str, holders: list[int], flag: int, *, is_key: bool) -> None:
        """What can be nobody's by the number of names waits until they are read."""
        names, enough = self._names, self._generic_after
        if key in self.generic:
            self._note_generic(key, holders)
        elif is_key and len(holders) >= enough and len({names[abs(rid)] for rid in holders} - {0}) >= enough:
            self._crowded.append((key, holders, flag))
        elif len(holders) > 1:
            self._share(holders, flag, is_key=is_key)

    def _note_generic(self, key: str, holders: list[int]) -> None:
        """It ties nobody, but what else ties its holders takes every rule."""
        self.generic.add(key)
        for rid in holders:
            self._flags[abs(rid)] |= CAREFUL
            self._nobodys.setdefault(abs(rid), []).append(key)

    def _share(self, holders: list[int], flag: int, *, is_key: bool) -> None:
        """A kept key may be none by now, as the lists of role and disposable hosts grow: that takes every rule."""
        if is_key:
            marked = [rid for rid in holders if rid > 0]
        else:
            marked, flag = [abs(rid) for rid in holders], CAREFUL
        if len(marked) > 1:
            for rid in marked:
                self._flags[rid] |= flag
        if len(marked) < len(holders):
            for rid in holders:
                self._flags[abs(rid)] |= SHARES_FORMER
        first, *others = map(abs, holders)
        for other in others:
            self._tie(first, other)

    def _tie(self, a: int, b: int) -> None:
        """Both are in one part, which is a ring of its records; the lowest is its root."""
        low, high = find(self.owners, a), find(self.owners, b)
        if low == high:
            return
        if low > high:
            low, high = high, low
        self.owners[high] = low
        following = self._next
        following[low], following[high] = following[high], following[low]

    # answering ----------------------------------------------------------------------------------------
    def sort_out(self, names_of: Callable[[Sequence[int]], Mapping[int, str | None]]) -> None:
        """All is read: what becomes of plain parts is known, and which are not. ``names_of``: full names."""
        self._sort_out_crowded(names_of)
        for a, b in self.judged:
            if find(self.owners, a) == find(self.owners, b):
                self._flags[a] |= CAREFUL
        unsure: list[list[int]] = []
        waiting = 0
        for part in self._parts():
            if not self._agrees(part):
                self.careful.append(part)
            elif self._has_several_names(part):
                unsure.append(part)
                waiting += len(part)
            else:
                self._settle(part)
            if waiting > _AT_ONCE:
                self._compare(unsure, names_of)
                unsure, waiting = [], 0
        self._compare(unsure, names_of)
        self._names = self._profiles = self._people = zeros(None)  # a store's worth of them is memory
        self._flatten()

    def _sort_out_crowded(self, names_of: Callable[[Sequence[int]], Mapping[int, str | None]]) -> None:
        for some in batched(self._crowded, _CROWDED_AT_ONCE):
            names = names_of([abs(rid) for _, holders, _ in some for rid in holders])
            for key, holders, flag in some:
                if is_generic((names[abs(rid)] for rid in holders), self._generic_after):
                    self._note_generic(key, holders)
                else:
                    self._share(holders, flag, is_key=True)
        self._crowded = []
        first: dict[str, int] = {}
        for rid, keys in self._nobodys.items():
            for pair in generic_pairs(keys, self.generic):
                self._tie(first.setdefault(pair, rid), rid)

    def _parts(self) -> Iterator[list[int]]:
        """Every part of several records; what is alone is settled on the way."""
        owners, following, people, found = self.owners, self._next, self._people, self._founders.append
        for rid in self.rids:
            if following[rid] != rid:
                if owners[rid] == rid:
                    yield self._part(rid)
            elif not people[rid]:
                found(rid)
            elif self._flags[rid] & _KNOWN_BITS != _KNOWN[ALONE]:
                self.told.append((rid, ALONE))

    def _part(self, root: int) -> list[int]:
        part, rid = [root], self._next[root]
        while rid != root:
            part.append(rid)
            rid = self._next[rid]
        return part

    def _agrees(self, part: list[int]) -> bool:
        """One person and one profile at most, and nothing that takes a closer look; names apart."""
        person = profile = 0
        for rid in part:
            flags, own_person, own_profile = self._flags[rid], self._people[rid], self._profiles[rid]
            if flags & CAREFUL or (flags & HAD_OTHER_KEYS and not own_person):
                return False
            if own_person and own_person != (person := person or own_person):
                return False
            if own_profile and (own_profile == _SEVERAL or own_profile != (profile := profile or own_profile)):
                return False
        return True

    def _has_several_names(self, part: list[int]) -> bool:
        name = 0
        return any(own and own != (name := name or own) for own in (self._names[rid] for rid in part))

    def _compare(
        self, parts: list[list[int]], names_of: Callable[[Sequence[int]], Mapping[int, str | None]]
    ) -> None:
        names = names_of([rid for part in parts for rid in part]) if parts else {}
        for part in parts:
            if names_are_plain({name for rid in part if (name := names[rid])}):
                self._settle(part)
            else:
                self.careful.append(part)

    def _settle(self, part: list[int]) -> None:
        """A plain part is one person: of its first linked record, or somebody new."""
        linked = next((rid for rid in part if self._people[rid]), None)
        if linked is None:
            self._founders.append(part[0])
            return
        for rid in part:
            evidence = self._evidence(rid)
            if not self._people[rid]:
                self.joined.append((rid, linked, evidence))
            elif self._flags[rid] & _KNOWN_BITS != _KNOWN[evidence]:
                self.told.append((rid, evidence))

    def _evidence(self, rid: int) -> str:
        shown = self._flags[rid] & 3
        return FORMER_KEY if not shown and self._flags[rid] & SHARES_FORMER else EVIDENCE[shown]

    def _flatten(self) -> None:
        for rid in self.rids:
            if self._next[rid] != rid:
                self.owners[rid] = find(self.owners, rid)

    @property
    def new_people(self) -> int:
        """How many plain parts are somebody new."""
        return len(self._founders)

    def newcomers(self) -> Iterator[list[tuple[int, str]]]:
        """Plain parts that are somebody new: (record, evidence) of each of their records."""
        for root in self._founders:
            if self._next[root] == root:
                yield [(root, ALONE)]
            else:
                yield [(rid, self._evidence(rid)) for rid in self._part(root)]
