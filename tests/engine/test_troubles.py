"""Providers that fail, lie or fall silent: the others finish, nothing is written twice, the report tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.toolkit.faults import Fault
from sync.errors import ConfigError, LockHeld
from tests.engine.house import House, at, by_state, crowd, person

TOPO_DOWN = "* /v1/*:*:reset-before"


async def test_a_first_run_without_allowances_stops_and_prints_the_words_to_repeat(home: House) -> None:
    for contact in crowd(60):
        home.actors["topo"].create(contact)
    report = await home.run(allow=())
    assert report.exit_code == 5
    assert home.writes == 0
    assert {g.allow for g in report.guards} == {"create=apollo:60", "create=datananas:60"}
    again = await home.run(allow=[g.allow for g in report.guards])
    assert again.exit_code == 0
    assert len(home.apollo.rows) == len(home.datananas.rows) == 60


async def test_an_unreachable_provider_does_not_stop_the_others(home: House) -> None:
    home.actors["apollo"].create(person())
    home.topo.traffic.faults.append(Fault.parse(TOPO_DOWN))
    home.configure("topo", exclusions=False)
    report = await home.run()
    assert report.exit_code == 11
    assert report.providers["topo"].status == "unreachable"
    assert by_state(report) == {("datananas", "create", "acked"): 1}
    home.topo.traffic.faults.clear()
    after = await home.run()
    assert (after.exit_code, by_state(after)) == (0, {("topo", "create", "verified"): 1})


async def test_wrong_credentials_end_with_8_and_name_the_provider(home: House) -> None:
    await home.run()
    home.actors["topo"].create(person())
    home.apollo.traffic.faults.append(Fault.parse("* /api/v1/*:*:status=401,body=Invalid API key"))
    report = await home.run()
    assert report.exit_code == 8
    assert report.providers["apollo"].status == "refused"
    assert by_state(report) == {("datananas", "create", "acked"): 1}


async def test_garbage_from_a_provider_is_told_and_loses_nothing(home: House) -> None:
    await home.run()
    home.actors["topo"].create(person())
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/search:*:garbage"))
    report = await home.run()
    assert report.exit_code == 11
    assert report.providers["apollo"].problems
    assert by_state(report) == {("datananas", "create", "acked"): 1}


@pytest.mark.parametrize("when", ["reset-after", "then-status=502"])
async def test_a_lost_answer_of_apollo_never_makes_a_second_contact(home: House, when: str) -> None:
    home.actors["topo"].create(person())
    home.apollo.traffic.faults.append(Fault.parse(f"POST /api/v1/contacts/bulk_create:1:{when}"))
    first = await home.run()
    assert (first.exit_code, at(first, "apollo")[0].state) == (0, "verified")  # the read-back found it
    assert (await home.run()).operations == ()
    assert len(home.apollo.rows) == 1


@pytest.mark.parametrize("when", ["reset-after", "reset-before", "then-status=502"])
async def test_with_a_slow_index_an_unknown_create_waits_and_is_settled_later(home: House, when: str) -> None:
    home.actors["topo"].create(person())
    home.apollo.traffic.faults.append(Fault.parse(f"POST /api/v1/contacts/bulk_create:1:{when}"))
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/search:6-99:status=500"))
    first = await home.run()
    assert (first.exit_code, at(first, "apollo")[0].state) == (11, "unknown")
    home.apollo.traffic.faults.clear()
    await home.run()
    home.clock.advance(minutes=20)
    await home.run()
    home.clock.advance(minutes=20)
    await home.run()
    assert (await home.run()).operations == ()
    assert len(home.apollo.rows) == 1


@pytest.mark.parametrize("when", ["reset-after", "reset-before", "then-status=500"])
async def test_a_lost_answer_of_topo_never_makes_a_second_contact(home: House, when: str) -> None:
    home.actors["apollo"].create(person())
    home.topo.traffic.faults.append(Fault.parse(f"POST /v1/contact-entries:1:{when}"))
    first = await home.run()
    assert first.exit_code in {0, 3}
    home.clock.advance(minutes=20)
    await home.run()
    assert (await home.run()).operations == ()
    assert len(home.topo.rows) == 1


async def test_a_lost_answer_of_datananas_is_posted_again_after_settling(home: House) -> None:
    home.actors["topo"].create(person())
    home.datananas.traffic.faults.append(Fault.parse("POST /contacts/bulk:1:reset-after"))
    home.configure("datananas", start_timeout="1s", stall_timeout="1s")
    first = await home.run()
    assert [o.state for o in at(first, "datananas")] == ["unknown"]
    assert (await home.run()).operations == ()
    home.clock.advance(minutes=20)
    later = await home.run()
    assert [o.state for o in at(later, "datananas")] == ["acked"]
    assert len(home.datananas.rows) == 1


@pytest.mark.parametrize("asked_s", [0, 1, 15])
async def test_a_write_that_is_told_to_wait_again_and_again_is_tried_three_times_in_all(
    home: House, monkeypatch: pytest.MonkeyPatch, asked_s: int
) -> None:
    async def passing(seconds: float) -> None:
        home.clock.advance(seconds=seconds)

    monkeypatch.setattr(home.clock, "sleep", passing)  # or the limiter asks the clock until 15 s have gone by
    home.without("datananas")
    home.actors["topo"].create(person())
    path = "/api/v1/contacts/bulk_create"
    home.apollo.traffic.faults.append(Fault.parse(f"POST {path}:*:status=429,retry-after={asked_s}"))
    report = await home.run()
    assert report.exit_code == 9
    assert [(o.state, o.reason) for o in at(report, "apollo")] == [("deferred", "rate-limited")]
    assert home.apollo.traffic.count("POST", path) == 3


async def test_a_list_that_starts_outreach_stops_the_run_before_anything_is_written(home: House) -> None:
    home.actors["apollo"].create(person())
    home.enrol()
    report = await home.run()
    assert report.exit_code == 5
    assert home.writes == 0
    assert [g.kind for g in report.guards] == ["outreach"]
    assert home.topo.enrolled == []


async def test_outreach_that_the_settings_allow_starts_for_nobody_who_must_not_be_enrolled(home: House) -> None:
    home.configure("topo", allow_sequence_enrolment=True)
    who = person()
    home.actors["apollo"].create(who)
    home.actors["topo"].opt_out(who, "INTERESTED")
    home.enrol()
    report = await home.run()
    assert [(o.state, o.reason) for o in at(report, "topo") if o.kind == "create"] == [("blocked", "opted-out")]
    assert home.topo.enrolled == []


async def test_a_changed_filter_waits_for_its_fingerprint(home: House) -> None:
    home.actors["topo"].create(person(country="France"))
    await home.run()
    home.configure("apollo", require=["phone"])
    stopped = await home.run()
    assert stopped.exit_code == 5
    (guard,) = stopped.guards
    assert guard.allow.startswith("config=apollo:")
    assert (await home.run(allow=[guard.allow])).exit_code == 0
    assert (await home.run()).exit_code == 0


async def test_another_account_behind_the_same_address_is_neither_read_nor_written(home: House) -> None:
    home.actors["topo"].create(person())
    await home.run()
    me = '{"id":"k","organization_id":"another","name":"n","scopes":["contacts:read","exclusions:read"]}'
    home.topo.traffic.faults.append(Fault.parse(f"GET /v1/me:*:body={me}"))
    home.actors["topo"].create(person("Lea Martin"))
    before = home.writes
    report = await home.run()
    assert report.exit_code == 5
    assert home.writes == before
    assert report.people.total == 1


async def test_an_emptied_provider_is_not_believed(home: House) -> None:
    records = [home.actors["topo"].create(contact) for contact in crowd(12)]
    await home.run()
    for record in records:
        home.topo.remove(record)
    home.clock.advance(hours=25)
    report = await home.run()
    assert report.exit_code == 5
    assert [g.kind for g in report.guards] == ["emptied"]
    assert report.holds == ()


async def test_a_record_that_is_gone_is_held_and_never_created_again(home: House) -> None:
    records = [home.actors["topo"].create(contact) for contact in crowd(12)]
    await home.run()
    home.topo.remove(records[0])
    home.clock.advance(hours=25)
    report = await home.run()
    assert [(h.kind, h.provider, h.record_id) for h in report.holds] == [("disappeared", "topo", records[0])]
    assert at(report, "topo") == []
    assert len(home.topo.rows) == 11
    home.clock.advance(hours=25)
    await home.run()
    assert len(home.topo.rows) == 11


async def test_a_reached_request_ceiling_defers_the_rest(home: House) -> None:
    for contact in crowd(5):
        home.actors["topo"].create(contact)
    report = await home.run(max_requests={"apollo": 4})
    assert report.exit_code == 9
    assert {o.reason for o in at(report, "apollo")} <= {"max-requests", "first-sweep"}
    assert (await home.run()).exit_code == 0


async def test_a_full_datananas_account_stops_creates_there_alone(home: House) -> None:
    home.actors["topo"].create(person())
    home.datananas.turn(quota="total", quota_left=0)
    report = await home.run()
    assert report.exit_code == 9
    assert [(o.state, o.reason) for o in at(report, "datananas")] == [("deferred", "quota-total")]
    assert len(home.apollo.rows) == 1


async def test_a_row_without_the_match_key_is_not_posted_again_after_a_quota_met_half_way(home: House) -> None:
    home.actors["topo"].create(person("Zoe Quist", emails=()))
    for contact in crowd(4):
        home.actors["topo"].create(contact)
    home.datananas.turn(quota="connect", quota_left=3, quota_when="after_starting", written_part=True)
    states = {o.contact.first_name: o.state for o in at(await home.run(), "datananas")}
    assert states.pop("Zoe") == "unknown"
    assert set(states.values()) == {"deferred"}
    home.datananas.turn(quota="")
    for _ in range(3):
        home.clock.advance(days=1)
        await home.run()
    assert sum(row["firstName"] == "Zoe" for row in home.datananas.rows) <= 1
    assert {row.get("email") for row in home.datananas.rows if row["firstName"] != "Zoe"} == {
        contact.email for contact in crowd(4)
    }


async def test_a_daily_quota_that_was_met_is_left_alone_until_it_starts_again(home: House) -> None:
    home.actors["topo"].create(person())
    home.datananas.turn(quota="connect")
    first = await home.run()
    assert [(o.state, o.reason) for o in at(first, "datananas")] == [("deferred", "quota")]
    until = first.deferred[0].until
    home.datananas.turn(quota="")
    waiting = await home.run()
    assert (waiting.exit_code, waiting.deferred) == (9, first.deferred)
    assert home.datananas.writes == 1
    assert until is not None
    home.clock.offset = until - datetime.now(UTC) + timedelta(seconds=1)
    assert [o.state for o in at(await home.run(), "datananas")] == ["acked"]


async def test_a_second_run_finds_the_lock_held(home: House) -> None:
    from state.lock import RunLock, run_lock_path

    await home.run()
    with RunLock(run_lock_path(home.folder / "state" / "state.db")).acquire(0), pytest.raises(LockHeld):
        await home.run()


async def test_an_unknown_provider_on_the_command_line_is_a_configuration_error(home: House) -> None:
    with pytest.raises(ConfigError, match="hubspot"):
        await home.run(providers=("hubspot",))


async def test_only_one_provider_takes_part_when_asked(home: House) -> None:
    await home.run()
    home.actors["topo"].create(person())
    report = await home.run(providers=("topo", "datananas"))
    assert by_state(report) == {("datananas", "create", "acked"): 1}
    assert home.apollo.rows == []


async def test_a_missing_secret_is_told_before_any_request(home: House) -> None:
    class Poor(House):
        @property
        def environ(self) -> dict[str, str]:
            return {}

    poor = Poor(home.folder, home.boxes, home.actors)
    with pytest.raises(ConfigError) as caught:
        await poor.run()
    assert [p.partition(": ")[2].partition(":")[0] for p in caught.value.problems] == [
        "providers.apollo.api_key",
        "providers.datananas.token",
        "providers.topo.api_key",
    ]
    assert all(not box.traffic.received for box in home.boxes.values())


async def test_a_write_that_is_acknowledged_and_never_shows_is_tried_three_times(
    home: House,
) -> None:
    record = home.actors["topo"].create(person(job_title="COO"))
    home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    home.actors["topo"].edit(record, {"job_title": "CEO"})
    echo = f'{{"contacts":[{{"id":"{home.apollo.rows[0]["id"]}","title":"CEO"}}]}}'
    home.apollo.traffic.faults.append(Fault.parse(f"POST /api/v1/contacts/bulk_update:*:status=200,body={echo}"))
    states = []
    for _ in range(8):
        report = await home.run()
        states += [(o.state, o.fields["job_title"].after) for o in at(report, "apollo")]
        home.clock.advance(minutes=20)
    assert states == [*[("acked", "CEO")] * 3, ("failed", "CEO")]
    assert home.apollo.traffic.count("POST", "/api/v1/contacts/bulk_update") == 3


async def test_a_provider_that_is_rate_limited_from_the_start_ends_with_9(home: House) -> None:
    home.actors["apollo"].create(person())
    home.topo.traffic.faults.append(Fault.parse("* /v1/*:*:status=429,retry-after=700"))
    report = await home.run()
    assert report.exit_code == 9
    assert report.providers["topo"].status == "partial"
