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
        self._enemies: dict[int, set[int]] = {}

    def find(self, item: int) -> int:
        """The set of ``item``, named by one of its members."""
        return find(self._parent, item)

    def marks(self, item: int) -> frozenset[str]:
        """The marks of the set of ``item``."""
        return frozenset(self._marks.get(self.find(item), ()))

    def forbid(self, a: int, b: int) -> None:
        """``a`` and ``b`` will not come together; too late when they already are."""
        self._enemies.setdefault(self.find(a), set()).add(b)
        self._enemies.setdefault(self.find(b), set()).add(a)

    def join(self, a: int, b: int) -> bool:
        """Whether ``a`` and ``b`` are together now; false when a forbidden pair keeps them apart."""
        one, two = self.find(a), self.find(b)
        if one == two:
            return True
        if self._enemies and self.barred(one, two):
            return False
        mine, theirs = self._enemies.get(one, set()), self._enemies.get(two, set())
        root, child = min(one, two), max(one, two)
        self._parent[child] = root
        if child in self._marks:
            self._marks.setdefault(root, set()).update(self._marks.pop(child))
        if mine or theirs:
            large, small = (mine, theirs) if len(mine) >= len(theirs) else (theirs, mine)
            large |= small
            self._enemies.pop(child, None)
            self._enemies[root] = large
        return True

    def barred(self, a: int, b: int) -> bool:
        """Whether a forbidden pair keeps ``a`` and ``b`` apart. Costs the smaller set of forbidden partners."""
        one, two = self.find(a), self.find(b)
        mine, theirs = self._enemies.get(one, set()), self._enemies.get(two, set())
        few, other = (mine, two) if len(mine) <= len(theirs) else (theirs, one)
        return any(self.find(enemy) == other for enemy in few)

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
        if not self._enemies:
            self.join_all(items)
            return [list(items)]
        roots = list(dict.fromkeys(map(self.find, items)))
        inside = set(roots)
        parts: dict[frozenset[int], list[int]] = {}
        for root in roots:
            foes = frozenset(map(self.find, self._enemies.get(root, ()))) & inside
            parts.setdefault(foes, []).append(root)
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
