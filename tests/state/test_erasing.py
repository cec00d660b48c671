from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.change import Choice, Conflict, ManualAction
from sync.contact import Contact
from sync.optouts import FORGET, FORGOTTEN
from sync.person import Decision
from sync.record import OptOutEntry
from sync.store_port import MembershipUpdate, Merged, Settled
from tests.state.values import START, Home, assign, create, decide, pull, read, ref, rid, tie, update

if TYPE_CHECKING:
    from state.store import SqliteStore

CANARY = "canary-quill"


def test_nothing_of_a_forgotten_person_is_left_in_the_file(home: Home, store: SqliteStore) -> None:
    email = f"{CANARY}@example.com"
    pull(store, read("topo:1", email, f"in:{CANARY}", last_name=CANARY), read("topo:2", "bob@example.com"))
    assign(store, ann=["topo:1"], bob=["topo:2"])
    conflict = Conflict(person_id="ann", field="city", values={"topo:1": CANARY}, since=START)
    contact = Contact(last_name=CANARY)
    store.save_merged(
        [Merged(person_id="ann", contact=contact, choices={}, conflicts=(conflict,), links={})], at=START
    )
    operation = replace(create("o1"), contact=contact, message=CANARY)
    store.save_plan("run-1", [operation], at=START)
    store.mark_sending([operation], run_id="run-1", at=START)
    done = replace(operation, state="acked", record_id=email, accepted_key=email, run_id="run-1")
    echo = read(f"apollo:{email}", email, last_name=CANARY)
    link = tie("ann", base={"last_name": CANARY}, sent={"last_name": CANARY})
    store.save_settled([Settled(operation=done, read=echo, link=link)], at=START)
    for verdict in ("same", "different"):
        decide(store, Decision(a=ref("topo:2"), b=echo.record.ref, verdict=verdict, by="kim", at=START))
    store.settle_people(["ann"])
    store.mark_people_dirty(["ann", "bob"])
    store.forget("ann")
    assert CANARY.encode() not in home.database.read_bytes()
    assert [o.state for o in store.operations()] == ["acked"]
    assert (store.people(["ann"]), store.people_count(), store.dirty_people()) == ([], 1, ["bob"])
    assert store.decisions() == []
    store.check_audit()


def test_what_was_typed_for_them_leaves_who_was_one_with_them_once(home: Home, store: SqliteStore) -> None:
    pull(store, read("topo:1"), read("topo:2"))
    assign(store, ann=["topo:1"], bob=["topo:2"])
    losers = {"human for ann": CANARY, "human for bob2": "Brun", "topo:2": "Braun"}
    choice = Choice(source="human", rule="human", at=START, losers=losers)
    bob = Merged(
        person_id="bob", contact=Contact(last_name="B"), choices={"last_name": choice}, conflicts=(), links={}
    )
    store.save_merged([bob], at=START)
    store.forget("ann")
    assert CANARY.encode() not in home.database.read_bytes()
    (left,) = store.people(["bob"])
    assert left.choices["last_name"].losers == {"human for bob2": "Brun", "topo:2": "Braun"}


def test_forgetting_nobody_changes_nothing(store: SqliteStore) -> None:
    pull(store, read("topo:1"))
    assign(store, ann=["topo:1"])
    store.forget("nobody")
    assert store.people_count() == 1


def test_nothing_is_left_of_what_was_noted_while_their_records_were_those_of_somebody_else(
    home: Home, store: SqliteStore
) -> None:
    pull(store, read("topo:1", last_name=CANARY), read("topo:2", last_name="Brun"))
    assign(store, bob=["topo:1", "topo:2"])
    sent = replace(update("o1", "topo:1", "bob"), contact=Contact(last_name=CANARY), message=CANARY)
    store.save_plan("run-1", [sent], at=START)
    store.mark_sending([sent], run_id="run-1", at=START)
    store.save_settled([Settled(operation=replace(sent, state="acked", run_id="run-1"))], at=START)
    assign(store, ann=["topo:1"])
    store.forget("ann")
    assert CANARY.encode() not in home.database.read_bytes()
    assert [(o.person_id, o.state) for o in store.operations()] == [("bob", "acked")]


def test_nothing_is_left_of_somebody_merged_whose_other_records_are_of_others_by_now(
    home: Home, store: SqliteStore
) -> None:
    pull(store, *(read(f"topo:{number}", last_name=f"Nr{number}") for number in range(4)))
    assign(store, ann=["topo:0"], old=["topo:1", "topo:2", "topo:3"])
    contact = Contact(last_name=CANARY)
    store.save_merged([Merged(person_id="old", contact=contact, choices={}, conflicts=(), links={})], at=START)
    tied = {rid(store, f"topo:{number}"): ("ann", "email") for number in range(4)}
    store.save_membership(MembershipUpdate(members=tied, redirects={"old": "ann"}), at=START)
    assign(store, bob=["topo:1", "topo:2"])
    assert [p.id for p in store.people(["old"])] == ["bob"]
    store.forget("ann")
    assert CANARY.encode() not in home.database.read_bytes()


def erased(store: SqliteStore, *keys: str) -> None:
    """An erasure of Ann stands in the ledger."""
    hashed = frozenset(map(store.keyed_hash, keys))
    entry = OptOutEntry(keys=hashed, reason=FORGOTTEN, source=FORGET, source_id="ann", at=START)
    store.add_opt_outs([entry])


def test_who_was_erased_is_erased_in_an_older_database_as_soon_as_it_is_opened(home: Home) -> None:
    email = f"{CANARY}@example.com"
    with home.open() as store:
        pull(store, read("topo:1", email, last_name=CANARY), read("topo:2", "bob@example.com"))
        assign(store, ann=["topo:1"], bob=["topo:2"])
        pull(store, read("apollo:9", last_name=CANARY))  # nobody's yet
    older = home.database.read_bytes()
    with home.open() as store:
        erased(store, f"email:{email}", "record:apollo:9")
        store.forget("ann")
    home.database.write_bytes(older)
    with home.open("scratch") as store:
        assert (store.people_count(), store.live_records("apollo")) == (1, 0)
    assert home.database.read_bytes() == older
    with home.open() as store:
        assert [w for w in store.warnings if "were erased: 1" in w]
        assert [p.id for p in store.people(["ann", "bob"])] == ["bob"]
        tasks = [
            ManualAction(person_id="ann", provider=at, action=f"erase {n}")
            for at, n in (("topo", 1), ("apollo", 9))
        ]
        assert store.manual_actions() == tasks
    assert CANARY.encode() not in home.database.read_bytes()
    with home.open() as store:
        assert store.warnings == []


def test_accepting_a_database_erases_who_is_still_in_it(home: Home, store: SqliteStore) -> None:
    pull(store, read("topo:1", f"{CANARY}@example.com"), read("topo:2", "bob@example.com"))
    assign(store, ann=["topo:1"], bob=["topo:2"])
    erased(store, "record:topo:1")
    store.accept()
    assert CANARY.encode() not in home.database.read_bytes()
    assert [p.id for p in store.people(["ann", "bob"])] == ["bob"]
