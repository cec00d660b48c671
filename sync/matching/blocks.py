"""Which records of a whole store are to be compared for likeness: marks of their blocks, a few bytes each."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Final

from sync.identity.names import fold_name, plain_tokens
from sync.matching.numbers import zeros
from sync.matching.suspicions import MAX_BLOCK, read_company, read_domain, read_phone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.matching.numbers import Numbers

MASK: Final = 31
"""Marks lie in as many buckets, sorted out one after the other: only a part is ever spread out in memory."""

RecordRow = tuple[int, str | None, str | None, str | None, str | None, str | None]
"""Number, given name, family name, company, domain, phone."""


class Blocks:
    """The blocks of ``alike_blocks`` as marks: equal blocks have equal marks, and others hardly ever.

    ``highest``: as for ``Parts``.
    """

    def __init__(self, highest: int | None) -> None:
        self._surnames = zeros(highest)
        self._own_domains = zeros(highest)
        self._pairs = [array("q") for _ in range(MASK + 1)]
        self._buckets = [pairs.extend for pairs in self._pairs]

    def read(self, rows: Iterable[RecordRow]) -> None:
        """The records are in the blocks that their values make; of emails ``read_host`` tells."""
        surnames, own_domains, buckets = self._surnames, self._own_domains, self._buckets
        for rid, first, last, company, domain, phone in rows:
            tokens = (first and last and plain_tokens(first, last)) or fold_name(full_name(first, last)).tokens
            if not tokens:
                continue
            surnames[rid] = surname = hash(tokens[-1][:4]) or 1
            if domain and (read := read_domain(domain)):
                own_domains[rid] = mark = hash((read, surname))
                buckets[mark & MASK]((mark, rid))
            if phone and (read := read_phone(phone)):
                mark = hash((read, tokens[0][:1]))
                buckets[mark & MASK]((mark, rid))
            if company and (read := read_company(company)):
                mark = hash((read, *sorted(tokens)))
                buckets[mark & MASK]((mark, rid))

    def read_host(self, host: str, rids: Sequence[int]) -> None:
        """Those records, read before, show an email at ``host``."""
        domain = read_domain(host)
        if not domain:
            return
        for rid in rids:
            surname = self._surnames[rid]
            if surname and (mark := hash((domain, surname))) != self._own_domains[rid]:
                self._buckets[mark & MASK]((mark, rid))

    def shared(self, owners: Numbers) -> Iterator[list[int]]:
        """The records of each block that holds several people; ``owners``: record to person, as a number.

        To be asked once: memory is given back on the way.
        """
        self._surnames = self._own_domains = zeros(None)
        self._buckets.clear()
        while self._pairs:
            pairs = self._pairs.pop()
            first: dict[int, int] = {}
            several: dict[int, dict[int, None]] = {}
            for mark, rid in _pairs(pairs):
                owner = owners[rid]
                if first.setdefault(mark, owner) != owner:
                    several[mark] = {}
            first.clear()
            for mark, rid in _pairs(pairs):
                if mark in several:
                    several[mark][rid] = None
            yield from (list(found) for found in several.values() if len(found) <= MAX_BLOCK)


def _pairs(flat: array[int]) -> Iterator[tuple[int, int]]:
    """The numbers of ``flat`` in pairs."""
    numbers = iter(flat)
    return zip(numbers, numbers, strict=True)


def full_name(first: str | None, last: str | None) -> str | None:
    """Given and family name as one, of those that there are."""
    return f"{first} {last}" if first and last else first or last or None
