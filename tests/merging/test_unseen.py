"""An edit by somebody who could not know what stands: which came later nobody can tell, so a person is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sync.codes import Rule
from sync.merging import FieldPolicy, MergePolicy, merge
from tests.builders import LONG_AGO, NOW, choice, member, merged, person, shows

if TYPE_CHECKING:
    from sync.change import Choice
    from sync.merging import MergeResult
    from sync.person import Person

OLD, NEW = {"job_title": "COO"}, {"job_title": "CEO"}
CHOSEN_AT = LONG_AGO + timedelta(days=2)  # when what stands was
BEFORE, AFTER = CHOSEN_AT - timedelta(days=1), CHOSEN_AT + timedelta(days=1)


def chosen(source: str, rule: str) -> Choice:
    return replace(choice(source, rule), at=CHOSEN_AT)


def edited(rule: str = Rule.ONLY_CHANGER, source: str = "apollo:1", **at_topo: Any) -> Person:
    """Apollo's edit stands and is not written to Topo yet, where a third value was typed."""
    return person(
        member(1, "topo", {"job_title": "CTO"}, OLD, **at_topo),
        member(2, "apollo", NEW),
        known=NEW,
        choices={"job_title": chosen(source, rule)},
    )


def read(until: Any = BEFORE, **rest: Any) -> MergePolicy:
    return MergePolicy(read_until={"topo": until}, **rest)


def disputed(result: MergeResult) -> dict[str, Any]:
    return {c.field: dict(c.values) for c in result.conflicts}


def test_an_edit_met_later_than_another_and_perhaps_made_before_it_is_a_conflict() -> None:
    result = merge(edited(), read(), NOW)
    assert disputed(result) == {"job_title": {"apollo:1": "CEO", "topo:1": "CTO"}}
    assert result.contact.job_title == "CEO"


@pytest.mark.parametrize(
    ("who", "policy"),
    [
        pytest.param(edited(), read(AFTER), id="its provider was read since"),
        pytest.param(edited(), MergePolicy(), id="nobody knows when its provider was read"),
        pytest.param(edited(linked_at=AFTER), read(), id="it came to the person since"),
        pytest.param(edited(sent=NEW), read(), id="its provider acknowledged what stands"),
        pytest.param(edited(Rule.SURVIVORSHIP), read(), id="nobody edited what stands"),
        pytest.param(edited(Rule.ONLY_CHANGER, "topo:1"), read(), id="its own earlier edit stands"),
    ],
)
def test_an_edit_that_surely_came_later_stands(who: Person, policy: MergePolicy) -> None:
    result = merge(who, policy, NOW)
    assert (result.contact.job_title, disputed(result)) == ("CTO", {})


def test_the_question_waits_until_somebody_settles_it() -> None:
    asked = merged(edited(), read(), at=NOW)
    for later in (1, 2):
        asked = merged(asked, read(NOW + timedelta(hours=later)), at=NOW + timedelta(hours=later))
        assert [dict(c.values) for c in asked.conflicts] == [{"apollo:1": "CEO", "topo:1": "CTO"}]
        assert asked.conflicts[0].since == NOW


@pytest.mark.parametrize(
    ("rid", "types", "stands"),
    [(1, "CEO", "CEO"), (2, "CTO", "CTO"), (1, "COO", "CEO")],
    ids=["topo agrees", "apollo agrees", "topo takes it back"],
)
def test_the_question_ends_with_the_difference(rid: int, types: str, stands: str) -> None:
    asked = merged(edited(), read(), at=NOW)
    ended = merged(shows(asked, rid, job_title=types), read(NOW), at=NOW)
    assert (ended.contact.job_title, ended.conflicts) == (stands, ())


@pytest.mark.parametrize("rule", [Rule.HUMAN, Rule.UNDO, Rule.FIELD_PRIORITY, Rule.AGREED])
def test_whatever_stands_by_a_decision_or_an_edit_is_a_side(rule: Rule) -> None:
    assert disputed(merge(edited(rule), read(), NOW)) == {"job_title": {"apollo:1": "CEO", "topo:1": "CTO"}}


def test_a_value_that_somebody_typed_is_a_side_in_their_name() -> None:
    found = disputed(merge(edited(Rule.HUMAN, "human"), read(), NOW))
    assert found == {"job_title": {"human": "CEO", "topo:1": "CTO"}}


def test_a_value_that_was_emptied_meanwhile_is_a_side() -> None:
    who = person(member(1, "topo", {"job_title": "CTO"}, OLD), member(2, "apollo", {}),
                 choices={"job_title": chosen("apollo:1", Rule.BLANK)})  # fmt: skip
    found = disputed(merge(who, read(blanks=True), NOW))
    assert found == {"job_title": {"apollo:1": None, "topo:1": "CTO"}}


@pytest.mark.parametrize(("order", "stands"), [(("apollo", "topo"), "CEO"), (("topo", "apollo"), "CTO")])
def test_the_priority_of_the_field_decides_as_between_edits_of_one_cycle(
    order: tuple[str, ...], stands: str
) -> None:
    result = merge(edited(), read(fields={"job_title": FieldPolicy(priority=order)}), NOW)
    assert (result.contact.job_title, disputed(result)) == (stands, {})
    assert {"CEO", "CTO"} == {stands, *result.choices["job_title"].losers.values()}


def test_no_setting_overrules_a_decision_that_nobody_could_know_of() -> None:
    policy = read(fields={"job_title": FieldPolicy(priority=("topo", "apollo"))})
    assert disputed(merge(edited(Rule.HUMAN, "human"), policy, NOW))


ADDRESSES = {"emails": ("new@one.com", "ana@one.com")}


def moved(shown: tuple[str, ...]) -> Person:
    """Apollo put another address first, Topo shows what it does."""
    return person(
        member(1, "topo", {"emails": shown}, {"emails": ("ana@one.com",)}),
        member(2, "apollo", ADDRESSES),
        known=ADDRESSES,
        choices={"emails": chosen("apollo:1", Rule.ONLY_CHANGER)},
    )


def test_addresses_are_a_conflict_where_both_put_another_one_first() -> None:
    found = disputed(merge(moved(("other@one.com", "ana@one.com")), read(), NOW))
    assert found == {"emails": {"apollo:1": ADDRESSES["emails"], "topo:1": ("other@one.com", "ana@one.com")}}


def test_an_address_that_only_came_to_the_others_is_none() -> None:
    result = merge(moved(("ana@one.com", "more@one.com")), read(), NOW)
    assert (result.contact.emails, disputed(result)) == (("new@one.com", "ana@one.com", "more@one.com"), {})
