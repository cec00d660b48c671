"""The names seen with one key: who of its holders may be one person, and when the key is nobody's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sync.identity.folding import fold_name
from sync.identity.names import names_agree

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_NAMES: Final = 16
"""Names of one group that a further name is compared with; keeps the work linear in the holders."""


@dataclass(frozen=True, slots=True)
class NameGroups:
    """``group_of``: name to the number of its group, absent when it fits several; ``count``: groups found.

    ``incompatible``: size of the largest set of mutually incompatible names that was found; no groups are told
    where it is as large as was asked for.
    """

    group_of: dict[str, int]
    count: int
    incompatible: int


def group_names(names: Iterable[str], stop_at: int) -> NameGroups:
    """``names`` in groups inside which no two full ones disagree; a function of the set, not of its order.

    Telling names come first, so that an initial does not gather people who disagree with each other. A given
    and a family name alone are in one group with the full name that both are parts of.
    """
    ordered = sorted({name for name in names if fold_name(name).tokens}, key=_telling)
    if len(ordered) == 1:
        return NameGroups({ordered[0]: 0}, 1, 1)
    incompatible = _most_apart(ordered, stop_at)
    if incompatible >= stop_at:
        return NameGroups({}, incompatible, incompatible)
    groups: list[list[str]] = []
    group_of: dict[str, int] = {}
    for name in ordered:
        fits = [number for number, group in enumerate(groups) if _fits(name, group)]
        if not fits:
            groups.append([])
            fits = [len(groups) - 1]
        if len(fits) == 1:
            group_of[name] = fits[0]
            if len(groups[fits[0]]) < MAX_NAMES:
                groups[fits[0]].append(name)
    return NameGroups(group_of, len(groups), incompatible)


def _most_apart(ordered: Sequence[str], stop_at: int) -> int:
    """Size of the largest set of mutually incompatible names found, from each of the most telling ones."""
    most = 0
    for first in ordered[:MAX_NAMES]:
        apart = [first]
        for name in ordered:
            if len(apart) >= stop_at:
                return len(apart)
            if all(names_agree(name, other).agree is False for other in apart):
                apart.append(name)
        most = max(most, len(apart))
    return most


def _fits(name: str, group: list[str]) -> bool:
    """Whether ``name`` agrees with the full names of ``group``, which are one person's; a part of a name with one.

    A name in another order of its parts is no other name: which of them is the given name is not seen.
    """
    full = [other for other in group if _is_full(other)]
    if full and not _is_full(name):
        return any(names_agree(name, other).agree is not False for other in full)
    fits: dict[tuple[str, ...], bool] = {}
    for other in group:
        parts = _parts(other)
        fits[parts] = fits.get(parts, False) or names_agree(name, other).agree is not False
    return _parts(name) in fits or all(fits.values())


def _parts(name: str) -> tuple[str, ...]:
    return tuple(sorted(fold_name(name).tokens))


def _is_full(name: str) -> bool:
    return sum(len(token) > 1 for token in fold_name(name).tokens) > 1


def _telling(name: str) -> tuple[int, int, str]:
    tokens = fold_name(name).tokens
    return -sum(len(token) > 1 for token in tokens), -sum(map(len, tokens)), name
