"""Other people go on working at the providers while a cycle runs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from adapters.toolkit.faults import Fault
from sync.engine.session import Options
from sync.wiring import Request, load_settings, opened_store, run_once
from tests.engine.house import House, at, person

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.report.model import Report


class Meddler:
    """Somebody who acts as soon as a stage of a provider advances, once each time."""

    def __init__(self, stage: str, provider: str, *acts: Callable[[], object]) -> None:
        self._place = (stage, provider)
        self._acts = list(acts)

    def advance(self, stage: str, provider: str, done: int, total: int | None) -> None:
        if (stage, provider) == self._place and self._acts:
            self._acts.pop(0)()


async def run_with(home: House, meddler: Meddler) -> Report:
    for box in home.boxes.values():
        box.now = home.clock.now
    settings = load_settings(home.config, home.environ)
    request = Request(options=Options())
    return await run_once(settings, request, clock=home.clock, environ=home.environ, progress=meddler)


async def test_an_edit_that_only_the_read_back_shows_reaches_the_others_in_the_next_cycle(home: House) -> None:
    at_topo = home.actors["topo"].create(person(job_title="COO", company_name="Oakmere"))
    at_apollo = home.actors["apollo"].create(person(job_title="COO", company_name="Oakmere"))
    await home.run()
    home.actors["topo"].edit(at_topo, {"job_title": "CEO"})
    edit = Meddler("push", "apollo", lambda: home.apollo.edit(at_apollo, organization_name="Oakmere Group"))
    await run_with(home, edit)
    await home.run()
    assert [row["company"] for row in home.datananas.rows] == ["Oakmere Group"]


async def test_an_edit_that_a_late_write_of_ours_takes_the_place_of_is_written_again(home: House) -> None:
    at_topo = home.actors["topo"].create(person(company_name="Oakmere"))
    at_apollo = home.actors["apollo"].create(person(company_name="Oakmere"))
    await home.rest()
    home.actors["topo"].edit(at_topo, {"company_name": "Oakmere Group"})
    home.actors["topo"].create(person("Bob Roy"))  # so that Apollo is looked at once more
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/bulk_update:1:reset-before"))
    typed = partial(home.apollo.edit, at_apollo, organization_name="Oakmere Holding")
    arrives = partial(home.apollo.edit, at_apollo, organization_name="Oakmere Group")
    await run_with(home, Meddler("push", "apollo", typed, arrives))
    await home.rest()
    assert [row["organization_name"] for row in home.apollo.rows if row["id"] == at_apollo] == ["Oakmere Holding"]
    assert "Oakmere Holding" in [row.get("company") for row in home.datananas.rows]


async def test_a_write_of_ours_that_arrives_days_later_is_written_over_again(home: House) -> None:
    at_topo = home.actors["topo"].create(person(company_name="Oakmere"))
    at_apollo = home.actors["apollo"].create(person(company_name="Oakmere"))
    await home.rest()
    home.actors["topo"].edit(at_topo, {"company_name": "Oakmere Group"})
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/bulk_update:1:reset-before"))
    await home.run()
    home.actors["topo"].edit(at_topo, {"company_name": "Oakmere Holding"})
    await home.rest()
    home.actors["topo"].edit(at_topo, {"job_title": "COO"})
    await home.rest()
    home.apollo.edit(at_apollo, organization_name="Oakmere Group")  # the lost one, handed on by a gateway
    await home.rest()
    assert [row["organization_name"] for row in home.apollo.rows] == ["Oakmere Holding"]
    assert [row["company"] for row in home.datananas.rows] == ["Oakmere Holding"]


async def test_what_a_lost_write_wrote_is_an_edit_when_somebody_types_it_after_it_was_seen(home: House) -> None:
    home.without("datananas")
    at_topo = home.actors["topo"].create(person(company_name="Oakmere"))
    at_apollo = home.actors["apollo"].create(person(company_name="Oakmere"))
    await home.rest()
    home.actors["topo"].edit(at_topo, {"company_name": "Oakmere Group"})
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/bulk_update:1:reset-after"))
    await home.run()
    await home.rest()
    home.actors["topo"].edit(at_topo, {"company_name": "Oakmere Holding"})
    await home.rest()
    home.clock.advance(days=30)
    home.apollo.edit(at_apollo, organization_name="Oakmere Group")
    await home.rest()
    assert [row["organization_name"] for row in home.apollo.rows] == ["Oakmere Group"]


async def test_a_create_that_may_have_arrived_is_repeated_under_the_keys_it_had(home: House) -> None:
    record = home.actors["topo"].create(person())
    home.datananas.turn(bad_totals="negative")
    await home.run()
    home.actors["topo"].edit(record, {"emails": "ana@new-employer.com"})
    home.datananas.turn(bad_totals="")
    home.clock.advance(minutes=16)
    report = await home.run()
    assert [row["email"] for row in home.datananas.rows] == ["ana.diaz@oakmere-logistics.com"]
    assert [o.state for o in report.operations if o.provider == "datananas"] == ["acked"]


async def test_the_opt_outs_are_the_last_thing_looked_at_before_somebody_is_created(home: House) -> None:
    home.without("datananas")
    home.actors["apollo"].create(person())
    await home.run()
    paths = [r.path.removeprefix("/v1") for r in home.topo.traffic.received]
    assert paths[paths.index("/contact-entries") - 1] == "/contact-exclusions"


async def test_an_edit_found_together_with_an_entry_that_shows_late_reaches_the_others(home: House) -> None:
    home.topo.switches = replace(home.topo.switches, index_lag_s=120.0)
    record = home.actors["apollo"].create(person(job_title="COO"))
    edit = Meddler("push", "datananas", lambda: home.apollo.edit(record, title="CEO"))
    home.clock.advance(minutes=3)
    await run_with(home, edit)
    home.clock.advance(minutes=20)
    await home.run()
    assert [row["position"] for row in home.datananas.rows] == ["CEO"]


async def test_a_value_put_back_right_after_our_write_stands_in_the_end(home: House) -> None:
    at_topo = home.actors["topo"].create(person(job_title="COO"))
    at_apollo = home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    home.actors["topo"].edit(at_topo, {"job_title": "CEO"})
    await home.run()
    home.apollo.edit(at_apollo, title="COO")
    await home.run()
    home.clock.advance(minutes=16)
    await home.run()
    assert [row["position"] for row in home.datananas.rows] == ["COO"]


async def test_our_own_update_whose_answer_was_lost_is_nobodys_edit(home: House) -> None:
    home.section("merge", priority=["topo", "apollo", "datananas"])
    home.actors["topo"].create(person(job_title="COO"))
    home.actors["apollo"].create(person(job_title="CFO"))
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/bulk_update:1:reset-after"))
    await home.run()
    home.clock.advance(minutes=16)
    await home.run()
    with opened_store(load_settings(home.config, home.environ), scratch=True) as store:
        (found,) = store.people(store.people_with_key("linkedin", "in:ana-diaz"))
        choice = found.choices["job_title"]
    assert (choice.rule, list(choice.losers.values())) == ("survivorship", ["CFO"])


async def test_what_a_provider_asked_to_wait_for_in_a_look_is_remembered(home: House) -> None:
    home.actors["apollo"].create(person())
    home.without("datananas")
    fault = Fault.parse("GET /v1/contact-lists/*:3:status=429,retry-after=5000")
    home.topo.traffic.faults.append(fault)
    await home.run()
    before = len(home.topo.traffic.received)
    await home.run()
    assert len(home.topo.traffic.received) == before


async def test_who_must_not_be_enrolled_since_the_plan_is_not_created_where_creates_enrol(home: House) -> None:
    home.configure("topo", allow_sequence_enrolment=True)
    home.enrol()
    who = person()
    home.actors["apollo"].create(who)

    def answered() -> None:
        home.clock.advance(minutes=2)
        home.actors["topo"].opt_out(who, "MEETING")

    report = await run_with(home, Meddler("pull", "apollo", answered))
    assert [o.state for o in report.operations if (o.provider, o.kind) == ("topo", "create")] == ["blocked"]
    assert home.topo.enrolled == []


async def test_who_may_be_one_with_somebody_that_said_no_since_the_plan_is_not_created(home: House) -> None:
    home.actors["topo"].create(person(linkedin_url=None, company_name="Oakmere"))
    home.actors["apollo"].create(person(emails=(), company_name="Oakmere"))

    def said_no() -> None:
        home.clock.advance(minutes=2)
        home.actors["topo"].opt_out(person(linkedin_url=None), "UNSUBSCRIBED")

    report = await run_with(home, Meddler("pull", "apollo", said_no))
    assert {o.state for o in report.operations if o.provider == "datananas"} == {"blocked"}
    assert home.datananas.rows == []


class Overtaking(list[Any]):
    """A request log; whoever writes does it right before the first bulk update is carried out."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self._act = act

    def append(self, received: Any) -> None:
        if received.path.endswith("/bulk_update") and not any(r.path == received.path for r in self):
            self._act()
        super().append(received)


@pytest.mark.parametrize(("typed", "stands"), [("", "Acme"), ("Beta", "Beta")])
async def test_an_edit_that_only_the_answer_to_a_write_shows_is_heeded_in_the_next_cycle(
    home: House, typed: str, stands: str
) -> None:
    home.without("datananas")
    record = home.actors["topo"].create(person(company_name="Acme", job_title="COO"))
    await home.run()
    (row,) = home.apollo.rows
    home.clock.advance(minutes=20)
    home.actors["topo"].edit(record, {"job_title": "CEO"})
    home.apollo.traffic.received = Overtaking(lambda: row.update(organization_name=typed))
    await home.run()
    await home.run()
    assert (row["title"], row["organization_name"]) == ("CEO", stands)


async def test_a_no_that_comes_while_its_person_is_written_to_reaches_everybody_in_the_next_cycle(
    home: House,
) -> None:
    stage = "609500000000000000000099"
    home.apollo.workspace.stages[stage] = "Do not contact"
    home.configure("apollo", opt_out_stage_id=stage)
    ana = person(job_title="COO")
    record = home.actors["topo"].create(ana)
    await home.run()
    home.actors["topo"].edit(record, {"job_title": "CEO"})
    home.actors["topo"].create(person("Bob Klein", emails=("bob@acme.com",)))

    def said_no() -> None:
        home.clock.advance(minutes=2)
        home.actors["topo"].opt_out(ana, "UNSUBSCRIBED")

    home.datananas.traffic.faults.append(Fault.parse("POST /contacts/bulk:*:delay=1"))  # ends after all the others
    await run_with(home, Meddler("pull", "apollo", said_no))
    report = await home.run()
    assert [(o.provider, o.kind, o.state) for o in report.operations] == [("apollo", "stage", "acked")]


@pytest.mark.parametrize("asked_s", [4, 60])
async def test_a_no_said_while_a_write_waits_or_the_machine_sleeps_reaches_it(home: House, asked_s: int) -> None:
    """The one wait is the adapter's, in which the machine sleeps for hours; the other one is the engine's."""
    home.without("datananas")
    home.actors["apollo"].create(person())
    refusal = f"POST /v1/contact-entries:1:status=429,retry-after={asked_s}"
    home.topo.traffic.faults.append(Fault.parse(refusal))

    async def says_no(seconds: float) -> None:
        if seconds >= asked_s and not home.topo.exclusions:
            home.topo.add_exclusion(email="ana.diaz@oakmere-logistics.com", reason="UNSUBSCRIBED")
            home.clock.advance(hours=2)

    home.clock.meanwhile = says_no
    report = await home.run()
    assert home.topo.rows == []
    assert [(o.state, o.reason) for o in at(report, "topo") if o.kind == "create"] == [("blocked", "opted-out")]
