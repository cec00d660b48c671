from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.change import Hold
from sync.contact import FIELD_NAMES, Contact
from sync.record import Record, RecordRef
from sync.store_port import PageCounts, ProviderState, ReadRecord
from tests.state.values import START, as_read, assign, later, pull, read, ref, rid

if TYPE_CHECKING:
    from state.store import SqliteStore

TOPO = ProviderState(provider="topo")


def page(store: SqliteStore, *rows: ReadRecord, minute: float = 0, sweep: str | None = None) -> PageCounts:
    return store.save_page(rows, TOPO, at=later(minute), sweep_id=sweep)


def matched(store: SqliteStore) -> None:
    """Nothing waits for matching or merging any more."""
    region = store.region()
    if region is not None:
        assign(store, **{f"p{r.rid}": [str(r.ref)] for r in region.records})
    store.settle_people(store.dirty_people())


def dirty(store: SqliteStore) -> set[int]:
    region = store.region()
    return set() if region is None else set(region.dirty)


def test_rows_and_cursor_are_kept_together(store: SqliteStore) -> None:
    row = read("topo:1", "ann@example.com", first_name="Ann")
    state = ProviderState(provider="topo", cursor="after-1")
    assert store.save_page([row], state, at=START, sweep_id=None) == PageCounts(new=1)
    assert store.records([ref("topo:1")]) == {ref("topo:1"): row.record}
    assert store.provider_state("topo") == state


def test_an_unknown_record_is_not_in_the_answer(store: SqliteStore) -> None:
    page(store, read("topo:1"))
    assert set(store.records([ref("topo:1"), ref("topo:2"), ref("apollo:1")])) == {ref("topo:1")}


def test_a_record_comes_back_as_it_was_read(store: SqliteStore) -> None:
    record = Record(
        ref=ref("topo:1"),
        contact=Contact(emails=("A@x.com", "b@y.com"), city="Zürich", variables={"tier": "gold"}),
        created_at=START,
        updated_at=later(),
        opted_out="UNSUBSCRIBED",
        labels=frozenset({"l1", "l2"}),
    )
    page(store, as_read(record))
    assert store.records([record.ref]) == {record.ref: record}


def test_an_unchanged_row_leaves_everything_as_it_is(store: SqliteStore) -> None:
    page(store, read("topo:1", "ann@example.com", first_name="Ann"))
    matched(store)
    assert page(store, read("topo:1", first_name="Other"), minute=1) == PageCounts(unchanged=1)
    assert store.records([ref("topo:1")])[ref("topo:1")].contact.first_name == "Ann"
    assert (store.region(), store.dirty_people()) == (None, [])


def test_a_changed_row_waits_for_matching_and_its_person_for_merging(store: SqliteStore) -> None:
    page(store, read("topo:1", first_name="Ann"), read("topo:2"))
    matched(store)
    assert page(store, read("topo:1", first_name="Anna", mark="2"), read("topo:2")) == PageCounts(
        changed=1, unchanged=1
    )
    assert dirty(store) == {rid(store, "topo:1")}
    assert store.dirty_people() == ["p1"]


@pytest.mark.parametrize(
    ("first", "dated", "minute", "stands"),
    [
        (10, 5, 12, "Anna"),
        (10, 5, 40, "Ann"),
        (10, 10, 12, "Ann"),
        (10, None, 12, "Ann"),
        (9999, 12, 13, "Ann"),
        (10.01, 10, 12, "Ann"),
        (10.1, 10.05, 12, "Anna"),
    ],
    ids=[
        "older and soon",
        "older and much later",
        "of the same time",
        "of no time",
        "after one from the future",
        "of the same second, told less finely",
        "of another second",
    ],
)
def test_a_row_that_is_older_than_what_was_stored_just_now_is_a_late_read(
    store: SqliteStore, first: float, dated: float | None, minute: float, stands: str
) -> None:
    def row(name: str, at: float | None, mark: str) -> ReadRecord:
        contact = Contact(first_name=name)
        return as_read(
            Record(ref=ref("topo:1"), contact=contact, updated_at=None if at is None else later(at)), mark=mark
        )

    def shown(*rows: ReadRecord, at: float) -> PageCounts:
        return store.save_page(rows, TOPO, at=later(at), sweep_id="s", settle=timedelta(minutes=15))

    shown(row("Anna", first, "2"), at=11)
    counts = shown(row("Ann", dated, "1"), at=minute)
    assert store.records([ref("topo:1")])[ref("topo:1")].contact.first_name == stands
    assert counts.late == ({ref("topo:1")} if stands == "Anna" else frozenset())
    assert store.unseen_in_sweep("topo", "s") == []


def test_a_row_that_comes_twice_in_a_page_counts_once_as_it_came_last(store: SqliteStore) -> None:
    counts = page(store, read("topo:1", first_name="A"), read("topo:1", first_name="B", mark="2"))
    assert counts == PageCounts(new=1)
    assert store.records([ref("topo:1")])[ref("topo:1")].contact.first_name == "B"


def test_fields_a_row_did_not_carry_keep_what_was_observed(store: SqliteStore) -> None:
    page(store, read("topo:1", "ann@example.com", first_name="Ann", city="Paris"))
    page(store, read("topo:1", mark="2", absent=["city", "emails"], first_name="Anna"))
    kept = store.records([ref("topo:1")])[ref("topo:1")]
    assert kept.contact == Contact(emails=("ann@example.com",), first_name="Anna", city="Paris")
    assert kept.absent == frozenset()


def test_a_field_that_was_carried_and_is_empty_now_is_empty(store: SqliteStore) -> None:
    page(store, read("topo:1", city="Paris"))
    page(store, read("topo:1", mark="2"))
    assert store.records([ref("topo:1")])[ref("topo:1")].contact.city is None


def test_a_field_never_carried_stays_marked_as_absent(store: SqliteStore) -> None:
    page(store, read("topo:1", absent=["city", "phone"]))
    page(store, read("topo:1", mark="2", absent=["city"]))
    assert store.records([ref("topo:1")])[ref("topo:1")].absent == {"city"}


def test_keys_no_longer_shown_are_aliases_and_come_back_as_keys(store: SqliteStore) -> None:
    def keys() -> tuple[tuple[str, ...], str | None, frozenset[str]]:
        region = store.region()
        assert region is not None
        (record,) = region.records
        return record.emails, record.linkedin, record.aliases

    page(store, read("topo:1", "ann@old.com", "in:ann"))
    page(store, read("topo:1", "ann@new.com", mark="2"))
    assert keys() == (("ann@new.com",), None, frozenset({"ann@old.com", "in:ann"}))
    page(store, read("topo:1", "ann@old.com", "ann@new.com", mark="3"))
    assert keys() == (("ann@old.com", "ann@new.com"), None, frozenset({"in:ann"}))


def test_keys_of_fields_that_a_row_did_not_carry_stay_keys(store: SqliteStore) -> None:
    page(store, read("topo:1", "ann@example.com", "in:ann"))
    page(store, read("topo:1", mark="2", absent=["emails", "linkedin_url", "linkedin_id"]))
    region = store.region()
    assert region is not None
    assert (region.records[0].emails, region.records[0].linkedin) == (("ann@example.com",), "in:ann")


def test_a_sweep_counts_what_it_saw_and_names_what_it_did_not(store: SqliteStore) -> None:
    page(store, read("topo:1"), read("topo:2"), read("topo:3"), sweep="s1")
    page(store, read("topo:1"), minute=10, sweep="s2")
    page(store, read("topo:1"), read("topo:4"), minute=11, sweep="s2")
    page(store, read("topo:5"), minute=12)
    assert store.seen_in_sweep("topo", "s2") == 2
    assert store.unseen_in_sweep("topo", "s2") == [ref("topo:2"), ref("topo:3")]
    assert store.unseen_in_sweep("topo", "s2", settle=timedelta(minutes=9)) == [ref("topo:2"), ref("topo:3")]
    assert store.unseen_in_sweep("topo", "s2", settle=timedelta(minutes=10)) == []


def test_a_sweep_that_never_began_misses_nothing(store: SqliteStore) -> None:
    page(store, read("topo:1"))
    assert (store.seen_in_sweep("topo", "s9"), store.unseen_in_sweep("topo", "s9")) == (0, [])


def test_a_sweep_of_an_empty_provider_misses_everything(store: SqliteStore) -> None:
    page(store, read("topo:1"))
    page(store, minute=5, sweep="s1")
    assert store.unseen_in_sweep("topo", "s1") == [ref("topo:1")]


def test_gone_records_are_not_live_their_persons_wait_and_holds_are_open(store: SqliteStore) -> None:
    page(store, read("topo:1"), read("topo:2"))
    matched(store)
    hold = Hold(kind="gone", person_id="p1", provider="topo", record_id="1")
    store.mark_gone([ref("topo:1")], at=later(), holds=[hold])
    assert store.live_records("topo") == 1
    assert store.dirty_people() == ["p1"]
    assert store.holds() == [hold]
    assert [m.gone for p in store.people(["p1"]) for m in p.members] == [True]


def test_a_record_that_is_back_is_live_and_nothing_waits_for_its_absence(store: SqliteStore) -> None:
    page(store, read("topo:1"))
    matched(store)
    gone = Hold(kind="gone", person_id="p1", provider="topo", record_id="1")
    store.mark_gone([ref("topo:1")], at=later(), holds=[gone])
    other = Hold(kind="doubtful", person_id="p1", provider="topo", record_id="1")
    store.mark_gone([], at=later(), holds=[other])
    store.settle_people(["p1"])
    assert page(store, read("topo:1"), minute=2) == PageCounts(unchanged=1)
    assert store.live_records("topo") == 1
    assert store.holds() == [other]
    assert dirty(store) == {1}
    assert store.dirty_people() == ["p1"]


def test_a_full_page_is_stored_row_by_row_in_the_order_it_came(store: SqliteStore) -> None:
    rows = [read(f"topo:{n}", f"a{n}@example.com") for n in range(1000)]
    assert page(store, *rows) == PageCounts(new=1000)
    assert page(store, *rows, read("topo:1000")) == PageCounts(new=1, unchanged=1000)
    assert [rid(store, f"topo:{n}") for n in (0, 500, 1000)] == [1, 501, 1001]


texts = st.text(st.characters(exclude_categories=()), min_size=1, max_size=20)
contacts = st.builds(
    lambda scalars, emails, variables: Contact.from_fields(
        scalars
        | ({"emails": tuple(emails)} if emails else {})
        | {f"variables.{k}": v for k, v in variables.items()}
    ),
    st.dictionaries(st.sampled_from([name for name in FIELD_NAMES if name != "emails"]), texts),
    st.lists(texts, max_size=3),
    st.dictionaries(texts, texts, max_size=3),
)


@given(contact=contacts)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_contact_comes_back_equal_from_its_record_and_its_person(store: SqliteStore, contact: Contact) -> None:
    number = store.live_records("topo")
    record = Record(ref=RecordRef("topo", f"any-{number}"), contact=contact)
    pull(store, as_read(record))
    assign(store, **{f"any-{number}": [str(record.ref)]})
    (person,) = store.people([f"any-{number}"])
    assert person.members[0].record == record
    assert store.records([record.ref])[record.ref] == replace(record)


def test_a_sweep_began_with_its_first_page_and_is_forgotten_with_the_next_one(store: SqliteStore) -> None:
    assert store.sweep_began("s1") is None
    page(store, read("topo:1"), minute=1, sweep="s1")
    page(store, read("topo:2"), minute=5, sweep="s1")
    assert store.sweep_began("s1") == later(1)
    page(store, read("topo:1"), minute=9, sweep="s2")
    assert (store.sweep_began("s1"), store.sweep_began("s2")) == (None, later(9))
