"""Splitting, joining and keeping apart: who has which id and which values, and what is remembered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.engine import decisions
from sync.engine.named import records_named
from sync.person import Decision
from sync.record import RecordRef
from sync.store_port import MembershipUpdate
from tests.decisions.worlds import START, World, told, world
from tests.state.values import decide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made


def two(here: World) -> None:
    """Ana with two records and Bob with one, who have nothing in common."""
    here.shows("topo:a", email="ana@oakmere.com", first_name="Ana", last_name="Diaz", job_title="COO")
    here.shows("apollo:a", email="ana@oakmere.com", first_name="Ana", last_name="Diaz", phone="+33140000001")
    here.shows("datananas:b", email="bob@lumen.fr", first_name="Bob", last_name="Brun", job_title="Clerk")
    here.settle()


def test_joined_people_are_one_with_the_older_id_and_the_other_id_leads_there(here: World) -> None:
    two(here)
    ana, bob = here.person("topo:a"), here.person("datananas:b")
    here.join("topo:a", "datananas:b")
    assert here.groups() == {frozenset({"topo:a", "apollo:a", "datananas:b"})}
    assert [p.id for p in here.store.people([bob.id])] == [ana.id]
    assert here.person("topo:a").contact.job_title == "COO"


def test_a_join_taken_back_gives_everybody_back_their_id_and_values(here: World) -> None:
    two(here)
    before = {name: told(here.person(name)) for name in ("topo:a", "datananas:b")}
    here.join("topo:a", "datananas:b")
    near, far = {RecordRef("topo", "a")}, {RecordRef("datananas", "b")}
    here.act(decisions.unjoin(here.session, near, far))
    assert {name: told(here.person(name)) for name in before} == before
    assert here.store.decisions() == []
    here.settle()
    assert {name: told(here.person(name)) for name in before} == before


def test_an_id_that_was_merged_twice_leads_to_whoever_has_its_records_when_one_merge_is_taken_back(
    here: World,
) -> None:
    two(here)
    here.shows("apollo:c", email="cid@rivage.fr", first_name="Cid", last_name="Roux")
    here.settle()
    bob, cid = here.person("datananas:b").id, here.person("apollo:c").id
    here.join("datananas:b", "apollo:c")
    here.join("topo:a", "datananas:b")
    assert [p.id for p in here.store.people([cid])] == [here.person("topo:a").id]
    near, far = {RecordRef("topo", "a")}, {RecordRef("datananas", "b")}
    here.act(decisions.unjoin(here.session, near, far))
    assert here.person("apollo:c").id == bob
    assert [p.id for p in here.store.people([cid])] == [bob]


def test_a_split_undoes_a_merge_by_a_shared_key_and_is_never_asked_again(here: World) -> None:
    two(here)
    ana, bob = told(here.person("topo:a")), told(here.person("datananas:b"))
    here.shows("datananas:b", linkedin_url="https://www.linkedin.com/in/ana-diaz")
    here.shows("apollo:a", linkedin_url="https://www.linkedin.com/in/ana-diaz")
    here.settle()
    assert len(here.groups()) == 1
    here.split("datananas:b")
    assert here.person("datananas:b").id == bob["id"]
    assert here.person("topo:a").id == ana["id"]
    assert here.person("datananas:b").contact.job_title == "Clerk"
    assert here.person("datananas:b").contact.first_name == "Bob"
    here.shows("datananas:b", job_title="Head clerk")
    here.settle()
    assert len(here.groups()) == 2
    assert here.store.suspicions() == []


def test_records_that_leave_together_are_one_person_and_who_stays_keeps_the_id(here: World) -> None:
    for name in ("topo:a", "apollo:a", "datananas:a"):
        here.shows(name, email="ana@oakmere.com", first_name="Ana", last_name="Diaz")
    here.settle()
    before = here.person("topo:a").id
    here.split("apollo:a", "datananas:a")
    assert here.groups() == {frozenset({"topo:a"}), frozenset({"apollo:a", "datananas:a"})}
    assert here.person("topo:a").id == before


def test_a_split_taken_back_puts_the_records_together_again(here: World) -> None:
    two(here)
    before = here.person("topo:a")
    here.split("apollo:a")
    near, far = {RecordRef("topo", "a")}, {RecordRef("apollo", "a")}
    here.act(decisions.unsplit(here.session, near, far))
    assert here.person("apollo:a").id == before.id
    assert here.person("apollo:a").contact == before.contact
    assert here.store.decisions() == []


def test_people_kept_apart_stay_apart_whatever_they_come_to_share(here: World) -> None:
    two(here)
    here.never("topo:a", "datananas:b")
    here.shows("datananas:b", email="ana@oakmere.com", linkedin_url="https://www.linkedin.com/in/ana-diaz")
    here.shows("topo:a", linkedin_url="https://www.linkedin.com/in/ana-diaz")
    here.settle()
    assert len(here.groups()) == 2
    far = {RecordRef("datananas", "b")}
    here.act(decisions.unnever(here.session, {RecordRef("topo", "a")}, far))
    assert len(here.groups()) == 1


def test_a_later_decision_stands_instead_of_an_earlier_one(here: World) -> None:
    two(here)
    here.never("topo:a", "datananas:b")
    here.join("topo:a", "datananas:b")
    assert len(here.groups()) == 1
    here.split("datananas:b")
    assert len(here.groups()) == 2


def test_a_split_taken_back_leaves_the_join_before_it_standing(here: World) -> None:
    two(here)
    apart = {name: told(here.person(name)) for name in ("topo:a", "datananas:b")}
    here.join("topo:a", "datananas:b")
    joined, judged = told(here.person("topo:a")), here.store.decisions()
    here.split("datananas:b")
    near, far = {RecordRef("topo", "a"), RecordRef("apollo", "a")}, {RecordRef("datananas", "b")}
    here.act(decisions.unsplit(here.session, near, far))
    assert here.store.decisions() == judged
    assert told(here.person("topo:a")) == joined
    here.act(decisions.unjoin(here.session, near, far))
    assert here.store.decisions() == []
    assert {name: told(here.person(name)) for name in apart} == apart


def test_a_join_taken_back_leaves_the_never_before_it_standing(here: World) -> None:
    two(here)
    here.never("topo:a", "datananas:b")
    never = here.store.decisions()
    here.join("topo:a", "datananas:b")
    here.shows("datananas:b", email="ana@oakmere.com", first_name="Ana", last_name="Diaz")
    here.settle()
    near, far = {RecordRef("topo", "a"), RecordRef("apollo", "a")}, {RecordRef("datananas", "b")}
    here.act(decisions.unjoin(here.session, near, far))
    here.settle()
    assert here.store.decisions() == never
    assert here.groups() == {frozenset({"topo:a", "apollo:a"}), frozenset({"datananas:b"})}


def test_a_split_and_a_join_taken_back_one_after_the_other_leave_everybody_as_they_were(here: World) -> None:
    two(here)
    here.shows("apollo:a", phone="+33140000002")
    here.settle()
    before = {name: told(here.person(name)) for name in ("topo:a", "datananas:b")}
    joined = ({RecordRef("topo", "a"), RecordRef("apollo", "a")}, {RecordRef("datananas", "b")})
    here.join("topo:a", "datananas:b")
    here.split("apollo:a")
    here.act(
        decisions.unsplit(
            here.session, {RecordRef("topo", "a"), RecordRef("datananas", "b")}, {RecordRef("apollo", "a")}
        )
    )
    here.act(decisions.unjoin(here.session, *joined))
    here.settle()
    assert {name: told(here.person(name)) for name in before} == before


def test_who_loses_a_record_to_somebody_who_shares_its_address_keeps_the_id_and_nothing_of_it(here: World) -> None:
    shared = {"email": "ana@oakmere.com", "last_name": "Diaz"}
    here.shows("apollo:a", first_name="Ana", **shared)
    here.settle()
    for name in ("topo:b", "apollo:b"):
        here.shows(name, first_name="Bob", **shared)
    here.settle()
    here.shows("topo:b", first_name="Ana")
    here.settle()
    ana, bob = here.person("apollo:a").id, here.person("apollo:b").id
    assert here.person("topo:b").id == bob != ana  # two records of hers at Apollo would be twins: that is asked
    here.split("topo:b")
    assert (here.person("topo:b").id, here.person("apollo:b").id) == (ana, bob)
    assert here.person("apollo:b").contact.first_name == "Bob"
    here.settle()
    assert here.groups() == {frozenset({"apollo:a", "topo:b"}), frozenset({"apollo:b"})}


def test_a_join_is_foreseen_with_what_is_in_dispute_about_whoever_goes(here: World) -> None:
    here.shows("datananas:b", email="bob@lumen.fr", last_name="Brun", company_name="Lumen")
    here.settle()
    for name in ("topo:a", "apollo:a"):
        here.shows(name, email="rob@lumen.fr", last_name="Brun", company_name="Oakmere")
    here.settle()
    here.shows("topo:a", company_name="Rivage")
    here.shows("apollo:a", company_name="Ambre")
    here.settle()
    here.join("datananas:b", "topo:a")  # what was foreseen is what came
    bob = here.person("topo:a")
    assert (bob.contact.company_name, [c.field for c in bob.conflicts]) == ("Lumen", ["company_name"])


def test_a_never_that_is_said_twice_is_taken_back_once(here: World) -> None:
    two(here)
    here.never("topo:a", "datananas:b")
    here.never("topo:a", "datananas:b")
    here.act(decisions.unnever(here.session, {RecordRef("topo", "a")}, {RecordRef("datananas", "b")}))
    assert here.store.decisions() == []


VERDICTS = st.sampled_from(["same", "different", "withdrawn"])
PAIRS = st.sampled_from([("topo:a", "apollo:b"), ("apollo:b", "topo:a"), ("topo:a", "topo:c"), ("x:1", "y:1")])


@given(acts=st.lists(st.tuples(PAIRS, VERDICTS), max_size=12))
def test_judgements_are_taken_back_one_by_one_and_one_that_says_nothing_new_is_none(
    acts: list[tuple[tuple[str, str], str]],
) -> None:
    stacks: dict[frozenset[str], list[tuple[str, datetime]]] = {}
    with world() as here:
        store = here.store
        for minute, ((a, b), verdict) in enumerate(acts):
            stack, at = stacks.setdefault(frozenset((a, b)), []), START + timedelta(minutes=minute)
            pair = (RecordRef.parse(a), RecordRef.parse(b))
            if verdict == "withdrawn":
                update = MembershipUpdate(
                    members={}, withdrawn=(pair,), decisions=tuple(store.replaced_decisions([pair]))
                )
                del stack[-1:]
            else:
                said = Decision(a=pair[0], b=pair[1], verdict=verdict, by="eve", at=at)
                update = MembershipUpdate(members={}, decisions=(said,))
                stack += [] if stack and stack[-1][0] == verdict else [(verdict, at)]
            store.save_membership(update, at=at)
            standing = {frozenset((str(d.a), str(d.b))): (d.verdict, d.at) for d in store.decisions()}
            assert standing == {names: stack[-1] for names, stack in stacks.items() if stack}


def test_values_that_came_from_a_record_leave_with_it(here: World) -> None:
    here.shows("topo:a", email="ana@oakmere.com", first_name="Ana", last_name="Diaz")
    here.settle()
    here.shows("apollo:b", email="ana@oakmere.com", first_name="Ana", last_name="Diaz", phone="+33140000001")
    here.settle()
    assert here.person("topo:a").contact.phone == "+33140000001"
    here.split("apollo:b")
    assert here.person("topo:a").contact.phone is None
    assert here.person("topo:a").contact.first_name == "Ana"
    assert here.person("apollo:b").contact.phone == "+33140000001"


def test_a_value_that_lost_stands_again_where_it_came_from(here: World) -> None:
    here.shows("topo:a", email="ana@oakmere.com", job_title="COO")
    here.shows("apollo:a", email="ana@oakmere.com", job_title="CEO")
    here.settle()
    assert here.person("apollo:a").contact.job_title == "COO"
    here.split("apollo:a")
    assert here.person("apollo:a").contact.job_title == "CEO"
    assert here.person("topo:a").contact.job_title == "COO"


def test_an_edit_made_while_they_were_one_goes_with_its_record(here: World) -> None:
    two(here)
    here.join("topo:a", "datananas:b")
    here.shows("datananas:b", job_title="Director")
    here.settle()
    assert here.person("topo:a").contact.job_title == "Director"
    here.split("datananas:b")
    assert here.person("topo:a").contact.job_title == "COO"
    assert here.person("datananas:b").contact.job_title == "Director"


def test_a_decision_outlives_a_rebuilt_store(here: World) -> None:
    two(here)
    here.join("topo:a", "datananas:b")
    with world() as anew:
        for decision in here.store.decisions():
            decide(anew.store, decision)
        two(anew)
        assert len(anew.groups()) == 1


def test_a_decision_touches_nobody_else_who_waits(here: World) -> None:
    two(here)
    here.shows("topo:c", email="cyd@north.io", first_name="Cyd")
    here.join("topo:a", "datananas:b")
    assert here.store.person_of(RecordRef("topo", "c")) is None
    here.settle()
    assert here.store.person_of(RecordRef("topo", "c")) is not None


def test_who_stays_together_stays_so_when_both_sides_of_a_split_show_the_profile_that_joined_them(
    here: World,
) -> None:
    here.shows("topo:a", email="ana@oakmere.com", last_name="Diaz", first_name="Ana")
    here.shows("apollo:a", email="ana@oakmere.com", last_name="Diaz", first_name="Ana")
    here.shows("datananas:b", email="bob@lumen.fr", first_name="Bob", last_name="Brun")
    here.settle()
    here.shows("apollo:a", email="ana.diaz@north.io", first_name="Zoe")
    for name in ("topo:a", "datananas:b"):
        here.shows(name, linkedin_url="https://www.linkedin.com/in/ana-diaz")
    here.settle()
    here.split("datananas:b")
    assert here.groups() == {frozenset({"topo:a", "apollo:a"}), frozenset({"datananas:b"})}


def test_taking_back_one_join_by_ids_leaves_an_earlier_one_standing(here: World) -> None:
    for name in ("topo:a", "apollo:b", "datananas:b"):
        here.shows(name, email=f"{name.replace(':', '')}@oakmere.com", first_name=name[0].upper(), last_name="Q")
        here.settle()
    here.join("apollo:b", "datananas:b")
    ana, bob = here.person("topo:a").id, here.person("apollo:b").id
    here.join("topo:a", "apollo:b")
    near, far = (records_named(here.store, key) for key in (ana, bob))
    here.act(decisions.unjoin(here.session, near, far))
    assert here.groups() == {frozenset({"topo:a"}), frozenset({"apollo:b", "datananas:b"})}
    assert here.person("apollo:b").id == bob


def test_who_loses_a_record_and_takes_another_one_back_at_once_keeps_nothing_of_the_one_that_leaves(
    here: World,
) -> None:
    two(here)
    here.shows("topo:b", email="bea@lumen.fr", first_name="Bea", last_name="Brun")
    for name in ("topo:a", "apollo:a", "topo:b"):
        here.shows(name, linkedin_url=f"https://www.linkedin.com/in/{name[-1]}-brun")
    here.settle()
    before = {name: told(here.person(name)) for name in ("topo:a", "topo:b")}
    here.split("apollo:a")
    here.settle()
    here.join("topo:a", "topo:b")
    here.settle()
    here.act(decisions.unnever(here.session, {RecordRef("topo", "a")}, {RecordRef("apollo", "a")}))
    here.settle()
    assert here.person("topo:a").id != here.person("apollo:a").id  # a bridge keeps them from being one
    here.act(decisions.unjoin(here.session, {RecordRef("topo", "b")}, {RecordRef("topo", "a")}))
    assert {name: told(here.person(name)) for name in before} == before


def test_a_split_taken_back_after_a_join_puts_the_record_back_into_a_person_of_two_profiles(here: World) -> None:
    two(here)
    for name in ("topo:a", "apollo:a", "datananas:b"):
        here.shows(name, linkedin_url=f"https://www.linkedin.com/in/{name[-1]}-brun")
    here.settle()
    here.split("apollo:a")
    here.join("topo:a", "datananas:b")
    here.act(decisions.unsplit(here.session, {RecordRef("topo", "a")}, {RecordRef("apollo", "a")}))
    here.settle()
    assert here.groups() == {frozenset({"topo:a", "apollo:a", "datananas:b"})}


def one_by_one(here: World) -> tuple[set[RecordRef], ...]:
    """Three people with a record each and nothing in common."""
    names = ("topo:a", "apollo:b", "datananas:c")
    for name in names:
        here.shows(name, email=f"{name.replace(':', '')}@oakmere.com", first_name=name[0].upper(), last_name="Q")
        here.settle()
    return tuple({RecordRef.parse(name)} for name in names)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_joins_taken_back_in_any_order_leave_nobody_together(here: World, order: tuple[int, int]) -> None:
    one, two, three = one_by_one(here)
    before = here.people().keys()
    here.join("topo:a", "apollo:b")
    here.join("apollo:b", "datananas:c")
    joins = ((one, two), (two, three))
    here.act(decisions.unjoin(here.session, *joins[order[0]]))
    here.act(decisions.unjoin(here.session, *joins[order[1]]))
    assert len(here.groups()) == 3
    assert here.people().keys() == before


def test_a_join_taken_back_leaves_those_of_a_side_together_whom_a_key_or_a_decision_ties(here: World) -> None:
    one, two, three = one_by_one(here)
    here.shows("apollo:a", email="topoa@oakmere.com", first_name="T", last_name="Q")
    here.settle()
    here.join("topo:a", "apollo:b")
    here.shows("apollo:a", email="elsewhere@oakmere.com")
    here.settle()
    here.join("apollo:b", "datananas:c")
    here.act(decisions.unjoin(here.session, two, three))
    assert here.groups() == {frozenset({"topo:a", "apollo:a", "apollo:b"}), frozenset({"datananas:c"})}
    here.act(decisions.unjoin(here.session, one, two))
    assert here.groups() == {
        frozenset({"topo:a", "apollo:a"}),
        frozenset({"apollo:b"}),
        frozenset({"datananas:c"}),
    }
