"""An edit that does not stand is told among what lost, whatever people decided, joined and parted around it."""

from __future__ import annotations

from sync.engine.absence import mark_gone
from sync.record import RecordRef
from tests.decisions.worlds import World, world

OWNED = '[merge.fields.job_title]\nowner = "apollo"\n'
ANA = {"first_name": "Ana", "last_name": "Diaz"}


def one_person(here: World, *names: str, **fields: str) -> None:
    """Records of one name and address, which show the same."""
    for name in names:
        here.shows(name, **{"email": "ana@oakmere.com", **ANA, **fields})
    here.settle()


def lost(here: World, name: str, field: str) -> dict[str, object]:
    return dict(here.person(name).choices[field].losers)


def test_an_edit_is_told_when_its_person_was_split_and_is_joined_again_after_a_decision() -> None:
    with world() as here:
        one_person(here, "topo:0", "topo:1", "apollo:2", city="Lyon")
        here.shows("topo:1", city="Nice")
        here.settle()
        here.split("topo:1")
        here.settle()
        here.shows("topo:0", city="Caen")
        here.shows("apollo:2", city="Metz")
        here.settle()
        here.types("Brest")
        here.settle()
        here.join("topo:1", "topo:0")
        here.settle()
        assert here.person("topo:1").contact.city == "Brest"
        assert set(lost(here, "topo:1", "city").values()) == {"Caen", "Metz", "Nice"}


def test_an_edit_of_an_owned_field_is_told_when_the_owner_arrives_in_the_same_reading() -> None:
    with world(OWNED) as here:
        here.shows("topo:0", email="ana@oakmere.com", job_title="COO", **ANA)
        here.shows("topo:1", email="ana@oakmere.com", **ANA)
        here.settle()
        here.shows("topo:0", job_title="CEO")
        here.shows("apollo:2", email="ana@oakmere.com", job_title="CFO", **ANA)
        here.settle()
        assert here.person("topo:0").contact.job_title == "CFO"
        assert lost(here, "topo:0", "job_title") == {"topo:0": "CEO"}


def test_what_a_record_shows_by_now_is_told_before_what_it_showed_when_somebody_decided_is_merged_in() -> None:
    with world(OWNED) as here:
        here.shows("topo:0", email="ana@oakmere.com", job_title="COO", **ANA)
        here.shows("apollo:0", email="ana@oakmere.com", **ANA)
        here.settle()
        one_person(here, "topo:1", "datananas:1", email="ana@lumen.fr", job_title="Clerk")
        here.shows("topo:1", job_title="x")
        here.shows("datananas:1", job_title="y")
        here.settle()
        here.types("Boss")
        here.settle()
        here.shows("topo:0", job_title="CEO")
        here.settle()
        here.join("topo:0", "topo:1")
        here.settle()
        assert here.person("topo:0").contact.job_title == "Boss"
        assert lost(here, "topo:0", "job_title")["topo:0"] == "CEO"


def test_a_join_is_foreseen_as_it_comes_where_a_record_that_is_gone_shares_a_key() -> None:
    with world() as here:
        here.shows("apollo:0", **ANA)
        here.settle()
        here.shows("apollo:1", first_name="Bob", last_name="Brun", email="ana@oakmere.com")
        here.settle()
        here.shows("apollo:0", email="ana@oakmere.com")
        here.settle()
        mark_gone(here.session, [RecordRef("apollo", "0")])
        here.settle()
        here.join("apollo:1", "apollo:0")  # compares what was foreseen with what came
