"""Stable person ids: who keeps an id when people merge and split.

Ids are never made of the records, so nobody's id changes because a record came or went. A merge keeps the
older id and leaves a redirect; a split leaves the id with the biggest part and gives a side that leaves its
former id back when the side is what that id was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime


class Clustered(Protocol):
    """What ``assign`` needs of a partition."""

    @property
    def clusters(self) -> Sequence[Sequence[int]]:
        """Each record once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChange:
    """Every record's person, and what became of the ids.

    ``person_of``: each record of the partition. ``merged``: (winner, loser) of two people that existed.
    ``split``: (id it left, id it has now). ``created``: new ids. ``restored``: retired ids given back.
    """

    person_of: Mapping[int, str]
    merged: tuple[tuple[str, str], ...]
    split: tuple[tuple[str, str], ...]
    created: tuple[str, ...]
    restored: tuple[str, ...]


def assign(
    partition: Clustered,
    current: Mapping[int, str],
    *,
    new_id: Callable[[], str],
    created_at: Mapping[str, datetime] | None = None,
    former: Mapping[str, Collection[int]] | None = None,
    earlier: Mapping[str, Collection[frozenset[int]]] | None = None,
    staying: AbstractSet[int] = frozenset(),
) -> MembershipChange:
    """The people of ``partition``, given whose its records are now.

    ``current``: record to person, absent = new. ``created_at``: when people came to be; without it the lower
    id is the older one, as UUIDv7 sorts. ``former``: retired id to the records it had when it was merged;
    ``earlier``: to those that it had before, as merges and splits changed them.
    ``staying``: records that keep their person's id, also where more of them leave.
    """
    clusters = [tuple(part) for part in partition.clusters]
    given_back = _given_back(clusters, current, _by_members(former or {}, earlier or {}, set(current.values())))
    homes = _homes(clusters, current, given_back, staying)
    chosen: list[str] = []
    merged: list[tuple[str, str]] = []
    fresh: list[str] = []
    for number in range(len(clusters)):
        candidates = sorted(homes.get(number, ()), key=lambda person_id: _age(person_id, created_at))
        if number in given_back:
            chosen.append(given_back[number])
        elif candidates:
            chosen.append(candidates[0])
            merged += [(candidates[0], loser) for loser in candidates[1:]]
        else:
            chosen.append(new_id())
            fresh.append(chosen[-1])
    person_of = {rid: chosen[number] for number, part in enumerate(clusters) for rid in part}
    winners = {loser: winner for winner, loser in merged}
    return MembershipChange(
        person_of=person_of,
        merged=tuple(merged),
        split=_splits(clusters, chosen, current, winners),
        created=tuple(fresh),
        restored=tuple(given_back.values()),
    )


def _given_back(
    clusters: Sequence[tuple[int, ...]], current: Mapping[int, str], was: Mapping[frozenset[int], str]
) -> dict[int, str]:
    """Parts of a split that are exactly what a retired id was, older ids first; one part of each person keeps its
    own id. Where that one would be shared with somebody else who lives, the older of the two other ids goes on.
    """
    if not was:
        return {}
    owners = [{current[rid] for rid in part if rid in current} for part in clusters]
    parts_of: dict[str, set[int]] = {}
    for number, own in enumerate(owners):
        for person_id in own:
            parts_of.setdefault(person_id, set()).add(number)
    found = ((was.get(frozenset(part)), number) for number, part in enumerate(clusters))
    back: dict[int, str] = {}
    for retired, number in sorted((retired, number) for retired, number in found if retired is not None):
        if len(owners[number]) != 1 or retired in back.values():
            continue
        left = parts_of[next(iter(owners[number]))] - back.keys() - {number}
        rivals = [min(owners[n] - owners[number], default="") for n in left]
        if any(not rival or retired < rival for rival in rivals):
            back[number] = retired
    return back


def _by_members(
    former: Mapping[str, Collection[int]], earlier: Mapping[str, Collection[frozenset[int]]], living: set[str]
) -> dict[frozenset[int], str]:
    """What each retired id was; of two that were the same, the one that was it to the end, or the older one."""
    retired = sorted(former.keys() - living, reverse=True)
    was = {rids: person_id for person_id in retired for rids in earlier.get(person_id, ())}
    return was | {frozenset(former[person_id]): person_id for person_id in retired if former[person_id]}


def _homes(
    clusters: Sequence[tuple[int, ...]],
    current: Mapping[int, str],
    given_back: Mapping[int, str],
    staying: AbstractSet[int],
) -> dict[int, list[str]]:
    """Cluster to the ids that stay there: each id with its biggest part, of equal ones the one linked first."""
    shares: dict[str, dict[int, list[int]]] = {}
    for number, part in enumerate(clusters):
        if number not in given_back:
            for rid in part:
                if rid in current:
                    shares.setdefault(current[rid], {}).setdefault(number, []).append(rid)
    homes: dict[int, list[str]] = {}
    for person_id, parts in shares.items():
        home = min(parts, key=lambda n: (staying.isdisjoint(parts[n]), -len(parts[n]), min(parts[n])))
        homes.setdefault(home, []).append(person_id)
    return homes


def _age(person_id: str, created_at: Mapping[str, datetime] | None) -> tuple[bool, float, str]:
    at = created_at.get(person_id) if created_at else None
    return (at is None, at.timestamp() if at else 0.0, person_id)


def _splits(
    clusters: Sequence[tuple[int, ...]],
    chosen: Sequence[str],
    current: Mapping[int, str],
    winners: Mapping[str, str],
) -> tuple[tuple[str, str], ...]:
    """(left, now) for each part that left an id which lives on elsewhere, under its own or its winner's name."""
    living = set(chosen)
    left = {
        (winners.get(current[rid], current[rid]), person_id): None
        for part, person_id in zip(clusters, chosen, strict=True)
        for rid in part
        if rid in current
    }
    return tuple((was, now) for was, now in left if was != now and was in living)
