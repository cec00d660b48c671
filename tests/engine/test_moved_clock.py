"""A wall clock that is moved, forwards or backwards, makes nothing that was sent settle sooner."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.faults import Fault
from tests.engine.house import person

if TYPE_CHECKING:
    from tests.engine.house import House

ENTRIES = "/v1/contact-entries"


@pytest.mark.parametrize("moved", [timedelta(days=1), timedelta(hours=-1), timedelta(days=-400)])
async def test_a_create_with_a_lost_answer_is_not_repeated_because_the_clock_was_moved(
    home: House, moved: timedelta
) -> None:
    home.without("apollo")
    home.topo.switches = replace(
        home.topo.switches, contact_unique="none", entry_match="insert", index_lag_s=300.0
    )
    await home.run()
    home.actors["datananas"].create(person())
    home.export()
    home.topo.traffic.faults.append(Fault.parse(f"POST {ENTRIES}:1:reset-after"))
    await home.run()
    home.clock.wrong_by = moved
    await home.run()
    assert home.topo.traffic.count("POST", ENTRIES) == 1
    for _ in range(2):
        home.clock.advance(minutes=16)
        await home.run()
    assert (home.topo.traffic.count("POST", ENTRIES), len(home.topo.rows)) == (1, 1)
