"""What is told of why records are one person, or two, is true."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.engine.explaining import EVIDENCE, Explainer
from sync.matching.values import MAX_SIDES, TWO_PROFILES
from tests.decisions.worlds import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.decisions.worlds import World

ANA = {"first_name": "Ana", "last_name": "Diaz"}
PROFILE = "https://www.linkedin.com/in/"


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made


def why(here: World, name: str) -> dict[str, str]:
    """Record → why it is one with the others of its person."""
    told = Explainer(here.store, here.clock.now(), values=True).person(here.person(name))
    return {record["record"]: record["why"] for record in told["records"]}


def match_again(here: World) -> None:
    here.store.database.raw.execute("INSERT OR IGNORE INTO dirty_record SELECT rid FROM record")
    here.settle()


def test_whom_a_person_joined_is_told_as_decided(here: World) -> None:
    here.shows("topo:1", email="ana@oakmere.com", **ANA)
    here.shows("apollo:1", email="diaz@lumen.fr", **ANA)
    here.shows("datananas:1", email="diaz@lumen.fr", **ANA)
    here.settle()
    here.join("topo:1", "apollo:1")
    told = dict.fromkeys(("apollo:1", "datananas:1"), "shares email with the others")
    assert why(here, "topo:1") == {"topo:1": EVIDENCE["decision"], **told}
    match_again(here)
    assert why(here, "topo:1") == {"topo:1": EVIDENCE["decision"], **told}


@pytest.mark.parametrize("profile", [None, PROFILE + "ana"])
def test_who_came_by_a_former_key_is_told_as_that(here: World, profile: str | None) -> None:
    here.shows("topo:1", email="ana@oakmere.com", linkedin_url=profile, **ANA)
    here.settle()
    here.shows("topo:1", email="ana@new.com")
    here.settle()
    here.shows("apollo:1", email="ana@oakmere.com", linkedin_url=profile and PROFILE + "ana-2", **ANA)
    here.settle()
    if profile is None:
        assert why(here, "topo:1") == dict.fromkeys(("topo:1", "apollo:1"), EVIDENCE["former"])
        match_again(here)
        assert why(here, "topo:1") == dict.fromkeys(("topo:1", "apollo:1"), EVIDENCE["former"])
    here.shows("apollo:1", email="ana@new.com", linkedin_url=profile)
    here.settle()
    assert set(why(here, "topo:1").values()) == {
        f"shares email{' and linkedin' if profile else ''} with the others"
    }


def test_an_address_that_joins_nobody_is_no_reason_for_one_person(here: World) -> None:
    for number, given in enumerate(("Ana", "Bob", "Cleo")):
        here.shows(f"topo:{number}", email="team@oakmere.com", first_name=given, last_name=f"{given}son")
    here.settle()
    here.join("topo:0", "topo:1")
    assert why(here, "topo:0") == dict.fromkeys(("topo:0", "topo:1"), EVIDENCE["decision"])


def why_two(here: World, one: str, other: str) -> list[str]:
    told = Explainer(here.store, here.clock.now(), values=True).pair(here.person(one), here.person(other))["why"]
    assert isinstance(told, list)
    return told


def test_why_two_of_very_many_in_question_are_not_asked_about_is_told(here: World) -> None:
    for number in range(MAX_SIDES + 2):
        profile = f"{PROFILE}ana-{number:02}"
        here.shows(f"topo:{number:02}", email="ana@oakmere.com", linkedin_url=profile, **ANA)
    here.settle()
    one, other = f"topo:{MAX_SIDES:02}", f"topo:{MAX_SIDES + 1:02}"
    (told,) = why_two(here, one, other)
    assert "so many others in question" in told
    for number, given in enumerate(("Bob", "Cleo")):
        here.shows(f"apollo:{number}", email="ana@oakmere.com", first_name=given, last_name=f"{given}son")
    here.settle()
    (told,) = why_two(here, one, other)
    assert "joins nobody" in told


def test_who_shares_only_what_one_of_them_had_is_told_as_that(here: World) -> None:
    here.shows("topo:1", email="head@oakmere.com", linkedin_url=PROFILE + "ana-1", **ANA)
    here.settle()
    here.shows("topo:1", email="ana@new.com")
    here.shows("apollo:1", email="head@oakmere.com", linkedin_url=PROFILE + "ana-2", **ANA)
    here.settle()
    assert why_two(here, "topo:1", "apollo:1") == [
        f"Perhaps one (90%): {TWO_PROFILES}; a person is to decide.",
        "They share no email and no profile that both still show.",
    ]
