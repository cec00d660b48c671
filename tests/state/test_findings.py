from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.change import CannotExpress, Feature, Hold, ManualAction, Suspicion
from sync.store_port import MembershipUpdate
from tests.state.values import START, assign, later, pull, read, ref, rid

if TYPE_CHECKING:
    from state.store import SqliteStore


@pytest.fixture(autouse=True)
def people(store: SqliteStore) -> None:
    pull(store, *(read(f"topo:{n}") for n in range(1, 6)))
    assign(store, ann=["topo:1", "topo:4"], bob=["topo:2"], eve=["topo:3"], joe=["topo:5"])


def find(store: SqliteStore, *suspicions: Suspicion) -> None:
    members = {m.rid: (p.id, "email") for p in store.people(["ann", "bob", "eve", "joe"]) for m in p.members}
    store.save_membership(MembershipUpdate(members=members, suspicions=suspicions), at=START)


def suspicion(a: str, b: str, score: float = 0.9) -> Suspicion:
    feature = Feature(name="name", score=0.95, detail="given names agree")
    return Suspicion(records=(ref(a), ref(b)), score=score, reason="name-company", features=(feature,))


def test_suspicions_come_back_whole_best_first(store: SqliteStore) -> None:
    low, high = suspicion("topo:2", "topo:1", 0.91), suspicion("topo:3", "topo:1", 0.97)
    find(store, low, high)
    assert store.suspicions() == [high, low]


def test_the_people_of_a_suspicion_are_suspected_of_one_another(store: SqliteStore) -> None:
    find(store, suspicion("topo:1", "topo:2"), suspicion("topo:3", "topo:4"), suspicion("topo:1", "topo:4"))
    assert store.suspected_people() == {
        "ann": frozenset({"bob", "eve"}),
        "bob": frozenset({"ann"}),
        "eve": frozenset({"ann"}),
    }
    assert store.suspected_people(["bob"]) == {"ann": frozenset({"bob"}), "bob": frozenset({"ann"})}
    assert store.suspected_people(["ann"])["ann"] == frozenset({"bob", "eve"})


def test_holds_suspect_nobody(store: SqliteStore) -> None:
    store.mark_gone([], at=START, holds=[Hold(kind="gone", person_id="ann", provider="topo", record_id="3")])
    assert store.suspected_people() == {}


def test_a_merged_persons_holds_are_its_successors(store: SqliteStore) -> None:
    held = Hold(kind="gone", person_id="bob", provider="topo", record_id="3")
    store.mark_gone([], at=START, holds=[held])
    store.save_membership(MembershipUpdate(members={2: ("ann", "merged")}, redirects={"bob": "ann"}), at=later())
    (hold,) = store.holds()
    assert hold.person_id == "ann"
    store.close_holds([hold])
    assert store.holds() == []


def test_twins_are_live_records_of_one_person_at_one_provider_first_linked_first(store: SqliteStore) -> None:
    assert store.twins() == [("ann", "topo", ("1", "4"))]
    store.mark_gone([ref("topo:4")], at=later(), holds=[])
    assert store.twins() == []


def test_a_wish_that_cannot_be_held_is_new_once_and_again_when_it_changes(store: SqliteStore) -> None:
    phone = CannotExpress(person_id="ann", provider="topo", field="phone", reason="read-only")
    city = CannotExpress(person_id="ann", provider="topo", field="city", reason="read-only")
    assert store.note_cannot_express([(phone, "d1"), (city, "d1")], at=START) == [phone, city]
    assert store.note_cannot_express([(phone, "d1"), (city, "d2")], at=START) == [city]
    assert store.note_cannot_express([(phone, "d1"), (city, "d2")], at=START) == []


def test_a_manual_action_is_listed_until_it_is_ticked_off_and_never_again(store: SqliteStore) -> None:
    first = ManualAction(person_id="ann", provider="datananas", action="stop-sequences")
    second = ManualAction(person_id="bob", provider="datananas", action="stop-sequences")
    store.note_manual_actions([first, second], at=START)
    store.note_manual_actions([second, first], at=later())
    assert store.manual_actions() == [first, second]
    store.tick_off(first, at=later())
    store.note_manual_actions([first], at=later())
    assert store.manual_actions() == [second]


def test_what_need_not_be_done_any_more_is_not_listed_and_may_be_asked_for_again(store: SqliteStore) -> None:
    done = ManualAction(person_id="ann", provider="datananas", action="opt-out")
    open_ = ManualAction(person_id="ann", provider="apollo", action="opt-out")
    other = ManualAction(person_id="ann", provider="apollo", action="delete")
    store.note_manual_actions([done, open_, other], at=START)
    store.tick_off(done, at=later())
    store.drop_manual_actions(["ann"], ["opt-out"])
    assert store.manual_actions() == [other]
    store.note_manual_actions([done], at=later())
    assert store.manual_actions() == [other, done]


def test_nothing_found_is_nothing_kept(store: SqliteStore) -> None:
    store.note_manual_actions([], at=START)
    store.close_holds([])
    assert store.note_cannot_express([], at=START) == []
    assert (store.holds(), store.suspicions(), store.conflicts(), store.manual_actions()) == ([], [], [], [])
    assert rid(store, "topo:1") == 1
