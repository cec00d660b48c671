"""What files tell between runs: rows that were changed at a provider, and exports older than what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.house import person

if TYPE_CHECKING:
    from tests.engine.house import House


async def test_a_row_whose_key_was_changed_there_is_updated_under_its_new_key(home: House) -> None:
    ana = person(job_title="CFO")
    at_apollo, row = home.actors["apollo"].create(ana), home.actors["datananas"].create(ana)
    home.without("topo")
    home.export()
    await home.run()
    home.actors["apollo"].edit(at_apollo, {"job_title": "COO"})
    home.clock.advance(hours=1)
    await home.run()
    home.actors["datananas"].edit(row, {"emails": "ana@tallpine-freight.com"})
    home.export()
    home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
    home.clock.advance(hours=1)
    await home.run()
    (told,) = home.datananas.rows
    assert (told["email"], told["position"]) == ("ana@tallpine-freight.com", "CEO")
