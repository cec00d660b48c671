"""What we wrote over at a record is its own again once it is parted, whatever was written or decided since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.decisions.desk import only_item, split, take, waiting, whole
from tests.engine.house import House, person

if TYPE_CHECKING:
    from typing import Any

OLD, NEW = "carl.v@oakmere-logistics.com", "carl.new@oakmere-logistics.com"


async def met(home: House, **values: Any) -> tuple[str, str]:
    """Carl's records at Topo and Apollo, which are one person and show the same."""
    home.without("datananas")
    carl = person("Carl Voss", **({"emails": (OLD,), "job_title": "CIO"} | values))
    records = home.actors["topo"].create(carl), home.actors["apollo"].create(carl)
    await home.rest()
    return records


async def edited(home: House, record: str, fields: dict[str, Any]) -> str:
    """The record's people at Topo edit it, and a run writes that to Apollo; the run's id."""
    home.actors["topo"].edit(record, fields)
    run = (await home.run()).run_id
    home.clock.advance(hours=1)
    return run


def shown(home: House) -> dict[str, Any]:
    (row,) = home.apollo.rows
    return {"emails": row["email"], "job_title": row["title"]}


async def test_what_a_run_wrote_and_its_undo_took_back_is_not_the_records_own(home: House) -> None:
    topo, apollo = await met(home)
    run = await edited(home, topo, {"emails": NEW, "job_title": "CEO"})
    assert shown(home) == {"emails": NEW, "job_title": "CEO"}
    await home.run("undo", undo=run)
    await home.rest()
    split(home, f"apollo:{apollo}", f"apollo:{apollo}")
    parted = whole(home, f"apollo:{apollo}").contact
    assert (parted.emails, parted.job_title) == ((OLD,), "CIO")
    await home.rest()
    assert shown(home) == {"emails": OLD, "job_title": "CIO"}
    assert len(home.topo.rows) == 1


async def test_what_we_wrote_before_a_person_decided_is_not_the_records_own(home: House) -> None:
    topo, apollo = await met(home)
    await edited(home, topo, {"job_title": "CEO"})
    other = home.actors["topo"].create(person("Carl Voss", emails=(OLD,), job_title="Clerk"))
    await home.rest()
    home.actors["topo"].edit(topo, {"job_title": "Boss"})
    home.actors["topo"].edit(other, {"job_title": "Chair"})
    await home.run()
    take(home, only_item(home), f"topo:{topo}")
    split(home, f"apollo:{apollo}", f"apollo:{apollo}")
    assert whole(home, f"apollo:{apollo}").contact.job_title == "CIO"


async def test_what_somebody_elses_edit_overwrote_is_written_back(home: House) -> None:
    home.configure("apollo", phones="patch")
    home.configure("datananas", accept_blind_overwrite=True)
    known = person("Carl Voss", linkedin_url=None, emails=(OLD,), job_title="CIO", phone="+33140000001")
    for name in ("topo", "apollo", "datananas"):
        home.actors[name].create(known)
    home.export()
    await home.rest()
    (row,) = home.datananas.rows
    home.actors["datananas"].edit(row["_id"], {"emails": NEW, "job_title": "CEO", "phone": "+33140000002"})
    home.export()
    await home.rest()
    assert shown(home) == {"emails": NEW, "job_title": "CEO"}
    split(home, OLD, f"datananas:{row['_id']}")
    await home.rest()
    await home.rest()
    assert shown(home) == {"emails": OLD, "job_title": "CIO"}
    assert home.apollo.rows[0]["phone_numbers"][0]["raw_number"] == "+33140000001"
    assert {row["email"] for row in home.topo.rows} == {OLD, NEW}  # who left shares nothing any more
    assert waiting(home) == []
    assert (await home.run()).operations == ()
