from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.topo import entries
from adapters.topo.wire import EntryItem, EntryRow, ItemError
from sync.contact import Contact
from tests.topo.harness import change, create, record

if TYPE_CHECKING:
    from adapters.topo.entries import Entry

NAMES = ("ana", "bob", "cleo")
SENT = tuple(entries.to_entry(create(name)) for name in NAMES)


def row(name: str | None, *, contact_id: str | None = "c1", url: str | None = None) -> EntryRow:
    return EntryRow(id="e1", contact_id=contact_id, email=f"{name}@corp.com" if name else None, linkedin_url=url)


def item(index: int | None, name: str | None = None, **fields: Any) -> EntryItem:
    told: dict[str, Any] = {"status": None, "entry": row(name), "error": None} | fields
    return EntryItem(index=index, **told)


def failed(index: int, message: str = "no") -> EntryItem:
    return item(index, entry=None, error=ItemError(type="ValidationIssue", message=message))


def states(items: list[EntryItem], sent: tuple[Entry, ...] = SENT) -> list[str]:
    return [outcome.state for outcome in entries.outcomes(sent, items)]


def test_items_are_told_apart_by_index_in_any_order() -> None:
    assert states([item(2, "cleo"), failed(1), item(0, "ana")]) == ["acked", "refused", "acked"]


def test_indexes_may_count_from_one() -> None:
    assert states([item(1, "ana"), failed(2), item(3, "cleo")]) == ["acked", "refused", "acked"]


def test_a_missing_item_is_unknown_and_the_echoes_tell_the_base() -> None:
    assert states([item(1, "bob"), item(2, "cleo")]) == ["unknown", "acked", "acked"]
    assert states([item(1, "ana"), item(2, "bob")]) == ["acked", "acked", "unknown"]


def test_a_base_that_nothing_tells_leaves_all_unknown() -> None:
    assert states([item(1), item(2)]) == ["unknown", "unknown", "unknown"]


def test_repeated_and_out_of_range_indexes_are_not_believed() -> None:
    assert states([item(0, "ana"), item(0, "ana"), item(7, "bob"), item(-1, "bob")]) == ["unknown"] * 3


def test_an_echo_of_somebody_else_is_not_believed() -> None:
    assert states([item(0, "bob"), item(1, "ana"), item(2, "cleo")]) == ["unknown", "unknown", "acked"]


def test_items_without_any_index_are_taken_in_order_when_none_is_missing() -> None:
    assert states([item(None, "ana"), item(None, "bob"), item(None, "cleo")]) == ["acked"] * 3
    assert states([item(None, "ana"), item(None, "bob")]) == ["unknown"] * 3


def test_an_inconsistent_item_is_unknown_and_no_item_at_all_too() -> None:
    assert states([item(0, "ana", consistent=False), item(1, "bob")]) == ["unknown", "acked", "unknown"]
    assert states([]) == ["unknown"] * 3


@given(st.lists(st.builds(item, st.none() | st.integers(-1, 4), st.none() | st.sampled_from(NAMES)), max_size=6))
def test_any_answer_gives_one_outcome_an_entry_in_order(items: list[EntryItem]) -> None:
    told = entries.outcomes(SENT, items)
    assert [outcome.operation_id for outcome in told] == [entry.operation.id for entry in SENT]


def test_a_create_waits_for_its_contact_and_is_tied_when_it_is_there() -> None:
    waiting, tied, _ = entries.outcomes(
        SENT, [item(0, entry=row("ana", contact_id=None)), item(1, "bob"), failed(2)]
    )
    assert (waiting.state, waiting.record_id, waiting.entry_id) == ("pending", None, "e1")
    assert (tied.state, tied.record_id, tied.entry_id, tied.record) == ("acked", "c1", "e1", None)


def test_an_update_that_met_another_contact_is_not_tried_again() -> None:
    observed = record("c2", emails=("ana@corp.com",), first_name="Ana")
    sent = (entries.to_entry(change("update", observed, job_title="COO")),)
    (outcome,) = entries.outcomes(sent, [item(0, "ana")])
    assert (outcome.state, outcome.reason) == ("refused", "match-doubtful")
    (outcome,) = entries.outcomes(sent, [item(0, entry=row("ana", contact_id=None))])
    assert (outcome.state, outcome.record_id) == ("acked", "c2")


def test_a_refusal_keeps_the_type_and_the_words_without_addresses() -> None:
    (outcome,) = entries.outcomes(SENT[:1], [failed(0, "ana@corp.com is blocked")])
    assert outcome.reason == "rejected"
    assert outcome.message == "ValidationIssue: … is blocked"


@pytest.mark.parametrize(
    ("kind", "state", "reason"),
    [
        ("CommitIssue", "unknown", "outcome-unknown"),
        ("BusinessIssue", "deferred", "not-taken-now"),
        ("InternalIssue", "deferred", "not-taken-now"),
        ("ServiceUnavailableIssue", "deferred", "not-taken-now"),
        ("", "deferred", "not-taken-now"),
    ],
)
def test_what_an_error_leaves_depends_on_its_type(kind: str, state: str, reason: str) -> None:
    (outcome,) = entries.outcomes(SENT[:1], [item(0, entry=None, error=ItemError(type=kind, message="no"))])
    assert (outcome.state, outcome.reason) == (state, reason)


def test_a_body_names_the_list_in_every_item_and_holds_known_values_only() -> None:
    body = json.loads(entries.render(SENT[:1], "l1"))
    assert body == {"items": [{"contact_list_id": "l1", "email": "ana@corp.com", "first_name": "Ana"}]}


def test_no_batch_holds_one_key_twice_or_more_than_it_may() -> None:
    twice = [entries.to_entry(create(name)) for name in ("ana", "bob", "ana", "cleo", "dora")]
    cut = [[entry.fields["first_name"] for entry in batch] for batch in entries.cut(twice, 2)]
    assert cut == [["Ana", "Bob"], ["Ana", "Cleo"], ["Dora"]]


def test_keys_are_compared_in_their_equal_forms() -> None:
    one = entries.to_entry(create("x", emails=("Ana@corp.com",)))
    two = entries.to_entry(create("y", emails=("ana@CORP.com",), linkedin_url="https://linkedin.com/in/ana"))
    assert len(entries.cut([one, two], 100)) == 2


def test_an_entry_without_a_key_is_recognised() -> None:
    assert not entries.to_entry(create("x", first_name="Ana")).keys
    assert entries.to_entry(create("x", linkedin_url="https://linkedin.com/in/ana")).keys
    assert Contact().email is None
