"""A verification: everything readable against the canonical people, with nothing written anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.toolkit.faults import Fault
from sync.report.summary import NOTHING, headline
from tests.engine.house import House, crowd, person

if TYPE_CHECKING:
    from pathlib import Path


def state_of(home: House) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in (home.folder / "state").rglob("*") if path.is_file()}


async def test_at_rest_nothing_differs_and_nothing_is_touched(home: House) -> None:
    for contact in crowd(5):
        home.actors["topo"].create(contact)
    await home.rest()
    writes, state = home.writes, state_of(home)
    report = await home.run("verify")
    assert (report.exit_code, report.mode, headline(report)) == (0, "verify", NOTHING)
    assert report.providers["apollo"].complete
    assert (home.writes, state_of(home)) == (writes, state)


async def test_what_changed_without_a_new_time_is_found(home: House) -> None:
    home.actors["topo"].create(person(job_title="CFO"))
    await home.rest()
    home.actors["topo"].create(person("Bob Brun"))
    await home.rest()
    home.topo.rows[0]["job_title"] = "COO"
    assert (await home.run("dry-run")).operations == ()
    report = await home.run("verify")
    assert report.exit_code == 10
    assert {(o.provider, *o.fields) for o in report.operations} == {
        ("datananas", "job_title"),
        ("apollo", "job_title"),
    }
    assert headline(report) == "Verification found 2 differences. Nothing was sent."


async def test_however_much_differs_no_guard_hides_it(home: House) -> None:
    for contact in crowd(60):
        home.actors["topo"].create(contact)
    assert (await home.run("dry-run", allow=())).exit_code == 5
    report = await home.run("verify", allow=())
    assert (report.exit_code, report.guards) == (10, ())
    assert len(report.operations) == 120


async def test_what_is_listed_already_is_no_difference(home: House) -> None:
    topo = home.actors["topo"].create(person(job_title="CFO"))
    await home.rest()
    home.actors["topo"].edit(topo, {"job_title": "CEO"})
    home.actors["apollo"].edit(home.apollo.rows[0]["id"], {"job_title": "COO"})
    home.clock.advance(hours=1)
    await home.run()
    report = await home.run("verify")
    assert (report.exit_code, len(report.conflicts)) == (0, 1)


async def test_a_provider_that_cannot_be_read_is_told_and_the_others_are_compared(home: House) -> None:
    await home.run()
    home.actors["topo"].create(person())
    home.apollo.traffic.faults.append(Fault.parse("* *:*:status=503"))
    report = await home.run("verify")
    assert report.exit_code == 11
    assert [(o.provider, o.state) for o in report.operations] == [("datananas", "planned")]


async def test_a_provider_that_is_suddenly_empty_does_not_pass_for_one_that_agrees(home: House) -> None:
    records = [home.actors["topo"].create(contact) for contact in crowd(12)]
    await home.rest()
    for record in records:
        home.topo.remove(record)
    report = await home.run("verify")
    assert (report.exit_code, report.providers["topo"].status) == (3, "failed")
    (problem,) = report.providers["topo"].problems
    assert problem == (
        "12 of 12 known records are missing, which is not believed; if they are gone on purpose, "
        "`contact-sync run --allow emptied=topo:12` accepts it"
    )
    assert headline(report) == "No change is planned, but not everything went well at topo."


async def test_what_a_verification_says_of_an_emptied_provider_is_accepted_by_the_next_run(home: House) -> None:
    records = [home.actors["topo"].create(contact) for contact in crowd(12)]
    await home.rest()
    for record in records:
        home.topo.remove(record)
    assert "run --allow emptied=topo:12`" in (await home.run("verify")).providers["topo"].problems[0]
    accepted = await home.run(allow=("emptied=topo:12",))
    assert (accepted.guards, len(accepted.holds)) == ((), 12)
    assert (await home.run("verify")).providers["topo"].problems == ()


async def test_a_provider_that_answers_for_another_account_does_not_pass_for_one_that_agrees(home: House) -> None:
    home.actors["topo"].create(person())
    await home.rest()
    me = '{"id":"k","organization_id":"another","name":"n","scopes":["contacts:read","exclusions:read"]}'
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/me:*:body={me}"))
    report = await home.run("verify")
    assert (report.exit_code, report.providers["topo"].status) == (3, "failed")
    assert "topo answers for another account than before" in " ".join(report.providers["topo"].problems)
