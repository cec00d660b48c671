"""How an opt-out reaches every provider that can hold it."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from sync.optouts import OptOutIndex, wide_keys
from sync.planning.opt_outs import OptOutPlan, keys_of_person, plan_opt_outs, pushed_key
from sync.record import OptOutEntry
from tests.builders import LONG_AGO, NOW, member, person
from tests.planning.sides import BY_ENTRY, BY_ID, UPSERT, side

if TYPE_CHECKING:
    from sync.person import Person
    from sync.planning import Side
    from tests.builders import Fields

TOPO, APOLLO, SINK = side("topo", BY_ENTRY), side("apollo", BY_ID), side("datananas", UPSERT)
URL = "https://www.linkedin.com/in/ann-lee"
TWO: Fields = {"emails": ("ann@x.co", "lee@y.co"), "linkedin_url": URL}


def entry(
    *emails: str, reason: str = "UNSUBSCRIBED", source: str = "person:Eve", url: str | None = None, **given: Any
) -> OptOutEntry:
    keys = frozenset(f"#{key}" for key in wide_keys(emails, url))
    return OptOutEntry(keys=keys, reason=reason, source=source, at=given.pop("at", LONG_AGO), **given)


def planned(
    who: Person, *entries: OptOutEntry, at: tuple[Side, ...] = (APOLLO, SINK, TOPO), **given: Any
) -> OptOutPlan:
    number = count(1)
    index = OptOutIndex(entries, lambda key: f"#{key}")
    pushed = given.pop("pushed", {})
    own = index.entries(keys_of_person(who))
    return plan_opt_outs(who, own, index, at, now=NOW, pushed=pushed, new_id=lambda: f"o{next(number)}", **given)


def everywhere(**known: Any) -> Person:
    fields: Fields = known or TWO
    places = ("topo", "apollo", "datananas")
    return person(*(member(i, p, fields) for i, p in enumerate(places, start=1)), known=fields)


def excluded(found: OptOutPlan) -> list[tuple[tuple[str, ...], str | None]]:
    return [(o.contact.emails, o.contact.linkedin_url) for o in found.operations if o.kind == "exclude"]


def test_nobody_said_no_and_nothing_is_planned() -> None:
    assert planned(everywhere(), entry("somebody@else.co")) == OptOutPlan()


def test_every_email_is_excluded_once_with_the_profile_on_the_first() -> None:
    found = planned(everywhere(), entry("lee@y.co"))
    assert excluded(found) == [(("ann@x.co",), URL), (("lee@y.co",), None)]


def test_who_has_no_email_is_excluded_by_profile() -> None:
    assert excluded(planned(everywhere(linkedin_url=URL), entry(url=URL))) == [((), URL)]


def test_records_move_to_the_stage_and_the_rest_is_for_a_person() -> None:
    found = planned(everywhere(), entry("ann@x.co"))
    assert [(o.provider, o.record_id) for o in found.operations if o.kind == "stage"] == [("apollo", "1")]
    assert [(a.provider, a.action) for a in found.manual_actions] == [("datananas", "opt-out")]
    assert {o.reason for o in found.operations} == {"opt-out"}
    assert {o.opt_out.reason for o in found.operations if o.opt_out} == {"UNSUBSCRIBED"}


def test_a_second_record_at_the_provider_that_says_no_is_moved_too() -> None:
    who = person(member(1, "apollo:a", TWO, opted_out="UNSUBSCRIBED"), member(2, "apollo:b", TWO), known=TWO)
    found = planned(who, entry("ann@x.co"), entry("ann@x.co", source="apollo"), at=(APOLLO,))
    assert [o.record_id for o in found.operations] == ["b"]


def test_a_record_that_is_opted_out_or_gone_is_not_moved() -> None:
    who = person(
        member(1, "apollo:a", TWO, opted_out="UNSUBSCRIBED"), member(2, "apollo:b", TWO, gone=True),
        member(3, "apollo:c", TWO), known=TWO,
    )  # fmt: skip
    assert [o.record_id for o in planned(who, entry("ann@x.co"), at=(APOLLO,)).operations] == ["c"]


@pytest.mark.parametrize("at", [TOPO, APOLLO])
def test_a_provider_that_may_not_be_written_is_left_to_a_person(at: Side) -> None:
    closed = side(at.name, at.capabilities, write=False)
    found = planned(everywhere(), entry("ann@x.co"), at=(closed,))
    assert (found.operations, [a.provider for a in found.manual_actions]) == ((), [at.name])


def test_what_was_pushed_is_not_pushed_again() -> None:
    found = planned(everywhere(), entry("ann@x.co"))
    pushed = {pushed_key(o): NOW for o in found.operations}
    assert planned(everywhere(), entry("ann@x.co"), pushed=pushed).operations == ()


@pytest.mark.parametrize(
    ("own", "left"),
    [
        ({}, ["lee@y.co"]),
        ({"reason": "SOMETHING_NEW"}, ["lee@y.co"]),
        ({"reason": "INTERESTED"}, ["ann@x.co", "lee@y.co"]),
        ({"reason": "OUT_OF_OFFICE"}, ["ann@x.co", "lee@y.co"]),
        ({"reason": "BAD_TIMING", "until": LONG_AGO}, ["ann@x.co", "lee@y.co"]),
    ],
)
def test_a_providers_own_entry_counts_only_if_it_says_no_as_firmly(own: dict[str, Any], left: list[str]) -> None:
    found = planned(everywhere(), entry("ann@x.co", source="topo", source_id="7", **own), entry("lee@y.co"))
    assert [emails[0] for emails, _ in excluded(found)] == left


def test_an_address_that_is_only_alike_is_excluded_too() -> None:
    who = everywhere(emails=("ann.lee+news@gmail.com", "annlee@gmail.com"))
    found = planned(who, entry("annlee@gmail.com", source="topo", source_id="7"))
    assert [emails for emails, _ in excluded(found)] == [("ann.lee+news@gmail.com",)]


@pytest.mark.parametrize(
    ("reason", "travels"),
    [
        *((r, True) for r in ("UNSUBSCRIBED", "CONTACT_REFUSED", "OTHER", "UNKNOWN", "NEW_ONE")),
        *((r, True) for r in ("BOUNCED", "COMPETITOR", "WRONG_PERSON", "LEFT_COMPANY")),
        *((r, False) for r in ("INTERESTED", "MEETING", "REFERRAL", "EXCLUDE_FROM_SEARCH", "EXCLUDE_FROM_CRM")),
        *((r, False) for r in ("BAD_TIMING", "OUT_OF_OFFICE")),
    ],
)
def test_a_reason_that_only_concerns_one_tool_or_some_time_does_not_travel(reason: str, travels: bool) -> None:
    assert bool(planned(everywhere(), entry("ann@x.co", reason=reason)).operations) == travels


def test_the_plainest_no_is_the_one_that_is_told() -> None:
    earlier = LONG_AGO - timedelta(days=1)
    found = planned(everywhere(), entry("ann@x.co", reason="BOUNCED", at=earlier), entry("lee@y.co"))
    assert {o.opt_out.reason for o in found.operations if o.opt_out} == {"UNSUBSCRIBED"}


@pytest.mark.parametrize(
    ("known", "aliases", "said"),
    [
        ({"email": "Ann.Lee@gmail.com"}, (), entry("annlee+x@googlemail.com")),
        ({"email": "ann+news@x.co"}, (), entry("ann@x.co")),
        ({"email": "new@x.co"}, ("email:old@x.co",), entry("old@x.co")),
        ({"email": "new@x.co"}, ("old@x.co",), entry("old@x.co")),
        ({"email": "new@x.co"}, ("linkedin:in:ann-lee",), entry(url=URL)),
        ({"email": "new@x.co"}, ("in:ann-lee",), entry(url=URL)),
    ],
)
def test_an_opt_out_finds_a_person_by_everything_they_ever_had(
    known: dict[str, Any], aliases: tuple[str, ...], said: OptOutEntry
) -> None:
    who = person(member(1, "topo", known), known=known, aliases=frozenset(aliases))
    assert OptOutIndex([said], lambda key: f"#{key}").effect(keys_of_person(who), NOW).no_create


def test_an_address_of_any_record_counts_even_of_one_that_is_gone() -> None:
    who = person(member(1, "topo", {"email": "new@x.co"}), member(2, "apollo", {"email": "old@x.co"}, gone=True),
                 known={"email": "new@x.co"})  # fmt: skip
    found = planned(who, entry("old@x.co"), at=(TOPO,))
    assert [emails for emails, _ in excluded(found)] == [("new@x.co",), ("old@x.co",)]
