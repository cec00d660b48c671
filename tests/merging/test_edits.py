"""Edits beyond the truth table: who is heard, what is an echo, what stays while something is in question."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sync.codes import Rule
from sync.merging import FieldPolicy, MergePolicy, merge
from tests.builders import LONG_AGO, NOW, choice, member, merged, newcomer, person, shows, written

PLAIN = MergePolicy(priority=("topo", "apollo", "datananas"))
TITLE = {"job_title": "CEO"}


def owned(by: str, name: str = "job_title", **rest: Any) -> MergePolicy:
    return MergePolicy(fields={name: FieldPolicy(owner=by)}, **rest)


def test_a_different_spelling_is_no_edit() -> None:
    who = person(member(1, "topo", {"city": " são  PAULO "}, {"city": "São Paulo"}), known={"city": "São Paulo"})
    assert not merge(who, PLAIN, NOW).links


def test_other_fields_flow_while_one_is_in_conflict() -> None:
    who = person(
        member(1, "topo", {"job_title": "CTO", "city": "Lyon"}, {**TITLE, "city": "Paris"}),
        member(2, "apollo", {"job_title": "COO", "city": "Paris"}, {**TITLE, "city": "Paris"}),
        known={**TITLE, "city": "Paris"},
    )
    result = merge(who, PLAIN, NOW)
    assert (result.contact.job_title, result.contact.city) == ("CEO", "Lyon")
    assert [c.field for c in result.conflicts] == ["job_title"]
    assert result.conflicts[0].values == {"topo:1": "CTO", "apollo:1": "COO"}


def test_a_conflict_keeps_the_time_it_began() -> None:
    who = person(member(1, "topo", {"job_title": "CTO"}, TITLE), member(2, "apollo", {"job_title": "COO"}, TITLE),
                 known=TITLE)  # fmt: skip
    first = merged(who, at=LONG_AGO)
    again = merged(shows(first, 2, job_title="CFO"), at=NOW)
    assert [(c.since, c.values["apollo:1"]) for c in again.conflicts] == [(LONG_AGO, "CFO")]


def test_a_conflict_ends_when_the_sides_agree() -> None:
    who = person(member(1, "topo", {"job_title": "CTO"}, TITLE), member(2, "apollo", {"job_title": "COO"}, TITLE),
                 known=TITLE)  # fmt: skip
    agreed = merged(shows(merged(who), 2, job_title="cto"))
    assert (agreed.contact.job_title, agreed.conflicts) == ("CTO", ())
    assert agreed.choices["job_title"].rule == Rule.AGREED


def test_a_conflict_ends_when_one_side_takes_its_edit_back() -> None:
    who = person(member(1, "topo", {"job_title": "CTO"}, TITLE), member(2, "apollo", {"job_title": "COO"}, TITLE),
                 known=TITLE)  # fmt: skip
    ended = merged(shows(merged(who), 2, **TITLE))
    assert (ended.contact.job_title, ended.conflicts) == ("CTO", ())
    assert ended.choices["job_title"].losers == {"topo:1": "CEO", "apollo:1": "COO"}


def test_of_two_values_that_a_record_had_in_a_dispute_the_later_one_is_kept() -> None:
    policy = MergePolicy(fields={"job_title": FieldPolicy(priority=("topo",))})
    who = person(member(1, "topo", TITLE), member(2, "apollo", {"job_title": "COO"}, TITLE),
                 member(3, "datananas", {"job_title": "CIO"}, TITLE), known=TITLE)  # fmt: skip
    disputed = merged(who)
    ended = merged(shows(shows(disputed, 2, job_title="CFO"), 1, job_title="CTO"), policy)
    assert ended.contact.job_title == "CTO"
    assert {s: v for s, v in ended.choices["job_title"].losers.items() if s != "topo:1"} == {
        "apollo:1": "CFO",
        "datananas:1": "CIO",
    }


def test_a_newcomer_does_not_move_a_field_in_conflict() -> None:
    conflict = person(
        member(1, "apollo", {"job_title": "CTO"}, TITLE),
        member(2, "datananas", {"job_title": "COO"}, TITLE),
        newcomer(3, "topo", job_title="Boss", company_name="Acme"),
        known=TITLE,
    )
    result = merge(conflict, PLAIN, NOW)
    assert result.contact.job_title == "CEO"
    assert result.choices["job_title"].losers["topo:1"] == "Boss"
    assert set(result.conflicts[0].values) == {"apollo:1", "datananas:1"}


def test_a_braked_field_does_not_move() -> None:
    who = person(member(1, "topo", {"job_title": "CTO"}, TITLE), known=TITLE, frozen=frozenset({"job_title"}))
    result = merge(who, PLAIN, NOW)
    assert (result.contact.job_title, dict(result.links)) == ("CEO", {})


def test_gone_records_have_no_say() -> None:
    who = person(
        member(1, "topo", TITLE),
        member(2, "apollo", {"job_title": "Nobody"}, TITLE, gone=True),
        known=TITLE,
    )
    assert not merge(who, PLAIN, NOW).links


def test_a_field_that_a_row_did_not_carry_was_not_emptied() -> None:
    trimmed = member(1, "apollo", {}, TITLE, absent=frozenset(TITLE))
    result = merge(person(trimmed, known=TITLE), MergePolicy(blanks=True), NOW)
    assert (result.contact.job_title, dict(result.links)) == ("CEO", {})


# owners and priorities --------------------------------------------------------------------------------
def test_the_loser_is_kept_when_the_winner_wrote_over_what_the_loser_had_given() -> None:
    policy = MergePolicy(fields={"job_title": FieldPolicy(priority=("apollo",))})
    who = person(
        member(1, "topo", {"job_title": "CTO"}, TITLE),
        member(2, "apollo", {"job_title": "COO"}, TITLE),
        known=TITLE,
        choices={"job_title": choice("topo:1", losers={"datananas:1": "Chief"})},
    )
    kept = merge(who, policy, NOW).choices["job_title"].losers
    assert kept == {"topo:1": "CTO", "datananas:1": "Chief"}


def test_a_priority_that_names_none_of_the_changers_decides_nothing() -> None:
    policy = MergePolicy(fields={"job_title": FieldPolicy(priority=("datananas",))})
    who = person(member(1, "topo", {"job_title": "CTO"}, TITLE), member(2, "apollo", {"job_title": "COO"}, TITLE),
                 known=TITLE)  # fmt: skip
    assert len(merge(who, policy, NOW).conflicts) == 1


@pytest.mark.parametrize(
    "policy",
    [owned("topo"), MergePolicy(fields={"job_title": FieldPolicy(priority=("topo", "apollo"))})],
    ids=["owner", "priority"],
)
@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [(LONG_AGO, NOW, "COO"), (NOW, LONG_AGO, "CTO"), (NOW, NOW, None), (NOW, None, None)],
)
def test_between_two_records_of_the_deciding_provider_the_later_one_wins(
    policy: MergePolicy, first: Any, second: Any, stands: str | None
) -> None:
    who = person(
        member(1, "topo:1", {"job_title": "CTO"}, TITLE, updated_at=first),
        member(2, "topo:2", {"job_title": "COO"}, TITLE, updated_at=second),
        member(3, "apollo", {"job_title": "Lead"}, TITLE, updated_at=NOW + timedelta(days=1)),
        known=TITLE,
    )
    result = merge(who, policy, NOW)
    assert result.contact.job_title == (stands or "CEO")
    assert bool(result.conflicts) == (stands is None)


def test_an_owner_without_a_record_here_owns_nothing() -> None:
    who = person(member(1, "apollo", {"job_title": "CTO"}, TITLE), known=TITLE)
    assert merge(who, owned("topo"), NOW).contact.job_title == "CTO"


def test_an_owner_with_nothing_to_put_back_takes_the_value() -> None:
    who = person(member(1, "topo", {}), member(2, "apollo", {"job_title": "CTO"}, {}))
    result = merge(who, owned("topo"), NOW)
    assert (result.contact.job_title, result.choices["job_title"].rule) == ("CTO", Rule.ONLY_CHANGER)


def test_where_two_records_of_the_owner_disagree_the_others_edit_is_kept_as_well() -> None:
    titles = {"topo:1": "CTO", "topo:2": "COO", "apollo:1": "CFO"}
    edits = (member(rid, at, {"job_title": titles[at]}, TITLE) for rid, at in enumerate(titles, start=1))
    (conflict,) = merge(person(*edits, known=TITLE), owned("topo"), NOW).conflicts
    assert conflict.values == titles


def test_what_an_owner_emptied_stays_empty_and_still_travels() -> None:
    emptied = person(
        member(1, "topo", {}),
        member(2, "apollo", {"job_title": "CTO"}, {}),
        choices={"job_title": choice("topo:1", Rule.BLANK)},
    )
    result = merge(emptied, owned("topo", blanks=True), NOW)
    assert result.contact.job_title is None
    assert result.choices["job_title"].rule == Rule.BLANK
    assert result.choices["job_title"].losers == {"apollo:1": "CTO"}


def test_a_phone_that_a_non_owner_replaced_is_put_back() -> None:
    mine, other = {"phone": "+33140000001"}, {"phone": "+33140000002"}
    who = person(member(1, "topo", mine), member(2, "apollo", other, mine), known=mine)
    result = merge(who, owned("topo", "phone"), NOW)
    assert result.choices["phone"].replaced == {"+33140000002": "+33140000001"}


@pytest.mark.parametrize("name", ["variables.topic", "variables.*"])
def test_a_variable_has_its_own_policy_or_that_of_all_variables(name: str) -> None:
    policy = MergePolicy(fields={name: FieldPolicy(priority=("apollo",))})
    who = person(
        member(1, "topo", {"variables.topic": "a"}, {}), member(2, "apollo", {"variables.topic": "b"}, {})
    )
    assert merge(who, policy, NOW).contact.variables == {"topic": "b"}


def test_a_variables_own_policy_outdoes_that_of_all_variables() -> None:
    policy = MergePolicy(
        fields={"variables.topic": FieldPolicy(owner="topo"), "variables.*": FieldPolicy(owner="apollo")}
    )
    assert policy.of("variables.topic").owner == "topo"
    assert policy.of("variables.other").owner == "apollo"
    assert policy.of("city") == FieldPolicy()


# echoes of our own writes -----------------------------------------------------------------------------
SETTLE = PLAIN.settle


SOON = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("case", "now", "echoed", "seen", "ago", "edit", "remembered"),
    [
        ("a late read of what was replaced", "old", True, False, SOON, None, True),
        ("a late read without an echo", "old", False, False, SOON, None, True),
        ("a stale read of what was seen already", "old", True, True, SOON, None, True),
        ("put back by a person after it was seen", "old", True, True, SETTLE, "old", False),
        ("acknowledged and never applied", "old", True, False, SETTLE, None, True),
        ("never shown, and nobody touched it", "old", False, False, SETTLE, None, False),
        ("our value", "new", True, False, SOON, None, True),
        ("our value once the time to settle is over", "new", True, False, SETTLE, None, False),
        ("our value without an echo", "new", False, False, SOON, None, True),
        ("the provider's rendering of ours", "New Inc", False, False, SOON, None, True),
        ("an edit after an echo", "theirs", True, False, SOON, "theirs", False),
        ("an edit after our value was seen", "theirs", False, True, SOON, "theirs", False),
    ],
)
def test_a_read_after_our_write_is_an_edit_only_if_it_is_a_persons(
    case: str, now: str, echoed: bool, seen: bool, ago: timedelta, edit: str | None, remembered: bool
) -> None:
    base = "new" if echoed or seen else "old"
    who = person(
        member(
            1, "topo", {"company_name": now}, {"company_name": base}, sent={"company_name": "new"},
            written={"company_name": written("old", echoed=echoed, ago=ago, seen=seen)},
        ),
        known={"company_name": "new"},
    )  # fmt: skip
    result = merge(who, PLAIN, NOW)
    assert result.contact.company_name == (edit or "new"), case
    link = result.links.get(1, who.members[0].link)
    assert ("company_name" in link.sent) == (edit is None)
    assert ("company_name" in link.written) == remembered
    stale = now == "old" and edit is None
    assert link.base["company_name"] == (base if stale else now)


def test_an_edit_after_an_unechoed_writes_rendering_counts() -> None:
    who = person(
        member(1, "topo", {"city": "Lyon 1er"}, {}, written={"city": written(None)}, sent={"city": "Lyon"}),
        known={"city": "Lyon"},
    )
    rendered = merged(who)
    assert rendered.contact.city == "Lyon"
    assert merged(shows(rendered, 1, city="Nice")).contact.city == "Nice"


def test_a_rendering_that_may_be_an_edit_is_kept_besides_what_the_record_had_lost_before() -> None:
    who = person(
        member(1, "topo", {"city": "Lyon 1er"}, {}, written={"city": written("Nice")}, sent={"city": "Lyon"}),
        known={"city": "Lyon"},
        choices={"city": choice("apollo:9", losers={"topo:1": "Nice"})},
    )
    rendered = merged(who)
    assert rendered.choices["city"].losers == {"topo:1": "Nice", "topo:1 later": "Lyon 1er"}
    assert merged(shows(rendered, 1, city="Metz")).choices["city"].losers == {"apollo:9": "Lyon"}


def test_a_write_that_never_showed_is_forgotten_so_that_a_later_edit_counts() -> None:
    who = person(
        member(1, "topo", {}, written={"city": written(None, ago=SETTLE)}, sent={"city": "Lyon"}),
        known={"city": "Lyon"},
    )
    settled = merged(who)
    assert "city" not in settled.members[0].link.written
    assert merged(shows(settled, 1, city="Nice")).contact.city == "Nice"


def test_of_a_non_owners_addresses_only_strangers_are_put_back() -> None:
    before, after = ("p@x.co", "r@x.co"), ("q@x.co", "n@x.co")
    stands = {"emails": ("p@x.co", "q@x.co", "r@x.co")}
    who = person(
        member(1, "topo", stands), member(2, "apollo", {"emails": after}, {"emails": before}), known=stands
    )
    result = merge(who, owned("topo", "emails"), NOW)
    assert result.contact.emails == stands["emails"]
    assert result.choices["emails"].replaced == {"n@x.co": "r@x.co"}
