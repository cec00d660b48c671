"""What a write sets off besides storing: told before, and never set off twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.sandbox import Fault
from tests.engine.house import at, crowd, person

if TYPE_CHECKING:
    from tests.engine.house import House


async def test_what_every_write_sets_off_stands_in_the_report(home: House) -> None:
    record_id = home.actors["topo"].create(person())
    home.configure("datananas", move_existing=True, replace_owner=True)
    (created,) = at(await home.run("dry-run"), "datananas")
    assert created.effects == ("list-move", "owner-replaced")
    await home.run()
    home.actors["topo"].edit(record_id, {"job_title": "COO"})
    (updated,) = at(await home.run("dry-run"), "datananas")
    assert (updated.kind, updated.effects) == ("update", ("list-move", "owner-replaced"))


async def test_the_halves_of_a_batch_that_was_confirmed_in_part_are_posted_without_the_flags(home: House) -> None:
    for contact in crowd(4):
        home.actors["topo"].create(contact)
    home.configure("datananas", move_existing=True)
    home.datananas.turn(silently_refuse=lambda row: str(row.get("email")).startswith("person1@"))
    await home.run()
    flags = [dict(r.query) for r in home.datananas.traffic.received if r.path == "/contacts/bulk"]
    assert flags == [{"moveExisting": "true"}, {}, {}, {}, {}]


@pytest.mark.parametrize("kind", ["create", "update"])
async def test_a_row_whose_answer_was_lost_is_posted_again_without_the_flags(home: House, kind: str) -> None:
    record_id = home.actors["topo"].create(person())
    home.configure("datananas", move_existing=True)
    if kind == "update":
        await home.run()
        home.actors["topo"].edit(record_id, {"job_title": "COO"})
    home.datananas.traffic.faults.append(Fault.parse("POST /contacts/bulk:1:reset-after"))
    assert [o.state for o in at(await home.run(), "datananas")] == ["unknown"]
    home.clock.advance(minutes=20)
    (again,) = at(await home.run(), "datananas")
    assert (again.kind, again.state, again.effects) == (kind, "acked", ())
    assert dict(home.datananas.traffic.received[-1].query) == {}
    home.actors["topo"].edit(record_id, {"city": "Lyon"})
    (later,) = at(await home.run(), "datananas")
    assert later.effects == ("list-move",)
