"""A whole cycle over real servers: who is found, joined, written, and what then stays quiet."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.engine.house import House, at, by_state, crowd, person

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_person_known_at_one_provider_is_created_at_the_others(home: House) -> None:
    home.actors["topo"].create(person(job_title="COO"))
    report = await home.run()
    assert report.exit_code == 0
    assert by_state(report) == {
        ("apollo", "create", "verified"): 1,
        ("datananas", "create", "acked"): 1,
    }
    assert [row["title"] for row in home.apollo.rows] == ["COO"]
    assert [row["position"] for row in home.datananas.rows] == ["COO"]


async def test_a_person_known_only_at_apollo_is_entered_at_topo_and_recognised_there(home: House) -> None:
    home.actors["apollo"].create(person(job_title="COO"))
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "topo")] == [("create", "verified")]
    assert report.people.total == 1
    assert report.twins == ()


async def test_the_same_person_at_three_providers_is_one_and_nobody_is_created(home: House) -> None:
    home.actors["topo"].create(person(emails=("ANA.DIAZ@oakmere-logistics.com",)))
    home.actors["apollo"].create(person(emails=(), linkedin_url="linkedin.com/in/Ana-Diaz/"))
    home.actors["datananas"].create(person(linkedin_url=None))
    home.actors["topo"].edit(home.topo.rows[0]["id"], {"linkedin_url": "https://fr.linkedin.com/in/ana-diaz"})
    home.export()
    report = await home.run()
    assert report.people.total == 1
    assert not any(o.kind == "create" for o in report.operations)


async def test_it_is_told_that_too_many_alike_were_not_compared(home: House) -> None:
    for number in range(26):
        alike = person(emails=(f"ana{number}@oakmere-logistics.com",), linkedin_url=None)
        home.actors["topo"].create(alike)
    report = await home.run()
    assert report.suspected_duplicates == ()
    assert report.notes == (
        "possible duplicates were not looked for in 1 group of more than 25 records that are alike",
    )


async def test_what_nobody_will_read_one_by_one_is_counted(home: House) -> None:
    for number in range(3):
        home.actors["topo"].create(person(emails=(f"ana{number}@oakmere-logistics.com",), linkedin_url=None))
    listed = await home.run()
    counted = await home.run(lists=False)
    assert len(listed.suspected_duplicates) == listed.suspected == counted.suspected == 3
    assert counted.suspected_duplicates == ()


async def test_a_second_cycle_without_edits_sends_no_mutating_request(home: House) -> None:
    for contact in crowd(30):
        home.actors["topo"].create(contact)
    for contact in crowd(45)[20:]:
        home.actors["apollo"].create(contact)
    await home.run()
    before = home.writes
    second = await home.run()
    assert second.exit_code == 0
    assert home.writes == before
    assert second.operations == ()


async def test_an_edit_at_one_provider_reaches_the_others(home: House) -> None:
    record = home.actors["topo"].create(person(job_title="COO"))
    home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    home.actors["topo"].edit(record, {"job_title": "CEO"})
    report = await home.run()
    assert by_state(report) == {
        ("apollo", "update", "verified"): 1,
        ("datananas", "update", "acked"): 1,
    }
    (update,) = at(report, "apollo")
    assert update.fields["job_title"].before == "COO"
    assert update.fields["job_title"].after == "CEO"
    assert (update.reason, update.fields["job_title"].source) == ("only-changer", "topo")
    assert home.apollo.rows[0]["title"] == "CEO"
    assert home.datananas.rows[0]["position"] == "CEO"


async def test_different_edits_of_one_field_are_a_conflict_and_other_fields_flow(home: House) -> None:
    at_topo = home.actors["topo"].create(person(job_title="COO", company_name="Oakmere"))
    at_apollo = home.actors["apollo"].create(person(job_title="COO", company_name="Oakmere"))
    await home.run()
    home.actors["topo"].edit(at_topo, {"job_title": "CEO", "company_name": "Oakmere Group"})
    home.actors["apollo"].edit(at_apollo, {"job_title": "CFO"})
    report = await home.run()
    (conflict,) = report.conflicts
    assert conflict.field == "job_title"
    assert dict(conflict.values) == {f"topo:{at_topo}": "CEO", f"apollo:{at_apollo}": "CFO"}
    assert home.apollo.rows[0]["title"] == "CFO"
    assert home.apollo.rows[0]["organization_name"] == "Oakmere Group"


async def test_an_edit_at_apollo_reaches_a_topo_contact_that_we_entered(home: House) -> None:
    home.section("match", names_must_agree=True)
    record = home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    home.actors["apollo"].edit(record, {"title": "CEO"} and {"job_title": "CEO"})
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "topo")] == [("update", "verified")]
    assert home.topo.rows[0]["job_title"] == "CEO"


async def test_a_topo_contact_of_somebody_else_is_not_changed_and_the_report_says_so(home: House) -> None:
    home.actors["topo"].create(person(job_title="COO"))
    record = home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    home.actors["apollo"].edit(record, {"job_title": "CEO"})
    report = await home.run()
    assert at(report, "topo") == []
    assert ("topo", "job_title", "not-ours") in {(c.provider, c.field, c.reason) for c in report.cannot_express}


async def test_a_dry_run_sends_no_mutating_request_and_leaves_every_byte(home: House) -> None:
    home.actors["topo"].create(person())
    await home.run()
    for contact in crowd(5):
        home.actors["apollo"].create(contact)
    before, writes = fingerprint(home.folder), home.writes
    report = await home.run("dry-run")
    assert by_state(report) == {
        ("datananas", "create", "planned"): 5,
        ("topo", "create", "planned"): 5,
    }
    assert home.writes == writes
    assert fingerprint(home.folder) == before


async def test_a_dry_run_before_any_run_makes_no_file(home: House) -> None:
    home.actors["topo"].create(person())
    report = await home.run("dry-run")
    assert len(report.operations) == 2
    assert sorted(p.name for p in home.folder.iterdir()) == ["config.toml"]


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(p): hashlib.sha256(p.read_bytes()).hexdigest() + str(p.stat().st_mtime_ns)
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "config.toml"
    }


async def test_switching_a_provider_to_writing_brings_it_everybody(home: House) -> None:
    home.configure("apollo", write=False)
    for contact in crowd(3):
        home.actors["topo"].create(contact)
    await home.run()
    assert home.apollo.rows == []
    home.configure("apollo", write=True)
    await home.run()
    assert len(home.apollo.rows) == 3


async def test_another_set_of_providers_waits_for_its_fingerprint(home: House) -> None:
    apollo = home.boxes.pop("apollo")
    home.actors["topo"].create(person())
    await home.run()
    home.boxes["apollo"] = apollo
    report = await home.run()
    assert report.exit_code == 5
    (guard,) = report.guards
    assert guard.allow.startswith("config=all:")
    assert (await home.run(allow=[guard.allow])).exit_code == 0
    assert len(home.apollo.rows) == 1


async def test_whoever_was_planned_without_a_provider_reaches_it_when_it_is_back(home: House) -> None:
    home.actors["topo"].create(person())
    await home.run(providers=("topo",))
    report = await home.run()
    assert {(o.provider, o.state) for o in report.operations} == {("apollo", "verified"), ("datananas", "acked")}


async def test_too_many_joins_of_known_people_stop_the_run_and_the_next_one_too(home: House) -> None:
    home.section("guards", merge={"share": 0.01, "floor": 2})
    home.without("datananas")
    home.configure("topo", create=False)
    home.configure("apollo", create=False)
    people = crowd(5)
    for contact in people:
        home.actors["topo"].create(replace(contact, emails=()))
    records = [home.actors["apollo"].create(replace(contact, linkedin_url=None)) for contact in people]
    assert (await home.run()).people.total == 10
    for record, contact in zip(records, people, strict=True):
        home.actors["apollo"].edit(record, {"linkedin_url": contact.linkedin_url or ""})
    for _ in range(2):
        stopped = await home.run()
        assert (stopped.exit_code, [g.allow for g in stopped.guards]) == (5, ["merge=all:5"])
        assert stopped.people.total == 10
    report = await home.run(allow=["merge=all:5"])
    assert (report.exit_code, report.people.total, report.people.merged) == (0, 5, 5)


async def test_who_is_deleted_while_a_guard_holds_their_matching_is_asked_about_afterwards(home: House) -> None:
    home.section("guards", merge={"share": 0.01, "floor": 0})
    home.without("datananas")
    ana, bob = crowd(2)
    home.actors["topo"].create(replace(ana, emails=()))
    record = home.actors["apollo"].create(replace(ana, linkedin_url=None))
    home.configure("topo", create=False)
    home.configure("apollo", create=False)
    await home.run()
    home.actors["apollo"].edit(record, {"linkedin_url": ana.linkedin_url or ""})
    new = home.actors["apollo"].create(bob)
    assert (await home.run()).exit_code == 5
    home.apollo.remove(new)
    home.clock.advance(hours=25)
    assert (await home.run(allow=["merge=all:1"])).people.total == 2
    home.clock.advance(hours=25)
    (hold,) = (await home.run()).holds
    assert (hold.provider, hold.record_id) == ("apollo", new)


async def test_a_record_with_slug_and_opaque_id_is_joined_by_either(home: House) -> None:
    opaque = "ACoAABh375cB" + "x" * 27
    home.actors["topo"].create(person(emails=(), linkedin_url=f"https://www.linkedin.com/in/{opaque}"))
    home.actors["apollo"].create(person(emails=(), linkedin_url="https://www.linkedin.com/in/ana-diaz"))
    home.configure("datananas", accept_blind_overwrite=False)
    export = home.folder / "export.csv"
    export.write_text(
        f"record_id,linkedin_url,linkedin_id,first_name\n1,https://www.linkedin.com/in/ana-diaz,{opaque},Ana\n"
    )
    home.configure("datananas", export_file=str(export))
    report = await home.run()
    assert report.people.total == 1
