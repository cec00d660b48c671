"""Merges of existing people that would put two records of one provider into one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import Suspicion
from sync.matching.follow import follow
from sync.matching.unions import Unions
from sync.matching.values import DISPUTED, TWINS, WAITING, Apart, every_two

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sync.matching.hubs import Entry, Hub, Hubs
    from sync.matching.values import Findings


def hold_twins(
    group: list[int],
    barred: Callable[[int, int], bool],
    entries: Sequence[Entry],
    ties: Sequence[Hub],
    hubs: Hubs,
    findings: Findings,
) -> list[list[int]]:
    """``group``, with all its existing people apart where a merge of some of them would make twins.

    New records follow the one of them whom they touch alone.
    """
    if len({entries[at].record.person_id for at in group} - {None}) < 2:
        return [group]
    units = _units(group, entries, hubs)
    existing = {at: unit for at, unit in units.items() if entries[at].record.person_id is not None}
    persons = set(existing.values())
    if len(persons) < 2 or not _makes_twins(existing, entries):
        return [group]
    near = [sorted({units[at] for at in tie.members if at in units}) for tie in ties]
    followers = follow(sorted(set(units.values())), {person: person for person in persons}, near, barred)
    parts: dict[int, list[int]] = {}
    for at in group:
        parts.setdefault(followers.get(units[at], units[at]), []).append(at)
    sides = sorted(parts.values())
    _note(sides, entries, findings)
    return sides


def _units(group: list[int], entries: Sequence[Entry], hubs: Hubs) -> dict[int, int]:
    """Record to a number for what stays together: one person's records, and those a human called the same."""
    units = Unions(len(entries))
    for a, b in hubs.same:
        units.join(a, b)
    first: dict[str, int] = {}
    for at in group:
        person_id = entries[at].record.person_id
        if person_id is not None:
            units.join(first.setdefault(person_id, at), at)
    return {at: units.find(at) for at in group}


def _makes_twins(existing: dict[int, int], entries: Sequence[Entry]) -> bool:
    owner: dict[str, int] = {}
    return any(owner.setdefault(entries[at].record.ref.provider, unit) != unit for at, unit in existing.items())


def _note(sides: list[list[int]], entries: Sequence[Entry], findings: Findings) -> None:
    """Every two sides are a suspicion, also where not they but others among them would make twins."""
    rids = tuple(tuple(entries[at].record.rid for at in side) for side in sides)
    findings.held_merges.append(Apart(reason=TWINS, sides=rids))
    for one, other in every_two(sides):
        places = [{entries[at].record.ref.provider for at in side} for side in (one, other)]
        reason = WAITING if places[0].isdisjoint(places[1]) else TWINS
        pair = (entries[one[0]].record.ref, entries[other[0]].record.ref)
        findings.suspicions.append(Suspicion(records=pair, score=DISPUTED, reason=reason))
