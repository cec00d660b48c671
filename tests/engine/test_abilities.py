"""What could not be written is written once it can be, although nothing about the person changed since."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.topo.exchange import SCOPES
from tests.engine.house import at, crowd, person

if TYPE_CHECKING:
    from tests.engine.house import House


async def test_an_edit_that_an_enrolling_list_did_not_take_is_written_once_it_enrols_no_more(home: House) -> None:
    home.configure("topo", allow_sequence_enrolment=True)
    home.without("datananas")
    record_id = home.actors["apollo"].create(person())
    await home.run()
    home.enrol()
    home.actors["apollo"].edit(record_id, {"job_title": "COO"})
    assert not at(await home.run(), "topo")
    home.enrol(None)
    (written,) = at(await home.run(), "topo")
    assert (written.kind, written.state, list(written.fields)) == ("update", "verified", ["job_title"])


async def test_who_must_not_be_enrolled_is_created_once_the_list_enrols_no_more(home: House) -> None:
    home.configure("topo", allow_sequence_enrolment=True)
    home.without("datananas")
    home.actors["apollo"].create(person())
    home.actors["topo"].opt_out(person(), "INTERESTED")
    home.enrol()
    assert {o.state for o in at(await home.run(), "topo")} == {"blocked"}
    home.enrol(None)
    assert [(o.kind, o.state) for o in at(await home.run(), "topo")] == [("create", "verified")]


async def test_who_was_kept_from_a_list_that_began_to_enrol_is_created_once_it_enrols_no_more(home: House) -> None:
    home.actors["apollo"].create(person())
    home.without("datananas")
    home.topo.traffic.faults.append(home.begins_to_enrol(3))
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
