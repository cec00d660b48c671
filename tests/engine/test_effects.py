"""What a write sets off besides storing: told before, and never set off twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from adapters.toolkit.faults import Fault
from tests.engine.house import GENEROUS, at, crowd, person

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


async def test_halves_that_had_to_wait_are_posted_without_the_flags_in_a_later_run(home: House) -> None:
    for contact in crowd(4):
        home.actors["topo"].create(contact)
    home.configure("datananas", move_existing=True)
    home.datananas.turn(silently_refuse=lambda row: str(row.get("email")).startswith("person1@"))
    home.datananas.traffic.faults.append(Fault.parse("POST /contacts/bulk:2:status=429,retry-after=3600"))
    assert {o.state for o in at(await home.run(), "datananas")} == {"deferred"}
    home.clock.advance(hours=2)
    await home.run()
    flags = [dict(r.query) for r in home.datananas.traffic.received if r.path == "/contacts/bulk"]
    assert flags[0] == {"moveExisting": "true"}
    assert not any(flags[1:])


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


async def test_rows_that_may_stand_before_a_quota_met_half_way_are_posted_again_without_the_flags(
    home: House,
) -> None:
    for contact in crowd(4):
        home.actors["topo"].create(contact)
    home.configure("datananas", move_existing=True)
    home.datananas.turn(quota="connect", quota_left=2, quota_when="after_starting", written_part=True)
    first = await home.run()
    assert {o.state for o in at(first, "datananas")} == {"deferred"}
    await home.run()  # the quota has not started again: put off once more
    home.datananas.turn(quota="")
    home.clock.advance(days=1)
    last = await home.run()
    assert {(o.state, o.effects) for o in at(last, "datananas")} == {("acked", ())}
    flags = [dict(r.query) for r in home.datananas.traffic.received if r.path == "/contacts/bulk"]
    assert flags == [{"moveExisting": "true"}, {}]


@pytest.mark.parametrize("narrow", [{"only": "person0@oakmere-logistics.com"}, {"providers": ("topo",)}])
async def test_that_rows_may_stand_is_not_forgotten_over_a_run_that_does_not_write_them(
    home: House, narrow: dict[str, Any]
) -> None:
    for contact in crowd(4):
        home.actors["topo"].create(contact)
    home.configure("datananas", move_existing=True)
    home.datananas.turn(quota="connect", quota_left=2, quota_when="after_starting", written_part=True)
    await home.run()
    await home.run(**narrow)
    home.datananas.turn(quota="")
    home.clock.advance(days=1)
    last = await home.run()
    assert {(o.state, o.effects) for o in at(last, "datananas")} == {("acked", ())}


async def test_rows_that_a_quota_kept_from_being_sent_at_all_are_posted_with_the_flags(home: House) -> None:
    for contact in crowd(4):
        home.actors["topo"].create(contact)
    home.configure("datananas", move_existing=True, batch_size=2)
    home.datananas.turn(quota="connect", quota_left=0)
    assert {o.state for o in at(await home.run(), "datananas")} == {"deferred"}
    home.datananas.turn(quota="")
    home.clock.advance(days=1)
    last = await home.run()
    assert sorted(o.effects for o in at(last, "datananas")) == [(), (), ("list-move",), ("list-move",)]


async def test_rows_that_were_refused_before_any_work_are_posted_again_with_the_flags(home: House) -> None:
    home.actors["topo"].create(person())
    home.configure("datananas", move_existing=True)
    fault = Fault.parse("POST /contacts/bulk:1:status=429,retry-after=3600")
    home.datananas.traffic.faults.append(fault)
    assert [o.reason for o in at(await home.run(), "datananas")] == ["rate-limited"]
    home.clock.advance(hours=2)
    (again,) = at(await home.run(), "datananas")
    assert (again.state, again.effects) == ("acked", ("list-move",))


async def test_an_allowance_lets_nobody_be_enrolled_whom_the_guard_had_not_counted(home: House) -> None:
    for contact in crowd(3):
        home.actors["apollo"].create(contact)
    home.without("datananas")
    home.topo.traffic.faults.append(home.begins_to_enrol(3))
    report = await home.run(allow=[*GENEROUS, "outreach=topo:1"])
    assert {(o.state, o.reason) for o in at(report, "topo")} == {("blocked", "effect-not-allowed")}
    assert home.topo.rows == []
