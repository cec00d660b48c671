"""Who is created where, and what stands in the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sync.change import Conflict
from sync.optouts import effect_of
from sync.planning import Side, wish_digest
from tests.builders import LONG_AGO, PERSON_ID, contact, member, newcomer, person
from tests.planning.sides import (
    BY_ENTRY,
    BY_ID,
    ENROLS,
    MAY_ENROL,
    UPSERT,
    able,
    obstacles,
    only,
    plan,
    side,
    wants,
)

if TYPE_CHECKING:
    from sync.change import Operation
    from sync.contact import Value

ANN = {"email": "ann@x.co", "first_name": "Ann", "country": "France", "company_domain": "x.co"}
PROFILE = "https://www.linkedin.com/in/ann-lee"
SUSPECTED = {"suspected": {"p1": frozenset({"p2"})}}


def at_topo(**known: Value | None) -> Any:
    """Somebody with a record at Topo alone."""
    return person(member(1, "topo", known or ANN), known=known or ANN)


def test_a_person_without_a_record_is_created_with_what_the_provider_can_hold() -> None:
    found = plan(at_topo(**ANN, phone="+33140000001"))
    operation = only(found)
    assert (operation.kind, operation.state, operation.reason) == ("create", "planned", "new-person")
    assert wants(found).keys() == {"emails", "first_name", "country", "phone"}
    assert obstacles(found) == {"company_domain": "no-endpoint"}


@pytest.mark.parametrize(
    ("name", "text"), [("linkedin_url", "https://www.linkedin.com/company/x"), ("phone", "call me")]
)
@pytest.mark.parametrize("capabilities", [BY_ID, BY_ENTRY, UPSERT])
def test_a_profile_or_phone_that_nobody_can_use_is_created_nowhere(
    name: str, text: str, capabilities: Any
) -> None:
    found = plan(at_topo(**ANN, **{name: text}), side(capabilities=able(capabilities)))
    assert name not in only(found).contact.to_fields()
    assert obstacles(found)[name] == "not-taken"


def test_a_phone_of_which_only_the_country_is_not_known_goes_out_as_it_was_typed() -> None:
    assert wants(plan(at_topo(**ANN, phone="06 12 34 56 78")))["phone"] == "06 12 34 56 78"


@pytest.mark.parametrize(("email", "waits"), [("ann@x.co", False), ("a.lee@x.co", True)])
def test_a_create_repeated_under_its_first_keys_is_looked_at_again_where_others_stand_by_now(
    email: str, waits: bool
) -> None:
    found = plan(at_topo(**ANN | {"email": email}), tried={("p1", "apollo"): contact(email="ann@x.co")})
    assert (only(found).contact.emails, found.waits) == (("ann@x.co",), waits)


def test_addresses_beyond_what_a_create_takes_are_said() -> None:
    found = plan(at_topo(emails=("a@x.co", "b@x.co")), side(capabilities=able(BY_ID, max_emails_create=1)))
    assert (only(found).contact.emails, obstacles(found)) == (("a@x.co",), {"emails": "one-value"})


@pytest.mark.parametrize(
    ("switch", "planned"),
    [
        ({}, True),
        ({"write": False}, False),
        ({"create": False}, False),
        ({"update": False}, True),
        ({"create_from": frozenset({"topo"})}, True),
        ({"create_from": frozenset({"datananas"})}, False),
        ({"require": frozenset({"emails", "first_name"})}, True),
        ({"require": frozenset({"linkedin_url"})}, False),
        ({"ignore_fields": frozenset({"country"})}, True),
        ({"countries": frozenset({"FR"})}, True),
        ({"countries": frozenset({"IT", "france"})}, True),
        ({"countries": frozenset({"IT"})}, False),
        ({"company_domains": frozenset({"www.x.co"})}, True),
        ({"company_domains": frozenset({"y.co"})}, False),
        ({"exclude_domains": frozenset({"x.co"})}, False),
    ],
)
def test_scope_decides_who_is_created(switch: dict[str, Any], planned: bool) -> None:
    assert bool(plan(at_topo(), side(**switch)).operations) == planned


def test_a_gone_record_does_not_count_as_a_place_to_create_from() -> None:
    who = person(member(1, "topo", ANN, gone=True), known=ANN)
    assert not plan(who, side(create_from=frozenset({"topo"}))).operations


def test_a_provider_that_cannot_create_is_left_alone() -> None:
    assert not plan(at_topo(), side(capabilities=able(BY_ID, creates=False))).operations


def test_a_record_that_is_gone_is_never_created_again() -> None:
    who = person(member(1, "topo", ANN), member(2, "apollo", ANN, gone=True), known=ANN)
    assert not plan(who).operations


def test_an_open_create_blocks_a_second_one_and_is_looked_at_again() -> None:
    found = plan(at_topo(), open_creates=frozenset({("p1", "apollo")}))
    assert (found.operations, found.waits) == ((), True)
    other = plan(at_topo(), open_creates=frozenset({("p1", "datananas"), ("p2", "apollo")}))
    assert only(other).state == "planned"


@pytest.mark.parametrize(
    ("at", "world", "state", "reason"),
    [
        (side(), {"effect": effect_of(["UNSUBSCRIBED"])}, "blocked", "opted-out"),
        (side(), {"effect": effect_of(["EXCLUDE_FROM_CRM"])}, "blocked", "opted-out"),
        (side(), {"effect": effect_of(["INTERESTED"])}, "planned", "new-person"),
        (side(target=ENROLS), {"effect": effect_of(["INTERESTED"])}, "blocked", "opted-out"),
        (side(target=MAY_ENROL), {"effect": effect_of(["INTERESTED"])}, "blocked", "opted-out"),
        (side(target=ENROLS), {}, "planned", "new-person"),
        (side(), {**SUSPECTED, "places": {"p2": frozenset({"apollo"})}}, "blocked", "suspected-duplicate"),
        (side(), {**SUSPECTED, "places": {"p2": frozenset({"topo"})}}, "planned", "new-person"),
        (side(), {**SUSPECTED, "doubts": {"p1": effect_of(["OTHER"])}}, "blocked", "suspected-duplicate"),
        (side(), {**SUSPECTED, "doubts": {"p1": effect_of(["INTERESTED"])}}, "planned", "new-person"),
        (side(), {**SUSPECTED, "doubts": {"p2": effect_of(["OTHER"])}}, "planned", "new-person"),
        (side(swept=False), {}, "deferred", "first-sweep"),
        (side("datananas", UPSERT, swept=False), {}, "planned", "new-person"),
        (side(), {"optouts_readable": False}, "deferred", "optouts-unreadable"),
        (side("datananas", UPSERT), {"optouts_readable": False}, "deferred", "optouts-unreadable"),
        (side("datananas", UPSERT), {"shared_keys": frozenset({"ann@x.co"})}, "blocked", "shared-key"),
        (side(), {"shared_keys": frozenset({"ann@x.co"})}, "blocked", "shared-key"),
        (side("datananas", able(UPSERT, needs_import=True)), {}, "blocked", "blind-overwrite"),
    ],
)
def test_what_stands_in_the_way_of_a_create(at: Side, world: dict[str, Any], state: str, reason: str) -> None:
    found = plan(at_topo(), at, **world)
    assert (only(found).state, only(found).reason) == (state, reason)
    assert found.waits == (state == "deferred")


def test_somebody_excluded_from_the_crm_may_still_be_created_at_the_outreach_tool() -> None:
    who = person(member(1, "apollo", ANN), known=ANN)
    assert only(plan(who, side("topo", BY_ENTRY), effect=effect_of(["EXCLUDE_FROM_CRM"]))).state == "planned"


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({"first_name": "Ann"}, "blocked"),
        ({"email": "info@x.co"}, "blocked"),
        ({"email": "ann@x.co"}, "planned"),
        ({"linkedin_url": PROFILE}, "planned"),
    ],
)
def test_nobody_is_created_without_a_key_that_tells_a_repeat(known: dict[str, Value], state: str) -> None:
    operation = only(plan(at_topo(**known)))
    assert (operation.state, operation.reason) == (state, "no-key" if state == "blocked" else "new-person")


@pytest.mark.parametrize(
    ("known", "match", "key"),
    [
        ({"email": "Ann@x.co"}, "emails", "ann@x.co"),
        ({"linkedin_url": PROFILE}, "emails", "in:ann-lee"),
        ({"email": "ann@x.co", "linkedin_url": PROFILE}, "emails", "ann@x.co"),
        ({"email": "ann@x.co", "linkedin_url": PROFILE}, "linkedin_url", "in:ann-lee"),
        ({"email": "ann@x.co"}, "linkedin_url", "ann@x.co"),
    ],
)
def test_an_upsert_creates_under_the_match_key_or_else_the_other(
    known: dict[str, Value], match: str, key: str
) -> None:
    assert only(plan(at_topo(**known), side("datananas", able(UPSERT, match_key=match)))).accepted_key == key


def test_side_effects_of_a_create_are_named() -> None:
    assert only(plan(at_topo(), side("datananas", UPSERT))).effects == ("list-move",)
    assert only(plan(at_topo(), side("topo2", BY_ENTRY, target=ENROLS))).effects == ("enrolment",)
    assert only(plan(at_topo(), side("topo2", BY_ENTRY, target=MAY_ENROL))).effects == ()


def test_a_refused_create_is_not_repeated_whatever_record_the_answer_named() -> None:
    from dataclasses import replace

    operation: Operation = only(plan(at_topo()))
    refused = wish_digest(replace(operation, state="refused", record_id="somebody-elses"))
    assert not plan(at_topo(), refused={("p1", "apollo", "create"): frozenset({refused})}).operations


def test_the_plan_is_sorted_by_provider_as_given_and_every_operation_has_its_own_id() -> None:
    who = person(newcomer(1, "zeta", **ANN), known=ANN)
    found = plan(who, side("apollo"), side("datananas", UPSERT), side("topo", BY_ENTRY))
    assert [(o.id, o.provider) for o in found.operations] == [
        ("o1", "apollo"),
        ("o2", "datananas"),
        ("o3", "topo"),
    ]


@pytest.mark.parametrize("name", ["emails", "linkedin_url"])
def test_nobody_is_created_while_it_is_disputed_by_which_key_they_are_known(name: str) -> None:
    dispute = Conflict(person_id=PERSON_ID, field=name, values={"topo:1": "b@x.co"}, since=LONG_AGO)
    operation = only(plan(replace(at_topo(**ANN), conflicts=(dispute,))))
    assert (operation.state, operation.reason) == ("blocked", "disputed-key")
