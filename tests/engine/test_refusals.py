"""What a provider refused: remembered of a row, under the settings that it was sent with; else tried again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from adapters.apollo.spend import ESTIMATE_MICROS
from adapters.toolkit.faults import Fault
from sync.report.summary import headline
from tests.engine.house import GENEROUS, at, by_state, crowd, house, person

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.house import House


async def test_rows_refused_under_a_wrong_field_map_are_sent_once_it_is_right(home: House) -> None:
    home.without("apollo")
    for contact in crowd(3):
        home.actors["topo"].create(contact)
    home.datananas.turn(field_names={"email": "mail", "linkedin": "profileUrl"})
    for _ in range(2):
        assert by_state(await home.run()) == {("datananas", "create", "deferred"): 3}
    home.configure("datananas", field_map={"emails": "mail", "linkedin_url": "profileUrl"})
    (guard,) = (await home.run()).guards
    assert by_state(await home.run(allow=(*GENEROUS, guard.allow))) == {("datananas", "create", "acked"): 3}
    assert by_state(await home.run()) == {}


async def test_a_refusal_outlives_a_change_of_another_providers_settings(home: House) -> None:
    home.without("apollo")
    home.actors["topo"].create(person())
    home.datananas.turn(silently_refuse=lambda _: True)
    assert [o.state for o in at(await home.run(), "datananas")] == ["refused"]
    home.configure("topo", requests_per_second=50.0)
    assert at(await home.run(), "datananas") == []


@pytest.mark.parametrize("status", [404, 405, 415])
@pytest.mark.parametrize(
    ("name", "path"),
    [("topo", "/v1/contact-entries"), ("apollo", "/api/v1/contacts/bulk_create"), ("datananas", "/contacts/bulk")],
)
async def test_a_refused_address_or_form_is_no_fault_of_the_rows(
    home: House, name: str, path: str, status: int
) -> None:
    for contact in crowd(4):
        home.actors["apollo" if name == "topo" else "topo"].create(contact)
    home.boxes[name].traffic.faults.append(Fault.parse(f"POST {path}:1:status={status}"))
    report = await home.run()
    assert {o.state for o in at(report, name)} == {"deferred"}
    assert report.exit_code == 11
    assert home.boxes[name].traffic.count("POST", path) == 1
    assert {o.state for o in at(await home.run(), name)} <= {"acked", "verified"}


async def test_a_match_by_name_and_company_alone_waits_for_a_person_and_links_nobody(home: House) -> None:
    home.without("datananas")
    home.apollo.add(
        email="john@elsewhere.fr", first_name="John", last_name="Smith", organization_name="Acme Widgets"
    )
    home.actors["topo"].create(person("John Smith", company_name="Acme Widgets"))
    report = await home.run()
    (refused,) = at(report, "apollo", "create")
    assert (refused.state, refused.reason) == ("refused", "match-doubtful")
    assert [(h.kind, h.record_id) for h in report.holds] == [("match-doubtful", home.apollo.rows[0]["id"])]
    assert [row["email"] for row in home.apollo.rows] == ["john@elsewhere.fr"]
    again = await home.run()
    assert (at(again, "apollo"), len(again.holds)) == ([], 1)


async def test_a_strangers_row_is_met_once_whatever_else_changes(tmp_path: Path) -> None:
    async with house(tmp_path, apollo={"transport": "aisa"}) as home:
        home.without("datananas")
        home.apollo.add(email="ana.diaz@oakmere-logistics.com", labels=("theirs",))
        home.clock.advance(hours=1)
        ana = home.actors["topo"].create(person(job_title="COO"))
        assert [o.reason for o in at(await home.run(), "apollo")] == ["foreign-row"]
        home.actors["topo"].edit(ana, {"job_title": "CEO"})
        again = await home.run()
        assert (at(again, "apollo"), again.refused_before) == ([], 1)
        home.actors["topo"].edit(ana, {"company_name": "Oakmere"})
        assert [o.reason for o in at(await home.run(), "apollo")] == ["foreign-row"]


async def test_a_quiet_cycle_through_the_gateway_costs_what_the_readme_says(tmp_path: Path) -> None:
    async with house(tmp_path, apollo={"transport": "aisa"}) as home:
        home.without("datananas")
        home.actors["topo"].create(person())
        await home.rest()
        asked = len(home.apollo.traffic.received)
        await home.run()
        calls = len(home.apollo.traffic.received) - asked
    a_day = 1_000_000 // ESTIMATE_MICROS
    assert (calls, a_day, a_day // calls) == (3, 83, 27)
    wishes = [(96 * calls, "3.46"), (24 * calls, "0.86")]
    assert [f"{n * ESTIMATE_MICROS / 1e6:.2f}" for n, _ in wishes] == [usd for _, usd in wishes]


async def test_a_row_that_a_bulk_upload_leaves_out_without_a_word_is_named(home: House) -> None:
    for contact in crowd(5):
        home.actors["topo"].create(contact)
    home.without("apollo")
    home.datananas.turn(silently_refuse=lambda row: str(row.get("email")).startswith("person3@"))
    report = await home.run()
    assert report.exit_code == 3
    states = {str(o.contact.email).partition("@")[0]: (o.state, o.reason) for o in report.operations}
    assert states.pop("person3") == ("refused", "rejected")
    assert {state for state, _ in states.values()} == {"acked"}
    again = await home.run()
    assert (again.exit_code, again.operations, again.refused_before) == (0, (), 1)


CREATES = {
    "topo": "/v1/contact-entries",
    "apollo": "/api/v1/contacts/bulk_create",
    "datananas": "/contacts/bulk",
}
BUSINESS = '{"status_code":422,"type":"BusinessIssue","message":"the list is archived"}'


def refuse(home: House, name: str, count: str, status: int, body: str = "<html>gateway</html>") -> None:
    home.boxes[name].traffic.faults.append(
        Fault.parse(f"POST {CREATES[name]}:{count}:status={status},body={body}")
    )


def fail_entries(home: House, **kinds: str) -> None:
    errors = {f"{name}@oakmere-logistics.com": kind for name, kind in kinds.items()}
    home.topo.switches = replace(home.topo.switches, entry_errors=errors)


def posts(home: House, name: str) -> int:
    return int(home.boxes[name].traffic.count("POST", CREATES[name]))


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("topo", 422, BUSINESS),
        *(("topo", status, "<html>gateway</html>") for status in (400, 413, 421, 423, 431, 451)),
        ("datananas", 422, '{"error":{"statusCode":422,"message":"list"}}'),
        ("datananas", 423, '{"error":{"statusCode":423,"message":"list locked"}}'),
        ("apollo", 422, '{"error":"Parameters misconfigured."}'),
    ],
)
async def test_what_is_refused_for_no_row_is_told_and_tried_again(
    home: House, name: str, status: int, body: str
) -> None:
    other = "apollo" if name == "topo" else "topo"
    home.without(*{"topo", "apollo", "datananas"} - {name, other})
    for contact in crowd(3):
        home.actors[other].create(contact)
    refuse(home, name, "*", status, body)
    report = await home.run()
    assert {(o.state, o.reason) for o in at(report, name)} == {("deferred", "not-taken-now")}
    assert (report.exit_code, report.providers[name].status) == (3, "partial")
    assert any(str(status) in problem for problem in report.providers[name].problems)
    assert posts(home, name) == (1 if status in {421, 423, 431, 451} else 5)
    home.boxes[name].traffic.faults.clear()
    assert {o.state for o in at(await home.run(), name)} <= {"acked", "verified"}


async def test_a_row_refused_alone_while_the_others_go_through_is_remembered(home: House) -> None:
    home.without("apollo")
    for contact in crowd(4):
        home.actors["topo"].create(contact)
    refuse(home, "datananas", "1-3", 422)
    report = await home.run()
    assert by_state(report) == {("datananas", "create", "refused"): 1, ("datananas", "create", "acked"): 3}
    again = await home.run()
    assert (again.operations, again.refused_before, posts(home, "datananas")) == ((), 1, 5)
    assert headline(again) == "Nothing to send; 1 refused before and not sent again."


async def test_a_bad_row_at_topo_is_remembered_told_and_a_difference(home: House) -> None:
    home.without("datananas")
    home.actors["apollo"].create(person())
    refuse(home, "topo", "1", 400, '{"status_code":400,"type":"ValidationIssue","message":"x"}')
    assert [o.state for o in at(await home.run(), "topo")] == ["refused"]
    for _ in range(2):
        again = await home.run()
        assert (again.operations, again.refused_before, again.exit_code) == ((), 1, 0)
    verified = await home.run("verify")
    assert (verified.exit_code, headline(verified)) == (10, "Verification found 1 difference. Nothing was sent.")


async def test_an_entry_that_failed_for_a_reason_that_may_pass_is_tried_again(home: House) -> None:
    home.without("datananas")
    for contact in crowd(3):
        home.actors["apollo"].create(contact)
    home.topo.switches = replace(
        home.topo.switches, entry_errors={"person1@oakmere-logistics.com": "BusinessIssue"}
    )
    report = await home.run()
    assert by_state(report) == {("topo", "create", "deferred"): 1, ("topo", "create", "verified"): 2}
    assert report.exit_code == 3
    fail_entries(home)
    assert by_state(await home.run()) == {("topo", "create", "verified"): 1}


async def test_an_entry_in_conflict_is_looked_for_before_it_is_sent_again(home: House) -> None:
    home.without("datananas")
    (contact,) = crowd(1)
    home.actors["apollo"].create(contact)
    fail_entries(home, person0="CommitIssue")
    assert by_state(await home.run()) == {("topo", "create", "unknown"): 1}
    fail_entries(home)
    home.clock.advance(hours=1)
    assert by_state(await home.run()) == {("topo", "create", "verified"): 1}


@pytest.mark.parametrize("name", ["topo", "datananas", "apollo"])
async def test_where_no_row_passes_the_rest_is_put_off(home: House, name: str) -> None:
    other = "apollo" if name == "topo" else "topo"
    home.without(*{"topo", "apollo", "datananas"} - {name, other})
    for contact in crowd(40):
        home.actors[other].create(contact)
    refuse(home, name, "*", 422, BUSINESS)
    report = await home.run()
    assert by_state(report) == {(name, "create", "deferred"): 40}
    assert posts(home, name) <= 12


async def test_a_few_bad_rows_in_front_do_not_keep_the_others_back(home: House) -> None:
    home.without("apollo")
    for contact in crowd(16):
        home.actors["topo"].create(contact)
    # 16, 8, 4, 2, 1, 1, 2, 1 are refused; then halves go out whole
    refuse(home, "datananas", "1-8", 422)
    report = await home.run()
    assert by_state(report) == {("datananas", "create", "refused"): 3, ("datananas", "create", "acked"): 13}
