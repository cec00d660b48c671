"""The stream of Datananas: who connects, in which forms and orders its events come, and every doubt."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from adapters.datananas.sandbox import sandbox
from sync.errors import (
    AuthError,
    OutcomeUnknown,
    ProviderError,
    Unreachable,
)
from tests.datananas.harness import Seen, creates, opened, sent

BULK = "/contacts/bulk"

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
    "envelope", ["type-data", "event-payload", "name-args", "flat", "array", "socket.io", "short", "typed"]
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


@pytest.mark.parametrize("zero", ["null", "missing"])
async def test_a_zero_that_is_not_told_counts_where_the_other_total_is_all(zero: str) -> None:
    switches: dict[str, Any] = {"zero": zero, "byte_order_mark": True}
    async with sandbox(**switches) as box, opened(box) as provider:
        result = await sent(provider, creates(2))
        assert result.bulk is not None
        assert (result.bulk.created, result.bulk.updated, result.outcomes[0].state) == (2, 0, "acked")
    switches |= {"silently_refuse": lambda row: row["email"].startswith("p1@")}
    async with sandbox(**switches) as box, opened(box) as provider:
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


async def test_any_number_of_events_of_another_kind_cost_no_connection() -> None:
    others = tuple(f'{{"type":"contact_updated","data":{{"uuid":"other-{i}"}}}}' for i in range(200))
    async with sandbox(noise=others) as box, opened(box) as provider:
        assert (await sent(provider, creates(2))).outcomes[0].state == "acked"
        assert box.handshakes == [101]


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
        await _until(lambda: not box.listeners.connected)
        box.turn(ending="after")
        assert (await sent(provider, creates(1))).outcomes[0].state == "acked"


async def _until(condition: Any) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never happened")
