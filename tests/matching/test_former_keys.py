"""What a key does that a record showed before: it ties newcomers, and never people who both exist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.matching import MatchPolicy, Partition, match
from sync.matching.values import FORMER, MAX_SIDES, SAME_EMAIL, TWO_PROFILES
from tests.decisions.worlds import World, world
from tests.matching.histories import PLAIN, record

PROFILE = "https://www.linkedin.com/in/"
ANA = replace(record(0, name="Ana Diaz", linkedin="in:ana-coo"), person_id="p", aliases=frozenset({"in:adiaz"}))


def clusters(found: Partition) -> set[frozenset[int]]:
    return set(map(frozenset, found.clusters))


def shows(here: World, name: str, who: str, **fields: str) -> None:
    """A record of that name comes, some time after the last one."""
    first, _, last = who.partition(" ")
    here.shows(name, first_name=first or None, last_name=last or None, **fields)
    here.settle(days=200)


@pytest.mark.parametrize("name", ["Ana Diaz", "A. Diaz", "Ana Lopez", "Diaz Ana", None])
def test_a_former_profile_ties_a_newcomer_whose_name_may_be_that_persons(name: str | None) -> None:
    assert clusters(match([ANA, record(1, name=name, linkedin="in:adiaz")], (), PLAIN)) == {frozenset({0, 1})}


def test_a_former_profile_that_somebody_of_another_name_shows_ties_nobody_and_is_asked_about() -> None:
    stranger = record(1, name="Alberto Dominguez", linkedin="in:adiaz")
    for of_old in (ANA, replace(ANA, linkedin=None)):
        found = match([of_old, stranger], (), PLAIN)
        assert clusters(found) == {frozenset({0}), frozenset({1})}
        assert [(s.reason, [f.name for f in s.features]) for s in found.suspicions] == [(FORMER, ["name"])]
        kept = match([of_old, replace(stranger, person_id="q")], (), PLAIN)
        assert (kept.clusters, kept.suspicions) == (found.clusters, found.suspicions)
    careless = MatchPolicy(names_must_agree=False, look_for_alike=False)
    assert clusters(match([ANA, stranger], (), careless)) == {frozenset({0, 1})}


def test_a_former_profile_parts_nobody_who_is_one_already_whatever_the_names() -> None:
    linked = replace(record(1, name="Alberto Dominguez", linkedin="in:adiaz"), person_id="p")
    assert clusters(match([ANA, linked], (), PLAIN)) == {frozenset({0, 1})}


def test_who_gets_the_profile_that_somebody_gave_up_is_somebody_else() -> None:
    with world() as here:
        shows(here, "topo:1", "Ana Diaz", linkedin_url=PROFILE + "adiaz")
        shows(here, "topo:1", "Ana Diaz", linkedin_url=PROFILE + "ana-diaz-coo")
        shows(here, "apollo:9", "Alberto Dominguez", linkedin_url=PROFILE + "adiaz")
        assert here.groups() == {frozenset({"topo:1"}), frozenset({"apollo:9"})}
        assert [s.reason for s in here.store.suspicions()] == [FORMER]
        here.never("topo:1", "apollo:9")
        here.settle()
        assert here.store.suspicions() == []


def asked(here: World) -> dict[tuple[str, str], str]:
    """Who is in question with whom, and why."""
    return {(str(s.records[0]), str(s.records[1])): s.reason for s in here.store.suspicions()}


def test_a_former_address_that_two_profiles_keep_from_joining_is_asked_about() -> None:
    with world() as here:
        shows(here, "topo:1", "Ana Diaz", email="head@oakmere.com", linkedin_url=PROFILE + "ana-1")
        shows(here, "topo:1", "Ana Diaz", email="ana@new.com")
        shows(here, "apollo:1", "Ana Diaz", email="head@oakmere.com", linkedin_url=PROFILE + "ana-2")
        assert here.groups() == {frozenset({"topo:1"}), frozenset({"apollo:1"})}
        assert asked(here) == {("apollo:1", "topo:1"): TWO_PROFILES}


def test_a_former_address_of_two_people_is_asked_about_with_both() -> None:
    with world() as here:
        for number in "12":
            shows(
                here,
                f"topo:{number}",
                "Ana Diaz",
                email="head@oakmere.com",
                linkedin_url=PROFILE + f"ana-{number}",
            )
        for number in "12":
            shows(here, f"topo:{number}", "Ana Diaz", email=f"ana-{number}@new.com")
        assert asked(here) == {("topo:1", "topo:2"): TWO_PROFILES}
        shows(here, "apollo:1", "Ana Diaz", email="head@oakmere.com")
        assert len(here.groups()) == 3
        assert asked(here) == {
            ("topo:1", "topo:2"): TWO_PROFILES,
            ("apollo:1", "topo:1"): FORMER,
            ("apollo:1", "topo:2"): FORMER,
        }


def test_who_has_a_former_address_of_somebody_stays_in_question_when_a_name_is_spelled_anew() -> None:
    with world() as here:
        shows(here, "topo:1", "Mohammed Ali", email="head@oakmere.com")
        shows(here, "topo:1", "Mohammed Ali", email="m@new.com")
        shows(here, "apollo:1", "Muhammad Ali", email="head@oakmere.com")
        assert asked(here) == {("apollo:1", "topo:1"): SAME_EMAIL}
        shows(here, "apollo:1", "Mohammed Ali")
        assert here.groups() == {frozenset({"topo:1"}), frozenset({"apollo:1"})}
        assert asked(here) == {("apollo:1", "topo:1"): FORMER}
        here.never("topo:1", "apollo:1")
        here.settle()
        assert asked(here) == {}


def test_of_very_many_who_had_an_address_those_who_show_it_are_asked_about_first() -> None:
    count = MAX_SIDES + 10
    rows = [record(n, name="Ann Lee", linkedin=f"in:ann-{n:02}", person_id=f"p{n:02}") for n in range(count)]
    had = [replace(row, aliases=frozenset({"x@acme.com"})) for row in rows[:-2]]
    found = match([*had, *(replace(row, emails=("x@acme.com",)) for row in rows[-2:])], (), PLAIN)
    assert len(found.suspicions) == MAX_SIDES * (MAX_SIDES - 1) // 2 + 10
    assert [s for s in found.suspicions if s.records == (rows[-2].ref, rows[-1].ref)]
