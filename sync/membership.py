"""Stable person ids: who keeps an id when people merge and split.

Ids are never made of the records, so nobody's id changes because a record came or went. A merge keeps the
older id and leaves a redirect; a split leaves the id with the biggest part and gives a side that leaves its
former id back when the side is what that id was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime


class Clustered(Protocol):
    """What ``assign`` needs of a partition."""

    @property
    def clusters(self) -> Sequence[Sequence[int]]:
        """Each record once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChange:
    """Every record's person, and what became of the ids.

    ``person_of``: each record of the partition. ``moved``: only those whose person is another than before.
    ``merged``: (winner, loser) of two people that existed. ``split``: (id it left, id it has now).
    ``created``: new ids. ``restored``: retired ids given back. ``redirects``: what changes in the table of
    retired ids; ``None`` takes an entry out. Every retired id leads to a living one in one step.
    """

    person_of: Mapping[int, str]
    moved: Mapping[int, str]
    merged: tuple[tuple[str, str], ...]
    split: tuple[tuple[str, str], ...]
    created: tuple[str, ...]
    restored: tuple[str, ...]
    redirects: Mapping[str, str | None]


def assign(
    partition: Clustered,
    current: Mapping[int, str],
    *,
    new_id: Callable[[], str],
    created_at: Mapping[str, datetime] | None = None,
    former: Mapping[str, Collection[int]] | None = None,
    redirects: Mapping[str, str] | None = None,
) -> MembershipChange:
    """The people of ``partition``, given whose its records are now.

    ``current``: record to person, absent = new. ``created_at``: when people came to be; without it the lower
    id is the older one, as UUIDv7 sorts. ``former``: retired id to the records it had when it was merged.
    ``redirects``: retired id to the id that took it in.
    """
    clusters = [tuple(part) for part in partition.clusters]
    retired = _Retired(former or {}, redirects or {}, set(current.values()))
    given_back = _given_back(clusters, current, retired)
    homes = _homes(clusters, current, given_back)
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
        moved={rid: person_id for rid, person_id in person_of.items() if current.get(rid) != person_id},
        merged=tuple(merged),
        split=_splits(clusters, chosen, current, winners),
        created=tuple(fresh),
        restored=tuple(given_back.values()),
        redirects=_redirected(redirects or {}, merged, given_back.values()),
    )


@dataclass(frozen=True, slots=True)
class _Retired:
    former: Mapping[str, Collection[int]]
    redirects: Mapping[str, str]
    living: set[str]

    def by_members(self) -> dict[frozenset[int], str]:
        """What each retired id was; of two that were the same, the older one."""
        return {
            frozenset(rids): person_id
            for person_id, rids in sorted(self.former.items(), reverse=True)
            if rids and person_id not in self.living
        }


def _given_back(
    clusters: Sequence[tuple[int, ...]], current: Mapping[int, str], retired: _Retired
) -> dict[int, str]:
    """Parts of a split that are exactly what a retired id was; one part of each person keeps its own id."""
    was = retired.by_members()
    if not was:
        return {}
    parts_of: dict[str, set[int]] = {}
    for number, part in enumerate(clusters):
        for rid in part:
            if rid in current:
                parts_of.setdefault(current[rid], set()).add(number)
    back: dict[int, str] = {}
    for number, part in enumerate(clusters):
        owners = {current[rid] for rid in part if rid in current}
        person_id = was.get(frozenset(part))
        if person_id is None or len(owners) != 1:
            continue
        siblings = parts_of[next(iter(owners))]
        if len(siblings - back.keys()) > 1:
            back[number] = person_id
    return back


def _homes(
    clusters: Sequence[tuple[int, ...]], current: Mapping[int, str], given_back: Mapping[int, str]
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
        home = min(parts, key=lambda number: (-len(parts[number]), min(parts[number])))
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


def _redirected(
    redirects: Mapping[str, str], merged: Iterable[tuple[str, str]], restored: Iterable[str]
) -> dict[str, str | None]:
    to: dict[str, str | None] = {loser: winner for winner, loser in merged}
    onward = dict(to)
    for retired, target in redirects.items():
        if target in onward:
            to[retired] = onward[target]  # one step, also after merges of merges
    to.update(dict.fromkeys(restored))
    return to
