"""Records that a provider merged or made anew are followed: nobody is asked, nobody is created."""

from __future__ import annotations

from tests.decisions.desk import only_item, reject, waiting, whole
from tests.engine.house import House, at, crowd, person


async def settled(home: House) -> str:
    """A person known everywhere among others; their record at Apollo."""
    for contact in crowd(12):
        home.actors["apollo"].create(contact)
    record = home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    return str(record)


async def test_a_record_made_anew_under_another_id_takes_the_place_of_the_old_one(home: House) -> None:
    old = await settled(home)
    before = whole(home, f"apollo:{old}").id
    home.apollo.remove(old)
    new = home.actors["apollo"].create(person(job_title="COO"))
    home.clock.advance(hours=25)
    report = await home.run()
    assert report.holds == ()
    assert at(report, "apollo") == []
    assert [n for n in report.notes if "relinked" in n and f"apollo:{old} -> apollo:{new}" in n]
    assert whole(home, f"apollo:{new}").id == before
    assert waiting(home) == []


async def test_what_changed_on_the_way_counts_as_an_edit_there(home: House) -> None:
    old = await settled(home)
    home.apollo.remove(old)
    home.actors["apollo"].create(person(job_title="CEO"))
    home.clock.advance(hours=25)
    report = await home.run()
    assert {(o.provider, o.fields["job_title"].after) for o in report.operations} == {
        ("topo", "CEO"),
        ("datananas", "CEO"),
    }
    assert [row for row in home.topo.rows if row["job_title"] == "CEO"]


async def test_a_record_merged_into_a_twin_is_not_missed(home: House) -> None:
    old = await settled(home)
    twin = home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    home.apollo.remove(old)
    home.clock.advance(hours=25)
    report = await home.run()
    assert report.holds == ()
    assert [n for n in report.notes if f"apollo:{old} -> apollo:{twin}" in n]


async def test_a_record_whose_keys_are_nowhere_is_held(home: House) -> None:
    old = await settled(home)
    home.apollo.remove(old)
    home.clock.advance(hours=25)
    report = await home.run()
    assert [h.record_id for h in report.holds] == [old]
    home.actors["apollo"].create(person(job_title="COO"))
    later = await home.run()
    assert later.holds == ()


async def test_a_rejected_disappearance_allows_a_create_though_an_older_record_was_made_anew_before(
    home: House,
) -> None:
    old = await settled(home)
    home.apollo.remove(old)
    new = home.actors["apollo"].create(person(job_title="COO"))
    home.clock.advance(hours=25)
    await home.run()
    home.apollo.remove(new)
    home.clock.advance(hours=25)
    await home.run()
    reject(home, only_item(home))
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "apollo")] == [("create", "verified")]
    assert waiting(home) == []


async def test_one_answer_is_enough_where_twins_disappeared_together(home: House) -> None:
    old = await settled(home)
    twin = home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    home.apollo.remove(old)
    home.apollo.remove(twin)
    home.clock.advance(hours=25)
    await home.run()
    reject(home, waiting(home)[0])
    assert waiting(home) == []
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "apollo")] == [("create", "verified")]
