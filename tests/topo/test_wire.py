from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.topo import wire
from sync.errors import MappingError

CONTACT = {
    "id": "7b1c", "first_seen_at": "2026-02-01T08:00:00Z", "last_seen_at": "2026-03-04T09:10:11Z",
    "email": "ana@corp.com", "phone_number": None,
}  # fmt: skip
ENTRY = {"id": "e1", "contact_id": None, "email": "ana@corp.com"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def items(*rows: Any) -> dict[str, Any]:
    return {"items": list(rows)}


def test_unknown_fields_are_ignored_and_missing_nullable_ones_are_not_known() -> None:
    row = wire.parse_contact(CONTACT | {"brand_new": {"deep": 1}}, "contact")
    assert dict(row.text) == {"email": "ana@corp.com"}


@pytest.mark.parametrize("change", [{"id": None}, {"first_seen_at": None}, {"last_seen_at": "soon"}])
def test_a_contact_that_breaks_the_documented_shape_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(MappingError):
        wire.parse_contact(CONTACT | change, "contact")


def test_one_bad_row_is_named_and_the_others_are_kept() -> None:
    good, bad = wire.parse_rows(
        [CONTACT, CONTACT | {"id": "b2", "last_seen_at": 7}, "garbage"], wire.parse_contact, "items"
    )
    assert [row.id for row in good] == ["7b1c"]
    assert bad == ["b2", "#2"]


def test_a_field_of_another_type_is_named_and_the_others_are_read() -> None:
    row = wire.parse_contact(CONTACT | {"phone_number": 336, "city": ["Lyon"], "state": None}, "contact")
    assert row.unreadable == {"phone_number", "city"}
    assert dict(row.text) == {"email": "ana@corp.com"}


@pytest.mark.parametrize(
    "change",
    [
        {"items": None},
        {"items": {}},
        {"total_count": -1},
        {"total_count": True},
        {"total_count": "3"},
        {"has_more": 1},
    ],
)
def test_an_envelope_that_breaks_its_frozen_shape_is_refused(change: dict[str, Any]) -> None:
    envelope = {"items": [], "total_count": 0, "total_pages": 0, "has_more": False} | change
    with pytest.raises(MappingError):
        wire.parse_listing(envelope, "contacts")


@pytest.mark.parametrize(
    "value", [{}, {"organization_id": "o"}, {"organization_id": "o", "scopes": [1]}, [], None]
)
def test_a_key_description_without_organization_and_scopes_is_refused(value: Any) -> None:
    with pytest.raises(MappingError):
        wire.parse_me(value)


def test_a_null_variable_has_no_value_and_keeps_its_slot() -> None:
    told = wire.parse_variables({"contact_variables": {"a": "1", "b": None, "c": ""}, "company_variables": {}})
    assert dict(told.contact) == {"a": "1"}
    assert told.slots == {"a", "b", "c"}


@pytest.mark.parametrize("value", [{}, {"contact_variables": []}, {"contact_variables": {"a": 7}}])
def test_variables_of_another_type_are_refused(value: Any) -> None:
    with pytest.raises(MappingError):
        wire.parse_variables(value)


def test_only_an_explicit_null_says_that_a_list_enrols_nobody() -> None:
    assert wire.parse_list({"id": "l1", "default_sequence_template_id": None}).sequence_template_id is None
    assert wire.parse_list({"id": "l1", "default_sequence_template_id": "s1"}).sequence_template_id == "s1"
    for broken in ({"id": "l1"}, {"id": "l1", "default_sequence_template_id": 7}):
        with pytest.raises(MappingError):
            wire.parse_list(broken)


@pytest.mark.parametrize("name", ["status", "outcome", "result", "action"])
def test_the_status_of_an_item_is_found_under_any_of_its_possible_names(name: str) -> None:
    (item,) = wire.parse_entry_items(
        items({"index": 0, name: "UPDATED", "resource": ENTRY}), ("status", "outcome", "result", "action")
    )
    assert item.status == "UPDATED"
    assert item.consistent


@pytest.mark.parametrize(
    "row",
    [
        {"status": "FAILED", "resource": ENTRY, "error": None},
        {"status": "CREATED", "resource": None, "error": {"type": "ValidationIssue"}},
        {"status": "CREATED", "resource": None, "error": None},
        {"resource": ENTRY, "error": {"type": "ValidationIssue"}},
        {},
    ],
)
def test_an_item_that_says_both_or_neither_is_not_consistent(row: dict[str, Any]) -> None:
    (item,) = wire.parse_entry_items(items({"index": 0} | row), ("status",))
    assert not item.consistent


def test_a_status_that_we_do_not_know_is_kept_and_the_entry_counts() -> None:
    (item,) = wire.parse_entry_items(items({"index": 0, "status": "MERGED", "resource": ENTRY}), ("status",))
    assert (item.status, item.consistent) == ("MERGED", True)


def test_an_unreadable_item_is_left_out_and_the_others_are_kept() -> None:
    found = wire.parse_entry_items(items("x", {"index": "first"}, {"index": 2, "resource": ENTRY}), ("status",))
    assert [item.index for item in found] == [2]


def test_an_index_may_be_digits_in_a_text() -> None:
    (item,) = wire.parse_entry_items(items({"index": "2", "resource": ENTRY}), ("status",))
    assert item.index == 2


def test_a_failed_item_may_show_what_was_sent() -> None:
    sent = {"email": "ana@corp.com", "id": None}
    (item,) = wire.parse_entry_items(
        items({"index": 0, "status": "FAILED", "resource": sent, "error": {"type": "ValidationIssue"}}),
        ("status",),
    )
    assert (item.consistent, item.entry) == (True, None)


def test_an_empty_contact_id_is_none() -> None:
    assert wire.parse_entry({"id": "e1", "contact_id": "", "email": "ana@corp.com"}, "entry").contact_id is None


def test_an_exclusion_that_reads_oddly_is_a_hard_one() -> None:
    row = wire.parse_exclusion({"id": "x1", "email": "ana@corp.com", "reason": 7, "until": "never"}, "x")
    assert (row.reason, row.until) == ("UNKNOWN", None)


@given(JSON)
def test_any_json_is_read_or_refused_and_never_breaks_the_parsers(value: Any) -> None:
    for parse in (wire.parse_me, wire.parse_variables, wire.parse_list):
        with suppress(MappingError):
            parse(value)
    good, bad = wire.parse_rows([value], wire.parse_contact, "items")
    assert len(good) + len(bad) == 1
    good_exclusions, _ = wire.parse_rows([value], wire.parse_exclusion, "items")
    assert len(good_exclusions) <= 1
