"""Who was one person and shows several profiles by now is in question until somebody judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.engine import decisions
from sync.matching.values import DIVIDED
from sync.record import RecordRef
from tests.decisions.worlds import PROVIDERS, World, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sync.engine.session import Session
    from sync.engine.tying import Judgement

    Undo = Callable[[Session, set[RecordRef], set[RecordRef]], Judgement | None]

ONE, OTHER = RecordRef("apollo", "1"), RecordRef("topo", "1")


@pytest.fixture
def here() -> Iterator[World]:
    """One person's three records came to show three profiles, and three other addresses."""
    with world() as made:
        for provider in PROVIDERS:
            made.shows(f"{provider}:1", email="ana@oakmere.com", first_name="Ana", last_name="Diaz")
        for number in range(6):  # or every region is all there is
            made.shows(f"topo:other-{number}", email=f"p{number}@lumen.com", last_name=f"Roy{number}")
        made.settle()
        for provider in PROVIDERS:
            profile = f"https://www.linkedin.com/in/ana-{provider}"
            made.shows(f"{provider}:1", email=f"ana@{provider}-freight.com", linkedin_url=profile)
        made.settle()
        yield made


def asked(here: World) -> set[tuple[str, ...]]:
    """Between which providers' records it is asked."""
    assert {suspicion.reason for suspicion in here.store.suspicions()} <= {DIVIDED}
    return {tuple(sorted(ref.provider for ref in s.records)) for s in here.store.suspicions()}


EVERY_TWO = {("apollo", "datananas"), ("apollo", "topo"), ("datananas", "topo")}


def test_every_two_of_them_are_in_question_whatever_is_read_meanwhile(here: World) -> None:
    assert asked(here) == EVERY_TWO
    here.shows("apollo:1", email="ana@acme.com", job_title="COO")
    here.settle()
    assert asked(here) == EVERY_TWO
    here.store.mark_all_records_dirty()
    here.settle()
    assert asked(here) == EVERY_TWO


def test_whom_somebody_tells_apart_is_in_question_no_longer(here: World) -> None:
    here.never(str(ONE), str(OTHER))
    assert asked(here) == EVERY_TWO - {("apollo", "topo")}
    here.store.mark_all_records_dirty()
    here.settle()
    assert asked(here) == EVERY_TWO - {("apollo", "topo")}


def test_who_shows_one_profile_again_is_one_person_and_not_in_question(here: World) -> None:
    here.shows(str(ONE), linkedin_url="https://www.linkedin.com/in/ana-topo")
    here.settle()
    assert here.store.person_of(ONE) == here.store.person_of(OTHER)
    assert len(asked(here)) == 1


@pytest.mark.parametrize("settles", [False, True])
@pytest.mark.parametrize(
    ("act", "undo"), [(World.join, decisions.unjoin), (World.never, decisions.unnever)], ids=["join", "never"]
)
def test_an_answer_that_is_taken_back_leaves_the_question_as_it_was(
    here: World, act: Callable[[World, str, str], None], undo: Undo, settles: bool
) -> None:
    before = here.groups()
    act(here, str(ONE), str(OTHER))
    if settles:
        here.settle()
    here.act(undo(here.session, {ONE}, {OTHER}))
    assert (asked(here), here.groups()) == (EVERY_TWO, before)
    here.settle()
    assert (asked(here), here.groups()) == (EVERY_TWO, before)
