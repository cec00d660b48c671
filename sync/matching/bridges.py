"""Bridges: one record that alone ties two otherwise complete people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import Suspicion
from sync.identity.linkedin import is_profile
from sync.matching.unions import Unions
from sync.matching.values import BRIDGE, DISPUTED, Apart, every_two

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.matching.hubs import Entry, Hub, Hubs
    from sync.matching.values import Findings

MAX_MEMBERS = 256
"""Larger clusters are not searched but counted: the search looks at every record in turn."""


def hold_bridges(
    group: list[int],
    entries: Sequence[Entry],
    ties: Sequence[Hub],
    hubs: Hubs,
    findings: Findings,
) -> list[list[int]]:
    """``group`` cut at its bridges, canonical order.

    A generic key makes nobody complete. A bridge stays with the side to which a human decision or its link ties
    it, otherwise alone with what hangs on it and is no complete person.
    """
    if len(group) < 3 or not _could_bridge(group, entries, hubs.generic):
        return [group]
    if len(group) > MAX_MEMBERS:
        findings.unchecked += 1
        return [group]
    done: list[list[int]] = []
    waiting = [group]
    while waiting:
        members = waiting.pop()
        cut = _cut(members, entries, ties, hubs, findings)
        if len(cut) > 1:
            waiting += cut
        else:
            done += cut
    return sorted(done)


def _could_bridge(group: list[int], entries: Sequence[Entry], generic: frozenset[str]) -> bool:
    keys = _keys(group, entries, generic)
    profiles = sum(map(is_profile, keys))
    return profiles > 1 and len(keys) - profiles > 1


def _cut(
    members: list[int],
    entries: Sequence[Entry],
    ties: Sequence[Hub],
    hubs: Hubs,
    findings: Findings,
) -> list[list[int]]:
    for bridge in members:
        sides = _sides([at for at in members if at != bridge], ties)
        complete = [side for side in sides if _is_complete(side, entries, hubs.generic)]
        if len(complete) < 2 or not _are_disjoint(complete, entries, hubs.generic):
            continue
        bound = {at for pair in hubs.same if bridge in pair for at in pair}
        kept = [side for side in complete if bound.intersection(side)] or _linked(bridge, complete, entries)
        if len(kept) == len(complete):
            continue
        away = [side for side in complete if side not in kept]
        home = sorted(at for at in members if not any(at in side for side in away))
        _note(bridge, home, away, entries, findings)
        return [home, *away]
    return [members]


def _sides(members: list[int], ties: Sequence[Hub]) -> list[list[int]]:
    """The connected parts of ``members``."""
    places = {at: number for number, at in enumerate(members)}
    unions = Unions(len(members))
    for tie in ties:
        unions.join_all([places[at] for at in tie.members if at in places])
    return [[members[place] for place in part] for part in unions.groups(range(len(members)))]


def _keys(side: list[int], entries: Sequence[Entry], generic: frozenset[str]) -> set[str]:
    return {key for at in side for key in entries[at].keys} - generic


def _is_complete(side: list[int], entries: Sequence[Entry], generic: frozenset[str]) -> bool:
    kinds = {is_profile(key) for key in _keys(side, entries, generic)}
    return len(kinds) == 2


def _are_disjoint(sides: list[list[int]], entries: Sequence[Entry], generic: frozenset[str]) -> bool:
    keys = [_keys(side, entries, generic) for side in sides]
    return sum(map(len, keys)) == len(set().union(*keys))


def _linked(bridge: int, sides: list[list[int]], entries: Sequence[Entry]) -> list[list[int]]:
    person_id = entries[bridge].record.person_id
    if person_id is None:
        return []
    return [side for side in sides if any(entries[at].record.person_id == person_id for at in side)][:1]


def _note(
    bridge: int, home: list[int], away: list[list[int]], entries: Sequence[Entry], findings: Findings
) -> None:
    sides = tuple(tuple(entries[at].record.rid for at in side) for side in (home, *away))
    findings.bridges.append(Apart(reason=BRIDGE, sides=sides, rid=entries[bridge].record.rid))
    refs = [entries[at].record.ref for at in (bridge, *(side[0] for side in away))]
    findings.suspicions += [Suspicion(records=pair, score=DISPUTED, reason=BRIDGE) for pair in every_two(refs)]
