"""An opt-out list that suddenly is short is not taken for the whole one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.toolkit.faults import Fault
from tests.engine.house import GENEROUS, at, by_state, crowd

if TYPE_CHECKING:
    from tests.engine.house import House

EMPTY = 'body={"items":[],"total_count":0,"total_pages":0,"has_more":false}'


async def test_nobody_is_created_while_a_long_opt_out_list_suddenly_is_empty(home: House) -> None:
    old, new, *others = crowd(22)
    home.actors["apollo"].create(old)
    for contact in others:
        home.actors["topo"].opt_out(contact, "UNSUBSCRIBED")
    assert (await home.run()).exit_code == 0
    home.actors["apollo"].create(new)
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/contact-exclusions:*:{EMPTY}"))
    report = await home.run()
    assert report.exit_code == 11
    assert [(o.state, o.reason) for o in at(report, "datananas")] == [("deferred", "optouts-unreadable")]
    assert "--allow emptied=topo:20" in " ".join(report.providers["topo"].problems)
    home.topo.traffic.faults.clear()
    assert by_state(await home.run())["datananas", "create", "acked"] == 1


async def test_an_opt_out_list_that_a_person_shortened_is_believed_from_then_on(home: House) -> None:
    old, new, *others = crowd(22)
    home.actors["apollo"].create(old)
    for contact in others:
        home.actors["topo"].opt_out(contact, "UNSUBSCRIBED")
    await home.run()
    home.actors["apollo"].create(new)
    home.topo.exclusions.clear()
    allowed = await home.run(allow=(*GENEROUS, "emptied=topo:20"))
    assert by_state(allowed)["datananas", "create", "acked"] == 1
    assert (await home.run()).exit_code == 0
