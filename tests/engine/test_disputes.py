"""Several people of whom nobody knows yet whether they are one: none of them is created where another one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.house import person

if TYPE_CHECKING:
    from tests.engine.house import House

PLACES = ("apollo", "datananas", "topo")


async def test_one_person_of_whom_three_records_show_three_profiles_is_created_nowhere(home: House) -> None:
    records = {place: home.actors[place].create(person(linkedin_url=None)) for place in PLACES}
    home.export()
    await home.run()
    for place, record in records.items():
        profile = f"https://www.linkedin.com/in/ana-{place}"
        home.actors[place].edit(record, {"emails": f"ana@{place}-freight.com", "linkedin_url": profile})
    home.clock.advance(hours=1)
    home.export()
    report = await home.run()
    assert {(o.provider, o.kind, o.state, o.reason) for o in report.operations} == {
        (place, "create", "blocked", "suspected-duplicate") for place in PLACES
    }
    assert len(report.suspected_duplicates) == 3
    assert [len(home.boxes[place].rows) for place in PLACES] == [1, 1, 1]
