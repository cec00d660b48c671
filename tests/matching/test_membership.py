"""Ids stay with people through merges, splits and undo."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync.matching import Partition
from sync.membership import MembershipChange, assign


def assigned(clusters: Any, current: Any, **given: Any) -> MembershipChange:
    prefix = given.pop("prefix", "new")
    fresh = (f"{prefix}-{number}" for number in itertools.count())
    return assign(Partition(clusters=tuple(clusters)), current, new_id=lambda: next(fresh), **given)


def test_untouched_people_keep_their_ids_and_new_ones_get_new_ids() -> None:
    change = assigned([(1, 2), (3,)], {1: "p", 2: "p"})
    assert change.person_of == {1: "p", 2: "p", 3: "new-0"}
    assert change.created == ("new-0",)


def test_a_merge_keeps_the_older_id() -> None:
    assert assigned([(1, 2, 3)], {1: "b", 2: "b", 3: "a"}).merged == (("a", "b"),)
    at = {"a": datetime(2026, 2, 1, tzinfo=UTC), "b": datetime(2026, 1, 1, tzinfo=UTC)}
    assert assigned([(1, 2, 3)], {1: "b", 2: "b", 3: "a"}, created_at=at).merged == (("b", "a"),)


def test_a_split_leaves_the_id_with_the_biggest_part() -> None:
    change = assigned([(1,), (2, 3)], {1: "p", 2: "p", 3: "p"})
    assert change.person_of == {1: "new-0", 2: "p", 3: "p"}
    assert change.split == (("p", "new-0"),)


def test_a_side_that_leaves_gets_its_former_id_back() -> None:
    change = assigned([(1,), (2, 3)], {1: "a", 2: "a", 3: "a"}, former={"b": {2, 3}})
    assert change.person_of == {1: "a", 2: "b", 3: "b"}
    assert (change.restored, change.split) == (("b",), (("a", "b"),))


def test_a_former_id_is_not_given_to_a_person_that_nobody_left() -> None:
    assert assigned([(1, 2)], {1: "a", 2: "a"}, former={"b": {1, 2}}).person_of == {1: "a", 2: "a"}


def test_who_stays_keeps_the_id_also_where_whoever_leaves_comes_to_somebody_else() -> None:
    change = assigned([(1, 2), (3,)], {1: "a", 2: "b", 3: "b"}, staying={3})
    assert change.person_of == {1: "a", 2: "a", 3: "b"}
    assert (change.merged, change.created, change.split) == ((), (), (("b", "a"),))
    assert assigned([(1, 2), (3,)], {1: "p", 2: "p", 3: "p"}, staying={3}).person_of == {
        1: "new-0",
        2: "new-0",
        3: "p",
    }


def test_of_more_former_ids_than_can_be_given_back_the_older_ones_are() -> None:
    former = {"b": {2}, "c": {3}, "d": {1}}
    assert assigned([(1,), (2,), (3,)], dict.fromkeys((1, 2, 3), "a"), former=former).person_of == {
        1: "a",
        2: "b",
        3: "c",
    }


def test_a_former_id_is_not_given_back_at_the_price_of_an_older_one() -> None:
    current = {1: "a", 2: "a", 3: "b"}
    assert assigned([(1,), (2, 3)], current, former={"c": {1}}).person_of == {1: "a", 2: "b", 3: "b"}
    current = {1: "a", 2: "a", 3: "c"}
    assert assigned([(1,), (2, 3)], current, former={"b": {1}}).person_of == {1: "b", 2: "a", 3: "a"}


def test_a_side_that_is_what_a_retired_id_was_before_its_last_records_gets_that_id_back() -> None:
    former, earlier = {"b": {2, 3}, "c": {3}}, {"b": [frozenset({2})]}
    change = assigned([(1,), (2,), (3,)], dict.fromkeys((1, 2, 3), "a"), former=former, earlier=earlier)
    assert change.person_of == {1: "a", 2: "b", 3: "c"}


def test_of_two_ids_that_were_a_side_the_one_that_was_it_to_the_end_comes_back() -> None:
    former, earlier = {"b": {2, 3}, "d": {2}}, {"b": [frozenset({2})]}
    change = assigned([(1,), (2,)], {1: "a", 2: "a"}, former=former, earlier=earlier)
    assert change.person_of == {1: "a", 2: "d"}


def test_a_retired_id_comes_back_once() -> None:
    earlier = {"b": [frozenset({2}), frozenset({3})]}
    change = assigned([(1,), (2,), (3,)], dict.fromkeys((1, 2, 3), "a"), former={"b": {2, 3}}, earlier=earlier)
    assert change.person_of == {1: "a", 2: "b", 3: "new-0"}


PARTITIONS = st.lists(st.integers(0, 4), min_size=8, max_size=8)


@given(PARTITIONS, PARTITIONS)
def test_every_cluster_has_one_id_no_id_is_used_twice_and_an_undone_merge_gives_all_ids_back(
    before: Any, after: Any
) -> None:
    def parts(labels: list[int]) -> list[tuple[int, ...]]:
        found: dict[int, list[int]] = {}
        for rid, label in enumerate(labels):
            found.setdefault(label, []).append(rid)
        return [tuple(part) for part in found.values()]

    first = assigned(parts(before), {})
    second = assigned(parts(after), first.person_of, prefix="later")
    ids = [{second.person_of[rid] for rid in part} for part in parts(after)]
    assert all(len(found) == 1 for found in ids)
    assert len(set().union(*ids)) == len(ids)
    whole = assigned([tuple(range(8))], first.person_of)
    former = {
        loser: {rid for rid, person in first.person_of.items() if person == loser} for _, loser in whole.merged
    }
    back = assigned(parts(before), whole.person_of, former=former)
    assert back.person_of == first.person_of
