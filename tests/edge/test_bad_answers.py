"""The whole program against servers whose answers are spoilt: it tells, it ends, and it writes nobody twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.edge.distortion import Distortion, distorted
from tests.engine.house import House, crowd

if TYPE_CHECKING:
    from sync.report.model import Report

WITHIN_S = 30.0
KNOWN_CODES = {0, 3, 5, 8, 9, 11}
QUICK = {"start_timeout": "200ms", "stall_timeout": "200ms", "stall_per_contact": "1ms", "reconnect_wait": "1ms"}


async def _run(home: House) -> Report:
    async with asyncio.timeout(WITHIN_S):
        return await home.run()


@pytest.fixture
def world(home: House) -> House:
    home.section("sync", settle="0")
    home.configure("datananas", **QUICK)
    for number, contact in enumerate(crowd(4, job_title="COO")):
        home.actors["topo" if number % 2 else "apollo"].create(contact)
    home.actors["topo"].opt_out(crowd(5)[4], "UNSUBSCRIBED")
    return home


@pytest.mark.parametrize("share", [0.08, 0.5])
@pytest.mark.parametrize("seed", range(6))
async def test_spoilt_answers_end_in_a_report_and_in_no_double(world: House, seed: int, share: float) -> None:
    distortion = Distortion(random.Random(seed), share)
    async with distorted(world, distortion):
        for number in range(3):
            assert (await _run(world)).exit_code in KNOWN_CODES
            world.actors["topo"].edit(world.topo.rows[0]["id"], {"job_title": f"CEO {number}"})
        assert distortion.count
        distortion.share = 0.0
        for _ in range(3):
            await _run(world)
    for box in world.boxes.values():
        assert max(Counter(row["email"] for row in box.rows).values()) == 1
    assert crowd(5)[4].email not in {row["email"] for row in (*world.apollo.rows, *world.datananas.rows)}
