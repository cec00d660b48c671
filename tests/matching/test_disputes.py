"""Who is kept apart by a dispute may be one with everybody else in it, until somebody judges."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.matching import match
from sync.matching.hubs import entry_of, holders_of
from sync.matching.values import MAX_SIDES, SAME_EMAIL, TWINS, TWO_PROFILES, UNTOLD, WAITING
from tests.matching.histories import PLAIN, decision, record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.matching import Partition
    from sync.person import Decision, MatchRecord

ROW = st.fixed_dictionaries(
    {
        "provider": st.sampled_from(["a", "b", "c"]),
        "name": st.sampled_from(["Ann Lee", "Ann Lee", "Bob Ray", None]),
        "emails": st.lists(st.sampled_from(["x@acme.com", "y@acme.com", "z@acme.com"]), max_size=2).map(tuple),
        "linkedin": st.sampled_from([None, "in:ann-lee", "in:ann-l", "in:lee-ann"]),
        "person_id": st.sampled_from([None, "p", "q", "r"]),
        "aliases": st.frozensets(
            st.sampled_from(["x@acme.com", "y@acme.com", "in:ann-lee", "in:ann-l"]), max_size=1
        ),
    }
)
ROWS = st.lists(ROW, min_size=3, max_size=7).map(lambda rows: [record(rid, **row) for rid, row in enumerate(rows)])
JUDGED = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=2)


def people(found: Partition) -> dict[int, int]:
    """Record → its person's number."""
    return {rid: at for at, part in enumerate(found.clusters) for rid in part}


def asked(rows: list[MatchRecord], found: Partition, judged: Iterable[Decision] = ()) -> set[frozenset[int]]:
    """The pairs of people about whom somebody is asked, or has judged."""
    whose = {row.ref: people(found)[row.rid] for row in rows}
    pairs = [*(s.records for s in found.suspicions), *((d.a, d.b) for d in judged)]
    return {frozenset(whose[ref] for ref in pair) for pair in pairs}


def matched(
    rows: list[MatchRecord], apart: list[tuple[int, int]]
) -> tuple[Partition, dict[int, int], set[frozenset[int]]]:
    """What the rows come to after somebody told those apart; whose each is; who is in question or judged."""
    judged = [decision(rows[a], rows[b], "different") for a, b in apart if a < b < len(rows)]
    found = match(rows, judged, PLAIN)
    return found, people(found), asked(rows, found, judged)


@settings(max_examples=200)
@given(ROWS, JUDGED)
def test_every_two_sides_of_a_dispute_are_asked_about_until_somebody_judges(
    rows: list[MatchRecord], apart: list[tuple[int, int]]
) -> None:
    found, number, pairs = matched(rows, apart)
    for dispute in (*found.bridges, *found.conflicts, *found.held_merges, *found.refused):
        for one, other in combinations(dispute.sides, 2):
            pair = frozenset({number[one[0]], number[other[0]]})
            assert len(pair) == 1 or pair in pairs, dispute


@settings(max_examples=200)
@given(ROWS, JUDGED)
def test_every_two_people_who_show_or_had_one_key_that_joins_are_in_question_until_somebody_judges(
    rows: list[MatchRecord], apart: list[tuple[int, int]]
) -> None:
    found, number, pairs = matched(rows, apart)
    entries = [entry_of(row) for row in rows]
    for key, holding in holders_of(entries).items():
        whose = {number[entry.record.rid] for entry in holding}
        assert key in found.generic or {frozenset(pair) for pair in combinations(whose, 2)} <= pairs, key


def test_an_address_of_two_names_and_of_nobody_named_is_asked_about_between_every_two() -> None:
    rows = [record(n, name=name, emails=("x@acme.com",)) for n, name in enumerate(["Ann Lee", "Bob Ray", None])]
    found = match(rows, (), PLAIN)
    names = {tuple(rows[int(ref.record_id)].name for ref in s.records): s.reason for s in found.suspicions}
    assert {frozenset(pair): reason for pair, reason in names.items()} == {
        frozenset({"Ann Lee", "Bob Ray"}): SAME_EMAIL,
        frozenset({"Ann Lee", None}): UNTOLD,
        frozenset({"Bob Ray", None}): UNTOLD,
    }
    assert asked(rows, found) == {frozenset(pair) for pair in combinations(range(3), 2)}


def test_of_a_dispute_with_very_many_sides_only_the_first_is_asked_about_with_all() -> None:
    count = MAX_SIDES + 10
    rows = [record(n, name="Ann Lee", emails=("x@acme.com",), linkedin=f"in:ann-{n:02}") for n in range(count)]
    found = match(rows, (), PLAIN)
    assert {s.reason for s in found.suspicions} == {TWO_PROFILES}
    assert len(found.suspicions) == MAX_SIDES * (MAX_SIDES - 1) // 2 + 10


def test_of_people_whose_merge_is_held_only_those_are_told_to_make_twins_who_would() -> None:
    one = {"emails": ("x@acme.com",), "linkedin": "in:ann"}
    rows = [
        record(0, name="Ann Lee", provider="topo", person_id="p", **one),
        record(1, name="Ann Lee", provider="topo", person_id="q", linkedin="in:ann"),
        record(2, name="Ann Lee", provider="apollo", person_id="r", emails=("x@acme.com",)),
    ]
    found = match(rows, (), PLAIN)
    assert len(found.clusters) == 3
    assert {frozenset(int(ref.record_id) for ref in s.records): s.reason for s in found.suspicions} == {
        frozenset({0, 1}): TWINS,
        frozenset({0, 2}): WAITING,
        frozenset({1, 2}): WAITING,
    }
