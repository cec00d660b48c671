"""Whoever is new is merged in one step with all the others like them, as if one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from sync.engine.matching import match_records
from sync.engine.people import merge_people
from sync.engine.policies import merge_policy
from sync.merging import meet
from tests.decisions.chances import tried
from tests.decisions.worlds import World, told, world

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

FIELDS = {
    "email": ("Ana@Oakmere.com", "bob@oakmere.com", "info@oakmere.com", None),
    "first_name": ("Ana", "Zoë", None),
    "job_title": ("COO", None),
    "city": ("Lyon", None),
    "phone": ("01 40 00 00 01", None),
}
rows = st.lists(
    st.tuples(
        st.sampled_from(["topo", "apollo", "datananas"]),
        st.fixed_dictionaries({name: st.sampled_from(values) for name, values in FIELDS.items()}),
    ),
    min_size=1,
    max_size=6,
)
Rows = list[tuple[str, dict[str, Any]]]


def everybody(shown: Rows, later: Rows, merges: Callable[[World], None]) -> dict[str, object]:
    """Everybody after the records were read and merged, and some of them read and merged once more."""
    with world() as here:
        for own in (shown, later):
            for number, (provider, fields) in enumerate(own):
                here.shows(f"{provider}:r{number}", **fields)
            here.clock.advance(minutes=20)
            match_records(here.session)
            merges(here)
        return {person_id: told(person) for person_id, person in here.people().items()}


def at_once(here: World) -> None:
    merge_people(here.session)


def one_by_one(here: World) -> None:
    merge_people(here.session, here.store.dirty_people())


@tried(60)
@given(shown=rows, later=rows)
def test_one_step_for_all_keeps_what_a_merge_of_each_would_keep(shown: Rows, later: Rows) -> None:
    assert everybody(shown, later, at_once) == everybody(shown, later, one_by_one)


def strangers_of(here: World, **named: Any) -> set[str]:
    policy, at = merge_policy(here.session), here.clock.now()
    waiting = set(here.store.dirty_people())
    left = here.store.take_strangers(lambda shown: meet(shown, policy, at), at=at, **({"but": ()} | named))
    return waiting - set(left)


def test_one_step_for_all_is_taken_by_those_who_never_met_anybody() -> None:
    with world() as here:
        here.shows("topo:1", email="ana@oakmere.com")
        match_records(here.session)
        assert strangers_of(here) == {here.person("topo:1").id}
        here.shows("apollo:1", email="ana@oakmere.com")
        here.shows("topo:2", email="bob@oakmere.com")
        here.shows("apollo:2", email="bob@oakmere.com")
        match_records(here.session)
        assert strangers_of(here) == {here.person("topo:2").id}
        assert strangers_of(here) == set()


def test_one_step_for_all_leaves_out_whoever_it_is_told_to() -> None:
    with world() as here:
        here.shows("topo:1", email="ana@oakmere.com")
        match_records(here.session)
        assert strangers_of(here, but=[here.person("topo:1").id]) == set()


def test_one_step_for_all_takes_them_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("state.strangers.PORTION", 2)
    with world() as here:
        for number in range(5):
            here.shows(f"topo:{number}", email=f"p{number}@oakmere.com", first_name=f"Ana{number}")
        here.shows("apollo:1", email="p1@oakmere.com", job_title="COO")
        match_records(here.session)
        left_out = here.person("topo:3").id
        taken = {person.id for person in here.people().values()} - {left_out}
        assert strangers_of(here, but=[left_out]) == taken
        assert {p.contact.first_name for p in here.people().values()} == {"Ana0", "Ana1", "Ana2", "Ana4", None}
        assert here.person("topo:1").contact.job_title == "COO"
