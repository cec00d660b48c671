"""Union-find with forbidden pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.matching.numbers import Numbers

MAX_ROOTS = 16
"""How many mutually forbidden parts of one group a further member is tried against."""


def find(parent: Numbers, item: int) -> int:
    """The root of ``item``. Source: path halving, Tarjan and van Leeuwen (1984)."""
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item


class Unions:
    """Disjoint sets of ``0..n-1``; sets that hold a forbidden pair never become one.

    ``marks``: item to what distinguishes it; a set bears the marks of all its items.
    """

    def __init__(self, size: int, marks: Mapping[int, Iterable[str]] | None = None) -> None:
        self._parent = list(range(size))
        self._marks = {item: set(own) for item, own in (marks or {}).items() if own}
        self._sides: dict[int, set[int]] = {}
        self._disputes = 0

    def find(self, item: int) -> int:
        """The set of ``item``, named by one of its members."""
        return find(self._parent, item)

    def marks(self, item: int) -> frozenset[str]:
        """The marks of the set of ``item``."""
        return frozenset(self._marks.get(self.find(item), ()))

    def forbid(self, ones: Iterable[int], others: Iterable[int]) -> None:
        """None of ``ones`` comes together with one of ``others``; too late for those who already are.

        Costs one number an item: a set bears the sides that its items take, the two sides of one dispute being
        ``n`` and ``-n``.
        """
        self._disputes += 1
        for side, items in ((self._disputes, ones), (-self._disputes, others)):
            for item in items:
                self._sides.setdefault(self.find(item), set()).add(side)

    def join(self, a: int, b: int) -> bool:
        """Whether ``a`` and ``b`` are together now; false when a forbidden pair keeps them apart."""
        one, two = self.find(a), self.find(b)
        if one == two:
            return True
        if self._sides and self.barred(one, two):
            return False
        mine, theirs = self._sides.get(one, set()), self._sides.get(two, set())
        root, child = min(one, two), max(one, two)
        self._parent[child] = root
        if child in self._marks:
            self._marks.setdefault(root, set()).update(self._marks.pop(child))
        if mine or theirs:
            large, small = (mine, theirs) if len(mine) >= len(theirs) else (theirs, mine)
            large |= small
            self._sides.pop(child, None)
            self._sides[root] = large
        return True

    def barred(self, a: int, b: int) -> bool:
        """Whether a forbidden pair keeps ``a`` and ``b`` apart. Costs the sides of the one that takes fewer."""
        mine, theirs = (self._sides.get(self.find(item), set()) for item in (a, b))
        few, more = (mine, theirs) if len(mine) <= len(theirs) else (theirs, mine)
        return any(-side in more for side in few)

    def join_all(self, items: Sequence[int]) -> list[int]:
        """Every item joined to the first part of the group that may take it; the parts that remain."""
        parts: list[int] = []
        for item in items:
            if not any(self.join(part, item) for part in parts):
                parts = [*parts, item] if len(parts) < MAX_ROOTS else parts
        return parts

    def join_alike(self, items: Sequence[int]) -> list[list[int]]:
        """``items`` joined with those to which the same of them are forbidden; the parts that remain, each once.

        So an item that either of two forbidden ones could take goes to neither, whatever the order.
        """
        if not self._sides:
            self.join_all(items)
            return [list(items)]
        roots = list(dict.fromkeys(map(self.find, items)))
        takers: dict[int, list[int]] = {}
        for root in roots:
            for side in self._sides.get(root, ()):
                takers.setdefault(side, []).append(root)
        foes_of: dict[frozenset[int], frozenset[int]] = {}
        parts: dict[frozenset[int], list[int]] = {}
        for root in roots:
            sides = frozenset(self._sides.get(root, ()))
            if sides not in foes_of:  # those who take the same sides are many
                foes_of[sides] = frozenset(foe for side in sides for foe in takers.get(-side, ()))
            parts.setdefault(foes_of[sides], []).append(root)
        for first, *others in parts.values():
            for other in others:
                self.join(first, other)
        return self.groups(items)

    def groups(self, items: Iterable[int]) -> list[list[int]]:
        """``items`` by set, in the order of ``items``."""
        found: dict[int, list[int]] = {}
        for item in items:
            found.setdefault(self.find(item), []).append(item)
        return list(found.values())
