"""Ten thousand histories of plain chance: a part is answered like the whole, by every way of asking."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from sync.matching import match
from tests.matching.histories import PLAIN, World, any_batch, by_parts

if TYPE_CHECKING:
    from sync.matching import Partition

SEEDS = 20
HISTORIES = 500


def clusters(partition: Partition) -> set[frozenset[int]]:
    return {frozenset(part) for part in partition.clusters}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_incremental_is_full_in_ten_thousand_histories(seed: int) -> None:
    for number in range(HISTORIES):
        drawn = Random(f"{seed} {number}")
        world = World()
        for _ in range(drawn.randrange(1, 5)):
            touched = world.apply(any_batch(drawn))
            whole, part = clusters(world.match_all()), world.match_region(touched)
            inside = {rid for cluster in part.clusters for rid in cluster}
            assert clusters(part) == {c for c in whole if c & inside}, (seed, number)
            assert {c for c in whole if not c & inside} == kept(world, inside), (seed, number)
            decisions = world.decisions.values()
            assert by_parts(world.records.values(), decisions, dense=bool(number % 2)) == whole, (seed, number)
            world.take(part)
        records, judged = list(world.records.values()), list(world.decisions.values())
        drawn.shuffle(records)
        drawn.shuffle(judged)
        assert clusters(match(records, judged, PLAIN)) == kept(world, set()), (seed, number)


def kept(world: World, but: set[int]) -> set[frozenset[int]]:
    """Who is one person by what was kept, without those records."""
    people: dict[str, set[int]] = {}
    for rid, person in world.person_of.items():
        if rid not in but:
            people.setdefault(person, set()).add(rid)
    return set(map(frozenset, people.values()))
