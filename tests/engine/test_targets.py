"""Another target: who was entered in the list before stays in that one alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.house import GENEROUS, House, person

if TYPE_CHECKING:
    from sync.report.model import Report


async def test_nobody_is_added_to_a_new_list_because_of_an_edit(home: House) -> None:
    home.without("datananas")
    ana = home.actors["apollo"].create(person(job_title="CFO"))
    await home.run()
    await later(home)
    first, second = home.topo.list_id, home.topo.add_list()["id"]
    home.configure("topo", contact_list_id=second)
    home.actors["apollo"].edit(ana, {"job_title": "COO"})
    home.actors["apollo"].create(person("Boris Kern", job_title="CTO"))
    stopped = await later(home)
    await later(home, stopped.guards[0].allow)
    assert entered(home) == {("CFO", first), ("CTO", second)}
    assert [(c.field, c.reason) for c in stopped.cannot_express] == [("job_title", "not-ours")]
    boris = next(row["id"] for row in home.apollo.rows if row["first_name"] == "Boris")
    home.actors["apollo"].edit(boris, {"job_title": "CEO"})
    await later(home)
    assert entered(home) == {("CFO", first), ("CEO", second)}


async def later(home: House, *allow: str) -> Report:
    home.clock.advance(hours=1)
    return await home.run(allow=(*GENEROUS, *allow))


def entered(home: House) -> set[tuple[str, str]]:
    """The titles under which people were entered, each with the list."""
    return {(entry["job_title"], entry["contact_list_id"]) for entry in home.topo.entries.values()}
