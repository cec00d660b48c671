"""A provider that goes down while it is written to is left alone; one that stores nothing is told."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.faults import Fault
from tests.engine.house import at, by_state, crowd, house, person

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.house import House

BULK = "/contacts/bulk"


async def test_after_five_writes_in_a_row_without_an_answer_no_more_are_sent(home: House) -> None:
    for contact in crowd(8):
        home.actors["topo"].create(contact)
    home.configure("datananas", batch_size=1)
    home.datananas.traffic.faults.append(Fault.parse(f"POST {BULK}:*:status=502"))
    report = await home.run()
    assert report.exit_code == 11
    assert report.providers["datananas"].status == "unreachable"
    assert home.datananas.traffic.count("POST", BULK) == 5
    assert by_state(report) == {
        ("apollo", "create", "verified"): 8,
        ("datananas", "create", "unknown"): 5,
        ("datananas", "create", "deferred"): 3,
    }
    home.datananas.traffic.faults.clear()
    home.clock.advance(minutes=20)
    assert by_state(await home.run()) == {("datananas", "create", "acked"): 8}
    assert len(home.datananas.rows) == 8


async def test_an_answer_in_between_starts_the_count_anew(home: House) -> None:
    for contact in crowd(9):
        home.actors["topo"].create(contact)
    home.configure("datananas", batch_size=1)
    for lost in ("1-4", "6-9"):
        home.datananas.traffic.faults.append(Fault.parse(f"POST {BULK}:{lost}:status=502"))
    report = await home.run()
    assert report.exit_code == 3
    assert home.datananas.traffic.count("POST", BULK) == 9


async def test_what_was_written_without_an_answer_is_read_back_and_not_written_again(home: House) -> None:
    ids = [home.actors["topo"].create(contact) for contact in crowd(8)]
    home.configure("apollo", update_by="patch")
    home.without("datananas")
    await home.run()
    for record_id in ids:
        home.actors["topo"].edit(record_id, {"job_title": "COO"})
    home.apollo.traffic.faults.append(Fault.parse("PATCH /api/v1/contacts/*:*:then-status=502"))
    report = await home.run()
    assert report.exit_code == 11
    assert by_state(report) == {("apollo", "update", "unknown"): 5, ("apollo", "update", "deferred"): 3}
    home.apollo.traffic.faults.clear()
    home.clock.advance(minutes=20)
    assert by_state(await home.run()) == {("apollo", "update", "verified"): 3}


async def test_a_write_that_never_shows_is_sent_three_times_and_then_told_as_failed(home: House) -> None:
    record_id = home.actors["topo"].create(person())
    home.without("datananas")
    await home.run()
    (row,) = home.apollo.rows
    unchanged = json.dumps({"contacts": [{"id": row["id"], "email": row["email"]}]})
    path = "/api/v1/contacts/bulk_update"
    home.apollo.traffic.faults.append(Fault.parse(f"POST {path}:*:status=200,body={unchanged}"))
    home.actors["topo"].edit(record_id, {"job_title": "COO"})
    for _ in range(3):
        assert by_state(await home.run()) == {("apollo", "update", "acked"): 1}
        home.clock.advance(minutes=20)
    report = await home.run()
    assert [(o.state, o.reason) for o in at(report, "apollo")] == [("failed", "verify-failed")]
    assert report.exit_code == 3
    assert (await home.run()).operations == ()
    assert home.apollo.traffic.count("POST", path) == 3


async def test_an_entry_that_conflicts_with_something_is_looked_up_and_sent_again_later(home: House) -> None:
    for contact in crowd(2):
        home.actors["apollo"].create(contact)
    home.without("datananas")
    home.topo.traffic.faults.append(Fault.parse("POST /v1/contact-entries:1-2:status=409"))
    report = await home.run()
    assert report.exit_code == 3
    assert sorted(o.state for o in at(report, "topo")) == ["unknown", "verified"]
    home.clock.advance(minutes=20)
    assert by_state(await home.run()) == {("topo", "create", "verified"): 1}
    assert len(home.topo.rows) == 2


async def test_the_run_that_parks_a_lost_create_tells_it_and_ends_with_3(home: House) -> None:
    home.actors["topo"].create(person(emails=()))
    home.without("apollo")
    home.datananas.traffic.faults.append(Fault.parse(f"POST {BULK}:1:reset-after"))
    assert [o.state for o in at(await home.run(), "datananas")] == ["unknown"]
    home.clock.advance(minutes=20)
    report = await home.run()
    assert [(o.state, o.reason) for o in at(report, "datananas")] == [("parked", "outcome-unknown")]
    assert (report.exit_code, len(report.parked)) == (3, 1)
    later = await home.run()
    assert (later.exit_code, later.operations, len(later.parked)) == (0, (), 1)


@pytest.mark.parametrize("provider", ["topo", "apollo"])
async def test_a_provider_that_tells_when_it_is_back_is_not_asked_before(home: House, provider: str) -> None:
    read = {"topo": "GET /v1/contacts", "apollo": "POST /api/v1/contacts/search"}[provider]
    home.actors["topo"].create(person())
    box = home.boxes[provider]
    box.traffic.faults.append(Fault.parse(f"{read}:1:status=503,retry-after=700"))
    report = await home.run()
    assert report.exit_code == 9
    asked = box.traffic.count(*read.split())
    await home.run()
    assert box.traffic.count(*read.split()) == asked
    home.clock.advance(minutes=12)
    assert (await home.run()).exit_code == 0


async def test_what_a_create_without_an_answer_did_not_store_is_written_once_its_record_shows(home: House) -> None:
    home.without("datananas")
    home.actors["topo"].create(person(job_title="CEO"))
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/bulk_create:1:reset-before"))
    assert [o.state for o in at(await home.run(), "apollo")] == ["unknown"]
    home.actors["apollo"].create(person(job_title=None))
    home.clock.advance(minutes=20)
    report = await home.run()
    assert [(o.kind, o.state, list(o.fields)) for o in at(report, "apollo")] == [
        ("update", "verified", ["job_title"])
    ]
    assert [row["title"] for row in home.apollo.rows] == ["CEO"]
    assert (await home.run()).operations == ()


LIMITS = ["status=429,retry-after=3600", 'status=402,body={"reason":"contact_connect_quotas"}']


@pytest.mark.parametrize("limit", LIMITS)
async def test_all_that_waits_for_one_limit_is_one_line_with_its_end(home: House, limit: str) -> None:
    for contact in crowd(3):
        home.actors["topo"].create(contact)
    home.configure("datananas", batch_size=1)
    home.datananas.traffic.faults.append(Fault.parse(f"POST {BULK}:*:{limit}"))
    report = await home.run()
    (line,) = report.deferred
    assert (report.exit_code, line.provider, line.count) == (9, "datananas", 3)
    assert line.until is not None
    assert home.datananas.traffic.count("POST", BULK) == 1


@pytest.mark.parametrize("limit", LIMITS)
async def test_a_dry_run_tells_what_a_run_puts_off_for_a_limit_that_still_stands(home: House, limit: str) -> None:
    home.actors["topo"].create(person())
    home.datananas.traffic.faults.append(Fault.parse(f"POST {BULK}:*:{limit}"))
    await home.run()
    home.datananas.traffic.faults.clear()
    home.actors["topo"].create(person("Boris Kern"))
    home.clock.advance(minutes=5)
    dry = await home.run("dry-run")
    home.section("guards", create={"share": 0, "floor": 0})
    stopped = await home.run("dry-run", allow=())
    assert (stopped.exit_code, {o.state for o in stopped.operations}) == (5, {"planned"})
    run = await home.run()
    assert home.datananas.traffic.count("POST", BULK) == 1
    (line,), (kept,) = dry.deferred, run.deferred
    assert (dry.exit_code, line.provider, line.reason, line.count) == (9, "datananas", kept.reason, kept.count)
    assert line.until is not None
    assert kept.until is not None
    assert abs(line.until - kept.until) < timedelta(seconds=1)
    assert by_state(dry) == {("apollo", "create", "planned"): 1, ("datananas", "create", "deferred"): 2}
    home.clock.advance(days=1)
    dry = await home.run("dry-run")
    assert (dry.exit_code, dry.deferred) == (0, ())
    assert by_state(dry) == {("datananas", "create", "planned"): 2}


PLACES = ["GET /v1/me", "GET /v1/contact-lists/*", "GET /v1/contact-exclusions", "GET /v1/contacts"]


@pytest.mark.parametrize("place", PLACES)
async def test_whichever_request_meets_a_limit_first_the_report_tells_until_when(home: House, place: str) -> None:
    home.actors["topo"].create(person())
    home.topo.traffic.faults.append(Fault.parse(f"{place}:1:status=429,retry-after=3600"))
    first = await home.run()
    (line,) = [d for d in first.deferred if d.provider == "topo"]
    assert (first.exit_code, line.reason) == (9, "rate-limited")
    assert line.until is not None
    (still,) = [d for d in (await home.run()).deferred if d.provider == "topo"]
    assert still.until is not None
    assert abs(still.until - line.until) < timedelta(seconds=1)


ANSWERS = [("401", 8), ("500", 11), ("429,retry-after=3600", 9)]


@pytest.mark.parametrize(("answer", "code"), ANSWERS)
async def test_a_provider_that_fails_when_its_writes_are_read_back_is_told(
    home: House, answer: str, code: int
) -> None:
    home.actors["topo"].create(person())
    home.without("datananas")
    await home.run()
    home.actors["topo"].create(person("Bea Lund"))
    home.apollo.traffic.faults.append(Fault.parse(f"POST /api/v1/contacts/search:4-99:status={answer}"))
    report = await home.run()
    assert by_state(report) == {("apollo", "create", "acked"): 1}
    assert report.exit_code == code
    assert "could not be read back" in " ".join(report.providers["apollo"].problems)
    home.apollo.traffic.faults.clear()
    home.clock.advance(hours=2)
    assert (await home.run()).exit_code == 0
    assert len(home.apollo.rows) == 2


async def test_a_token_that_is_refused_while_an_upload_is_followed_ends_the_run_with_8(home: House) -> None:
    for contact in crowd(2):
        home.actors["topo"].create(contact)
    home.without("apollo")

    def refuse_from_now_on(_row: object) -> bool:
        home.datananas.turn(socket_status=401)
        return False

    home.datananas.turn(silently_refuse=refuse_from_now_on, close_at=2, close_code=4401)
    report = await home.run()
    assert {(o.state, o.reason) for o in report.operations} == {("unknown", "outcome-unknown")}
    assert (report.exit_code, report.providers["datananas"].status) == (8, "refused")


async def test_one_record_that_nobody_can_make_sense_of_puts_off_its_own_update_alone(home: House) -> None:
    home.without("datananas")
    for contact in crowd(3):
        home.actors["apollo"].create(contact)
    await home.run()
    for row in home.apollo.rows:
        home.apollo.edit(row["id"], title="COO")
    odd = home.topo.rows[0]["id"]
    home.topo.traffic.faults.append(Fault.parse(f'GET /v1/contacts/{odd}:1:status=200,body={{"id":7}}'))
    report = await home.run()
    assert by_state(report) == {("topo", "update", "deferred"): 1, ("topo", "update", "verified"): 2}
    assert [o.reason for o in report.operations if o.state == "deferred"] == ["bad-body"]
    assert by_state(await home.run()) == {("topo", "update", "verified"): 1}


async def test_a_look_up_that_is_refused_stops_no_other_entry_and_ends_with_a_person(tmp_path: Path) -> None:
    async with house(tmp_path, topo={"resolve": "never"}) as home:
        home.without("datananas")
        home.actors["apollo"].create(person())
        await home.run()
        home.actors["apollo"].create(person("Bea Lund"))
        home.topo.traffic.faults.append(Fault.parse("GET /v1/contacts:2:status=400"))
        report = await home.run()
        assert (report.exit_code, by_state(report)) == (0, {("topo", "create", "pending"): 1})


async def test_a_lost_create_whose_look_up_is_refused_is_parked_and_never_sent_again(home: House) -> None:
    home.without("datananas")
    home.actors["apollo"].create(person())
    home.topo.traffic.faults.append(Fault.parse("POST /v1/contact-entries:1:reset-before"))
    await home.run()
    home.clock.advance(minutes=20)
    home.topo.traffic.faults.append(Fault.parse("GET /v1/contacts:1:status=400"))
    assert by_state(await home.run()) == {("topo", "create", "parked"): 1}
    await home.run()
    assert home.topo.traffic.count("POST", "/v1/contact-entries") == 1


@pytest.mark.parametrize("kind", ["create", "update"])
async def test_while_a_provider_is_down_no_acknowledged_write_counts_as_one_that_never_showed(
    home: House, kind: str
) -> None:
    home.without("datananas")
    home.configure("topo", exclusions=False)
    home.actors["apollo"].create(person())
    await home.run()
    if kind == "create":
        home.actors["apollo"].create(person("Bea Lund"))
    else:
        home.apollo.edit(home.apollo.rows[0]["id"], title="COO")
    home.topo.traffic.faults.append(Fault.parse("GET /v1/contacts:3-99:status=500"))
    assert by_state(await home.run()) == {("topo", kind, "acked"): 1}
    home.topo.traffic.faults.append(Fault.parse("* /v1/*:*:status=500"))
    home.clock.advance(minutes=20)
    down = await home.run()
    assert (down.cannot_express, down.operations) == ((), ())
    assert "never showed" not in " ".join(down.providers["topo"].problems)
    home.topo.traffic.faults.clear()
    assert (await home.run()).exit_code == 0
    assert home.topo.traffic.count("POST", "/v1/contact-entries") == 2


async def test_a_ceiling_that_reads_and_writes_met_is_one_line(home: House) -> None:
    home.without("datananas")
    home.actors["topo"].create(person())
    home.actors["apollo"].create(person("Bea Lund"))
    needed = (await home.run("dry-run")).providers["topo"].read_requests
    report = await home.run(max_requests={"topo": needed})
    assert report.exit_code == 9
    assert [(d.reason, d.count) for d in report.deferred if d.provider == "topo"] == [("max-requests", 1)]


async def test_a_death_in_a_wait_leaves_nothing_to_look_up(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(seconds: float) -> None:
        if seconds >= 60:
            raise asyncio.CancelledError

    home.without("apollo")
    home.actors["topo"].create(person(emails=()))  # nothing would recognise a second row of hers
    home.datananas.traffic.faults.append(Fault.parse(f"POST {BULK}:1:status=429,retry-after=60"))
    monkeypatch.setattr(home.clock, "sleep", die)
    with pytest.raises(asyncio.CancelledError):
        await home.run()
    monkeypatch.undo()
    home.clock.advance(minutes=2)
    assert by_state(await home.run()) == {("datananas", "create", "acked"): 1}


async def test_what_a_lost_write_may_have_left_where_nobody_can_read_is_replaced_by_what_stands(
    home: House,
) -> None:
    home.without("apollo")
    topo = home.actors["topo"].create(person(job_title="CFO"))
    await home.rest()
    home.actors["topo"].edit(topo, {"job_title": "COO"})
    home.datananas.traffic.faults.append(Fault.parse("POST /contacts/bulk:1:reset-after"))
    assert [o.state for o in at(await home.run(), "datananas")] == ["unknown"]
    home.actors["topo"].edit(topo, {"job_title": "CFO"})
    home.clock.advance(hours=1)
    report = await home.run()
    assert home.datananas.rows[0]["position"] == "CFO"
    (operation,) = at(report, "datananas")
    assert {n: (c.before, c.after) for n, c in operation.fields.items()} == {"job_title": ("COO", "CFO")}
    writes = home.writes
    await home.rest()
    assert home.writes == writes


async def test_a_write_that_could_not_be_read_for_a_day_is_nobodys_edit_when_it_shows(home: House) -> None:
    home.configure("topo", update_by_entry="all")
    home.without("datananas")
    at_topo = home.actors["topo"].create(person())
    at_apollo = home.actors["apollo"].create(person())
    await home.rest()
    home.actors["apollo"].edit(at_apollo, {"job_title": "COO"})
    home.topo.switches = replace(home.topo.switches, index_lag_s=120.0)
    await home.run()
    home.clock.advance(hours=1)
    home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
    home.topo.traffic.faults.append(Fault.parse("GET /v1/contacts:*:status=503"))
    await home.run()
    home.topo.traffic.faults.clear()
    await home.rest()
    assert [row["title"] for row in home.apollo.rows] == ["CEO"]
    assert [row["job_title"] for row in home.topo.rows if row["id"] == at_topo] == ["CEO"]


async def test_what_a_provider_calls_a_request_is_kept_with_what_it_refused(home: House) -> None:
    home.configure("apollo", write=False)
    home.without("datananas")
    home.actors["apollo"].create(person())
    refusal = '{"type":"ValidationIssue","message":"no such list","request_id":"req_7"}'
    home.topo.traffic.faults.append(Fault.parse(f"POST /v1/contact-entries:*:status=400,body={refusal}"))
    report = await home.run()
    (refused,) = at(report, "topo")
    assert (refused.state, str(refused.message).endswith("(request req_7)")) == ("refused", True)
