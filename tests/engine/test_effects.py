"""What a write sets off besides storing: told before, and never set off twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.house import at, person

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
