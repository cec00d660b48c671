"""Likeness is found whenever a record comes, not only when everything is matched at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import assume, given
from hypothesis import strategies as st

from sync.matching.values import ALIKE, ONE_MAILBOX
from tests.decisions.chances import tried
from tests.decisions.worlds import World, world

if TYPE_CHECKING:
    import pytest

FIELDS = {
    "email": ("ana@oakmere.com", "a.diaz@oakmere.com", None),
    "first_name": ("Ana", "Bob", None),
    "last_name": ("Diaz", "Dias", "Roy"),
    "company_name": ("Oakmere", "Oakmere Ltd", "Lumen", None),
    "company_domain": ("oakmere.com", None),
    "phone": ("+33140000001", None),
}
row = st.tuples(
    st.sampled_from(["topo:1", "topo:2", "apollo:1", "apollo:2", "datananas:1"]),
    st.fixed_dictionaries({name: st.sampled_from(values) for name, values in FIELDS.items()}),
)
Found = set[tuple[tuple[str, ...], float, str]]


def suspected(here: World) -> Found:
    """The suspicions, by the people they are about."""
    whose = {str(m.record.ref): tuple(sorted(str(n.record.ref) for n in p.members))
             for p in here.people().values() for m in p.members}  # fmt: skip
    return {
        (tuple(sorted("+".join(whose[str(ref)]) for ref in s.records)), s.score, s.reason)
        for s in here.store.suspicions()
    }


def test_a_newcomer_without_a_common_key_is_suspected_when_it_comes() -> None:
    with world() as here:
        for number in range(6):
            here.shows(
                f"topo:other-{number}", email=f"p{number}@lumen.com", first_name="Zoe", last_name=f"Roy{number}"
            )
        here.shows("topo:1", email="ana@oakmere.com", first_name="Ana", last_name="Diaz", company_name="Oakmere")
        here.settle()
        assert suspected(here) == set()
        here.shows("apollo:1", first_name="Ana", last_name="Diaz", company_name="Oakmere Ltd")
        here.settle()
        ((people, score, _),) = suspected(here)
        assert (people, score) == (("apollo:1", "topo:1"), 1.0)
        here.shows("apollo:1", first_name="Bob", last_name="Roy")
        here.settle()
        assert suspected(here) == set()


def look_alikes(here: World, count: int) -> set[tuple[str, ...]]:
    """So many records at each of two providers, in pairs that look alike and share no key; who is suspected."""
    for number in range(count):
        same = {"last_name": f"Roy{chr(97 + number)}", "company_name": f"Oakmere {number}"}
        here.shows(f"topo:{number}", email=f"p{number}@gmail.com", first_name="Zoe", **same)
        here.shows(f"apollo:{number}", email=f"q{number}@web.de", first_name="Zoe", **same)
    here.settle()
    return {people for people, _, _ in suspected(here)}


def test_all_who_look_alike_are_found_also_where_they_are_read_in_portions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("state.parts.GROUPS_AT_ONCE", 2)
    monkeypatch.setattr("state.findings.AT_ONCE", 2)
    with world() as here:
        assert look_alikes(here, 7) == {(f"apollo:{number}", f"topo:{number}") for number in range(7)}


def test_who_waited_for_matching_waits_no_longer_also_where_they_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("state.membership.CHANGED_AT_ONCE", 2)
    with world() as here:
        look_alikes(here, 4)
        assert here.store.region() is None


def test_a_suspicion_about_one_mailbox_ends_with_what_it_rests_on() -> None:
    with world() as here:
        for number in range(6):
            here.shows(
                f"topo:other-{number}", email=f"p{number}@lumen.com", first_name="Zoe", last_name=f"Roy{number}"
            )
        here.shows("topo:1", email="ana.diaz+news@gmail.com", first_name="Ana", last_name="Diaz")
        here.shows("apollo:1", email="anadiaz@gmail.com", first_name="Ana", last_name="Diaz")
        here.settle()
        assert {reason for _, _, reason in suspected(here)} == {ONE_MAILBOX}
        here.shows("topo:1", email="ana@oakmere.com")
        here.settle()
        assert suspected(here) == set()


def test_who_is_parted_stays_suspected_of_being_the_one_they_look_like() -> None:
    with world() as here:
        same = {"first_name": "Ana", "last_name": "Diaz", "company_name": "Oakmere"}
        for number in range(6):
            here.shows(f"topo:other-{number}", email=f"p{number}@lumen.com", last_name=f"Roy{number}")
        here.shows("topo:1", email="ana@gmail.com", **same)
        here.shows("apollo:1", email="ana@gmail.com", **same)
        here.shows("datananas:1", email="diaz@web.de", **same)
        here.settle()
        assert {people for people, _, _ in suspected(here)} == {("apollo:1+topo:1", "datananas:1")}
        here.split("topo:1")
        assert suspected(here) != set()
        here.settle()
        assert {people for people, _, _ in suspected(here)} == {
            ("apollo:1", "datananas:1"),
            ("datananas:1", "topo:1"),
        }


@tried(30)
@given(st.lists(row, min_size=2, max_size=8))
def test_one_after_the_other_or_all_at_once_the_same_people_are_suspected(rows: list[tuple[str, Any]]) -> None:
    found = []
    for one_by_one in (True, False):
        with world() as here:
            for number in range(9):
                here.shows(f"topo:other-{number}", email=f"p{number}@lumen.com", first_name="Zoe")
            here.settle()
            for name, fields in rows:
                here.shows(name, **fields)
                if one_by_one:
                    here.settle()
            here.settle()
            found.append((here.groups(), suspected(here)))
    assume(found[0][0] == found[1][0])  # who keeps a link that a later row would not have made is somebody else
    assume(all(reason == ALIKE for _, told in found for _, _, reason in told))  # what history opened stays told
    assert found[0][1] == found[1][1]
