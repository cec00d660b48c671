"""A field that a person emptied by hand stays empty, whoever is joined or parted; what was shown is told."""

from __future__ import annotations

from sync.engine import disputes, review
from tests.decisions.worlds import World, world

EXPLICIT = '[merge]\nblanks = "explicit"\n'
BORIS = {"first_name": "Boris", "last_name": "Kern"}


def emptied(here: World) -> None:
    """Boris, whose title Topo emptied while Apollo had another one; it was decided that there is none."""
    for name in ("topo:1", "apollo:1", "datananas:1"):
        here.shows(name, email="boris@oakmere.com", job_title="COO", **BORIS)
    here.settle()
    here.shows("topo:1", job_title=None)
    here.shows("apollo:1", job_title="CFO")
    here.settle()
    (item,) = review.items(here.store)
    disputes.take(here.session, item, "topo")
    here.settle()
    assert here.person("topo:1").contact.job_title is None


def test_somebody_older_who_is_joined_with_them_has_none_either() -> None:
    with world(EXPLICIT) as here:
        here.shows("topo:0", email="ana@oakmere.com", first_name="Ana", job_title="CEO")
        here.settle()
        emptied(here)
        here.join("topo:0", "topo:1")
        here.settle()
        found = here.person("topo:0")
        assert found.contact.job_title is None
        assert {"CEO", "CFO"} <= set(found.choices["job_title"].losers.values())


def test_who_loses_a_third_record_has_none() -> None:
    with world(EXPLICIT) as here:
        emptied(here)
        here.split("datananas:1")
        here.settle()
        assert here.person("topo:1").contact.job_title is None
        assert here.person("datananas:1").contact.job_title == "COO"


def test_a_record_that_comes_later_brings_none() -> None:
    with world(EXPLICIT) as here:
        emptied(here)
        here.shows("apollo:2", email="boris@oakmere.com", job_title="CTO", **BORIS)
        here.settle()
        found = here.person("apollo:2")
        assert found.id == here.person("topo:1").id
        assert found.contact.job_title is None
        assert found.choices["job_title"].losers["apollo:2"] == "CTO"


def test_an_edit_after_it_stands() -> None:
    with world(EXPLICIT) as here:
        emptied(here)
        here.shows("apollo:1", job_title="CTO")
        here.settle()
        assert here.person("topo:1").contact.job_title == "CTO"
