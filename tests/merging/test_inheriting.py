"""Decided values of somebody who is merged, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.merging import FieldPolicy, MergePolicy
from sync.merging.inheriting import inherit
from tests.builders import choice, link, member, merged, person

if TYPE_CHECKING:
    from tests.builders import Fields


def test_a_typed_address_comes_first_and_takes_no_other_address_away() -> None:
    own = person(member(1, "topo", {"email": "a@x.co"}), known={"email": "a@x.co"})
    decided = {"emails": choice("human", "human", replaced={"c@x.co": "b@x.co"})}
    other = person(member(2, "apollo", {"email": "c@x.co"}), known={"email": "b@x.co"}, choices=decided)
    heir = inherit(own, [other])
    assert heir.contact.emails == ("b@x.co", "a@x.co")
    assert heir.choices["emails"].replaced == {"c@x.co": "b@x.co"}
    assert heir.choices["emails"].losers == {}


def test_what_no_record_shows_any_more_is_not_lost() -> None:
    own = person(member(1, "topo", {"email": "a@x.co", "city": "Lyon"}), known={"email": "a@x.co", "city": "Lyon"})
    known: Fields = {"emails": ("b@x.co", "c@x.co"), "phone": "+33140000001", "city": "Nice", "state": "06"}
    other = person(member(2, "apollo", known, gone=True), member(3, "datananas", {"email": "b@x.co"}), known=known)
    heir = inherit(own, [other])
    assert heir.contact.emails == ("a@x.co", "b@x.co", "c@x.co")
    assert heir.contact.phone == "+33140000001"
    assert (heir.contact.city, heir.contact.state) == ("Lyon", None)


def test_an_edit_that_is_not_written_yet_is_not_undone_by_the_meeting() -> None:
    known = {"city": "Nice"}
    found = {"city": choice("apollo:2", "only-changer")}
    other = person(member(2, "apollo", known), member(3, "topo", {"city": "Lyon"}), known=known, choices=found)
    heir = inherit(person(member(1, "datananas", {"email": "a@x.co"}), known={"email": "a@x.co"}), [other])
    met = merged(replace(heir, members=(*heir.members, *(replace(m, link=link()) for m in other.members))))
    assert met.contact.city == "Nice"


def test_nothing_is_taken_over_from_somebody_who_knows_nothing_more() -> None:
    own = person(member(1, "topo", {"city": "Lyon"}), known={"city": "Lyon"})
    other = person(member(2, "apollo", {"city": "Nice"}), known={"city": "Nice"})
    assert inherit(own, [other]) is own


def test_an_edit_stands_before_what_was_only_found_with_the_company_that_it_belongs_to() -> None:
    beta: Fields = {"job_title": "Boss", "company_name": "Beta", "company_domain": "beta.com"}
    only_found = {name: choice("topo:1", "first-contact") for name in beta}
    own = person(member(1, "topo", beta), known=beta, choices=only_found)
    acme: Fields = {"job_title": "CEO", "company_name": "Acme"}
    edited = {
        "job_title": choice("apollo:2", "only-changer"),
        "company_name": choice("apollo:2", "first-contact"),
    }
    other = person(member(2, "apollo", acme), known=acme, choices=edited)
    heir = inherit(own, [other])
    assert [heir.contact.get(name) for name in beta] == ["CEO", "Acme", None]
    assert [heir.choices[name].losers for name in beta] == [{"topo:1": value} for value in beta.values()]
    owned = MergePolicy(fields=dict.fromkeys(beta, FieldPolicy(owner="topo")))
    assert inherit(own, [other], owned) is own
    held = replace(own, choices=only_found | {"job_title": choice("topo:1", "only-changer")})
    assert inherit(held, [other]) is held
