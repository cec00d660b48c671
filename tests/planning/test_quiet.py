"""A plan that was carried out leaves nothing to plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.change import Outcome
from sync.contact import Contact
from sync.merging import MergePolicy
from sync.person import Member
from sync.record import Record, RecordRef
from sync.settling import link_after_create, observed_after, wrote
from tests.builders import NOW, merged, newcomer, person, shows
from tests.merging.test_properties import values
from tests.planning.sides import BOTH, BY_ENTRY, BY_ID, CREATE, PATCH, READ, TEXTS, UPSERT, able, plan, side

if TYPE_CHECKING:
    from sync.capabilities import Capabilities
    from sync.change import Operation
    from sync.person import Person
    from sync.planning import Side

ACTIONS = st.sampled_from([READ, CREATE, BOTH, PATCH])
NAMES = ("emails", "phone", *TEXTS)
POLICY = MergePolicy(priority=("topo", "apollo", "datananas"), blanks=True)


@st.composite
def sides(draw: st.DrawFn) -> tuple[Side, ...]:
    """Three providers, each able to do something else with every field."""
    by_id = able(BY_ID, fields={n: draw(ACTIONS) for n in NAMES}, max_emails=draw(st.integers(1, 3)))
    by_entry = able(BY_ENTRY, only_ours=draw(st.booleans()))
    return (side("apollo", by_id), side("datananas", UPSERT), side("topo", by_entry))


@st.composite
def people(draw: st.DrawFn) -> Person:
    """Merged people at one or two providers, some edited since."""
    key = {"linkedin_url": "https://www.linkedin.com/in/ann-lee"}
    places = draw(st.permutations(["topo:1", "apollo:1", "datananas:1", "apollo:2"]))[: draw(st.integers(1, 3))]
    who = merged(person(*(newcomer(i, p, **draw(values), **key) for i, p in enumerate(places, start=1))), POLICY)
    for rid in draw(st.lists(st.integers(1, len(places)), max_size=2)):
        who = merged(shows(who, rid, **draw(values)), POLICY)
    return who


def carried_out(who: Person, at: tuple[Side, ...], operations: tuple[Operation, ...], *, echoes: bool) -> Person:
    """The person after every operation was acknowledged and then read back."""
    caps = {s.name: s.capabilities for s in at}
    for operation in operations:
        if operation.state == "planned":
            who = _written(who, operation, caps[operation.provider], echoes=echoes)
    return who


def _written(who: Person, operation: Operation, caps: Capabilities, *, echoes: bool) -> Person:
    if operation.kind == "create":
        shown = Contact.from_fields(observed_after(operation, None))
        echo = shown if echoes else None
        link = link_after_create(operation, Outcome(operation_id=operation.id, state="acked"), caps, echo, NOW)
        made = Record(ref=RecordRef(operation.provider, f"new-{operation.id}"), contact=shown)
        return replace(who, members=(*who.members, Member(rid=90 + len(who.members), record=made, link=link)))
    members: list[Any] = []
    for one in who.members:
        if str(one.record.ref) == f"{operation.provider}:{operation.record_id}":
            shown = Contact.from_fields(observed_after(operation, one.record.contact))
            link = wrote(one.link, operation, caps, shown if echoes else None, NOW)
            members.append(replace(one, record=replace(one.record, contact=shown), link=link))
        else:
            members.append(one)
    return replace(who, members=tuple(members))


@settings(max_examples=60)
@given(people(), sides(), st.booleans())
def test_what_was_written_is_not_planned_again(who: Person, at: tuple[Side, ...], echoes: bool) -> None:
    # A create may leave fields to a request of their own, so the second round may still write those.
    for _ in range(2):
        who = merged(carried_out(who, at, plan(who, *at).operations, echoes=echoes), POLICY)
    again = plan(who, *at)
    assert [o for o in again.operations if o.state == "planned"] == []
    assert merged(who, POLICY, at=NOW + timedelta(days=1)).contact == who.contact


@settings(max_examples=60)
@given(people(), sides())
def test_what_was_acknowledged_and_never_shows_is_not_planned_again(who: Person, at: tuple[Side, ...]) -> None:
    caps = {s.name: s.capabilities for s in at if s.capabilities.readable}
    at = tuple(s for s in at if s.capabilities.readable)
    updates = [o for o in plan(who, *at).operations if o.kind != "create" and o.state == "planned"]
    for operation in updates:
        members = [
            replace(m, link=wrote(m.link, operation, caps[operation.provider], None, NOW))
            if str(m.record.ref) == f"{operation.provider}:{operation.record_id}"
            else m
            for m in who.members
        ]
        who = replace(who, members=tuple(members))
    later = merged(who, POLICY, at=NOW + timedelta(days=1))
    assert later.contact == who.contact
    assert [o for o in plan(later, *at).operations if o.kind != "create" and o.state == "planned"] == []


@settings(max_examples=60)
@given(people(), sides())
def test_nothing_is_planned_twice_for_one_place(who: Person, at: tuple[Side, ...]) -> None:
    operations = plan(who, *at).operations
    places = [(o.provider, o.record_id, n) for o in operations for n in o.fields]
    assert len(set(places)) == len(places)
    assert sum(o.kind == "create" for o in operations) == len(
        {o.provider for o in operations if o.kind == "create"}
    )
