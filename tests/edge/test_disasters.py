"""Whatever a provider suddenly shows, nothing is destroyed anywhere and nobody is created because of it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.edge.disasters import DISASTERS
from tests.engine.house import person

if TYPE_CHECKING:
    from tests.engine.house import House

NAMES = ("Ana Diaz", "Boris Fjord", "Chiara Kowal", "Dmitri Cazal", "Elodie Hakimi", "Farid Brunner", "Greta Lind",
         "Hugo Moreau", "Ines Jurado", "Jonas Gruber", "Katya Ivanov", "Liam Ezquerra", "Mona Abascal",
         "Nils Dunkel")  # fmt: skip
SAID_NO = "Olga Petrova"
LOW = {"share": 0.1, "floor": 3}


async def _healthy(home: House) -> None:
    """Everybody is everywhere, nothing is left to do, and somebody said no."""
    home.section("guards", create=LOW, update=LOW, blank={"share": 0.01, "floor": 1}, merge=LOW)
    for number, name in enumerate(NAMES):
        contact = person(name, job_title=f"Buyer {number}", company_name=f"Oakmere {number}")
        for actor in home.actors.values():
            actor.create(contact)
    home.actors["topo"].opt_out(person(SAID_NO), "UNSUBSCRIBED")
    home.export()
    for _ in range(2):
        report = await home.run()
        home.clock.advance(hours=25)
    assert (report.exit_code, report.operations) == (0, ())


def _held(home: House) -> dict[str, dict[str, Any]]:
    """What each provider truly holds, by record."""
    return {
        name: {str(row.get("id") or row.get("_id")): copy.deepcopy(dict(row)) for row in box.rows}
        for name, box in home.boxes.items()
    }


@pytest.mark.parametrize("name", DISASTERS)
async def test_nothing_is_destroyed_and_nobody_created_by(home: House, name: str) -> None:
    happens, codes = DISASTERS[name]
    await _healthy(home)
    home.actors["apollo"].create(person(SAID_NO))  # would be entered at the others, had they not said no
    happens(home)
    before = _held(home)
    for _ in range(2):
        report = await home.run(allow=())
        assert report.exit_code in codes, report.guards or report.notes
        if report.exit_code:
            told = [g.detail for g in report.guards] + [p for s in report.providers.values() for p in s.problems]
            assert any(told)
        home.clock.advance(hours=1)
    assert _held(home) == before


def test_there_are_thirty_of_them_at_least() -> None:
    assert len(DISASTERS) >= 30
