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
CHOSEN_AT = LONG_AGO + timedelta(days=2, milliseconds=300)  # when what stands was
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
        pytest.param(edited(updated_at=AFTER), read(touches=frozenset({"topo"})), id="it was touched since"),
        pytest.param(
            edited(updated_at=CHOSEN_AT.replace(microsecond=0)),
            read(touches=frozenset({"topo"})),
            id="it was touched in that second",
        ),
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


@pytest.mark.parametrize("rule", [Rule.FIELD_PRIORITY, Rule.AGREED, Rule.FIELD_OWNER])
def test_whatever_stands_by_an_edit_is_a_side(rule: Rule) -> None:
    assert disputed(merge(edited(rule), read(), NOW)) == {"job_title": {"apollo:1": "CEO", "topo:1": "CTO"}}


@pytest.mark.parametrize("source", ["human", "apollo:1", "topo:1"])
@pytest.mark.parametrize("rule", [Rule.HUMAN, Rule.UNDO])
def test_what_was_decided_by_hand_is_a_side_whosever_value_it_is(rule: Rule, source: str) -> None:
    found = disputed(merge(edited(rule, source), read(), NOW))
    assert found == {"job_title": {"human": "CEO", "topo:1": "CTO"}}


def test_what_was_chosen_by_a_clock_that_was_ahead_was_chosen_before() -> None:
    result = merge(edited(), read(), CHOSEN_AT - timedelta(hours=1))
    assert (result.contact.job_title, disputed(result)) == ("CTO", {})


@pytest.mark.parametrize("meanwhile", ["CXO", "COO"])
def test_a_side_that_types_something_else_and_takes_it_back_is_still_one(meanwhile: str) -> None:
    asked = merged(edited(), read(), at=NOW)
    moved = merged(shows(asked, 2, job_title=meanwhile), read(NOW), at=NOW)
    again = merged(shows(moved, 2, job_title="CEO"), read(NOW), at=NOW)
    assert [dict(c.values) for c in again.conflicts] == [{"apollo:1": "CEO", "topo:1": "CTO"}]


def test_a_third_one_who_knew_takes_no_side_out_of_the_question() -> None:
    two = edited()
    who = replace(two, members=(*two.members, member(3, "datananas", OLD, OLD, sent=NEW)))
    asked = merged(who, read(), at=NOW)
    three = merged(shows(asked, 3, job_title="CFO"), read(NOW), at=NOW)
    sides = {"apollo:1": "CEO", "topo:1": "CTO", "datananas:1": "CFO"}
    assert [dict(c.values) for c in three.conflicts] == [sides]
    assert merged(three, read(NOW), at=NOW) == three
    back = merged(shows(three, 3, **OLD), read(NOW), at=NOW)
    assert [dict(c.values) for c in back.conflicts] == [{"apollo:1": "CEO", "topo:1": "CTO"}]


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


ONE, NEW_ONE, OTHER, MORE = "ana@one.com", "new@one.com", "other@one.com", "more@one.com"
KNOWN = {"emails": (NEW_ONE, "ana@home.fr")}


def moved(shown: tuple[str, ...], before: tuple[str, ...] = (ONE,), third: tuple[str, ...] = ()) -> Person:
    """Apollo put another address in the place of the first one, Topo shows what it does."""
    others = [member(3, "datananas", {"emails": third}, {"emails": ("ana@home.fr",)})] if third else []
    return person(
        member(1, "topo", {"emails": shown}, {"emails": before}),
        member(2, "apollo", KNOWN),
        *others,
        known=KNOWN,
        choices={"emails": replace(chosen("apollo:1", Rule.ONLY_CHANGER), replaced={ONE: NEW_ONE})},
    )


@pytest.mark.parametrize("third", [(), ("ana@home.fr", MORE), (NEW_ONE, "ana@home.fr")])
def test_addresses_are_a_conflict_where_both_put_another_one_in_one_place(third: tuple[str, ...]) -> None:
    found = disputed(merge(moved((OTHER,), third=third), read(), NOW))
    assert found == {"emails": {"apollo:1": KNOWN["emails"], "topo:1": (OTHER,)}}


@pytest.mark.parametrize(
    ("shown", "before", "stand"),
    [
        ((ONE, MORE), (ONE,), (NEW_ONE, "ana@home.fr", ONE, MORE)),
        ((NEW_ONE,), (ONE,), (NEW_ONE, "ana@home.fr")),
        (("ana@new.fr",), ("ana@home.fr",), (NEW_ONE, "ana@new.fr")),
    ],
    ids=["one more", "the same one", "one of its own"],
)
def test_addresses_that_do_not_compete_are_none(
    shown: tuple[str, ...], before: tuple[str, ...], stand: tuple[str, ...]
) -> None:
    result = merge(moved(shown, before), read(), NOW)
    assert disputed(result) == {}
    assert set(result.contact.emails) <= set(stand)
    assert result.contact.emails[0] == NEW_ONE


@pytest.mark.parametrize(("order", "first"), [(("apollo", "topo"), NEW_ONE), (("topo", "apollo"), OTHER)])
def test_the_priority_of_addresses_decides_which_one_is_first(order: tuple[str, ...], first: str) -> None:
    result = merge(moved((OTHER,)), read(fields={"emails": FieldPolicy(priority=order)}), NOW)
    assert (result.contact.emails[0], disputed(result)) == (first, {})
