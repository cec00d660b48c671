"""Undo of a run: what it replaced is restored everywhere, and what cannot be taken back is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sync.report.structured import to_dict
from tests.decisions.desk import join, split
from tests.engine.house import House, crowd, house, person

if TYPE_CHECKING:
    from pathlib import Path


def titles(home: House) -> list[str]:
    return [home.topo.rows[0]["job_title"], home.apollo.rows[0]["title"], home.datananas.rows[0]["position"]]


async def edited(home: House) -> str:
    """Somebody's title was changed at Apollo, and a run brought the change everywhere; the run's id."""
    home.actors["topo"].create(person(job_title="CFO"))
    await home.rest()
    home.actors["apollo"].edit(home.apollo.rows[0]["id"], {"job_title": "COO"})
    run = (await home.run()).run_id
    home.clock.advance(hours=1)
    return run


async def test_the_value_that_was_replaced_stands_everywhere_again_and_stays(home: House) -> None:
    home.configure("topo", update_by_entry="all")
    run = await edited(home)
    assert titles(home) == ["COO"] * 3
    report = await home.run("undo", undo=run)
    assert (report.exit_code, report.mode) == (0, "undo")
    assert {(o.provider, o.reason) for o in report.operations} == {
        ("apollo", "undo"), ("datananas", "undo"), ("topo", "undo"),
    }  # fmt: skip
    assert titles(home) == ["CFO"] * 3
    await home.rest()
    assert titles(home) == ["CFO"] * 3


async def test_only_those_people_are_written_to(home: House) -> None:
    run = await edited(home)
    for contact in crowd(3):
        home.actors["topo"].create(contact)
    report = await home.run("undo", undo=run)
    assert {o.kind for o in report.operations} == {"update"}
    assert len((await home.run()).operations) == 6


async def test_a_dry_run_of_it_shows_the_same_and_decides_nothing(home: House) -> None:
    run = await edited(home)
    shown = await home.run("dry-run", undo=run)
    assert {o.fields["job_title"].after for o in shown.operations} == {"CFO"}
    assert (await home.run()).operations == ()


async def test_what_changed_since_stays_and_is_told(home: House) -> None:
    run = await edited(home)
    home.actors["apollo"].edit(home.apollo.rows[0]["id"], {"job_title": "CEO"})
    await home.run()
    report = await home.run("undo", undo=run)
    assert report.operations == ()
    assert "which changed since" in " ".join(report.notes)


async def test_who_was_created_and_what_was_empty_is_told(home: House) -> None:
    home.actors["topo"].create(person())
    home.clock.advance(hours=1)
    created = await home.run()
    home.clock.advance(hours=1)
    await home.run()
    notes = " ".join((await home.run("undo", undo=created.run_id)).notes)
    assert notes.count("create of person") == 2
    home.actors["apollo"].edit(home.apollo.rows[0]["id"], {"company_name": "Acme"})
    home.clock.advance(hours=1)
    filled = await home.run()
    notes = " ".join((await home.run("undo", undo=filled.run_id)).notes)
    assert "which was empty" in notes


async def test_each_thing_that_stays_is_told_to_programs(home: House) -> None:
    for contact in crowd(25):
        home.actors["topo"].create(contact)
    home.clock.advance(hours=1)
    created = await home.run()
    home.clock.advance(hours=1)
    (note,) = to_dict(await home.run("undo", undo=created.run_id), values=False)["notes"]
    assert note.startswith(f"Of run {created.run_id} this is not taken back: ")
    assert note.count("create of person") == len([o for o in created.operations if o.kind == "create"]) == 50


async def edited_crowd(home: House, count: int, **asked: Any) -> str:
    """The run that brought an edit of everybody's title, at Apollo, to the other providers."""
    for contact in crowd(count, job_title="CFO"):
        home.actors["topo"].create(contact)
    await home.rest()
    for row in home.apollo.rows:
        home.actors["apollo"].edit(row["id"], {"job_title": "COO"})
    run = (await home.run(**asked)).run_id
    home.clock.advance(hours=1)
    return run


async def test_guards_hold_for_it_as_for_any_run(home: House) -> None:
    everything = [f"{kind}={p}:99" for kind in ("update", "replace") for p in ("topo", "datananas", "apollo")]
    run = await edited_crowd(home, 60, allow=everything)
    writes = home.writes
    report = await home.run("undo", undo=run, allow=())
    assert (report.exit_code, home.writes) == (5, writes)


async def test_two_edits_made_since_wait_for_a_person_and_neither_is_overwritten(home: House) -> None:
    home.configure("topo", update_by_entry="all")
    run = await edited(home)
    home.actors["topo"].edit(home.topo.rows[0]["id"], {"job_title": "CEO"})
    home.actors["apollo"].edit(home.apollo.rows[0]["id"], {"job_title": "CTO"})
    report = await home.run("undo", undo=run)
    assert (report.operations, titles(home)[:2]) == ((), ["CEO", "CTO"])
    assert [c.field for c in report.conflicts] == ["job_title"]
    assert "waits for a decision" in " ".join(report.notes)


async def test_the_value_of_the_run_that_somebody_chose_again_since_stays(home: House) -> None:
    run = await edited(home)
    for title in ("CEO", "COO"):
        home.actors["apollo"].edit(home.apollo.rows[0]["id"], {"job_title": title})
        await home.run()
        home.clock.advance(hours=1)
    report = await home.run("undo", undo=run)
    assert (report.operations, titles(home)[1]) == ((), "COO")
    assert "which changed since" in " ".join(report.notes)


async def test_after_a_guard_stopped_it_nothing_is_decided_and_the_allowance_lets_it_through(home: House) -> None:
    home.configure("topo", update_by_entry="all")
    run = await edited(home)
    home.section("guards", update={"share": 0.0, "floor": 0})
    stopped = await home.run("undo", undo=run, allow=())
    allowed = [guard.allow for guard in stopped.guards]
    assert (stopped.exit_code, len(allowed)) == (5, 6)
    assert ((await home.run(allow=allowed)).operations, titles(home)) == ((), ["COO"] * 3)
    assert (await home.run("undo", undo=run, allow=allowed)).exit_code == 0
    assert titles(home) == ["CFO"] * 3


async def test_for_one_person_only_nothing_is_decided_about_the_others(home: House) -> None:
    run = await edited_crowd(home, 2)
    await home.run("undo", undo=run, only=crowd(1)[0].email)
    await home.rest()
    assert sorted(row["title"] for row in home.apollo.rows) == ["CFO", "COO"]


async def test_of_two_who_were_parted_since_nobody_gets_the_value_of_the_other(home: House) -> None:
    home.without("datananas")
    home.configure("topo", update_by_entry="all", create=False)
    home.configure("apollo", create=False)
    home.actors["topo"].create(person("Ana Diaz", job_title="COO"))
    await home.rest()
    eve = home.actors["apollo"].create(person("Eve Ek", job_title="CTO"))
    await home.rest()
    join(home, "ana.diaz@oakmere-logistics.com", f"apollo:{eve}")
    run = (await home.run()).run_id
    assert home.apollo.rows[0]["title"] == "COO"
    home.clock.advance(hours=1)
    split(home, f"apollo:{eve}", f"apollo:{eve}")
    await home.run()
    home.clock.advance(hours=1)
    await home.run("undo", undo=run)
    assert (home.topo.rows[0]["job_title"], home.apollo.rows[0]["title"]) == ("COO", "CTO")


async def test_of_several_addresses_the_very_one_that_was_replaced_is_restored(home: House) -> None:
    home.without("datananas")
    home.actors["apollo"].create(person(emails=("ana@one.com",)))
    topo = home.actors["topo"].create(person(emails=("ana@one.com",)))
    await home.run()
    home.actors["apollo"].create(person(emails=("ana@two.com",)))
    await home.rest()
    home.actors["topo"].edit(topo, {"emails": "ana@new.com"})
    run = await home.run()
    assert [row["email"] for row in home.apollo.rows] == ["ana@new.com", "ana@two.com"]
    home.clock.advance(hours=1)
    await home.run("undo", undo=run.run_id)
    assert [row["email"] for row in home.apollo.rows] == ["ana@one.com", "ana@two.com"]
    await home.rest()
    assert [row["email"] for row in home.apollo.rows] == ["ana@one.com", "ana@two.com"]


async def test_what_was_acknowledged_and_never_showed_is_told(tmp_path: Path) -> None:
    async with house(tmp_path, topo={"entry_updates_contact": False}) as home:
        home.without("datananas")
        apollo = home.actors["apollo"].create(person(job_title="COO"))
        await home.run()
        home.actors["apollo"].edit(apollo, {"job_title": "CEO"})
        home.clock.advance(hours=1)
        run = await home.run()
        home.clock.advance(hours=1)
        report = await home.run("undo", undo=run.run_id)
        assert "never showed" in " ".join(report.notes)


async def test_of_a_contact_that_shows_several_addresses_none_is_lost_to_the_change_of_one(home: House) -> None:
    home.without("datananas")
    home.actors["apollo"].create(person(emails=("ana@one.com", "ana@two.com")))
    topo = home.actors["topo"].create(person(emails=("ana@one.com",)))
    await home.run()
    home.actors["topo"].edit(topo, {"emails": "ana@new.com"})
    home.clock.advance(hours=1)
    report = await home.run()
    assert [(c.provider, c.field, c.reason) for c in report.cannot_express] == [("apollo", "emails", "one-value")]
    assert [e["email"] for e in home.apollo.rows[0]["contact_emails"]] == ["ana@one.com", "ana@two.com"]


async def test_a_phone_that_the_run_never_touched_stays(home: House) -> None:
    home.configure("apollo", phones="patch")
    home.configure("topo", update_by_entry="all")
    home.configure("datananas", accept_blind_overwrite=True)
    one, other, own = "+33140000001", "+33140000002", "+33140000009"
    home.actors["apollo"].create(person(phone=one))
    topo = home.actors["topo"].create(person(phone=one))
    home.actors["datananas"].create(person(phone=own))
    home.export()
    await home.run()
    home.actors["topo"].edit(topo, {"phone": other})
    home.clock.advance(hours=1)
    run = await home.run()
    assert {operation.provider for operation in run.operations} == {"apollo"}
    home.clock.advance(hours=1)
    await home.run("undo", undo=run.run_id)
    assert home.apollo.rows[0]["phone_numbers"][0]["raw_number"] == one
    assert home.datananas.rows[0]["phone"] == own
