"""How often matching is right on contaminated data, and what guards cost. In large: ``./dev bench matching``."""

from __future__ import annotations

import pytest

from tests.bench.generate import generate
from tests.bench.matching.score import Score, score
from tests.bench.matching.subjects import Subject, ours, subjects, union_find

SIZE = 5000


@pytest.fixture(scope="module", params=[31, 32])
def people(request: pytest.FixtureRequest) -> list[Subject]:
    return subjects(generate(SIZE, request.param))


@pytest.fixture(scope="module")
def guarded(people: list[Subject]) -> Score:
    return score(ours(people).clusters, truth(people))


def truth(people: list[Subject]) -> dict[int, int]:
    return {rid: subject.truth for rid, subject in enumerate(people)}


def test_nearly_every_pair_that_is_joined_is_one_person(guarded: Score) -> None:
    assert guarded.precision >= 0.998


def test_no_cluster_grows_beyond_what_one_person_can_have(guarded: Score) -> None:
    assert guarded.largest <= 15


def test_guards_cost_next_to_no_recall(people: list[Subject], guarded: Score) -> None:
    bare = score(union_find(people), truth(people))
    assert bare.recall - guarded.recall <= 0.006  # a dozen pairs of so few people; 0.002 is asked in large
    assert bare.precision < 0.9  # without guards the same keys join strangers: there was something to guard
