"""Which import is ours: every order of events and every doubt."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from adapters.datananas.events import Ended, Event, Running, Started
from adapters.datananas.following import MOST_IMPORTS, Following, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Step = Event | str | tuple[str | None, str | None]

OURS, THEIRS, LIST = "ours", "theirs", "list-1"


def after(*steps: Step, size: int = 2, list_id: str | None = LIST, known: Iterable[str] = ()) -> Following:
    """``"post"`` sends, a pair is an answer (uuid, list id), everything else is heard."""
    f = Following(size, list_id, known)
    for step in steps:
        if step == "post":
            f.posted()
        elif isinstance(step, tuple):
            f.answered(*step)
        elif not isinstance(step, str):
            f.hear(step)
    return f


START = Started(OURS, LIST)
END = Ended(OURS, 1, 1)
ANSWER: tuple[str | None, str | None] = (None, None)
EVERYTHING: list[Step] = [START, END, ANSWER]
WITH_UUID: list[Step] = [END, (OURS, None)]
DONE = Verdict(OURS, 1, 1)


def test_done_means_the_bound_ending_and_the_answer() -> None:
    assert after("post", START, END).verdict is None
    assert after("post", START, ANSWER).verdict is None
    assert after("post", START, ANSWER, END).verdict == DONE


@pytest.mark.parametrize("steps", list(permutations(EVERYTHING)))
def test_any_order_after_the_send_gives_the_same_verdict(steps: tuple[Step, ...]) -> None:
    assert after("post", *steps).verdict == DONE


@pytest.mark.parametrize("steps", list(permutations(WITH_UUID)))
def test_a_uuid_in_the_answer_needs_no_start(steps: tuple[Step, ...]) -> None:
    assert after("post", *steps).verdict == DONE


def test_a_uuid_in_the_answer_outranks_the_first_start() -> None:
    other: list[Step] = [Started(THEIRS, LIST), Ended(THEIRS, 2, 0)]
    assert after("post", *other, START, (OURS, None)).verdict is None
    assert after("post", *other, START, (OURS, None), END).verdict == DONE


def test_what_began_before_our_send_is_not_ours() -> None:
    f = after(Started(THEIRS, LIST), "post", ANSWER, Ended(THEIRS, 1, 1))
    assert f.verdict is None
    assert not f.begun


def test_what_began_before_a_repeated_send_is_not_ours() -> None:
    assert after("post", Started(THEIRS, LIST), "post", ANSWER, Ended(THEIRS, 1, 1)).verdict is None


def test_an_import_into_another_list_is_not_ours() -> None:
    assert after("post", Started(THEIRS, "list-2"), ANSWER, Ended(THEIRS, 1, 1)).verdict is None


@pytest.mark.parametrize("told", [None, "list-9"])
def test_without_a_known_list_the_first_start_counts(told: str | None) -> None:
    assert after("post", Started(OURS, told), ANSWER, END, list_id=None).verdict == DONE


def test_a_start_that_tells_no_list_counts() -> None:
    assert after("post", Started(OURS, None), ANSWER, END).verdict == DONE


def test_the_list_told_by_the_answer_counts() -> None:
    steps = (Started(THEIRS, "list-2"), START, Ended(THEIRS, 2, 0), (None, LIST), END)
    assert after("post", *steps, list_id=None).verdict == DONE


def test_the_total_decides_between_two_candidates() -> None:
    steps = (Started(THEIRS, LIST), START, ANSWER, Running(THEIRS, 1, 9), Running(OURS, 1, 2))
    assert after("post", *steps).verdict is None
    assert after("post", *steps, Ended(THEIRS, 9, 0)).verdict is None
    assert after("post", *steps, Ended(THEIRS, 9, 0), END).verdict == DONE


def test_a_candidate_whose_total_is_not_told_yet_is_waited_for() -> None:
    steps = (Started(THEIRS, LIST), START, ANSWER, Running(THEIRS, 1, 2), Ended(THEIRS, 2, 0))
    assert after("post", *steps).verdict is None
    ambiguous = Verdict(None, doubt="ambiguous")
    assert after("post", *steps, Running(OURS, 1, 2)).verdict == ambiguous
    assert after("post", *steps, Running(OURS, 1, 3)).verdict == Verdict(THEIRS, 2, 0)


def test_two_candidates_of_our_size_are_ambiguous() -> None:
    steps = (Started(THEIRS, LIST), START, ANSWER, Running(THEIRS, 1, 2), Running(OURS, 1, 2))
    assert after("post", *steps).verdict == Verdict(None, doubt="ambiguous")


def test_two_ended_candidates_without_totals_are_ambiguous() -> None:
    steps = (Started(THEIRS, LIST), START, ANSWER, Ended(THEIRS, 2, 0), END)
    assert after("post", *steps).verdict == Verdict(None, doubt="ambiguous")


def test_of_two_ended_candidates_the_one_of_our_size_is_ours() -> None:
    steps = (Started(THEIRS, LIST), START, ANSWER, Running(OURS, 1, 2), Ended(THEIRS, 2, 0), END)
    assert after("post", *steps).verdict == DONE


def test_several_candidates_of_other_sizes_leave_room_for_a_late_one() -> None:
    steps: tuple[Step, ...] = (
        Started("a", LIST), Started("b", LIST), ANSWER, Running("a", 1, 7), Running("b", 1, 8), Ended("a", 7, 0),
        Ended("b", 8, 0),
    )  # fmt: skip
    assert after("post", *steps).verdict is None
    assert after("post", *steps, START, Running(OURS, 1, 2), END).verdict == DONE


def test_a_start_after_the_answer_does_not_compete_with_one_before_it() -> None:
    assert after("post", START, ANSWER, Started(THEIRS, LIST), END).verdict == DONE
    assert after("post", ANSWER, START, END).verdict == DONE


def test_the_total_alone_never_decides_and_never_ends() -> None:
    assert after("post", START, ANSWER, Running(OURS, 2, 2)).verdict is None
    assert after("post", START, ANSWER, Running(OURS, 5, 99), END).verdict == DONE


def test_duplicates_change_nothing() -> None:
    f = after("post", START, START, ANSWER, END, END)
    assert f.verdict == DONE


def test_of_two_different_endings_the_first_counts_and_is_flagged() -> None:
    assert after("post", START, ANSWER, END, Ended(OURS, 0, 0)).verdict == Verdict(OURS, 1, 1, contradicted=True)


@pytest.mark.parametrize(
    "ending", [Ended(OURS, 2, 1), Ended(OURS, None, 1), Ended(OURS, 1, None), Ended(OURS, 9, 9)]
)
def test_totals_that_cannot_be_are_a_contradiction(ending: Ended) -> None:
    assert after("post", START, ANSWER, ending).verdict == Verdict(OURS, doubt="contradiction")


def test_fewer_than_sent_is_no_doubt_but_told() -> None:
    assert after("post", START, ANSWER, Ended(OURS, 1, 0)).verdict == Verdict(OURS, 1, 0)


def test_an_import_of_our_size_whose_start_was_missed_makes_the_other_one_doubtful() -> None:
    theirs: list[Step] = [Started(THEIRS, LIST), ANSWER, Ended(THEIRS, 2, 0)]
    assert after("post", Running(OURS, 1, 2), *theirs).verdict == Verdict(None, doubt="ambiguous")
    assert after("post", Running(OURS, 1, 3), *theirs).verdict == Verdict(THEIRS, 2, 0)


def test_only_events_of_our_import_are_signs_of_life() -> None:
    f = after("post", START)
    assert f.hear(Running(OURS, 1, 2))
    assert not f.hear(Running(THEIRS, 1, 2))
    assert not f.hear(Started(THEIRS, LIST))


def test_a_flood_of_foreign_imports_is_not_remembered_for_ever() -> None:
    f = after("post", START, ANSWER)
    for i in range(3 * MOST_IMPORTS):
        f.hear(Running(f"f{i}", 1, 9))
    assert len(f._imports) == MOST_IMPORTS
    f.hear(END)
    assert f.verdict == DONE


FOREIGN: list[Event] = [Started(THEIRS, LIST), Running(THEIRS, 1, 5), Ended(THEIRS, 5, 0)]
MINE: list[Step] = [START, Running(OURS, 1, 2), END]


@pytest.mark.parametrize("answer", [ANSWER, (OURS, None)])
def test_in_every_interleaving_nothing_foreign_is_taken_for_done(answer: Step) -> None:
    """All orders in which each import's own events stay in order, the answer anywhere."""
    for places in permutations([*"AAA", *"BBB", "C"]):
        sources: dict[str, Iterator[Step]] = {"A": iter(MINE), "B": iter(FOREIGN), "C": iter([answer])}
        f = Following(2, LIST)
        f.posted()
        for place in places:
            step = next(sources[place])
            assert not isinstance(step, str)
            if isinstance(step, tuple):
                f.answered(*step)
            else:
                f.hear(step)
            verdict = f.verdict
            assert verdict is None or verdict == DONE or verdict.doubt is not None
        assert f.verdict is not None


AGAIN: list[Step] = [
    step for uuid in ("old-1", "old-2") for step in (Started(uuid, LIST), Running(uuid, 1, 2), Ended(uuid, 2, 0))
]


@pytest.mark.parametrize("place", range(3))
def test_imports_told_again_to_a_new_connection_are_not_taken_for_ours(place: int) -> None:
    own: list[Step] = [START, Running(OURS, 1, 2), END]
    steps = [*own[:place], *AGAIN, *own[place:], ANSWER]
    assert after("post", *steps).verdict == Verdict(None, doubt="ambiguous")
    assert after("post", *steps, known=("old-1", "old-2")).verdict == DONE


def test_while_only_imports_that_were_heard_before_begin_ours_is_waited_for() -> None:
    f = after("post", *AGAIN, ANSWER, known=("old-1", "old-2"))
    assert f.verdict is None
    f.hear(START)
    f.hear(END)
    assert f.verdict == DONE


def test_a_server_that_gives_one_uuid_to_every_import_is_followed_as_any_other() -> None:
    assert after("post", START, END, ANSWER, known=(OURS,)).verdict == DONE


def test_whatever_was_heard_is_told_for_the_next_batch() -> None:
    f = after(Started("early", LIST), "post", START, END, ANSWER)
    assert sorted(f.heard) == ["early", OURS]
