"""Somebody who said no is created nowhere, everybody is told, and only a person takes it back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.faults import Fault
from sync.engine import ledger
from sync.report.summary import headline
from tests.decisions.desk import accept, desk, reject, waiting
from tests.engine.house import at, by_state, crowd, person

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


async def test_what_somebody_wrote_at_topo_instead_of_a_reason_is_not_kept(home: House) -> None:
    home.actors["topo"].create(person())
    home.actors["topo"].opt_out(person(), "Ana (ana@ex.org) rang")
    assert {o.reason for o in at(await home.run(), "apollo")} == {"opted-out"}
    assert "ana@ex.org" not in (home.folder / "state" / "opt-outs.ledger").read_text()
    (excluded,) = home.topo.exclusions.values()
    assert excluded["reason"] == "Ana (ana@ex.org) rang"


async def test_an_opt_out_matches_wider_than_identity(home: House) -> None:
    home.actors["apollo"].create(person(emails=("ana.diaz+news@gmail.com",), linkedin_url=None))
    home.actors["topo"].opt_out(person(emails=("anadiaz@googlemail.com",), linkedin_url=None), "CONTACT_REFUSED")
    report = await home.run()
    assert {o.reason for o in at(report, "topo", "create")} == {"opted-out"}


async def test_whoever_stands_in_a_stage_that_comes_to_mean_no_is_created_nowhere(home: House) -> None:
    home.without("datananas")
    home.configure("topo", write=False)
    home.configure("apollo", page_size=2)
    stage = "609500000000000000000099"
    home.apollo.workspace.stages[stage] = "Do not contact"
    home.apollo.edit(home.actors["apollo"].create(person()), contact_stage_id=stage)
    for later in (crowd(5), [person("Boris Kern")]):
        home.clock.advance(hours=9)
        home.apollo.now = home.clock.now
        for somebody in later:
            home.actors["apollo"].create(somebody)
        await home.run()
    home.configure("apollo", opt_out_stages=[stage])
    home.configure("topo", write=True)
    report = await home.run()
    assert by_state(report)["topo", "create", "blocked"] == 1
    assert all(row["first_name"] != "Ana" for row in home.topo.rows)


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


@pytest.mark.parametrize("changed", [{"reason": "INTERESTED"}, {"email": "other@acme.com"}])
async def test_an_opt_out_goes_on_after_its_entry_was_changed_in_the_list(
    home: House, changed: dict[str, str]
) -> None:
    home.actors["topo"].create(person())
    home.topo.add_exclusion(email=person().email, reason="UNSUBSCRIBED")
    await home.run()
    (row,) = home.topo.exclusions.values()
    row.update(changed)
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
    refusal = '{"status_code":403,"type":"UnauthorizedIssue","message":"no"}'
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/contact-exclusions:*:status=403,body={refusal}"))
    report = await home.run()
    creates = [o for o in report.operations if o.kind == "create"]
    assert {(o.state, o.reason) for o in creates} == {("deferred", "optouts-unreadable")}
    assert report.exit_code == 8


@pytest.mark.parametrize(("answer", "code"), [("500", 11), ("401", 8), ("429,retry-after=3600", 9)])
async def test_opt_outs_that_cannot_be_read_again_before_a_create_are_told(
    home: House, answer: str, code: int
) -> None:
    home.actors["topo"].create(person())
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/contact-exclusions:2-99:status={answer}"))
    report = await home.run()
    assert {(o.state, o.reason) for o in report.operations} == {("deferred", "optouts-unreadable")}
    assert report.exit_code == code
    assert "nobody is created anywhere" in " ".join(report.providers["topo"].problems)


async def test_a_newest_opt_out_that_cannot_be_understood_lets_nobody_be_created(home: House) -> None:
    home.actors["topo"].create(person())
    row = '{"id":"x1","email":7,"reason":"UNSUBSCRIBED","created_at":"2026-11-02T00:00:00Z"}'
    page = f'{{"items":[{row}],"total_count":1,"total_pages":1,"has_more":false}}'
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/contact-exclusions:2-99:body={page}"))
    report = await home.run()
    assert report.exit_code == 11
    assert {(o.state, o.reason) for o in report.operations} == {("deferred", "optouts-unreadable")}


async def test_an_opt_out_is_told_until_it_arrived_also_where_contacts_are_not_read(home: House) -> None:
    home.without("datananas")
    home.configure("topo", read=False, create=False)
    home.actors["apollo"].create(person())
    home.actors["apollo"].opt_out(person(), "UNSUBSCRIBED")
    home.topo.traffic.faults.append(Fault.parse("POST /v1/contact-exclusions:1-4:status=502"))
    for code in (3, 3, 3, 3, 0):
        assert (await home.run()).exit_code == code
        home.clock.advance(minutes=20)
    assert len(home.topo.exclusions) == 1


async def test_somebody_excluded_at_topo_later_is_told_to_apollo(home: House) -> None:
    stage = "609500000000000000000099"
    home.apollo.workspace.stages[stage] = "Do not contact"
    home.configure("apollo", opt_out_stage_id=stage)
    home.actors["topo"].create(person())
    await home.run()
    home.actors["topo"].opt_out(person(), "UNSUBSCRIBED")
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "apollo")] == [("stage", "acked")]
    assert home.apollo.rows[0]["contact_stage_id"] == stage
    assert (await home.run()).operations == ()


@pytest.mark.parametrize("reason", ["BOUNCED", "COMPETITOR", "WRONG_PERSON", "LEFT_COMPANY"])
async def test_a_reason_that_casts_doubt_on_the_record_waits_for_a_person(home: House, reason: str) -> None:
    home.actors["topo"].create(person())
    home.actors["topo"].opt_out(person(), reason)
    report = await home.run()
    assert {o.state for o in report.operations} == {"blocked"}
    assert [(m.provider, m.action) for m in report.manual_actions] == [("topo", f"review {reason}")]
    (item,) = waiting(home)
    accept(home, item)
    home.actors["topo"].edit(home.topo.rows[0]["id"], {"job_title": "COO"})
    assert (await home.run()).manual_actions == ()


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("ana.diaz@gmail.com", "anadiaz+x@googlemail.com"),
        ("ana+news@acme.com", "ana@acme.com"),
        ("ana@me.com", "ana@icloud.com"),
        ("info@acme.com", "info@acme.com"),
    ],
)
async def test_whoever_an_opt_out_matches_wider_is_told_to_everybody_though_nothing_else_changed(
    home: House, shown: str, said: str
) -> None:
    stage = "609500000000000000000099"
    home.apollo.workspace.stages[stage] = "Do not contact"
    home.configure("apollo", opt_out_stage_id=stage)
    home.actors["topo"].create(person(emails=(shown,)))
    await home.run()
    home.actors["topo"].opt_out(person(emails=(said,), linkedin_url=None), "UNSUBSCRIBED")
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "apollo")] == [("stage", "acked")]


def _two_anas(home: House) -> None:
    """Topo knows Ana's address, Apollo her profile, and no record shows both."""
    home.actors["topo"].create(person(linkedin_url=None, company_name="Oakmere"))
    home.actors["apollo"].create(person(emails=(), company_name="Oakmere"))


async def test_who_may_be_one_with_somebody_who_opted_out_is_created_nowhere_until_a_person_decides(
    home: House,
) -> None:
    _two_anas(home)
    home.actors["topo"].opt_out(person(linkedin_url=None), "UNSUBSCRIBED")
    report = await home.run()
    assert {(o.state, o.reason) for o in at(report, "datananas")} == {
        ("blocked", "opted-out"),
        ("blocked", "suspected-duplicate"),
    }
    assert (await home.run()).operations == ()
    (item,) = waiting(home)
    reject(home, item)
    await home.run()
    assert [row["linkedin"] for row in home.datananas.rows] == ["https://www.linkedin.com/in/ana-diaz"]


async def test_who_may_be_one_with_somebody_else_is_created_after_that_ones_opt_out_was_released(
    home: House,
) -> None:
    _two_anas(home)
    home.actors["topo"].opt_out(person(linkedin_url=None), "UNSUBSCRIBED")
    await home.run()
    _release(home)
    assert {o.state for o in at(await home.run(), "datananas", "create")} == {"acked", "blocked"}


async def test_a_timed_opt_out_ends_a_day_after_its_time(home: House) -> None:
    home.actors["topo"].create(person())
    until = home.clock.now() + timedelta(days=3)
    home.topo.add_exclusion(email=person().email, reason="OUT_OF_OFFICE", until=until)
    assert {o.reason for o in (await home.run()).operations} == {"opted-out"}
    home.clock.advance(days=3, hours=12)
    assert (await home.run()).operations == ()
    home.clock.advance(hours=13)
    await home.run()
    assert len(home.apollo.rows) == 1


def _release(home: House) -> None:
    with desk(home) as session:
        ledger.release(session, "ana.diaz@oakmere-logistics.com", "Eve", "asked again")


async def test_a_release_ends_what_had_to_be_done_by_hand_and_a_later_opt_out_asks_for_it_anew(
    home: House,
) -> None:
    for name in ("topo", "apollo", "datananas"):
        home.actors[name].create(person())
    home.export()
    await home.run()
    home.actors["topo"].opt_out(person(), "UNSUBSCRIBED")
    first = await home.run()
    todo = [(a.provider, a.action) for a in first.manual_actions]
    assert todo == [("apollo", "opt-out"), ("datananas", "opt-out")]
    accept(home, waiting(home)[0])
    _release(home)
    assert waiting(home) == []
    assert (await home.run()).manual_actions == ()
    home.actors["topo"].opt_out(person(), "UNSUBSCRIBED")
    assert [(a.provider, a.action) for a in (await home.run()).manual_actions] == todo


async def test_whoever_opted_out_counts_as_excluded_in_every_report_until_released(home: House) -> None:
    home.actors["topo"].create(person())
    home.actors["topo"].opt_out(person(), "UNSUBSCRIBED")
    await home.run()
    for _ in range(2):
        again = await home.run()
        assert (again.operations, again.people.excluded) == ((), 1)
        assert headline(again) == "Nothing to send; 2 operations blocked as before."
    assert (await home.run("dry-run")).people.excluded == 1
    _release(home)
    assert (await home.run()).people.excluded == 0


async def test_whoever_unsubscribes_anew_after_a_release_is_created_nowhere_again(home: House) -> None:
    home.without("datananas")
    home.configure("topo", write=False)
    home.actors["apollo"].create(person())
    await _unsubscribes(home, yes=True)
    _release(home)
    await _unsubscribes(home, yes=False)
    await _unsubscribes(home, yes=True)
    home.configure("topo", write=True)
    assert by_state(await home.run())["topo", "create", "blocked"] == 1
    assert home.topo.rows == []


async def _unsubscribes(home: House, *, yes: bool) -> None:
    """The person's row at Apollo says so, or says so no more, and a run reads it."""
    home.clock.advance(hours=1)
    home.apollo.now = home.clock.now
    home.apollo.edit(home.apollo.rows[0]["id"], email_unsubscribed=yes)
    await home.run()


@pytest.mark.parametrize("providers", [(), ("topo", "datananas")])
async def test_nobody_is_created_before_a_provider_whose_rows_say_no_was_read_once(
    home: House, providers: tuple[str, ...]
) -> None:
    home.actors["topo"].create(person())
    home.apollo.edit(home.actors["apollo"].create(person()), email_unsubscribed=True)
    if not providers:
        home.apollo.traffic.faults.append(Fault.parse("* *:*:status=503"))
    report = await home.run(providers=providers)
    assert [(o.provider, o.state, o.reason) for o in report.operations] == [
        ("datananas", "deferred", "optouts-unreadable")
    ]
    assert "nobody is created anywhere" in " ".join(report.providers["apollo"].problems)
    home.apollo.traffic.faults.clear()
    assert [o.reason for o in at(await home.run(), "datananas")] == ["opted-out"]


async def test_a_provider_that_takes_no_part_still_tells_who_said_no_on_its_rows(home: House) -> None:
    at_apollo = home.actors["apollo"].create(person())
    home.without("datananas")
    await home.rest()
    home.apollo.edit(at_apollo, email_unsubscribed=True)
    await home.run(providers=("topo",))
    assert [row["email"] for row in home.topo.exclusions.values()] == ["ana.diaz@oakmere-logistics.com"]
