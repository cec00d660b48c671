"""What people decided about a field, when the person that it was decided for is merged into another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.engine import decisions, review
from sync.record import RecordRef
from tests.decisions.worlds import World, told, world

if TYPE_CHECKING:
    from collections.abc import Iterator

PROFILE = "https://www.linkedin.com/in/ana-diaz"
NAME = {"first_name": "Ana", "last_name": "Diaz"}


@pytest.fixture
def here() -> Iterator[World]:
    """The older Ana has a record at Topo; the title of the younger one, who has two, was typed by a person."""
    with world() as made:
        made.shows("topo:a", email="ana@oakmere.com", job_title="COO", **NAME)
        made.settle()
        made.shows("apollo:b", email="ana@lumen.fr", job_title="Clerk", **NAME)
        made.shows("datananas:b", email="ana@lumen.fr", job_title="Clerk", **NAME)
        made.settle()
        conflict(made, "Boss", "Chief", then="Queen")
        yield made


def conflict(here: World, one: str, other: str, *, then: str) -> None:
    here.shows("apollo:b", job_title=one)
    here.shows("datananas:b", job_title=other)
    here.settle()
    here.types(then)
    here.settle()


def meet(here: World) -> None:
    """The two come to share a profile."""
    here.shows("topo:a", linkedin_url=PROFILE)
    here.shows("apollo:b", linkedin_url=PROFILE)
    here.settle()


def test_a_value_that_a_person_typed_outlives_the_merge_into_somebody_older(here: World) -> None:
    meet(here)
    ana = here.person("topo:a")
    assert len(ana.members) == 3
    assert (ana.contact.job_title, ana.choices["job_title"].rule) == ("Queen", "human")
    assert ana.choices["job_title"].losers == {"topo:a": "COO", "apollo:b": "Boss", "datananas:b": "Chief"}
    here.shows("topo:a", job_title="CEO")
    here.settle()
    assert here.person("topo:a").contact.job_title == "CEO"


def test_of_two_typed_values_the_older_persons_stands_and_the_other_one_is_kept(here: World) -> None:
    here.shows("datananas:c", email="ana@oakmere.com", job_title="COO", **NAME)
    here.settle()
    here.shows("topo:a", job_title="CFO")
    here.shows("datananas:c", job_title="CTO")
    here.settle()
    here.types("CEO")
    here.settle()
    younger = here.person("apollo:b").id
    here.join("topo:a", "apollo:b")
    ana = here.person("topo:a")
    assert ana.contact.job_title == "CEO"
    assert ana.choices["job_title"].losers[f"human for {younger}"] == "Queen"


def test_a_merge_taken_back_leaves_the_typed_value_with_whom_it_was_typed_for(here: World) -> None:
    before = {name: told(here.person(name)) for name in ("topo:a", "apollo:b")}
    here.join("topo:a", "apollo:b")
    assert here.person("topo:a").contact.job_title == "Queen"
    here.act(decisions.unjoin(here.session, {RecordRef("topo", "a")}, {RecordRef("apollo", "b")}))
    assert {name: told(here.person(name)) for name in before} == before
    here.settle()
    assert {name: told(here.person(name)) for name in before} == before


def test_a_value_that_was_typed_after_a_merge_outlives_a_split(here: World) -> None:
    meet(here)
    here.shows("topo:a", job_title="Baroness")
    here.shows("apollo:b", job_title="Countess")
    here.settle()
    here.types("Princess")
    here.settle()
    here.split("datananas:b")
    here.settle()
    ana = here.person("topo:a")
    assert (ana.contact.job_title, ana.choices["job_title"].rule) == ("Princess", "human")
    here.shows("topo:a", job_title="Queen mother")
    here.settle()
    assert here.person("topo:a").contact.job_title == "Queen mother"


def test_a_value_typed_before_a_merge_stays_where_any_of_the_records_stays_that_it_was_typed_for(
    here: World,
) -> None:
    meet(here)
    here.split("datananas:b")
    here.settle()
    assert here.person("topo:a").contact.job_title == "Queen"


def test_a_value_typed_for_somebody_who_was_split_off_comes_back_with_them(here: World) -> None:
    here.split("datananas:b")
    here.shows("topo:c", email="diaz@lumen.fr", linkedin_url=PROFILE, job_title="Clerk", **NAME)
    here.shows("datananas:b", linkedin_url=PROFILE)
    here.settle()
    here.shows("topo:c", job_title="Baroness")
    here.shows("datananas:b", job_title="Countess")
    here.settle()
    here.types("Princess")
    here.settle()
    here.act(decisions.unsplit(here.session, {RecordRef("apollo", "b")}, {RecordRef("datananas", "b")}))
    here.settle()
    assert here.person("datananas:b").id == here.person("apollo:b").id
    ana = here.person("apollo:b")
    assert {ana.contact.job_title, *ana.choices["job_title"].losers.values()} >= {"Queen", "Princess"}


def test_a_typed_address_that_no_record_shows_yet_outlives_a_split(here: World) -> None:
    meet(here)
    here.shows("topo:a", email="ana@rivage.fr")
    here.shows("apollo:b", email="diaz@rivage.fr")
    here.settle()
    assert review.items(here.store) == []
    here.shows("apollo:b", email="ana@rivage.fr")
    here.settle()
    here.shows("topo:a", email="ana@quai.fr")
    here.shows("apollo:b", email="diaz@quai.fr")
    here.settle()
    here.types("a.diaz@quai.fr")
    here.settle()
    here.split("datananas:b")
    assert here.person("topo:a").contact.emails[0] == "a.diaz@quai.fr"


def test_who_leaves_somebody_that_is_merged_at_once_has_their_own_values_and_takes_nothing_along(
    here: World,
) -> None:
    here.shows("topo:c", email="ana@lumen.fr", phone="+33140000001", **NAME)
    here.settle()
    meet(here)
    assert len(here.groups()) == 2  # two records at Topo keep them from being one
    here.split("topo:c")
    left, ana = here.person("topo:c"), here.person("topo:a")
    assert len(ana.members) == 3
    assert (ana.contact.job_title, ana.contact.phone) == ("Queen", None)
    assert ana.contact.emails == ("ana@oakmere.com", "ana@lumen.fr")
    assert (left.contact.phone, left.contact.job_title) == ("+33140000001", None)


@pytest.mark.parametrize("found", [None, "Boss"])
def test_the_edit_that_makes_two_people_one_is_not_undone_by_the_meeting(found: str | None) -> None:
    with world('[merge]\npriority = ["topo", "apollo", "datananas"]\n') as here:
        here.shows("datananas:c", email="ana@oakmere.com", job_title=found, **NAME)
        here.settle()
        here.shows("topo:b", email="ana@lumen.fr", job_title="Clerk", **NAME)
        here.shows("apollo:b", email="ana@lumen.fr", job_title="Clerk", **NAME)
        here.settle()
        here.shows("apollo:b", email="ana@oakmere.com", job_title="CEO")
        here.settle()
        ana = here.person("datananas:c")
        assert len(ana.members) == 3
        assert (ana.contact.job_title, ana.choices["job_title"].rule) == ("CEO", "only-changer")
        assert ana.choices["job_title"].losers == {"topo:b": "Clerk"} | ({"datananas:c": found} if found else {})


def test_what_lost_to_a_decision_is_still_known_after_a_split_by_mistake(here: World) -> None:
    def lost() -> dict[str, object]:
        return dict(here.person("apollo:b").choices["job_title"].losers)

    before = lost()
    assert before == {"apollo:b": "Boss", "datananas:b": "Chief"}
    here.split("datananas:b")
    here.join("apollo:b", "datananas:b")
    here.settle()
    assert lost() == before


def test_what_is_in_dispute_about_somebody_is_in_dispute_about_whoever_they_are_merged_into(here: World) -> None:
    here.shows("apollo:b", job_title="Director")
    here.shows("datananas:b", job_title="Head")
    here.settle()
    meet(here)
    ana = here.person("topo:a")
    (waiting,) = ana.conflicts
    assert dict(waiting.values) == {"topo:a": "COO", "apollo:b": "Director", "datananas:b": "Head"}
    assert waiting.person_id == ana.id
    here.types("King")
    here.settle()
    assert (here.person("topo:a").contact.job_title, here.person("topo:a").conflicts) == ("King", ())


def test_what_is_disputed_elsewhere_loses_to_what_a_person_decided_here(here: World) -> None:
    here.shows("datananas:c", email="ana@oakmere.com", job_title="COO", **NAME)
    here.settle()
    here.shows("topo:a", job_title="Vice")
    here.shows("datananas:c", job_title="Deputy")
    here.settle()
    here.types("King")
    here.settle()
    here.shows("apollo:b", job_title="Director")
    here.shows("datananas:b", job_title="Head")
    here.settle()
    here.join("topo:a", "apollo:b")
    here.settle()
    ana = here.person("topo:a")
    assert (ana.contact.job_title, ana.conflicts) == ("King", ())
    assert {"Director", "Head"} <= set(ana.choices["job_title"].losers.values())
