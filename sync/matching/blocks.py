"""Which records of a whole store are to be compared for likeness: marks of their blocks, a few bytes each."""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sync.identity.names import fold_name
from sync.matching.numbers import width, zeros
from sync.matching.suspicions import MAX_BLOCK, read_company, read_domain, read_phone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.matching.numbers import Numbers

BUCKETS: Final = 32
"""Marks are sorted out one bucket after the other, so that only a part of them is ever spread out in memory."""


class Blocks:
    """The blocks of ``alike_blocks`` as marks: equal blocks have equal marks, and others hardly ever.

    ``highest``: as for ``Parts``.
    """

    def __init__(self, highest: int | None) -> None:
        self._surnames = zeros(highest)
        self._own_domains = zeros(highest)
        self._marks = [array("q") for _ in range(BUCKETS)]
        self._rids = [array(width(highest)) for _ in range(BUCKETS)]

    def read(
        self, rid: int, names: tuple[str | None, str | None], company: str | None, domain: str | None,
        phone: str | None,
    ) -> None:  # fmt: skip
        """The record is in the blocks that its values make; emails are told apart."""
        tokens = tokens_of(*names)
        if not tokens:
            return
        self._surnames[rid] = surname = hash(tokens[-1][:4]) or 1
        if domain and (read := read_domain(domain)):
            self._own_domains[rid] = mark = hash((read, surname))
            self._put(mark, rid)
        if phone and (read := read_phone(phone)):
            self._put(hash((read, tokens[0][:1])), rid)
        if company and (read := read_company(company)):
            self._put(hash((read, *sorted(tokens))), rid)

    def read_host(self, host: str, rids: list[int]) -> None:
        """Those records, read before, show an email at ``host``."""
        domain = read_domain(host)
        if not domain:
            return
        for rid in rids:
            surname = self._surnames[rid]
            if surname and (mark := hash((domain, surname))) != self._own_domains[rid]:
                self._put(mark, rid)

    def _put(self, mark: int, rid: int) -> None:
        bucket = mark % BUCKETS
        self._marks[bucket].append(mark)
        self._rids[bucket].append(rid)

    def shared(self, owners: Numbers) -> Iterator[list[int]]:
        """The records of each block that holds several people; ``owners``: record to person, as a number."""
        for marks, rids in zip(self._marks, self._rids, strict=True):
            first: dict[int, int] = {}
            several: dict[int, dict[int, None]] = {}
            for mark, rid in zip(marks, rids, strict=True):
                if first.setdefault(mark, owners[rid]) != owners[rid]:
                    several.setdefault(mark, {})
            first.clear()
            for mark, rid in zip(marks, rids, strict=True):
                if mark in several:
                    several[mark][rid] = None
            yield from (list(found) for found in several.values() if len(found) <= MAX_BLOCK)


def tokens_of(first: str | None, last: str | None) -> tuple[str, ...]:
    """The tokens of the full name, as ``fold_name`` reads them."""
    if first and last and (one := _given(first)) and (two := _family(last)):
        return one, two
    return fold_name(full_name(first, last)).tokens


def full_name(first: str | None, last: str | None) -> str | None:
    """Given and family name as one, of those that there are."""
    return f"{first} {last}" if first and last else first or last or None


@lru_cache(maxsize=16384)
def _given(name: str) -> str | None:
    """A plain word in front, folded; ``None`` when it has to be read with the rest (titles, several words)."""
    word = name.casefold()
    return word if _is_word(name) and fold_name(f"{name} {_OTHER}").tokens == (word, _OTHER) else None


@lru_cache(maxsize=65536)
def _family(name: str) -> str | None:
    """A plain word at the end, folded; ``None`` when it has to be read with the rest (generations)."""
    word = name.casefold()
    return word if _is_word(name) and fold_name(f"{_OTHER} {name}").tokens == (_OTHER, word) else None


def _is_word(name: str) -> bool:
    return name.isascii() and name.isalpha() and len(name) < 100


_OTHER: Final = "someone"
