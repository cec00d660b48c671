"""Records that are named by their key, and the ids that exports told of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.store_port import Settled
from tests.state.values import START, assign, create, pull, read, ref, tie

if TYPE_CHECKING:
    from state.store import SqliteStore

NAME, ID = ref("datananas:email:ann@example.com"), ref("datananas:7")


def told(store: SqliteStore) -> None:
    pull(store, read(str(NAME), "ann@example.com"), read("datananas:8"))
    store.note_told({ID: NAME})


def test_a_record_is_found_by_its_name_and_by_the_id_that_was_told(store: SqliteStore) -> None:
    told(store)
    assert store.named([NAME, ID, ref("datananas:8"), ref("topo:7")]) == {
        NAME: NAME, ID: NAME, ref("datananas:8"): ref("datananas:8"),
    }  # fmt: skip
    assert store.told_ids([NAME, ref("datananas:8")]) == {NAME: ID}
    assign(store, ann=[str(NAME)])
    assert (store.person_of(ID), store.person_of(NAME)) == ("ann", "ann")


def test_the_first_id_that_was_told_of_a_record_stays(store: SqliteStore) -> None:
    told(store)
    store.note_told({ref("datananas:9"): NAME})
    assert store.named([ID, ref("datananas:9")]) == {ID: NAME}


def test_a_row_that_is_created_in_the_place_of_a_gone_one_has_another_id(store: SqliteStore) -> None:
    told(store)
    assign(store, ann=[str(NAME)])
    again = create("o1", provider="datananas", state="acked", record_id=NAME.record_id)
    store.save_plan("run-1", [again], at=START)
    store.save_settled([Settled(operation=again, link=tie("ann", ours=True))], at=START)
    assert store.named([NAME, ID]) == {NAME: NAME}


def test_of_a_record_that_we_made_it_is_known_whether_an_export_showed_it_since(store: SqliteStore) -> None:
    made = create("o1", provider="datananas", state="acked", record_id=NAME.record_id)
    pull(store, read("datananas:8"))
    assign(store, ann=["datananas:8"])
    store.save_plan("run-1", [made], at=START)
    store.save_settled([Settled(operation=made, link=tie("ann", ours=True))], at=START)
    store.settle_people(store.dirty_people())

    def unseen() -> list[bool]:
        return [member.unseen for member in store.people(["ann"])[0].members]

    assert unseen() == [False, True]
    store.note_told({NAME: NAME})
    assert (unseen(), store.dirty_people(), store.told_ids([NAME])) == ([False, False], ["ann"], {})
    store.settle_people(["ann"])
    store.note_told({ID: NAME})
    assert (store.dirty_people(), store.told_ids([NAME])) == ([], {NAME: ID})


def test_what_was_told_of_a_record_goes_with_it(store: SqliteStore) -> None:
    told(store)
    assign(store, ann=[str(NAME)])
    store.forget("ann")
    assert store.named([NAME, ID]) == {}
