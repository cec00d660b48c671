"""A person decides a field: it stands, flows to every record, and leaves the other fields alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import HUMAN
from sync.merging import MergePolicy
from sync.merging.human import decide_field
from tests.builders import NOW, after, choice, member, merged, newcomer, person, shows

if TYPE_CHECKING:
    from sync.contact import Value
    from sync.person import Person

POLICY = MergePolicy(priority=("topo", "apollo", "datananas"))
OLD, ONE, TWO = "old@x.co", "one@x.co", "two@x.co"


def decided(who: Person, name: str, value: Value | None, source: str = HUMAN) -> Person:
    return after(who, decide_field(who, name, value, POLICY, NOW, source=source))


def disputed(name: str, old: str, one: str, two: str) -> Person:
    """Two records that changed ``name`` to different values, and a third that did not."""
    known = {name: old, "city": "Lyon"}
    records = (member(1, "topo", known), member(2, "apollo", known), member(3, "datananas", known))
    who = person(*records, known=known)
    return merged(shows(shows(who, 1, **{name: one}), 2, **{name: two}))


def test_a_decided_value_is_no_conflict_and_keeps_what_lost() -> None:
    who = disputed("job_title", "COO", "CEO", "CFO")
    assert [c.field for c in who.conflicts] == ["job_title"]
    chosen = decided(who, "job_title", "CEO", source="topo:1")
    assert chosen.conflicts == ()
    assert chosen.contact.job_title == "CEO"
    choice = chosen.choices["job_title"]
    assert (choice.rule, choice.source) == ("human", "topo:1")
    assert dict(choice.losers) == {"topo:1": "COO", "apollo:1": "CFO", "datananas:1": "COO"}
    assert chosen.contact.city == who.contact.city
    assert chosen.choices["city"] == who.choices["city"]


def test_every_base_is_what_its_record_shows_so_that_merging_again_changes_nothing() -> None:
    chosen = decided(disputed("job_title", "COO", "CEO", "CFO"), "job_title", "Founder")
    assert [m.link.base["job_title"] for m in chosen.members] == ["CEO", "CFO", "COO"]
    assert merged(chosen) == chosen


def test_what_we_wrote_at_a_record_is_not_among_what_lost_there() -> None:
    known = {"job_title": "CEO"}
    wrote = {"job_title": "CEO"}
    why = choice("topo:1", "only-changer", losers={"apollo:1": "CIO"})
    records = (member(1, "topo", known), member(2, "apollo", known, sent=wrote))
    chosen = decided(person(*records, known=known, choices={"job_title": why}), "job_title", "Boss")
    assert dict(chosen.choices["job_title"].losers) == {"topo:1": "CEO", "apollo:1": "CIO"}
    assert dict(chosen.members[1].link.sent) == wrote


def test_a_decided_address_takes_the_place_of_every_other_first_one() -> None:
    chosen = decided(disputed("email", OLD, ONE, TWO), "emails", (ONE,))
    assert chosen.contact.emails == (ONE,)
    assert dict(chosen.choices["emails"].replaced) == {OLD: ONE, TWO: ONE}


def test_a_decided_first_address_leaves_the_other_addresses_where_they_are() -> None:
    known = {"emails": ("old@x.co", "private@x.co")}
    who = person(member(1, "topo", known), member(2, "apollo", known), known=known)
    who = merged(shows(shows(who, 1, emails=(ONE,)), 2, emails=(TWO, "private@x.co")))
    assert [c.field for c in who.conflicts] == ["emails"]
    chosen = decided(who, "emails", ("new@x.co",))
    assert chosen.contact.emails == ("new@x.co", "private@x.co")
    assert dict(chosen.choices["emails"].replaced) == dict.fromkeys((OLD, ONE, TWO), "new@x.co")
    assert merged(chosen) == chosen


def test_a_decided_profile_takes_the_place_of_the_others() -> None:
    profiles = [f"https://www.linkedin.com/in/{name}" for name in ("old", "one", "two")]
    chosen = decided(disputed("linkedin_url", *profiles), "linkedin_url", profiles[1])
    assert dict(chosen.choices["linkedin_url"].replaced) == {"in:old": profiles[1], "in:two": profiles[1]}


def test_a_decision_to_empty_a_field_is_planned_as_one() -> None:
    chosen = decided(disputed("job_title", "COO", "CEO", "CFO"), "job_title", None)
    assert chosen.contact.job_title is None
    assert chosen.choices["job_title"].rule == "blank"
    assert merged(chosen).contact.job_title is None


def test_a_record_never_merged_takes_no_part() -> None:
    known = {"job_title": "COO"}
    who = person(member(1, "topo", known), newcomer(2, "apollo", job_title="CFO"), known=known)
    chosen = decided(who, "job_title", "CEO")
    assert not chosen.members[1].link.met
    assert merged(chosen).contact.job_title == "CEO"
