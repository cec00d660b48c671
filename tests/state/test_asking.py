"""What the store keeps for people who decide and ask: former selves, what is around somebody, releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import Hold, ManualAction, Suspicion
from sync.contact import Contact
from sync.person import Decision
from sync.record import OptOutEntry
from sync.store_port import MembershipUpdate, Merged, Settled
from tests.state.values import START, assign, create, later, pull, read, ref, rid

if TYPE_CHECKING:
    from state.store import SqliteStore


def two(store: SqliteStore) -> None:
    """Ann and Bob, each with a record and a merged contact."""
    pull(store, read("topo:a", "ann@x.co", "in:ann"), read("apollo:b", "bob@x.co"))
    assign(store, ann=["topo:a"], bob=["apollo:b"])
    for name in ("ann", "bob"):
        contact = Contact(first_name=name.title())
        store.save_merged([Merged(person_id=name, contact=contact, choices={}, conflicts=(), links={})], at=START)


def join(store: SqliteStore) -> None:
    members = {rid(store, name): ("ann", "email") for name in ("topo:a", "apollo:b")}
    store.save_membership(MembershipUpdate(members=members, redirects={"bob": "ann"}), at=later())
    joined = Merged(person_id="ann", contact=Contact(first_name="Both"), choices={}, conflicts=(), links={})
    store.save_merged([joined], at=later())


def test_both_sides_of_a_merge_are_kept_as_they_were(store: SqliteStore) -> None:
    two(store)
    before = store.people(["ann", "bob"])
    join(store)
    kept = store.people_before(["ann", "bob"])
    assert sorted(kept, key=lambda p: p.id) == before


def test_what_was_undone_is_not_kept_any_longer(store: SqliteStore) -> None:
    two(store)
    join(store)
    separated = tuple(
        Merged(person_id=name, contact=Contact(first_name=name.title()), choices={}, conflicts=(), links={})
        for name in ("ann", "bob")
    )
    members = {rid(store, "topo:a"): ("ann", "own"), rid(store, "apollo:b"): ("bob", "own")}
    store.save_membership(MembershipUpdate(members=members, separated=separated), at=later(2))
    assert store.people_before(["ann", "bob"]) == []
    assert [p.contact.first_name for p in store.people(["ann", "bob"])] == ["Ann", "Bob"]


def test_a_forgotten_person_leaves_no_former_self(store: SqliteStore) -> None:
    two(store)
    join(store)
    store.forget("ann")
    assert store.people_before(["ann", "bob"]) == []
    assert b"Bob" not in (store.path.read_bytes() if store.path else b"")


def test_decisions_are_kept_with_what_follows_and_whom_they_are_about_is_matched_again(store: SqliteStore) -> None:
    two(store)
    same = Decision(a=ref("apollo:b"), b=ref("topo:a"), verdict="same", by="eve", at=START)
    members = {rid(store, name): ("ann", "email") for name in ("topo:a", "apollo:b")}
    store.save_membership(
        MembershipUpdate(members=members, redirects={"bob": "ann"}, decisions=(same,)), at=later()
    )
    assert store.decisions([ref("topo:a")]) == store.decisions() == [same]
    assert store.decisions([ref("topo:other")]) == []
    store.save_membership(MembershipUpdate(members=members, withdrawn=((same.a, same.b),)), at=later(2))
    assert store.decisions() == []
    region = store.region()
    assert region is not None
    assert region.dirty == members.keys()


def test_a_region_can_be_asked_for_around_records_that_did_not_change(store: SqliteStore) -> None:
    two(store)
    pull(store, read("topo:c", "cyd@x.co"))
    region = store.region([ref("topo:a")])
    assert region is not None
    assert [str(r.ref) for r in region.records] == ["topo:a"]
    assert store.region([ref("topo:unknown")]) is None


def test_a_released_record_says_so_until_it_is_back(store: SqliteStore) -> None:
    two(store)
    store.release(ref("topo:a"), at=START)
    assert not store.people(["ann"])[0].members[0].released
    store.mark_gone([ref("topo:a")], at=START, holds=[])
    store.release(ref("topo:a"), at=START)
    assert store.people(["ann"])[0].members[0].released
    pull(store, read("topo:a", "ann@x.co", "in:ann"))
    (member,) = store.people(["ann"])[0].members
    assert (member.gone, member.released) == (False, False)


def test_a_dossier_holds_what_is_around_one_person_and_nobody_else(store: SqliteStore) -> None:
    two(store)
    pull(store, read("datananas:c", "cyd@x.co"))
    assign(store, cyd=["datananas:c"])
    suspicion = Suspicion(records=(ref("datananas:c"), ref("topo:a")), score=0.9, reason="alike")
    hold = Hold(kind="disappeared", person_id="bob", provider="apollo", record_id="b")
    members = {rid(store, "topo:a"): ("ann", "own"), rid(store, "datananas:c"): ("cyd", "own")}
    store.save_membership(MembershipUpdate(members=members, suspicions=(suspicion,)), at=START)
    store.mark_gone([], at=START, holds=[hold])
    join(store)
    store.note_manual_actions([ManualAction(person_id="bob", provider="topo", action="delete")], at=START)
    operation = create("op-1", "bob")
    store.save_plan("run-1", [operation, create("op-2", "cyd")], at=START)
    dossier = store.dossier("ann")
    assert dossier.former_ids == ("bob",)
    assert {str(s.ref) for s in dossier.sightings} == {"apollo:b", "topo:a"}
    assert [s.operation.id for s in dossier.sent] == ["op-1"]
    assert [h.person_id for h in dossier.holds] == ["ann"]
    assert dossier.suspicions == (suspicion,)
    assert [a.action for a in dossier.manual_actions] == ["delete"]
    assert store.dossier("cyd").holds == ()


def test_settled_writes_carry_their_times(store: SqliteStore) -> None:
    two(store)
    operation = create("op-1")
    store.save_plan("run-1", [operation], at=START)
    store.mark_sending([operation], run_id="run-1", at=later())
    store.save_settled([Settled(operation=operation)], at=later(2))
    (sent,) = store.dossier("ann").sent
    assert (sent.planned_at, sent.operation.sent_at, sent.settled_at) == (START, later(), later(2))


def test_opt_outs_are_found_by_key_with_what_came_in_their_place(store: SqliteStore) -> None:
    def entry(key: str, source_id: str | None = None) -> OptOutEntry:
        keys = frozenset({store.keyed_hash(key)})
        return OptOutEntry(keys=keys, reason="OTHER", source="topo", source_id=source_id, at=START)

    first, other, replaced = (
        entry("email:a@x.co", "entry-1"),
        entry("email:b@x.co"),
        entry("email:c@x.co", "entry-1"),
    )
    store.add_opt_outs([first, other, replaced])
    assert store.opt_outs_with(first.keys) == [first, replaced]
    assert store.opt_outs_with(other.keys) == [other]
