"""Decided values of somebody who is merged, field by field."""

from __future__ import annotations

from sync.merging.inheriting import inherit
from tests.builders import choice, member, person


def test_a_typed_address_comes_first_and_takes_no_other_address_away() -> None:
    own = person(member(1, "topo", {"email": "a@x.co"}), known={"email": "a@x.co"})
    decided = {"emails": choice("human", "human", replaced={"c@x.co": "b@x.co"})}
    other = person(member(2, "apollo", {"email": "c@x.co"}), known={"email": "b@x.co"}, choices=decided)
    heir = inherit(own, [other])
    assert heir.contact.emails == ("b@x.co", "a@x.co")
    assert heir.choices["emails"].replaced == {"c@x.co": "b@x.co"}
    assert heir.choices["emails"].losers == {}


def test_what_nobody_decided_is_not_taken_over_before_the_records_meet() -> None:
    own = person(member(1, "topo", {"city": "Lyon"}), known={"city": "Lyon"})
    other = person(member(2, "apollo", {"city": "Nice", "state": "06"}), known={"city": "Nice", "state": "06"})
    assert inherit(own, [other]) is own
