"""Datananas against its sandbox over real sockets: every row of what is known, every open question both ways."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from adapters.datananas.provider import SPEC
from adapters.datananas.sandbox import LIST_ID, LIST_NAME, sandbox
from adapters.datananas.sandbox_rows import DEFAULTS
from adapters.files import read_export
from adapters.toolkit.sandbox import Fault
from sync.contact import Contact
from sync.errors import (
    AuthError,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Rejected,
    Unreachable,
)
from tests.datananas.harness import Seen, StepClock, create, creates, opened, person, row_of, sent, update

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sync.change import BatchResult

BULK = "/contacts/bulk"

# the request


async def test_contacts_are_created_and_their_totals_told() -> None:
    async with sandbox() as box, opened(box) as provider:
        result = await sent(provider, creates(3))
        assert [o.state for o in result.outcomes] == ["acked"] * 3
        assert [o.record_id for o in result.outcomes] == [f"email:p{i}@example.org" for i in range(3)]
        assert result.bulk is not None
        assert (result.bulk.uuid, result.bulk.sent, result.bulk.created, result.bulk.updated) == ("u-1", 3, 3, 0)
        assert [row["email"] for row in box.rows] == [f"p{i}@example.org" for i in range(3)]
        assert (box.writes, provider.requests.write, provider.requests.read) == (1, 1, 0)


async def test_contacts_that_exist_are_updated_by_the_same_call() -> None:
    async with sandbox() as box, opened(box) as provider:
        box.add(email="p0@example.org", firstName="Old", city="Lyon")
        result = await sent(provider, [*creates(1), create(person(1))])
        assert result.bulk is not None
        assert (result.bulk.created, result.bulk.updated) == (1, 1)
        await sent(provider, [update(person(0), job_title="COO")])
        assert box.rows[0]["position"] == "COO"
        assert box.rows[0]["city"] == "Lyon"
        assert len(box.rows) == 2


async def test_the_token_travels_as_a_bearer_and_the_list_as_configured() -> None:
    async with sandbox() as box, opened(box) as provider:
        await sent(provider, creates(1))
        (received,) = box.traffic.received
        assert received.headers["authorization"] == "Bearer sandbox-token-create"
        assert received.headers["content-type"] == "application/json"
        assert received.body["list"] == {"_id": LIST_ID}
        assert received.query == {}


async def test_every_field_arrives() -> None:
    from tests.datananas.test_mapping import FULL

    contact = Contact.from_fields(
        FULL.to_fields()
        | {
            "linkedin_url": "https://www.linkedin.com/in/ana-diaz",
            "collected_at": "2026-11-01T10:00:00Z",
            "owner_email": "rep@us.example",
            "variables.crm": "42",
        }
    )
    async with sandbox() as box, opened(box, send_vars=True, send_owner=True) as provider:
        result = await sent(provider, [create(contact)])
        assert result.outcomes[0].state == "acked"
        (row,) = box.rows
        assert len(row_of(box)) == 21
        assert row["vars"] == {"crm": "42"}
        assert {name: row[name] for name in row_of(box)} == row_of(box)


async def test_ten_thousand_contacts_go_in_one_request() -> None:
    async with sandbox(running_every=100) as box, opened(box, batch_size=10_000) as provider:
        result = await sent(provider, creates(10_000))
        assert result.bulk is not None
        assert result.bulk.created == 10_000
        assert box.writes == 1


@pytest.mark.parametrize("flag", ["move_existing", "replace_owner"])
async def test_side_effects_happen_only_when_switched_on(flag: str) -> None:
    names: dict[str, Any] = {"move_name": "move", "replace_name": "ownerToo"}
    for on in (False, True):
        async with sandbox(**names) as box, opened(box, **_on(flag, on)) as provider:
            box.add(email="p0@example.org", listId="elsewhere", owner="old@us.example")
            await sent(provider, [create(person(owner_email="new@us.example"))])
            assert box.moved == (on and flag == "move_existing")
            assert box.owners_replaced == (on and flag == "replace_owner")
            assert box.traffic.received[0].query == ({names[_switch(flag)]: "true"} if on else {})


def _on(flag: str, on: bool) -> dict[str, Any]:
    return {"send_owner": True, flag: on}


def _switch(flag: str) -> str:
    return "move_name" if flag == "move_existing" else "replace_name"


# open questions about rows


async def test_other_field_names_are_a_table_away() -> None:
    names = {"position": "jobTitle", "firstName": "firstname"}
    async with sandbox(field_names=names) as box:
        async with opened(box, field_map={"job_title": "jobTitle", "first_name": "firstname"}) as provider:
            await sent(provider, [create(person(job_title="COO"))])
        assert (box.rows[0]["position"], box.rows[0]["firstName"]) == ("COO", "P0")


@pytest.mark.parametrize("key", ["email", "linkedin_url", "both"])
async def test_the_row_is_found_by_the_key_that_the_settings_name(key: str) -> None:
    profile = "https://www.linkedin.com/in/ana-diaz"
    match_key = "linkedin_url" if key == "linkedin_url" else "email"
    held = person(linkedin_url=profile)
    async with sandbox(match_key=key) as box, opened(box, match_key=match_key) as provider:
        box.add(email="p0@example.org", linkedin=profile)
        result = await sent(provider, [update(held, city="Lyon")])
        assert result.bulk is not None
        assert (result.bulk.created, result.bulk.updated) == (0, 1)
        assert box.rows[0]["city"] == "Lyon"


@pytest.mark.parametrize("resets_defaults", [False, True])
@pytest.mark.parametrize("vars_replace", [False, True])
async def test_an_update_costs_no_value_under_any_documented_reading(
    resets_defaults: bool, vars_replace: bool
) -> None:
    held = person(language="fr", source="connect", variables={"a": "1", "b": "2"})
    async with (
        sandbox(resets_defaults=resets_defaults, vars_replace=vars_replace) as box,
        opened(box, send_vars=True) as provider,
    ):
        await sent(provider, [create(held)])
        await sent(provider, [update(held, variables__b="3", job_title="COO")])
        (row,) = box.rows
        assert (row["lang"], row["source"], row["position"]) == ("fr", "connect", "COO")
        assert row["vars"] == {"a": "1", "b": "3"}


async def test_a_server_that_blanks_what_an_update_omits_keeps_at_least_what_rides_along() -> None:
    held = person(language="fr", city="Lyon")
    async with sandbox(omitted_blanks=True) as box, opened(box) as provider:
        await sent(provider, [create(held)])
        await sent(provider, [update(held, job_title="COO")])
        (row,) = box.rows
        assert (row["email"], row["lang"], row["position"]) == ("p0@example.org", "fr", "COO")
        assert row["city"] == ""  # why [providers.datananas] must not be pointed at such a server unseen


@pytest.mark.parametrize("empties", ["blank", "ignore", "reject"])
async def test_nothing_empty_is_ever_sent(empties: str) -> None:
    async with sandbox(empties=empties) as box, opened(box, send_vars=True) as provider:
        box.add(email="p0@example.org", city="Lyon")
        result = await sent(provider, [update(person(city="Lyon"), city=None, country="France")])
        assert result.outcomes[0].state == "acked"
        assert box.rows[0]["city"] == "Lyon"


async def test_new_rows_have_the_servers_defaults() -> None:
    async with sandbox() as box, opened(box) as provider:
        await sent(provider, creates(1))
        assert {name: box.rows[0][name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("list_by", ["id", "name", "either"])
async def test_the_list_is_named_by_id_or_by_name(list_by: str) -> None:
    async with sandbox(list_by=list_by) as box, opened(box) as provider:
        result = await sent(provider, creates(2))
        assert [o.state for o in result.outcomes] == ["acked"] * 2
        named = {"name": LIST_NAME} if list_by == "name" else {"_id": LIST_ID}
        assert box.traffic.received[0].body["list"] == named


# the answer


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("body_empty", [False, True])
@pytest.mark.parametrize("uuid_in_answer", [False, True])
async def test_any_2xx_with_any_body_accepts(status: int, body_empty: bool, uuid_in_answer: bool) -> None:
    async with (
        sandbox(status=status, body_empty=body_empty, uuid_in_answer=uuid_in_answer) as box,
        opened(box) as provider,
    ):
        result = await sent(provider, creates(2))
        assert [o.state for o in result.outcomes] == ["acked"] * 2


@pytest.mark.parametrize("reason_at", ["top", "error", "details"])
@pytest.mark.parametrize(
    ("quota", "reason", "timed"),
    [("connect", "quota", True), ("total", "quota-total", False), ("other", "quota-total", False)],
)
async def test_a_quota_that_is_met_is_told_by_its_kind(
    reason_at: str, quota: str, reason: str, timed: bool
) -> None:
    async with sandbox(quota=quota, reason_at=reason_at) as box, opened(box) as provider:
        with pytest.raises(QuotaExhausted) as caught:
            await sent(provider, creates(2))
        assert (caught.value.reason, caught.value.sent) == (reason, True)
        assert (caught.value.resets_at is not None) is timed
        assert box.writes == 1


@pytest.mark.parametrize("written_part", [False, True])
@pytest.mark.parametrize("quota_when", ["before", "after_starting"])
async def test_a_402_may_leave_a_part_written_and_may_follow_the_start(
    written_part: bool, quota_when: str
) -> None:
    switches: dict[str, Any] = {"quota": "connect", "quota_left": 1, "written_part": written_part}
    async with sandbox(quota_when=quota_when, **switches) as box, opened(box) as provider:
        with pytest.raises(QuotaExhausted) as caught:
            await sent(provider, creates(2))
        assert caught.value.sent
        assert len(box.rows) == (1 if written_part else 0)


async def test_updates_go_on_when_the_quota_is_met() -> None:
    async with sandbox(quota="total") as box, opened(box) as provider:
        box.add(email="p0@example.org")
        result = await sent(provider, [update(person(), city="Lyon")])
        assert result.outcomes[0].state == "acked"


@pytest.mark.parametrize("error_form", ["loopback", "flat"])
async def test_an_unknown_token_is_refused_before_anything_is_sent(error_form: str) -> None:
    async with sandbox(error_form=error_form) as box, opened(box) as provider:
        box.grants.tokens.clear()
        with pytest.raises(AuthError):
            await sent(provider, creates(1))
        assert box.writes == 0  # the stream refused it first
        assert box.handshakes == [401]


@pytest.mark.parametrize("error_form", ["loopback", "flat"])
async def test_a_token_without_the_scope_is_refused(error_form: str) -> None:
    async with sandbox(error_form=error_form) as box, opened(box) as provider:
        box.grants.tokens["sandbox-token-create"] = False
        with pytest.raises(AuthError, match="scope"):
            await sent(provider, creates(1))
        assert box.rows == []


@pytest.mark.parametrize("error_form", ["loopback", "flat"])
async def test_a_bad_row_fails_the_request_and_the_halves_find_it(error_form: str) -> None:
    operations = [*creates(3), create(person(9, collected_at="yesterday"))]
    async with sandbox(error_form=error_form) as box, opened(box) as provider:
        (batch,) = provider.batches(operations)
        with pytest.raises(Rejected) as caught:
            await provider.send(batch, Seen())
        assert caught.value.status == 422
        assert box.rows == []
        assert batch.rebatchable
        result = await sent(provider, operations[:3])
        assert [o.state for o in result.outcomes] == ["acked"] * 3


@pytest.mark.parametrize("keyless", ["reject", "refuse_row"])
async def test_a_row_without_email_and_profile_never_reaches_the_server(keyless: str) -> None:
    async with sandbox(keyless=keyless) as box, opened(box) as provider:
        for batch in provider.batches([create(Contact(first_name="Ana")), *creates(1)]):
            await provider.send(batch, Seen())
        assert box.writes == 1
        assert len(box.rows) == 1


async def test_totals_that_are_short_name_nobody() -> None:
    async with sandbox(silently_refuse=lambda row: row["email"].startswith("p1@")) as box, opened(box) as provider:
        result = await sent(provider, creates(3))
        assert {(o.state, o.reason) for o in result.outcomes} == {("unknown", "partial-totals")}
        assert result.bulk is not None
        assert (result.bulk.sent, result.bulk.created, result.bulk.updated) == (3, 2, 0)
        again = await sent(provider, [creates(3)[0], creates(3)[2]])
        assert {o.state for o in again.outcomes} == {"acked"}
        assert len(box.rows) == 2


async def test_too_many_requests_are_waited_for_and_sent_once() -> None:
    async with sandbox() as box, opened(box) as provider:
        box.traffic.faults.append(Fault.parse(f"POST {BULK}:1:status=429,retry-after=0"))
        result = await sent(provider, creates(1))
        assert result.outcomes[0].state == "acked"
        assert box.traffic.count("POST", BULK) == 2
        assert result.bulk is not None
        assert result.bulk.uuid == "u-1"


async def test_a_long_wait_is_told_and_remembered_across_runs() -> None:
    async with sandbox() as box:
        async with opened(box) as provider:
            box.traffic.faults.append(Fault.parse(f"POST {BULK}:1:status=429,retry-after=3600"))
            with pytest.raises(RateLimited) as caught:
                await sent(provider, creates(1))
            assert caught.value.retry_after_s == 3600
            memory = dict(provider.memory)
        async with opened(box, memory=memory) as later:
            with pytest.raises(RateLimited):
                await sent(later, creates(1))
        assert box.traffic.count("POST", BULK) == 1


@pytest.mark.parametrize(
    ("action", "applied"),
    [
        ("reset-before", False), ("reset-after", True), ("cut-body", True), ("then-status=500", True),
        ("then-status=502", True), ("status=503", False), ("status=408", False), ("status=409", False),
    ],
)  # fmt: skip
async def test_a_lost_answer_is_an_unknown_outcome_and_never_sent_twice(action: str, applied: bool) -> None:
    async with sandbox() as box, opened(box) as provider:
        box.traffic.faults.append(Fault.parse(f"POST {BULK}:1:{action}"))
        with pytest.raises(OutcomeUnknown):
            await sent(provider, creates(1))
        assert box.traffic.count("POST", BULK) == 1
        assert bool(box.rows) is applied


@pytest.mark.parametrize("action", ["garbage", "empty"])
async def test_an_odd_2xx_is_settled_by_the_stream(action: str) -> None:
    async with sandbox() as box, opened(box) as provider:
        box.traffic.faults.append(Fault.parse(f"POST {BULK}:1:{action}"))
        assert (await sent(provider, creates(1))).outcomes[0].state == "acked"


async def test_a_2xx_from_somebody_else_leaves_the_outcome_unknown() -> None:
    async with sandbox() as box, opened(box, start_timeout="30ms") as provider:
        box.traffic.faults.append(Fault.parse(f"POST {BULK}:1:status=200,body=hello"))
        with pytest.raises(OutcomeUnknown, match="before the import's start"):
            await sent(provider, creates(1))
        assert box.rows == []


async def test_silence_after_the_request_is_an_unknown_outcome() -> None:
    async with sandbox() as box, opened(box, request_timeout="50ms") as provider:
        box.traffic.faults.append(Fault.parse(f"POST {BULK}:1:stall=0.3"))
        with pytest.raises(OutcomeUnknown, match=r"within 0.05 s"):
            await sent(provider, creates(1))


async def test_a_redirect_is_never_followed() -> None:
    async with sandbox() as box, opened(box) as provider:
        box.traffic.faults.append(Fault.parse(f"POST {BULK}:*:redirect=http://127.0.0.1:9/"))
        with pytest.raises(Unreachable, match="redirect"):
            await sent(provider, creates(1))


# the stream: who connects, when, how


async def test_the_stream_is_connected_before_the_post() -> None:
    async with sandbox(socket_status=503) as box, opened(box) as provider:
        with pytest.raises(Unreachable, match="event stream cannot be opened"):
            await sent(provider, creates(1))
        assert box.writes == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthError), (403, AuthError), (404, Unreachable), (500, Unreachable), (307, Unreachable)],
)
async def test_a_refused_stream_means_no_post(status: int, error: type[ProviderError]) -> None:
    async with sandbox(socket_status=status) as box, opened(box) as provider:
        with pytest.raises(error):
            await sent(provider, creates(1))
        assert box.writes == 0


@pytest.mark.parametrize(("code", "error"), [(4401, AuthError), (1008, AuthError), (1011, Unreachable)])
async def test_a_stream_that_closes_at_once_means_no_post(code: int, error: type[ProviderError]) -> None:
    async with sandbox(refuse_after_accept=code) as box, opened(box) as provider:
        with pytest.raises(error):
            await sent(provider, creates(1))
        assert box.writes == 0


async def test_a_stream_that_is_not_there_means_no_post() -> None:
    async with sandbox() as box, opened(box, stream_url="ws://127.0.0.1:9") as provider:
        with pytest.raises(Unreachable):
            await sent(provider, creates(1))
        assert box.writes == 0


@pytest.mark.parametrize("stream_auth", ["header", "query"])
async def test_the_stream_authenticates_by_header_or_query(stream_auth: str) -> None:
    async with sandbox(stream_auth=stream_auth, query_name="access_token") as box, opened(box) as provider:
        assert (await sent(provider, creates(1))).outcomes[0].state == "acked"
        assert box.handshakes == [101]


async def test_the_wrong_way_to_authenticate_is_an_authentication_error() -> None:
    async with sandbox(stream_auth="query") as box, opened(box, stream_auth="header") as provider:
        with pytest.raises(AuthError, match="refused the token"):
            await sent(provider, creates(1))


# the stream: forms and orders


@pytest.mark.parametrize(
    "envelope", ["type-data", "event-payload", "name-args", "flat", "array", "socket.io", "short"]
)
async def test_every_envelope_is_understood(envelope: str) -> None:
    async with sandbox(envelope=envelope) as box, opened(box) as provider:
        assert (await sent(provider, creates(2))).outcomes[0].state == "acked"


@pytest.mark.parametrize("uuid_in_answer", [False, True])
@pytest.mark.parametrize("list_id_known", [False, True])
@pytest.mark.parametrize("starting", ["before", "after", "never"])
@pytest.mark.parametrize("ending", ["before", "after", "never"])
async def test_start_and_end_may_come_in_any_order_around_the_answer(
    uuid_in_answer: bool, list_id_known: bool, starting: str, ending: str
) -> None:
    switches: dict[str, Any] = {
        "uuid_in_answer": uuid_in_answer, "list_id_known": list_id_known, "starting": starting, "ending": ending,
    }  # fmt: skip
    certain = ending != "never" and (uuid_in_answer or starting != "never")
    quick: dict[str, Any] = {} if certain else {"start_timeout": "30ms", "stall_timeout": "30ms"}
    async with sandbox(**switches) as box, opened(box, **quick) as provider:
        if certain:
            assert (await sent(provider, creates(2))).outcomes[0].state == "acked"
        else:
            with pytest.raises(OutcomeUnknown, match="went silent"):
                await sent(provider, creates(2))


@pytest.mark.parametrize("base", [0, 1])
async def test_progress_is_shown_and_decides_nothing(base: int) -> None:
    seen = Seen()
    async with sandbox(running_base=base, total_off=7) as box, opened(box) as provider:
        result = await sent(provider, creates(3), seen)
        assert result.outcomes[0].state == "acked"
    assert seen.calls == [("bulk", "datananas", i + base, 10) for i in range(3)]


@pytest.mark.parametrize(
    "switches",
    [
        {"drop_running": True}, {"duplicate": True}, {"shuffle": True}, {"running_every": 3},
        {"duplicate": True, "shuffle": True, "ending": "before"}, {"total_off": -1},
    ],
)  # fmt: skip
async def test_gaps_duplicates_and_disorder_change_nothing(switches: dict[str, Any]) -> None:
    async with sandbox(**switches) as box, opened(box) as provider:
        result = await sent(provider, creates(10))
        assert result.bulk is not None
        assert result.bulk.created == 10


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("same_list", [True, False])
@pytest.mark.parametrize("uuid_in_answer", [True, False])
async def test_other_peoples_imports_are_told_apart(first: bool, same_list: bool, uuid_in_answer: bool) -> None:
    switches: dict[str, Any] = {"foreign": 5, "foreign_first": first, "foreign_same_list": same_list}
    async with sandbox(uuid_in_answer=uuid_in_answer, **switches) as box, opened(box) as provider:
        seen = Seen()
        result = await sent(provider, creates(2), seen)
        assert result.bulk is not None
        assert (result.bulk.uuid, result.bulk.created) == ("u-1", 2)


async def test_an_import_of_the_same_size_into_the_same_list_is_ambiguous() -> None:
    async with sandbox(foreign=2) as box, opened(box) as provider:
        with pytest.raises(OutcomeUnknown, match="several imports may be ours"):
            await sent(provider, creates(2))


async def test_an_import_of_the_same_size_is_told_apart_by_the_uuid_in_the_answer() -> None:
    async with sandbox(foreign=2, uuid_in_answer=True) as box, opened(box) as provider:
        result = await sent(provider, creates(2))
        assert result.bulk is not None
        assert result.bulk.uuid == "u-1"


async def test_one_bulk_is_in_flight_at_a_time() -> None:
    async with sandbox() as box, opened(box, batch_size=2) as provider:
        batches = provider.batches(creates(6))
        results = await asyncio.gather(*(provider.send(batch, Seen()) for batch in batches))
        assert [r.bulk.uuid for r in results if r.bulk] == ["u-1", "u-2", "u-3"]


@pytest.mark.parametrize("bad_totals", ["too-many", "negative", "text"])
async def test_totals_that_cannot_be_leave_the_outcome_unknown(bad_totals: str) -> None:
    async with sandbox(bad_totals=bad_totals) as box, opened(box) as provider:
        with pytest.raises(OutcomeUnknown, match="totals do not fit"):
            await sent(provider, creates(2))


async def test_of_two_endings_the_first_counts() -> None:
    async with sandbox(second_ending=True, ending="before") as box, opened(box) as provider:
        result = await sent(provider, creates(2))
        assert result.bulk is not None
        assert result.bulk.created == 2


async def test_noise_is_survived() -> None:
    noise = ("hello", "{", "\x00", b"\xff\xfe", "3", '{"type":"other"}', "[" * 100)
    async with sandbox(noise=noise) as box, opened(box) as provider:
        assert (await sent(provider, creates(2))).outcomes[0].state == "acked"


async def test_nothing_but_noise_is_taken_for_a_broken_connection() -> None:
    async with sandbox(noise=("noise",) * 25, replay=True) as box, opened(box, stall_timeout="5s") as provider:
        with pytest.raises(OutcomeUnknown):
            await sent(provider, creates(2))
        assert len(box.handshakes) == 6  # the first one and five more


async def test_a_giant_message_costs_a_connection_and_not_the_batch() -> None:
    giant = '{"type":"contact_bulk_create_running","data":"' + "x" * (1024 * 1024) + '"}'
    async with sandbox(ending="never") as box, opened(box) as provider:
        task = asyncio.create_task(sent(provider, creates(2)))
        await _until(lambda: len(box.sent_events) == 3)
        await box.tell(giant)
        await _until(lambda: len(box.handshakes) == 2)
        await asyncio.sleep(0.02)
        await box.tell('{"type":"contact_bulk_create_ending","data":{"uuid":"u-1","created":2,"updated":0}}')
        assert (await task).outcomes[0].state == "acked"


# the stream: lost and found


@pytest.mark.parametrize("close_at", [1, 2, 3, 4])
@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 4000])
async def test_a_lost_connection_does_not_end_the_batch(close_at: int, code: int) -> None:
    async with sandbox(close_at=close_at, close_code=code) as box, opened(box) as provider:
        result = await sent(provider, creates(3))
        assert result.outcomes[0].state == "acked"
        assert box.handshakes == [101, 101]


@pytest.mark.parametrize("close_at", [2, 3])
async def test_a_replay_after_a_reconnect_does_no_harm(close_at: int) -> None:
    async with sandbox(close_at=close_at, replay=True) as box, opened(box) as provider:
        result = await sent(provider, creates(3))
        assert result.bulk is not None
        assert result.bulk.created == 3


async def test_a_stream_that_stays_away_leaves_the_outcome_unknown() -> None:
    async with sandbox(ending="never") as box, opened(box, stall_timeout="5s") as provider:
        task = asyncio.create_task(sent(provider, creates(2)))
        await _until(lambda: len(box.sent_events) == 3)
        box.turn(socket_status=503)
        await box.hang_up(1012)
        with pytest.raises(OutcomeUnknown, match="was lost before the import's end"):
            await task
        assert box.handshakes == [101] + [503] * 5
        assert box.traffic.count("POST", BULK) == 1


async def test_a_stream_that_refuses_the_token_later_leaves_the_outcome_unknown() -> None:
    async with sandbox(ending="never") as box, opened(box, stall_timeout="5s") as provider:
        task = asyncio.create_task(sent(provider, creates(2)))
        await _until(lambda: len(box.sent_events) == 3)
        box.grants.tokens.clear()
        await box.hang_up(1012)
        with pytest.raises(OutcomeUnknown, match="was lost"):
            await task


OURS = '{"type":"contact_bulk_create_running","data":{"uuid":"u-1","i":1,"total":1}}'
FOREIGN = OURS.replace("u-1", "foreign")


@asynccontextmanager
async def waiting(**switches: Any) -> AsyncIterator[tuple[Any, StepClock, asyncio.Task[BatchResult]]]:
    """One contact posted and accepted, its import without an end; only the test moves time."""
    clock = StepClock()
    patience = {"start_timeout": "30s", "stall_timeout": "60s", "stall_per_contact": "500ms"}
    async with sandbox(ending="never", **switches) as box, opened(box, clock=clock, **patience) as provider:  # type: ignore[arg-type]  # ours
        task = asyncio.create_task(sent(provider, creates(1)))
        await _until(lambda: box.rows and clock._sleepers)
        await box.settled()
        await asyncio.sleep(0.02)
        yield box, clock, task


async def _heard(box: Any, message: str) -> None:
    await box.tell(message)
    await asyncio.sleep(0.02)


async def test_without_a_start_patience_ends_after_the_start_timeout() -> None:
    async with waiting(starting="never", drop_running=True) as (_, clock, task):
        await clock.step(29)
        assert not task.done()
        await clock.step(2)
        with pytest.raises(OutcomeUnknown, match="silent before the import's start"):
            await task


async def test_each_message_of_ours_resets_the_patience_and_others_do_not() -> None:
    async with waiting() as (box, clock, task):
        await clock.step(60)
        await _heard(box, OURS)
        await clock.step(60)
        assert not task.done()
        await _heard(box, FOREIGN)
        await clock.step(1)
        with pytest.raises(OutcomeUnknown, match="silent before the import's end"):
            await task


async def test_there_is_an_end_to_all_patience() -> None:
    async with waiting() as (box, clock, task):
        for _ in range(4):
            await clock.step(60)
            await _heard(box, OURS)
        assert not task.done()
        await clock.step(2.5)
        with pytest.raises(OutcomeUnknown):
            await task


# tokens


@pytest.mark.parametrize("client_auth", ["body", "basic"])
@pytest.mark.parametrize("rotates", [True, False])
async def test_a_partner_application_fetches_its_tokens(tmp_path: Any, client_auth: str, rotates: bool) -> None:
    async with sandbox(client_auth=client_auth, rotates=rotates) as box:
        for _ in range(2):
            async with opened(box, directory=tmp_path, oauth2=dict(box.oauth2)) as provider:
                assert (await sent(provider, creates(1))).outcomes[0].state == "acked"
        assert box.grants.fetched == 1  # kept across runs
        assert box.traffic.received[1].headers["authorization"] == "Bearer sandbox-access-1"
        (file,) = (tmp_path / ".contact-sync").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("when", ["stream", "post"])
async def test_a_refused_token_is_renewed_once(tmp_path: Any, when: str) -> None:
    async with sandbox() as box, opened(box, directory=tmp_path, oauth2=dict(box.oauth2)) as provider:
        await sent(provider, creates(1))
        if when == "stream":
            del box.grants.tokens["sandbox-access-1"]
        else:
            box.traffic.faults.append(Fault.parse(f"POST {BULK}:1:status=401"))
        assert (await sent(provider, creates(1))).outcomes[0].state == "acked"
        assert box.grants.fetched == 2


async def test_a_token_that_stays_refused_stops_the_provider(tmp_path: Any) -> None:
    async with sandbox() as box, opened(box, directory=tmp_path, oauth2=dict(box.oauth2)) as provider:
        box.traffic.faults.append(Fault.parse(f"POST {BULK}:*:status=401"))
        with pytest.raises(AuthError):
            await sent(provider, creates(1))
        assert box.traffic.count("POST", BULK) == 2


async def test_a_fixed_token_that_is_refused_is_not_tried_again() -> None:
    async with sandbox() as box, opened(box) as provider:
        box.traffic.faults.append(Fault.parse(f"POST {BULK}:1:status=401"))
        with pytest.raises(AuthError):
            await sent(provider, creates(1))
        assert box.traffic.count("POST", BULK) == 1


# around it


async def test_max_requests_is_a_ceiling() -> None:
    from adapters.datananas.provider import Datananas
    from tests.datananas.harness import QUICK, opening

    async with sandbox() as box:
        table = SPEC.settings.model_validate(dict(box.settings) | dict(QUICK))
        provider = Datananas(table, opening(box.secrets, max_requests=1))  # type: ignore[arg-type]  # ours
        await sent(provider, creates(1))
        with pytest.raises(QuotaExhausted) as caught:
            await sent(provider, creates(1, start=5))
        assert (caught.value.reason, caught.value.sent) == ("max-requests", False)
        await provider.close()
        await provider.close()
        assert box.writes == 1


async def test_rows_can_be_seeded_edited_removed_and_exported(tmp_path: Any) -> None:
    async with SPEC.sandbox() as box:
        actor = SPEC.actor(box)
        record_id = actor.create(person(job_title="CFO"))
        actor.edit(record_id, {"job_title": "COO"})
        actor.create(person(1))
        box.remove(actor.create(person(2)))
        told = actor.export(tmp_path)
        export = read_export(
            tmp_path / str(told["export_file"]).rpartition("/")[2],
            provider="datananas",
            names=SPEC.import_names(SPEC.settings.model_validate(dict(box.settings))),
        )
        assert [record.contact.email for record in export.records] == ["p0@example.org", "p1@example.org"]
        assert export.records[0].contact.job_title == "COO"
        assert export.bad_rows == ()


async def test_no_secret_is_written_to_any_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with sandbox(stream_auth="query") as box, opened(box) as provider:
        await sent(provider, creates(1))
        box.grants.tokens.clear()
        with pytest.raises(AuthError) as caught:
            await sent(provider, creates(1))
    ours = [r for r in caplog.records if not r.name.startswith(("httpcore", "httpx", "uvicorn", "asyncio"))]
    assert not any("sandbox-token-create" in r.getMessage() for r in ours)
    error: BaseException | None = caught.value
    while error is not None:
        assert "sandbox-token-create" not in f"{error!s} {error!r}"
        error = error.__cause__


async def _until(condition: Any) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never happened")


# everything at once

OTHER_POSITIONS: list[dict[str, Any]] = [
    {"uuid_in_answer": True}, {"body_empty": True}, {"list_id_known": False}, {"list_by": "name"},
    {"starting": "after"}, {"starting": "never"}, {"ending": "before"}, {"ending": "never"},
    {"drop_running": True}, {"duplicate": True}, {"shuffle": True}, {"total_off": 1}, {"second_ending": True},
    {"bad_totals": "too-many"}, {"noise": ("noise",) * 30}, {"foreign": 5}, {"foreign": 3},
    {"foreign": 3, "foreign_same_list": False}, {"foreign_first": False}, {"close_at": 1}, {"close_at": 3},
    {"replay": True}, {"envelope": "socket.io"}, {"silently_refuse": lambda row: row["email"].startswith("p1@")},
]  # fmt: skip


@pytest.mark.parametrize("first", range(len(OTHER_POSITIONS)))
async def test_no_two_oddities_together_make_a_false_promise(first: int) -> None:
    for second in OTHER_POSITIONS[first:]:
        switches = OTHER_POSITIONS[first] | second
        if {"bad_totals", "silently_refuse"} <= switches.keys():
            continue  # one lie covers the other, and nobody could tell
        async with (
            sandbox(**switches) as box,
            opened(box, start_timeout="60ms", stall_timeout="60ms", reconnect_wait="1ms") as provider,
        ):
            try:
                result = await sent(provider, creates(3))
            except OutcomeUnknown:
                continue
            assert result.bulk is not None
            told = (result.bulk.created or 0) + (result.bulk.updated or 0)
            assert {o.state for o in result.outcomes} == {"acked" if told == 3 else "unknown"}
            assert told <= len(box.rows), switches
            assert result.bulk.uuid == "u-1", switches


async def test_a_flood_of_other_peoples_progress_is_survived() -> None:
    foreign = '{"type":"contact_bulk_create_running","data":{"uuid":"f-%d","i":1,"total":9}}'
    async with sandbox(noise=tuple(foreign % (i % 3000) for i in range(6000))) as box, opened(box) as provider:
        assert (await sent(provider, creates(2))).outcomes[0].state == "acked"


async def test_a_cancelled_send_leaves_nothing_open() -> None:
    async with sandbox(ending="never") as box, opened(box, stall_timeout="9s") as provider:
        task = asyncio.create_task(sent(provider, creates(1)))
        await _until(lambda: len(box.sent_events) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _until(lambda: not box._sockets)
        box.turn(ending="after")
        assert (await sent(provider, creates(1))).outcomes[0].state == "acked"
