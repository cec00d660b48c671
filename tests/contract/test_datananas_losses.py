"""Connections, tokens and patience lost on the way to Datananas, and found again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from adapters.datananas.provider import MOST_HEARD
from adapters.datananas.sandbox import sandbox
from adapters.toolkit.faults import Fault
from sync.errors import (
    AuthError,
    OutcomeUnknown,
)
from tests.datananas.harness import StepClock, creates, opened, sent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sync.change import BatchResult

BULK = "/contacts/bulk"

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


async def test_imports_heard_of_are_remembered_for_the_next_run() -> None:
    async with sandbox(foreign=2) as box, opened(box) as provider:
        assert "imports" not in provider.memory
        for _ in range(MOST_HEARD // 2 + 1):
            await sent(provider, creates(1))
        heard = provider.memory["imports"]
        assert isinstance(heard, list)
        assert (len(heard), len(set(heard))) == (MOST_HEARD, MOST_HEARD)
        assert f"u-{MOST_HEARD // 2 + 1}" in heard


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


async def test_a_token_that_ends_on_the_stream_is_renewed_once_and_the_batch_goes_on(tmp_path: Any) -> None:
    async with (
        sandbox(ending="never") as box,
        opened(box, directory=tmp_path, oauth2=dict(box.oauth2), stall_timeout="5s") as provider,
    ):
        task = asyncio.create_task(sent(provider, creates(2)))
        await _until(lambda: len(box.sent_events) == 3)
        box.turn(refuse_after_accept=4401)
        await box.hang_up(4401)
        await _until(lambda: box.grants.fetched == 2)
        box.turn(refuse_after_accept=0)
        await _until(lambda: box.listeners.connected)
        await box.tell('{"type":"contact_bulk_create_ending","data":{"uuid":"u-1","created":2,"updated":0}}')
        assert (await task).outcomes[0].state == "acked"
        assert box.grants.fetched == 2
        assert box.traffic.count("POST", BULK) == 1


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


async def _until(condition: Any) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never happened")
