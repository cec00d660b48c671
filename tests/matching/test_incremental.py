"""A part that is closed under ``reach`` is answered like the whole, whatever came before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.matching import match
from tests.matching.histories import PLAIN, World, histories, records, verdicts

if TYPE_CHECKING:
    from sync.matching import Partition

QUICK = settings(max_examples=600, deadline=None)


def clusters(partition: Partition) -> set[frozenset[int]]:
    return {frozenset(part) for part in partition.clusters}


@QUICK
@given(histories)
def test_a_region_is_answered_like_everything_through_any_history(history: Any) -> None:
    world = World()
    for batch in history:
        touched = world.apply(batch)
        whole, part = world.match_all(), world.match_region(touched)
        inside = {rid for cluster in part.clusters for rid in cluster}
        assert clusters(part) == {c for c in clusters(whole) if c & inside}
        untouched = {c for c in clusters(whole) if not c & inside}
        linked: dict[str, set[int]] = {}
        for rid, person in world.person_of.items():
            if rid not in inside:
                linked.setdefault(person, set()).add(rid)
        assert untouched == {frozenset(c) for c in linked.values()}
        world.take(part)


@QUICK
@given(histories)
def test_matching_again_without_changes_changes_nothing(history: Any) -> None:
    world = World()
    for batch in history:
        world.apply(batch)
        whole = world.match_all()
        world.take(whole)
        again = world.match_all()
        assert clusters(again) == clusters(whole)


@QUICK
@given(st.lists(records, max_size=8, unique_by=lambda r: r.rid), st.lists(verdicts, max_size=4), st.randoms())
def test_the_order_of_records_and_decisions_does_not_matter(rows: Any, judged: Any, random: Any) -> None:
    world = World()
    world.apply([*rows, *judged])
    decisions = list(world.decisions.values())
    first = match(rows, decisions, PLAIN)
    random.shuffle(rows)
    random.shuffle(decisions)
    assert match(rows, decisions, PLAIN) == first
