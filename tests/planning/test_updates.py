"""What is written on a record that exists."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from sync.codes import Rule
from sync.optouts import effect_of
from sync.planning import Side, wish_digest
from tests.builders import choice, member, newcomer, person
from tests.planning.sides import (
    BOTH,
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
    from sync.contact import Value
    from sync.planning import PersonPlan

OLD, NEW = "+33140000001", "+33140000002"
MAIL = {"email": "ann@x.co"}


def differing(name: str, wanted: Value | None, shown: Value | None, sent: Value | None, **given: Any) -> Any:
    """What is planned for one field of one record."""
    known = {} if sent is None else {name: sent}
    who = person(member(1, "apollo", {name: shown}, sent=known), known={name: wanted}, **given)
    return wants(plan(who)).get(name)


@pytest.mark.parametrize(
    ("shown", "sent", "planned"),
    [
        ("CEO", None, True),
        (None, None, True),
        ("CEO", "CEO", True),
        ("CTO", None, False),
        ("cto ", None, False),
        ("CEO", "CTO", False),
        ("CEO", "cto", False),
        (None, "CTO", False),
    ],
)
def test_a_field_is_planned_when_wanted_is_neither_shown_nor_acknowledged(
    shown: str | None, sent: str | None, planned: bool
) -> None:
    assert differing("job_title", "CTO", shown, sent) == ("CTO" if planned else None)


def test_only_what_differs_travels_and_says_whose_it_is() -> None:
    known = {"job_title": "CTO", "city": "Lyon", "language": "fr"}
    who = person(
        member(1, "apollo", {"job_title": "CEO", "city": "LYON"}),
        known=known,
        choices={"job_title": choice("topo:7", Rule.ONLY_CHANGER), "language": choice("topo:7")},
    )
    operation = only(plan(who))
    changes = {n: (c.before, c.after, c.source, c.rule) for n, c in operation.fields.items()}
    assert changes == {
        "job_title": ("CEO", "CTO", "topo", "only-changer"),
        "language": (None, "fr", "topo", "fill"),
    }
    assert (operation.kind, operation.record_id, operation.reason) == ("update", "1", "only-changer")
    assert operation.record == who.members[0].record


@pytest.mark.parametrize(
    ("name", "text", "planned"),
    [
        ("linkedin_url", "https://www.linkedin.com/company/x", False),
        ("linkedin_url", "https://www.linkedin.com/in/ann-lee", True),
        ("phone", "call me", False),
        ("phone", "06 12 34 56 78", True),
    ],
)
def test_a_profile_or_phone_that_nobody_can_use_is_written_nowhere(name: str, text: str, planned: bool) -> None:
    who = person(member(1, "apollo", {}), known={name: text})
    found = plan(who, side(capabilities=able(BY_ID, fields={name: BOTH})))
    assert wants(found) == ({name: text} if planned else {})
    assert obstacles(found) == ({} if planned else {name: "not-taken"})


def test_an_empty_wish_is_no_wish() -> None:
    assert not plan(person(member(1, "apollo", {"job_title": "CEO"}))).operations


@pytest.mark.parametrize(
    ("rule", "sent", "planned"),
    [
        (Rule.BLANK, {}, True),
        (Rule.BLANK, {"job_title": "CEO"}, True),
        (Rule.BLANK, {"job_title": ""}, False),
        (Rule.GROUP, {}, False),
        (Rule.SURVIVORSHIP, {}, False),
    ],
)
def test_a_value_is_emptied_only_when_the_choice_says_so(
    rule: Rule, sent: dict[str, Value], planned: bool
) -> None:
    who = person(
        member(1, "apollo", {"job_title": "CEO"}, sent=sent), choices={"job_title": choice("topo:1", rule)}
    )
    found = plan(who, blanks=True)
    assert [o.fields["job_title"].after for o in found.operations] == [None] * planned


@pytest.mark.parametrize(("source", "planned"), [("topo:1", 0), ("human", 1)])
def test_where_blanks_do_not_count_only_what_a_person_emptied_here_is_emptied(source: str, planned: int) -> None:
    chosen = {"job_title": choice(source, Rule.BLANK)}
    who = person(member(1, "apollo", {"job_title": "CEO"}), choices=chosen)
    assert len(plan(who).operations) == planned


@pytest.mark.parametrize("braked", [{"frozen": frozenset({"job_title"})}, {"conflicts": True}])
def test_a_field_in_question_is_not_planned_and_others_are(braked: dict[str, Any]) -> None:
    from sync.change import Conflict
    from tests.builders import LONG_AGO, PERSON_ID

    if "conflicts" in braked:
        braked = {"conflicts": (Conflict(person_id=PERSON_ID, field="job_title", values={}, since=LONG_AGO),)}
    known = {"job_title": "CTO", "city": "Lyon"}
    assert wants(plan(person(member(1, "apollo", {}), known=known, **braked))) == {"city": "Lyon"}
    created = plan(person(member(1, "topo", MAIL), known={**known, **MAIL}, **braked))
    assert "job_title" not in only(created).contact.to_fields()


# fields of which a person may have several ------------------------------------------------------------
SAME, ANOTHER = "https://www.linkedin.com/in/ann-lee", "https://www.linkedin.com/in/ann-ray"
THIRD = "https://www.linkedin.com/in/ann-day"


@pytest.mark.parametrize(
    ("name", "wanted", "shown", "replaced", "planned"),
    [
        ("phone", NEW, None, {}, NEW),
        ("phone", NEW, OLD, {}, None),
        ("phone", NEW, OLD, {OLD: NEW}, NEW),
        ("phone", NEW, OLD, {"+33140000009": NEW}, None),
        ("phone", NEW, OLD, {OLD: "+33140000003", "+33140000003": NEW}, NEW),
        ("phone", NEW, OLD, {OLD: NEW, NEW: OLD}, None),
        ("linkedin_url", THIRD, SAME, {"in:ann-lee": ANOTHER, "in:ann-ray": THIRD}, THIRD),
        ("emails", ("p@x.co",), None, {}, ("p@x.co",)),
        ("emails", ("p@x.co", "q@x.co", "r@x.co"), None, {}, ("p@x.co", "q@x.co")),
        ("emails", ("p@x.co", "q@x.co"), ("p@x.co",), {}, None),
        ("emails", ("p@x.co",), ("own@x.co",), {}, None),
        ("emails", ("p@x.co",), ("own@x.co", "old@x.co"), {"old@x.co": "p@x.co"}, ("own@x.co", "p@x.co")),
        ("emails", ("p@x.co",), ("P@x.co", "old@x.co"), {"old@x.co": "p@x.co"}, ("P@x.co",)),
        ("emails", ("p@x.co", "q@x.co", "n@x.co"), ("p@x.co", "q@x.co", "old@x.co"), {"old@x.co": "n@x.co"},
         ("p@x.co", "q@x.co", "n@x.co")),
    ],
)  # fmt: skip
def test_several_valued_fields_are_written_where_empty_or_where_that_very_value_was_replaced(
    name: str, wanted: Value, shown: Value | None, replaced: dict[str, str], planned: Value | None
) -> None:
    caps = able(BY_ID, fields={**BY_ID.fields, "linkedin_url": BOTH})
    who = person(
        member(1, "apollo", {name: shown}), known={name: wanted},
        choices={name: choice("topo:1", Rule.ONLY_CHANGER, replaced=replaced)},
    )  # fmt: skip
    assert wants(plan(who, side(capabilities=caps))).get(name) == planned


def test_a_replaced_value_that_was_acknowledged_and_does_not_show_is_not_sent_again() -> None:
    who = person(
        member(1, "apollo", {"phone": OLD}, sent={"phone": NEW}),
        known={"phone": "+33140000009"},
        choices={"phone": choice("topo:1", Rule.ONLY_CHANGER, replaced={OLD: NEW})},
    )
    assert not plan(who).operations


def test_a_phone_that_was_never_seen_is_not_taken_for_empty() -> None:
    who = person(member(1, "apollo", {}, absent=frozenset({"phone"})), known={"phone": NEW})
    assert not plan(who).operations


# which record -----------------------------------------------------------------------------------------
def test_of_twins_only_the_first_linked_is_written() -> None:
    who = person(member(5, "apollo:b", {}), member(4, "apollo:a", {}), known={"city": "Lyon"})
    assert only(plan(who)).record_id == "a"
    gone = person(member(5, "apollo:b", {}), member(4, "apollo:a", {}, gone=True), known={"city": "Lyon"})
    assert only(plan(gone)).record_id == "b"


@pytest.mark.parametrize("switch", [{"write": False}, {"update": False}, {"ignore_fields": frozenset({"city"})},
                                    {"countries": frozenset({"FR"})}])  # fmt: skip
def test_out_of_scope_nothing_is_updated(switch: dict[str, Any]) -> None:
    who = person(member(1, "apollo", {}), known={"city": "Lyon"})
    assert not plan(who, side(**switch)).operations


def test_what_a_create_needs_is_not_asked_of_an_update() -> None:
    who = person(member(1, "apollo", {}), known={"city": "Lyon"})
    at = side(create=False, create_from=frozenset({"topo"}), require=frozenset({"emails"}))
    assert wants(plan(who, at)) == {"city": "Lyon"}


def test_all_variables_can_be_ignored_together() -> None:
    who = person(member(1, "apollo", {}), known={"variables.topic": "a"})
    assert plan(who).operations
    assert not plan(who, side(ignore_fields=frozenset({"variables.*"}))).operations


# what cannot be expressed -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("at", "name", "value", "reason"),
    [
        (side(), "linkedin_url", SAME, "create-only"),
        (side(), "company_domain", "x.co", "no-endpoint"),
        (side(), "photo_url", "http://x", "no-field"),
        (side(), "variables.other", "a", "not-mapped"),
        (side(capabilities=able(BY_ID, why_not={"linkedin_url": "not-shown"})), "linkedin_url", SAME, "not-shown"),
        (side(capabilities=BY_ENTRY), "city", "Lyon", "not-ours"),
        (side(capabilities=BY_ENTRY), "phone", NEW, "no-endpoint"),
        (side(capabilities=able(BY_ENTRY, only_ours=False), target=ENROLS), "city", "Lyon", "default-sequence"),
        (side(capabilities=able(BY_ENTRY, only_ours=False), target=MAY_ENROL), "city", "Lyon", "default-sequence"),
        (side(capabilities=able(BY_ENTRY, only_ours=False)), "emails", ("a@x.co",), "match-key-changed"),
        (side(capabilities=UPSERT), "emails", ("a@x.co",), "match-key-changed"),
        (side(capabilities=able(BY_ID, forms={"city": re.compile("Paris")})), "city", "Lyon", "not-taken"),
    ],
)
def test_what_a_provider_cannot_hold_is_said_and_not_planned(
    at: Side, name: str, value: Value, reason: str
) -> None:
    found = plan(person(member(1, "apollo", {}), known={name: value}), at)
    assert (found.operations, obstacles(found)) == ((), {name: reason})


def test_a_changed_match_key_asks_a_person_to_change_it() -> None:
    who = person(
        member(1, "apollo", {"email": "old@x.co"}), known={"email": "new@x.co"},
        choices={"emails": choice("topo:1", Rule.ONLY_CHANGER, replaced={"old@x.co": "new@x.co"})},
    )  # fmt: skip
    found = plan(who, side(capabilities=UPSERT))
    assert [a.action for a in found.manual_actions] == ["change-emails"]
    assert obstacles(found) == {"emails": "match-key-changed"}


def test_where_a_write_takes_one_address_a_record_that_shows_several_is_left_to_a_person() -> None:
    def changed(*shown: str) -> PersonPlan:
        who = person(
            member(1, "apollo", {"emails": shown}), known={"emails": ("new@x.co",)},
            choices={"emails": choice("topo:1", Rule.ONLY_CHANGER, replaced={"old@x.co": "new@x.co"})},
        )  # fmt: skip
        return plan(who, side(capabilities=able(BY_ID, max_emails_update=1)))

    assert wants(changed("old@x.co")) == {"emails": ("new@x.co",)}
    found = changed("old@x.co", "own@x.co")
    assert (found.operations, obstacles(found)) == ((), {"emails": "one-value"})
    assert [a.action for a in found.manual_actions] == ["change-emails"]


def test_an_entry_updates_a_record_of_ours() -> None:
    who = person(member(1, "topo", {}, ours=True), known={"city": "Lyon"})
    assert only(plan(who, side("topo", BY_ENTRY))).kind == "update"


def test_an_entry_is_not_posted_again_where_the_record_of_ours_was_not_entered() -> None:
    who = person(member(1, "topo", {}, ours=True), known={"city": "Lyon"})
    linked = who.members[0].link.linked_at
    assert only(plan(who, side("topo", BY_ENTRY, target_since=linked))).kind == "update"
    later = plan(who, side("topo", BY_ENTRY, target_since=linked + timedelta(seconds=1)))
    assert (later.operations, [row.reason for row, _ in later.cannot_express]) == ((), ["not-ours"])


def test_variables_may_ride_in_an_operation_of_their_own() -> None:
    who = person(member(1, "topo", {}), known={"variables.topic": "a"})
    found = plan(who, side("topo", BY_ENTRY, target=ENROLS), effect=effect_of(["UNSUBSCRIBED"]))
    assert (only(found).kind, only(found).state) == ("variables", "planned")


def test_a_field_that_takes_a_request_of_its_own_goes_apart() -> None:
    who = person(member(1, "apollo", {}), known={"city": "Lyon", "phone": NEW})
    assert sorted(tuple(o.fields) for o in plan(who).operations) == [("city",), ("phone",)]


# updates that could create ----------------------------------------------------------------------------
UNTOLD = {"accepted_key": "first@x.co", "absent": frozenset({"emails"})}


def upserted(shown: dict[str, Value], **given: Any) -> Any:
    of_row = {name: given.pop(name) for name in ("accepted_key", "absent") if name in given}
    who = person(member(1, "datananas", shown, **of_row), known={**shown, "city": "Lyon"})
    return only(plan(who, side("datananas", UPSERT), **given))


@pytest.mark.parametrize(
    ("shown", "given", "state", "reason", "key"),
    [
        (MAIL, {}, "planned", "fill", "ann@x.co"),
        (MAIL, {"accepted_key": "ann@x.co"}, "planned", "fill", "ann@x.co"),
        ({"linkedin_url": SAME}, UNTOLD, "planned", "fill", "first@x.co"),
        ({"linkedin_url": SAME}, {"accepted_key": "first@x.co"}, "blocked", "no-match-key", "first@x.co"),
        (MAIL, {"accepted_key": "first@x.co"}, "planned", "fill", "ann@x.co"),
        ({"emails": ("info@x.co",)}, {"accepted_key": "first@x.co"}, "blocked", "no-match-key", "first@x.co"),
        ({"linkedin_url": SAME}, {}, "blocked", "no-match-key", None),
        ({"linkedin_url": SAME}, {"accepted_key": "in:ann-lee"}, "blocked", "no-match-key", "in:ann-lee"),
        (MAIL, {"effect": effect_of(["BOUNCED"])}, "blocked", "opted-out", None),
        (MAIL, {"shared_keys": frozenset({"ann@x.co"})}, "blocked", "shared-key", None),
        (MAIL, {"optouts_readable": False}, "deferred", "optouts-unreadable", "ann@x.co"),
    ],
)
def test_an_upsert_carries_its_accepted_key_unless_the_row_has_another_by_now_or_waits(
    shown: dict[str, Value], given: dict[str, Any], state: str, reason: str, key: str | None
) -> None:
    operation = upserted(shown, **given)
    assert (operation.state, operation.reason, operation.accepted_key) == (state, reason, key)


@pytest.mark.parametrize(
    ("given", "state", "reason"),
    [
        ({"effect": effect_of(["UNSUBSCRIBED"])}, "blocked", "opted-out"),
        ({"optouts_readable": False}, "deferred", "optouts-unreadable"),
    ],
)
def test_an_update_by_entry_counts_as_a_create_for_opt_outs(
    given: dict[str, Any], state: str, reason: str
) -> None:
    who = person(member(1, "topo", {}, ours=True), known={"city": "Lyon"})
    found = plan(who, side("topo", BY_ENTRY), **given)
    assert (only(found).state, only(found).reason) == (state, reason)
    assert found.waits == (state == "deferred")


@pytest.mark.parametrize(
    "given",
    [
        {"effect": effect_of(["UNSUBSCRIBED"])},
        {"optouts_readable": False},
        {"suspected": {"p1": frozenset({"p2"})}, "places": {"p2": frozenset({"apollo"})}},
    ],
)
def test_an_update_by_id_goes_on_whatever_stops_creates(given: dict[str, Any]) -> None:
    who = person(member(1, "apollo", {}), known={"city": "Lyon"})
    assert only(plan(who, side(swept=False), **given)).state == "planned"


# refused for good -------------------------------------------------------------------------------------
def test_a_wish_that_was_refused_is_not_repeated_until_it_changes() -> None:
    who = person(member(1, "apollo", {}), known={"city": "Lyon"})
    refused = {("p1", "apollo", "update"): frozenset({wish_digest(only(plan(who)))})}
    assert not plan(who, refused=refused).operations
    changed = person(member(1, "apollo", {}), known={"city": "Nice"})
    assert plan(changed, refused=refused).operations


def test_a_record_seen_for_the_first_time_is_updated_too() -> None:
    assert only(plan(person(newcomer(1, "apollo"), known={"city": "Lyon"}))).kind == "update"
