"""Writes whose outcome only a person can find out: what their answer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.toolkit.faults import Fault
from sync.report.summary import headline
from tests.decisions.desk import accept, only_item, reject, waiting
from tests.engine.house import House, at, house, person

if TYPE_CHECKING:
    from pathlib import Path

    from sync.engine.review import Item


async def park_at_topo(home: House, fault: str) -> Item:
    """A person without an email whose create at Topo got no answer."""
    home.without("datananas")
    home.actors["apollo"].create(person(emails=()))
    home.topo.traffic.faults.append(Fault.parse(f"POST /v1/contact-entries:1:{fault}"))
    await home.run()
    home.clock.advance(minutes=20)
    report = await home.run()
    assert [p.operation.provider for p in report.parked] == ["topo"]
    item = only_item(home)
    assert item.kind == "parked"
    assert report.parked[0].decide.endswith(item.id)
    return item


async def test_a_write_that_never_arrived_is_planned_again(home: House) -> None:
    item = await park_at_topo(home, "reset-before")
    reject(home, item)
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "topo")] == [("create", "verified")]
    assert len(home.topo.rows) == 1
    assert waiting(home) == []


async def test_a_write_that_did_arrive_is_looked_for_and_linked_and_never_sent_again(home: House) -> None:
    item = await park_at_topo(home, "reset-before")
    home.actors["topo"].create(person(emails=()))
    accept(home, item)
    before = home.topo.writes
    report = await home.run()
    assert home.topo.writes == before
    assert report.people.total == 1
    assert waiting(home) == []
    assert (await home.run()).operations == ()


async def test_one_that_cannot_be_found_after_all_goes_on_blocking_a_second_create(home: House) -> None:
    item = await park_at_topo(home, "reset-before")
    accept(home, item)
    before = home.topo.writes
    for _ in range(2):
        home.clock.advance(days=8)
        await home.run()
    assert home.topo.writes == before
    assert only_item(home).id == item.id


async def test_a_report_does_not_call_all_well_while_a_write_is_still_looked_for(home: House) -> None:
    accept(home, await park_at_topo(home, "reset-before"))
    report = await home.run()
    assert report.operations == ()
    assert headline(report).startswith("Nothing to send; 1 earlier operation is not settled yet")


async def test_where_nothing_can_be_read_an_accepted_write_counts_as_done(home: House) -> None:
    home.without("apollo")
    home.actors["topo"].create(person(emails=()))
    home.datananas.traffic.faults.append(Fault.parse("POST /contacts/bulk:1:reset-after"))
    home.configure("datananas", start_timeout="1s", stall_timeout="1s")
    await home.run()
    home.clock.advance(minutes=20)
    await home.run()
    item = only_item(home)
    assert item.kind == "parked"
    accept(home, item)
    before = home.datananas.writes
    report = await home.run()
    assert home.datananas.writes == before
    assert report.parked == ()
    assert waiting(home) == []


async def test_an_entry_that_a_person_says_did_arrive_is_looked_for_as_long_as_any_other(tmp_path: Path) -> None:
    async with house(tmp_path, topo={"resolve": "never"}) as home:
        home.without("datananas")
        home.actors["apollo"].create(person())
        await home.run()
        home.clock.advance(days=8)
        assert (await home.run()).exit_code == 3
        accept(home, only_item(home))
        for days in (1, 5):
            home.clock.advance(days=days)
            assert (await home.run()).exit_code == 0
            assert waiting(home) == []
        home.clock.advance(days=2)
        assert (await home.run()).exit_code == 3
        assert only_item(home).kind == "parked"
        assert len(home.topo.entries) == 1
