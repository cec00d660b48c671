"""What Datananas answers to a bulk request, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.datananas.sandbox import sandbox
from adapters.toolkit.faults import Fault
from sync.contact import Contact
from sync.errors import (
    AuthError,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    Rejected,
    Unreachable,
)
from tests.datananas.harness import Seen, create, creates, opened, person, sent, update

BULK = "/contacts/bulk"

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


@pytest.mark.parametrize("reason_at", ["top", "error", "details", "text"])
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
