"""A part that is closed under ``reach`` is answered like the whole, whatever came before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.matching import match
from tests.matching.histories import (
    OPAQUE,
    OTHER_OPAQUE,
    PLAIN,
    World,
    decision,
    histories,
    record,
    records,
    verdicts,
)

if TYPE_CHECKING:
    from sync.matching import Partition
    from sync.person import MatchRecord

QUICK = settings(max_examples=200)


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


def kept_again(rows: list[MatchRecord], said: Any = ()) -> bool:
    """Whether matching once more, when what was found is kept, gives the same."""
    first = match(rows, said, PLAIN)
    owner = {rid: f"p{number}" for number, part in enumerate(first.clusters) for rid in part}
    return clusters(match([replace(r, person_id=owner[r.rid]) for r in rows], said, PLAIN)) == clusters(first)


def test_who_shows_two_slugs_by_a_human_decision_is_one_person_the_next_time_too() -> None:
    rows = [
        record(0, provider="c", emails=("c@x.com",), linkedin="in:aaa", name="Ann Lee"),
        record(1, provider="b", emails=("b@x.com",), linkedin="in:ccc", name="Ann Lee"),
        record(3, provider="a", linkedin="in:aaa", name="Ann Lee"),
        record(4, provider="d", emails=("c@x.com",), name="Ann Lee"),
    ]
    said = [decision(rows[0], rows[1], "same")]
    assert clusters(match(rows, said, PLAIN)) == {frozenset({0, 1, 3, 4})}
    assert kept_again(rows, said)


def test_what_a_bridge_or_a_held_merge_left_apart_is_settled_at_once() -> None:
    one, two, three = OPAQUE, OTHER_OPAQUE, OPAQUE.replace("AAB", "AAD")
    rows = [
        record(0, provider="a", emails=("day@acme.com",), linkedin=one, person_id="q2"),
        record(1, provider="b", emails=("ray@acme.com",), person_id="q2"),
        record(2, provider="b", emails=("lee@acme.com", "ray@acme.com"), linkedin=f"in:bob-ray {three}"),
        record(3, provider="b", emails=("lee@acme.com",), linkedin="in:ann-lee"),
        record(4, provider="b", emails=("day@acme.com", "ray@acme.com"), person_id="q1"),
        record(5, provider="b", emails=("lee@acme.com", "ray@acme.com"), linkedin=f"in:ann-lee {two}"),
        record(6, provider="c", emails=("day@acme.com",), linkedin=one, person_id="q1"),
    ]
    assert kept_again(rows, [decision(rows[4], rows[3], "same")])
    rows = [
        record(0, provider="a", person_id="q2"),
        record(1, provider="d", linkedin=two, person_id="q2"),
        record(2, provider="b", emails=("ann@acme.com",), linkedin="in:ann-two", person_id="q2"),
        record(3, provider="b", emails=("ann@acme.com", "lee@acme.com"), linkedin="in:ann-two", person_id="q1"),
        record(4, provider="b", emails=("ray@acme.com",), linkedin=f"in:bob-ray {three}"),
        record(5, provider="a", emails=("day@acme.com", "ann@acme.com"), linkedin=one),
        record(6, provider="c", linkedin=one),
        record(7, provider="c", emails=("day@acme.com", "ray@acme.com")),
    ]
    assert kept_again(rows)


@QUICK
@given(st.lists(records, max_size=8, unique_by=lambda r: r.rid), st.lists(verdicts, max_size=4))
def test_matching_again_what_was_kept_gives_the_same(rows: Any, judged: Any) -> None:
    world = World()
    world.apply([*rows, *judged])
    assert kept_again(rows, list(world.decisions.values()))


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
