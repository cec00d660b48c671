"""Somebody who said no is created nowhere, everybody is told, and only a person takes it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.toolkit.sandbox import Fault
from tests.engine.house import at, by_state, person

if TYPE_CHECKING:
    from tests.engine.house import House


async def test_somebody_excluded_at_topo_is_created_nowhere(home: House) -> None:
    home.actors["topo"].create(person())
    home.actors["topo"].opt_out(person(), "UNSUBSCRIBED")
    report = await home.run()
    assert by_state(report) == {("apollo", "create", "blocked"): 1, ("datananas", "create", "blocked"): 1}
    assert {o.reason for o in report.operations} == {"opted-out"}
    assert (home.apollo.rows, home.datananas.rows) == ([], [])
    assert report.people.excluded == 1


async def test_an_opt_out_matches_wider_than_identity(home: House) -> None:
    home.actors["apollo"].create(person(emails=("ana.diaz+news@gmail.com",), linkedin_url=None))
    home.actors["topo"].opt_out(person(emails=("anadiaz@googlemail.com",), linkedin_url=None), "CONTACT_REFUSED")
    report = await home.run()
    assert {o.reason for o in at(report, "topo", "create")} == {"opted-out"}


async def test_somebody_unsubscribed_at_apollo_is_excluded_at_topo(home: House) -> None:
    home.actors["apollo"].create(person())
    home.actors["topo"].create(person())
    home.actors["apollo"].opt_out(person(), "UNSUBSCRIBED")
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "topo")] == [("exclude", "verified")]
    (row,) = home.topo.exclusions.values()
    assert (row["email"], row["reason"]) == ("ana.diaz@oakmere-logistics.com", "UNSUBSCRIBED")
    assert (await home.run()).operations == ()


async def test_an_opt_out_goes_on_after_it_vanished_from_the_list(home: House) -> None:
    home.actors["topo"].create(person())
    home.actors["topo"].opt_out(person(), "UNSUBSCRIBED")
    await home.run()
    home.topo.exclusions.clear()
    home.actors["topo"].edit(home.topo.rows[0]["id"], {"job_title": "COO"})
    await home.run()
    assert home.apollo.rows == []


async def test_what_no_api_can_express_is_listed_for_a_person(home: House) -> None:
    home.actors["apollo"].create(person())
    home.actors["topo"].create(person())
    home.actors["topo"].opt_out(person(), "UNSUBSCRIBED")
    report = await home.run()
    assert [(m.provider, m.action) for m in report.manual_actions] == [("apollo", "opt-out")]


async def test_unreadable_opt_outs_put_off_every_create_but_no_update(home: House) -> None:
    record = home.actors["topo"].create(person(job_title="COO"))
    home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    home.actors["topo"].edit(record, {"job_title": "CEO"})
    home.actors["apollo"].create(person("Lea Martin"))
    home.topo.traffic.faults.append(
        Fault.parse(
            'GET /v1/contact-exclusions:*:status=403,body={"status_code":403,"type":"UnauthorizedIssue","message":"no"}'
        )
    )
    report = await home.run()
    creates = [o for o in report.operations if o.kind == "create"]
    assert {(o.state, o.reason) for o in creates} == {("deferred", "optouts-unreadable")}
    assert report.exit_code == 8
