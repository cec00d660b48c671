"""What could not be written is written once it can be, although nothing about the person changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.toolkit.faults import Fault
from adapters.topo.exchange import SCOPES
from tests.engine.house import at, crowd, person

if TYPE_CHECKING:
    from tests.engine.house import House

SEQUENCE = "0d6f0000-0000-4000-8000-000000000001"


def enrol(home: House, sequence: str | None) -> None:
    """Entries in Topo's lists are enrolled in ``sequence`` from now on."""
    for row in home.topo.lists.values():
        row["default_sequence_template_id"] = sequence


async def test_an_edit_that_an_enrolling_list_did_not_take_is_written_once_it_enrols_no_more(home: House) -> None:
    home.configure("topo", allow_sequence_enrolment=True)
    home.without("datananas")
    record_id = home.actors["apollo"].create(person())
    await home.run()
    enrol(home, SEQUENCE)
    home.actors["apollo"].edit(record_id, {"job_title": "COO"})
    assert not at(await home.run(), "topo")
    enrol(home, None)
    (written,) = at(await home.run(), "topo")
    assert (written.kind, written.state, list(written.fields)) == ("update", "verified", ["job_title"])


async def test_who_must_not_be_enrolled_is_created_once_the_list_enrols_no_more(home: House) -> None:
    home.configure("topo", allow_sequence_enrolment=True)
    home.without("datananas")
    home.actors["apollo"].create(person())
    home.actors["topo"].opt_out(person(), "INTERESTED")
    enrol(home, SEQUENCE)
    assert {o.state for o in at(await home.run(), "topo")} == {"blocked"}
    enrol(home, None)
    assert [(o.kind, o.state) for o in at(await home.run(), "topo")] == [("create", "verified")]


async def test_who_was_kept_from_a_list_that_began_to_enrol_is_created_once_it_enrols_no_more(home: House) -> None:
    home.actors["apollo"].create(person())
    home.without("datananas")
    (listed,) = home.topo.lists.values()
    enrolling = f'{{"id":"{listed["id"]}","default_sequence_template_id":"{SEQUENCE}"}}'
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/contact-lists/*:3-99:body={enrolling}"))
    assert {(o.state, o.reason) for o in at(await home.run(), "topo")} == {("blocked", "effect-not-allowed")}
    home.topo.traffic.faults.clear()
    assert [(o.kind, o.state) for o in at(await home.run(), "topo")] == [("create", "verified")]


async def test_a_key_of_more_scopes_writes_what_the_former_one_could_not(home: House) -> None:
    home.without("datananas")
    whole = home.topo.switches
    home.topo.switches = replace(whole, scopes=tuple(s for s in SCOPES if not s.endswith(":write")))
    said_no, other = crowd(2)
    for contact in (said_no, other):
        home.actors["apollo"].create(contact)
    home.actors["apollo"].opt_out(said_no, "UNSUBSCRIBED")
    assert not at(await home.run(), "topo")
    home.topo.switches = whole
    written = at(await home.run(), "topo")
    assert {(o.kind, o.state) for o in written} == {
        ("create", "blocked"),
        ("create", "verified"),
        ("exclude", "verified"),
    }
    assert {row["email"] for row in home.topo.rows} == {other.email}
    assert (await home.run()).operations == ()
