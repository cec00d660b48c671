"""When everything is read anew, and when a lost answer is looked up, whatever the clock did."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.faults import Fault
from tests.engine.house import at, by_state, crowd, person

if TYPE_CHECKING:
    from tests.engine.house import House


def was_swept(home: House) -> bool:
    """Whether Topo was asked for everything since the last time; its log is empty afterwards."""
    asked = [dict(r.query) for r in home.topo.traffic.received if r.path == "/v1/contacts"]
    home.topo.traffic.received.clear()
    return any(query.get("sort_by") == "first_seen_at" for query in asked)


async def test_a_provider_is_read_completely_at_its_own_pace(home: House) -> None:
    home.actors["topo"].create(person())
    home.configure("topo", full_sweep_every="1h")
    await home.run()
    assert was_swept(home)
    home.clock.advance(minutes=50)
    await home.run()
    assert not was_swept(home)
    home.clock.advance(minutes=20)
    await home.run()
    assert was_swept(home)


async def test_after_a_clock_that_was_ahead_everything_is_read_and_lost_answers_are_looked_up(home: House) -> None:
    home.clock.advance(days=365)
    home.actors["topo"].create(person())
    home.datananas.traffic.faults.append(Fault.parse("POST /contacts/bulk:1:reset-after"))
    assert [o.state for o in at(await home.run(), "datananas")] == ["unknown"]
    home.clock.offset = timedelta()
    was_swept(home)
    assert [o.state for o in at(await home.run(), "datananas")] == ["acked"]
    assert was_swept(home)


async def test_a_row_that_was_changed_in_the_future_does_not_make_every_read_a_complete_one(home: House) -> None:
    search = ("POST", "/api/v1/contacts/search")
    for contact in crowd(250):
        home.actors["apollo"].create(contact)
    home.without("datananas", "topo")
    home.apollo.edit(home.apollo.rows[0]["id"], updated_at="2099-01-01T00:00:00.000Z")
    home.clock.advance(hours=1)
    for _ in range(2):
        before = home.apollo.traffic.count(*search)
        await home.run()
    assert home.apollo.traffic.count(*search) - before == 3  # the preflight and two of the three pages


HUGE_TOTALS = {
    "topo": f'GET /v1/contacts:*:body={{"items":[],"total_count":{2**70},"total_pages":1,"has_more":false}}',
    "apollo": f'POST /api/v1/contacts/search:*:body={{"contacts":[],"pagination":{{"total_entries":{2**70}}}}}',
}


@pytest.mark.parametrize("provider", HUGE_TOTALS)
async def test_a_count_that_no_store_can_hold_stops_that_provider_alone(home: House, provider: str) -> None:
    await home.run()
    home.actors["topo" if provider == "apollo" else "apollo"].create(person())
    home.boxes[provider].traffic.faults.append(Fault.parse(HUGE_TOTALS[provider]))
    report = await home.run()
    assert (report.exit_code, report.providers[provider].status) == (11, "unreachable")
    assert by_state(report) == {("datananas", "create", "acked"): 1}


async def test_who_was_deleted_before_a_full_read_came_to_its_first_page_is_missed_by_the_next_run(
    home: House,
) -> None:
    for contact in crowd(2):
        home.actors["apollo"].create(contact)
    home.without("topo", "datananas")
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/search:3-99:status=503"))
    report = await home.run()
    assert (report.exit_code, report.providers["apollo"].records, report.people.total) == (11, 2, 2)
    home.apollo.traffic.faults.clear()
    gone = home.apollo.rows[0]["id"]
    home.apollo.remove(gone)
    home.clock.advance(days=1)
    report = await home.run()
    assert [(hold.kind, hold.record_id) for hold in report.holds] == [("disappeared", gone)]
