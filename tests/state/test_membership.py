from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.change import Conflict, Hold, Suspicion
from sync.contact import Contact
from sync.errors import StateError
from sync.matching.values import DIVIDED, OPENED, TWO_PROFILES
from sync.person import Decision
from sync.store_port import MembershipUpdate, Merged
from tests.state.values import START, Home, assign, decide, keep, later, pull, read, ref, rid

if TYPE_CHECKING:
    from state.store import SqliteStore
    from sync.store_port import Region


def region(store: SqliteStore) -> Region:
    found = store.region()
    assert found is not None
    return found


def names(found: Region) -> list[str]:
    return [str(record.ref) for record in found.records]


def settled(store: SqliteStore, **members: list[str]) -> None:
    assign(store, **members)
    store.settle_people(store.dirty_people())


def merge(store: SqliteStore, loser: str, winner: str, *, at: int = 5) -> None:
    """Every record of ``loser`` comes to ``winner``."""
    people = store.people([loser, winner])
    members = {m.rid: (winner, "merged") for p in people for m in p.members}
    store.save_membership(MembershipUpdate(members=members, redirects={loser: winner}), at=later(at))


def test_without_changes_there_is_no_region(store: SqliteStore) -> None:
    assert store.region() is None
    pull(store, read("topo:1"))
    settled(store, ann=["topo:1"])
    assert store.region() is None


def test_a_new_record_brings_what_matching_needs_of_it(store: SqliteStore) -> None:
    row = read(
        "topo:1", "ann@a.com", "in:ann", "ann@b.com",
        first_name="Ann", last_name="Lee", company_name="Acme", company_domain="acme.com", mobile_phone="+331",
    )  # fmt: skip
    pull(store, row)
    (record,) = region(store).records
    assert (record.name, record.company, record.domain, record.phone) == ("Ann Lee", "Acme", "acme.com", "+331")
    assert (record.emails, record.linkedin, record.person_id) == (("ann@a.com", "ann@b.com"), "in:ann", None)
    assert (record.rid, record.ref, record.aliases) == (rid(store, "topo:1"), ref("topo:1"), frozenset())


def test_several_profile_keys_stand_side_by_side(store: SqliteStore) -> None:
    pull(store, read("topo:1", "in:ann", "urn:ACoAA1"))
    (record,) = region(store).records
    assert (record.linkedin, record.aliases) == ("in:ann urn:ACoAA1", frozenset())


def test_the_region_holds_whoever_shares_a_key_or_a_person_and_nobody_else(store: SqliteStore) -> None:
    pull(store, read("topo:1", "ann@a.com"), read("apollo:1", "ann@b.com"), read("topo:2", "bob@a.com"))
    settled(store, ann=["topo:1", "apollo:1"], bob=["topo:2"])
    pull(store, read("datananas:1", "ann@b.com"))
    found = region(store)
    assert names(found) == ["apollo:1", "topo:1", "datananas:1"]
    assert found.dirty == {rid(store, "datananas:1")}
    assert dict(found.people) == {"ann": START}


def test_a_changed_record_brings_the_holders_of_its_old_and_its_new_key(store: SqliteStore) -> None:
    pull(
        store,
        read("topo:1", "old@a.com"),
        read("topo:2", "old@a.com"),
        read("topo:3", "new@a.com"),
        read("topo:4"),
    )
    settled(store, a=["topo:1"], b=["topo:2"], c=["topo:3"], d=["topo:4"])
    pull(store, read("topo:1", "new@a.com", mark="2"))
    assert names(region(store)) == ["topo:1", "topo:2", "topo:3"]


def test_the_region_follows_keys_and_persons_to_the_end_of_the_chain(store: SqliteStore) -> None:
    length = 30
    rows = [read(f"topo:{n}", f"k{n}@a.com", f"k{n + 1}@a.com") for n in range(length)]
    pull(store, *rows, read("topo:far", "far@a.com"))
    settled(store, **{f"p{n:02}": [f"topo:{n}"] for n in range(length)}, far=["topo:far"])
    pull(store, read("topo:0", "k0@a.com", "k1@a.com", mark="2"))
    assert len(region(store).records) == length


def test_judgements_on_the_region_come_with_it(store: SqliteStore) -> None:
    pull(store, read("topo:1"), read("topo:2"), read("topo:3"))
    settled(store, a=["topo:1"], b=["topo:2"], c=["topo:3"])
    decision = Decision(a=ref("topo:1"), b=ref("topo:2"), verdict="same", by="kim", at=START)
    decide(store, decision)
    assert names(region(store)) == ["topo:1", "topo:2"]
    assert region(store).decisions == (decision,)


def test_a_later_judgement_stands_instead_of_the_former_and_can_be_taken_back(store: SqliteStore) -> None:
    pull(store, read("topo:1"), read("topo:2"))
    decide(store, Decision(a=ref("topo:1"), b=ref("topo:2"), verdict="same", by="kim", at=START))
    later_one = Decision(a=ref("topo:1"), b=ref("topo:2"), verdict="different", by="lou", at=later())
    decide(store, Decision(a=later_one.b, b=later_one.a, verdict="different", by="lou", at=later()))
    assert store.decisions() == [later_one]
    settled(store, a=["topo:1"], b=["topo:2"])
    back = MembershipUpdate(members={}, withdrawn=((ref("topo:2"), ref("topo:1")),))
    store.save_membership(back, at=later())
    assert store.decisions() == []
    assert region(store).dirty == {1, 2}


def test_membership_creates_persons_at_that_time_and_ties_records_without_history(store: SqliteStore) -> None:
    pull(store, read("topo:1"))
    store.save_membership(MembershipUpdate(members={1: ("ann", "profile")}, created=("ann",)), at=later(3))
    (ann,) = store.people(["ann"])
    (member,) = ann.members
    assert (ann.created_at, ann.contact) == (later(3), Contact())
    assert (member.link.evidence, member.link.linked_at, member.link.met) == ("profile", later(3), False)
    assert (dict(member.link.base), dict(member.link.sent), member.link.ours) == ({}, {}, False)
    assert store.person_of(ref("topo:1")) == "ann"
    assert store.dirty_people() == ["ann"]


def test_records_wait_on_for_matching_when_somebody_judged_and_not_once_they_were_matched(
    store: SqliteStore,
) -> None:
    pull(store, read("topo:1"))
    update = MembershipUpdate(members={1: ("ann", "profile")}, created=("ann",))
    store.save_membership(update, at=START)  # whom they are like is not looked for
    assert region(store).dirty == {1}
    keep(store, MembershipUpdate(members={1: ("ann", "profile")}))
    assert store.region() is None


def test_dirty_marks_stay_for_records_that_the_membership_does_not_name(store: SqliteStore) -> None:
    pull(store, read("topo:1"), read("topo:2"))
    assign(store, ann=["topo:1"])
    assert region(store).dirty == {rid(store, "topo:2")}


def test_a_record_that_moves_keeps_base_and_sent_and_meets_its_new_person_anew(store: SqliteStore) -> None:
    pull(store, read("topo:1"), read("topo:2"))
    settled(store, ann=["topo:1", "topo:2"])
    (ann,) = store.people(["ann"])
    link = ann.members[1].link
    kept = type(link)(
        person_id="ann",
        evidence=link.evidence,
        linked_at=START,
        base={"city": "Rome"},
        sent={"city": "Rom"},
        met=True,
    )
    store.save_merged(
        [Merged(person_id="ann", contact=Contact(), choices={}, conflicts=(), links={2: kept})], at=START
    )
    store.save_membership(
        MembershipUpdate(
            members={1: ("ann", "email"), 2: ("bob", "split")}, created=("bob",), split_from={"bob": "ann"}
        ),
        at=later(),
    )
    (bob,) = store.people(["bob"])
    moved = bob.members[0].link
    assert (dict(moved.base), dict(moved.sent)) == ({"city": "Rome"}, {"city": "Rom"})
    assert (moved.met, moved.evidence, moved.linked_at) == (False, "split", later())
    assert store.dirty_people() == ["ann", "bob"]


def test_a_merged_person_leads_to_its_successor_in_one_hop_after_any_chain(store: SqliteStore) -> None:
    pull(store, *(read(f"topo:{n}") for n in range(4)))
    settled(store, a=["topo:0"], b=["topo:1"], c=["topo:2"], d=["topo:3"])
    merge(store, "a", "b")
    merge(store, "b", "c")
    merge(store, "c", "d")
    hops = dict(store.database.raw.execute("SELECT id, successor FROM person").fetchall())
    assert hops == {"a": "d", "b": "d", "c": "d", "d": None}
    assert [p.id for p in store.people(["a", "b", "c", "d"])] == ["d"]
    assert store.dirty_people() == ["d"]


def test_redirects_of_one_update_may_chain_but_not_turn_in_a_circle(store: SqliteStore) -> None:
    pull(store, *(read(f"topo:{n}") for n in range(3)))
    settled(store, a=["topo:0"], b=["topo:1"], c=["topo:2"])
    everything = {1: ("c", "m"), 2: ("c", "m"), 3: ("c", "m")}
    with pytest.raises(StateError):
        store.save_membership(MembershipUpdate(members=everything, redirects={"a": "b", "b": "a"}), at=START)
    store.save_membership(MembershipUpdate(members=everything, redirects={"a": "b", "b": "c"}), at=START)
    assert [p.id for p in store.people(["a"])] == ["c"]


def test_a_redirect_to_somebody_merged_before_leads_on_to_who_goes_on(store: SqliteStore) -> None:
    pull(store, *(read(f"topo:{n}") for n in range(3)))
    settled(store, a=["topo:0"], b=["topo:1"], c=["topo:2"])
    merge(store, "b", "c")
    store.save_membership(MembershipUpdate(members={1: ("c", "m")}, redirects={"a": "b"}), at=START)
    assert [p.id for p in store.people(["a"])] == ["c"]
    with pytest.raises(StateError):
        store.save_membership(MembershipUpdate(members={}, redirects={"c": "nobody"}), at=START)


def test_the_region_tells_what_merged_persons_owned_until_they_are_given_back(store: SqliteStore) -> None:
    pull(store, read("topo:1"), read("topo:2"))
    settled(store, ann=["topo:1"], bob=["topo:2"])
    merge(store, "bob", "ann")
    pull(store, read("topo:1", mark="2"))
    assert dict(region(store).former) == {"bob": frozenset({2})}
    assign(store, ann=["topo:1"], bob=["topo:2"])
    assert [(p.id, p.created_at) for p in store.people(["ann", "bob"])] == [("ann", START), ("bob", START)]
    pull(store, read("topo:1", mark="3"))
    assert dict(region(store).former) == {}


def test_a_person_that_owns_no_record_any_more_is_kept_but_not_active(store: SqliteStore) -> None:
    pull(store, read("topo:1"))
    settled(store, ann=["topo:1"])
    assign(store, bob=["topo:1"])
    assert [p.id for p in store.people(["ann", "bob"])] == ["bob"]
    store.mark_people_dirty(["ann"])
    store.mark_all_people_dirty()
    assert store.dirty_people() == ["bob"]
    assert store.people_count() == 1


def test_open_conflicts_go_on_with_the_successor(store: SqliteStore) -> None:
    pull(store, read("topo:1"), read("topo:2"))
    settled(store, ann=["topo:1"], bob=["topo:2"])
    conflict = Conflict(person_id="bob", field="city", values={"topo:2": "Rome"}, since=START)
    store.save_merged(
        [Merged(person_id="bob", contact=Contact(), choices={}, conflicts=(conflict,), links={})], at=START
    )
    merge(store, "bob", "ann")
    assert [(c.person_id, c.field) for c in store.conflicts()] == [("ann", "city")]


def test_suspicions_inside_the_region_are_replaced_and_others_stay(store: SqliteStore) -> None:
    pull(store, *(read(f"topo:{n}") for n in range(1, 5)))
    inside = Suspicion(records=(ref("topo:1"), ref("topo:2")), score=0.9, reason="name")
    across = Suspicion(records=(ref("topo:2"), ref("topo:3")), score=0.95, reason="name")
    members = {n: (f"p{n}", "new") for n in range(1, 5)}
    store.save_membership(
        MembershipUpdate(
            members=members, created=tuple(p for p, _ in members.values()), suspicions=(inside, across)
        ),
        at=START,
    )
    assert store.suspicions() == [across, inside]
    store.save_membership(MembershipUpdate(members={1: ("p1", "new"), 2: ("p2", "new")}), at=START)
    assert store.suspicions() == [across]


def test_holds_are_added_once(store: SqliteStore) -> None:
    pull(store, read("topo:1"))
    store.save_membership(MembershipUpdate(members={1: ("ann", "new")}, created=("ann",)), at=START)
    hold = Hold(kind="gone", person_id="ann", provider="topo", record_id="1")
    store.mark_gone([], at=START, holds=[hold])
    store.mark_gone([], at=later(), holds=[hold])
    assert store.holds() == [hold]
    store.close_holds([hold])
    assert store.holds() == []


def test_a_membership_that_names_an_unknown_record_or_person_leaves_no_trace(store: SqliteStore) -> None:
    pull(store, read("topo:1"))
    with pytest.raises(StateError):
        store.save_membership(
            MembershipUpdate(members={1: ("ann", "x"), 99: ("ann", "x")}, created=("ann",)), at=START
        )
    with pytest.raises(StateError):
        store.save_membership(MembershipUpdate(members={1: ("nobody", "x")}), at=START)
    assert store.people(["ann"]) == []
    assert region(store).dirty == {1}


def test_a_region_can_be_told_again_and_from_a_scratch_copy(home: Home, store: SqliteStore) -> None:
    pull(store, read("topo:1", "ann@a.com"))
    with home.open("scratch") as scratch:
        assert scratch.region() == store.region() == store.region()


def test_a_region_tells_which_of_its_records_were_one_for_good(store: SqliteStore) -> None:
    pull(store, *(read(f"topo:{n}") for n in range(1, 5)))
    parted = [
        Suspicion(records=(ref(f"topo:{n}"), ref(f"topo:{n + 1}")), score=0.9, reason=reason)
        for n, reason in ((1, OPENED), (2, DIVIDED), (3, TWO_PROFILES))
    ]
    everybody = {n: (f"p{n}", "new") for n in range(1, 5)}
    created = tuple(person for person, _ in everybody.values())
    store.save_membership(MembershipUpdate(members=everybody, created=created, suspicions=tuple(parted)), at=START)
    store.save_membership(MembershipUpdate(members=everybody), at=START)
    assert store.suspicions() == []
    names = [f"topo:{n}" for n in range(1, 5)]
    assert set(around(store, *names).once_one) == set(parted[:2])
    assert around(store, *names[:2]).once_one == (parted[0],)


def around(store: SqliteStore, *names: str) -> Region:
    found = store.region([ref(name) for name in names])
    assert found is not None
    return found
