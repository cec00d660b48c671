"""What a human "not the same" means for records that share a key with both sides."""

from __future__ import annotations

from dataclasses import replace

from sync.matching import match
from sync.matching.values import REFUSED
from tests.decisions.worlds import world
from tests.matching.histories import PLAIN, decision, record

PROFILE = "https://www.linkedin.com/in/rob-hale"


def test_a_record_stays_with_its_person_when_somebody_kept_apart_comes_to_show_its_profile() -> None:
    other = replace(record(0, linkedin="in:rob", provider="apollo"), person_id="p")
    judged = replace(record(1, linkedin="in:rob", provider="topo"), person_id="q")
    later = replace(record(2, linkedin="in:rob", provider="datananas"), person_id="q")
    found = match([other, judged, later], [decision(other, judged, "different")], PLAIN)
    assert set(map(frozenset, found.clusters)) == {frozenset({0}), frozenset({1, 2})}
    unlike = replace(judged, linkedin=None)
    found = match([other, unlike, later], [decision(other, unlike, "different")], PLAIN)
    assert set(map(frozenset, found.clusters)) == {frozenset({0}), frozenset({1, 2})}


def test_a_record_that_a_human_called_the_same_as_one_side_goes_there_from_the_other() -> None:
    for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2)):
        one, two, moved = (record(n, provider="topo") for n in order)
        people = [replace(one, person_id="p"), replace(two, person_id="q"), replace(moved, person_id="q")]
        said = [decision(one, two, "different"), decision(one, moved, "same"), decision(two, moved, "different")]
        found = match(people, said, PLAIN)
        assert set(map(frozenset, found.clusters)) == {frozenset({one.rid, moved.rid}), frozenset({two.rid})}


def test_a_record_that_either_of_two_kept_apart_could_take_goes_to_neither_and_is_asked_about() -> None:
    for key in ({"linkedin": "in:rob"}, {"emails": ("rob@acme.com",)}):
        a, b, new = (record(n, name="Rob Hale", **key) for n in range(3))
        found = match([a, b, new], [decision(a, b, "different")], PLAIN)
        assert sorted(found.clusters) == [(0,), (1,), (2,)]
        assert {frozenset(s.records) for s in found.suspicions} == {
            frozenset({a.ref, new.ref}),
            frozenset({b.ref, new.ref}),
        }
        assert {s.reason for s in found.suspicions} == {REFUSED}
        said = [decision(a, b, "different"), decision(b, new, "same")]
        assert set(map(frozenset, match([a, b, new], said, PLAIN).clusters)) == {frozenset({0}), frozenset({1, 2})}
        said = [decision(a, b, "different"), decision(a, new, "different")]
        assert set(map(frozenset, match([a, b, new], said, PLAIN).clusters)) == {frozenset({0}), frozenset({1, 2})}


def test_who_is_told_apart_from_one_person_is_settled_at_once_and_not_by_the_next_look() -> None:
    one, two, three = (record(n, name="Ann Lee", emails=("ann@acme.com",)) for n in range(3))
    rows = [replace(one, person_id="p"), replace(two, person_id="p"), replace(three, person_id="q")]
    said = [decision(one, two, "different"), decision(two, three, "different")]
    found = match(rows, said, PLAIN).clusters
    assert found == ((0, 2), (1,))
    owners = {rid: f"{number}" for number, part in enumerate(found) for rid in part}
    assert match([replace(r, person_id=owners[r.rid]) for r in rows], said, PLAIN).clusters == found


def test_two_people_of_very_many_records_are_kept_apart_without_pairs() -> None:
    rows = [record(n, name="Ann Lee", emails=("ann@acme.com",), person_id="pq"[n % 2]) for n in range(20_000)]
    assert len(match(rows, [decision(rows[0], rows[1], "different")], PLAIN).clusters) == 2
    said = [decision(rows[0], rows[1], "different"), decision(rows[0], rows[3], "same")]
    assert sorted(map(len, match(rows, said, PLAIN).clusters)) == [2, 9999, 9999]


def test_an_edit_of_one_profile_takes_no_record_from_somebody_who_was_told_apart() -> None:
    who = {"first_name": "Rob", "last_name": "Hale"}
    with world() as here:
        here.shows("apollo:1", email="a@oakmere.com", **who)
        here.shows("topo:2", email="b@oakmere.com", linkedin_url=PROFILE, **who)
        here.settle()
        here.never("apollo:1", "topo:2")
        here.shows("datananas:3", email="b@oakmere.com", linkedin_url=PROFILE, **who)
        here.settle()
        here.shows("apollo:1", linkedin_url=PROFILE)
        here.settle()
        assert here.groups() == {frozenset({"apollo:1"}), frozenset({"topo:2", "datananas:3"})}
        assert here.store.suspicions() == []
        here.shows("topo:4", email="b@oakmere.com", linkedin_url=PROFILE, **who)
        here.settle()
        assert frozenset({"topo:4"}) in here.groups()
        assert {s.reason for s in here.store.suspicions()} == {REFUSED}
