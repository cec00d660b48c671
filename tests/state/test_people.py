from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.change import Choice, Conflict
from sync.contact import Contact
from sync.errors import StateError
from sync.person import Person
from sync.record import Link, Written
from sync.store_port import Merged
from tests.state.values import START, assign, later, pull, read, ref, rid

if TYPE_CHECKING:
    from state.store import SqliteStore


def merged(person: str, **others: object) -> Merged:
    parts: dict[str, object] = {"contact": Contact(), "choices": {}, "conflicts": (), "links": {}} | others
    return Merged(person_id=person, **parts)  # type: ignore[arg-type]  # each test names the parts it means


@pytest.fixture(autouse=True)
def people(store: SqliteStore) -> None:
    pull(store, read("topo:1"), read("topo:2"), read("apollo:1"), read("apollo:2"))
    assign(store, ann=["topo:1", "apollo:1"], bob=["topo:2"], eve=["apollo:2"])


def test_a_merge_comes_back_whole(store: SqliteStore) -> None:
    contact = Contact(emails=("ann@example.com",), first_name="Ann", variables={"tier": "gold"})
    choice = Choice(
        source="topo:1",
        rule="priority",
        at=later(),
        losers={"apollo:1": "Anne", "topo:1": ("a@x.com", "b@x.com")},
        replaced={"old": "new"},
    )
    conflict = Conflict(person_id="ann", field="city", values={"topo:1": "Rome", "apollo:1": None}, since=later())
    link = Link(
        person_id="ann",
        evidence="email",
        linked_at=START,
        base={"emails": ("a@x.com",), "city": "Rome"},
        sent={"first_name": "Ann"},
        written={"first_name": Written(before=None, echoed=True, at=later())},
        ours=True,
        accepted_key="ann@example.com",
        met=True,
    )
    number = rid(store, "topo:1")
    store.save_merged(
        [
            merged(
                "ann",
                contact=contact,
                choices={"first_name": choice},
                conflicts=(conflict,),
                links={number: link},
                frozen=frozenset({"city"}),
                aliases=frozenset({"old@x.com"}),
            )
        ],
        at=later(),
    )
    (ann,) = store.people(["ann"])
    assert ann == Person(
        id="ann",
        contact=contact,
        members=ann.members,
        created_at=START,
        choices={"first_name": choice},
        conflicts=(conflict,),
        frozen=frozenset({"city"}),
        aliases=frozenset({"old@x.com"}),
    )
    assert [member.link for member in ann.members if member.rid == number] == [link]


def test_members_come_in_the_order_they_were_first_seen(store: SqliteStore) -> None:
    (ann,) = store.people(["ann"])
    assert [member.rid for member in ann.members] == sorted(member.rid for member in ann.members)
    assert {member.record.ref for member in ann.members} == {ref("topo:1"), ref("apollo:1")}


def test_persons_come_once_each_in_id_order_and_unknown_ids_are_left_out(store: SqliteStore) -> None:
    assert [person.id for person in store.people(["eve", "ann", "nobody", "ann"])] == ["ann", "eve"]


def test_conflicts_of_a_new_merge_replace_those_of_the_former(store: SqliteStore) -> None:
    city = Conflict(person_id="ann", field="city", values={"topo:1": "Rome"}, since=START)
    phone = Conflict(person_id="ann", field="phone", values={"topo:1": "+1"}, since=START)
    other = Conflict(person_id="bob", field="city", values={}, since=START)
    store.save_merged([merged("ann", conflicts=(phone, city)), merged("bob", conflicts=(other,))], at=START)
    assert store.conflicts() == [city, phone, other]
    store.save_merged([merged("ann")], at=START)
    assert store.conflicts() == [other]


def test_a_merge_leaves_links_it_does_not_name_and_keeps_the_persons_waiting(store: SqliteStore) -> None:
    (before,) = store.people(["ann"])
    store.save_merged([merged("ann")], at=START)
    (after,) = store.people(["ann"])
    assert after.members == before.members
    assert "ann" in store.dirty_people()


def test_the_merge_of_an_unknown_person_is_refused_whole(store: SqliteStore) -> None:
    with pytest.raises(StateError):
        store.save_merged([merged("ann", contact=Contact(city="Rome")), merged("nobody")], at=START)
    assert store.people(["ann"])[0].contact == Contact()


def test_settled_persons_wait_no_more_until_they_are_marked(store: SqliteStore) -> None:
    assert store.dirty_people() == ["ann", "bob", "eve"]
    store.settle_people(["ann", "bob", "nobody"])
    assert store.dirty_people() == ["eve"]
    store.mark_people_dirty(["bob", "nobody"])
    assert store.dirty_people() == ["bob", "eve"]
    store.mark_all_people_dirty()
    assert store.dirty_people() == ["ann", "bob", "eve"]


def test_persons_are_counted_everywhere_and_where_they_have_a_live_record(store: SqliteStore) -> None:
    assert (store.people_count(), store.people_at("topo"), store.people_at("apollo")) == (3, 2, 2)
    store.mark_gone([ref("apollo:2")], at=later(), holds=[])
    assert (store.people_count(), store.people_at("apollo")) == (3, 1)


def test_a_record_tells_its_person(store: SqliteStore) -> None:
    assert (store.person_of(ref("topo:2")), store.person_of(ref("topo:9"))) == ("bob", None)


def test_a_key_leads_to_everybody_whose_record_carries_it_or_did(store: SqliteStore) -> None:
    pull(store, read("topo:1", "ann@example.com", mark="8"), read("topo:2", "bob@example.com"))
    assign(store, ann=["topo:1"], bob=["topo:2"])
    pull(store, read("topo:1", "new@example.com", mark="9"))
    assert store.people_with_key("email", "ann@example.com") == ["ann"]
    assert store.people_with_key("email", "new@example.com") == ["ann"]
    assert store.people_with_key("linkedin", "in:ann") == []


def test_only_keys_that_two_people_show_are_shared(store: SqliteStore) -> None:
    one, two = (
        read("topo:1", "both@example.com", "a@x.com", mark="8"),
        read("topo:2", "both@example.com", mark="8"),
    )
    pull(store, one, two)
    assign(store, ann=["topo:1"], bob=["topo:2"])
    assert store.shared_keys(["ann"]) == store.shared_keys(["bob"]) == {"both@example.com"}
    pull(store, read("topo:2", "b@x.com", mark="9"))
    assert store.shared_keys(["ann"]) == set()


def test_owners_and_places_are_told_for_many_at_once(store: SqliteStore) -> None:
    asked = [ref(name) for name in ("topo:2", "apollo:2", "topo:9")]
    assert store.owners(asked) == {ref("topo:2"): "bob", ref("apollo:2"): "eve"}
    store.mark_gone([ref("apollo:2")], at=later(), holds=())
    everywhere = {"ann": {"topo", "apollo"}, "bob": {"topo"}, "eve": {"apollo"}}
    assert store.places(["ann", "bob", "eve", "nobody"]) == everywhere
    store.release(ref("apollo:2"), at=later())
    del everywhere["eve"]
    assert store.places(["ann", "bob", "eve", "nobody"]) == everywhere


def test_people_are_counted_anew_once_a_tie_changed(store: SqliteStore) -> None:
    kept = "SELECT amount FROM counted"
    for people in (3, 4):
        assert store.people_count() == people
        store.finish_run("run-1", at=START, exit_code=0, summary={})
        assert (store.people_count(), store.database.raw.execute(kept).fetchall()) == (people, [(people,)])
        pull(store, read("topo:3"))
        assign(store, dan=["topo:3"])
