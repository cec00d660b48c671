from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapters.spec import Opening
from adapters.topo import exchange
from adapters.topo.client import Client
from adapters.topo.settings import TopoSettings
from sync.errors import AuthError, OutcomeUnknown, QuotaExhausted, RateLimited, Rejected, Transient, Unreachable
from sync.secrets import Secret
from tests.clocks import HastyClock

if TYPE_CHECKING:
    import respx

KEY = "topo_canary_key_123"
URL = "https://api.topo.io/v1"
ISSUE = {"status_code": 400, "type": "ValidationIssue", "message": "no"}


def client(**opening: Any) -> Client:
    told: dict[str, Any] = {
        "clock": HastyClock(),
        "secret": lambda ref: Secret(KEY),
        "directory": Path(),
    } | opening
    return Client(TopoSettings(requests_per_second=1000.0), Opening(**told))


async def test_the_key_goes_out_as_bearer_and_is_fetched_once_through_its_reference(
    respx_mock: respx.MockRouter,
) -> None:
    asked = []
    route = respx_mock.get(f"{URL}/me").respond(json={})

    def secret(ref: str) -> Secret:
        asked.append(ref)
        return Secret(KEY)

    caller = client(secret=secret)
    await caller.call(exchange.get_me())
    await caller.call(exchange.get_me())
    assert asked == ["env:TOPO_API_KEY"]
    assert route.calls[0].request.headers["authorization"] == f"Bearer {KEY}"


async def test_query_values_are_encoded_so_that_a_plus_stays_a_plus(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(f"{URL}/contacts").respond(json={})
    await client().call(exchange.get_contacts(("email", "ana+x@corp.com")))
    assert b"email=ana%2Bx%40corp.com" in route.calls[0].request.url.query


@pytest.mark.parametrize(
    "failure", [500, 502, 503, 504, 408, httpx.ReadError("x"), httpx.RemoteProtocolError("x")]
)
async def test_a_read_that_failed_is_asked_again(respx_mock: respx.MockRouter, failure: Any) -> None:
    bad = failure if isinstance(failure, Exception) else httpx.Response(failure)
    route = respx_mock.get(f"{URL}/me").mock(side_effect=[bad, bad, httpx.Response(200, json={"ok": 1})])
    assert await client().call(exchange.get_me()) == {"ok": 1}
    assert route.call_count == 3


async def test_a_read_that_goes_on_failing_is_given_up(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(f"{URL}/me").respond(503)
    with pytest.raises(Transient):
        await client().call(exchange.get_me())
    assert route.call_count == 4


@pytest.mark.parametrize("failure", [500, 502, 503, 504, 408, httpx.ReadError("x"), httpx.WriteError("x")])
async def test_a_write_that_may_have_been_applied_is_never_sent_again(
    respx_mock: respx.MockRouter, failure: Any
) -> None:
    bad = failure if isinstance(failure, Exception) else httpx.Response(failure)
    route = respx_mock.post(f"{URL}/contact-entries").mock(side_effect=[bad])
    with pytest.raises(OutcomeUnknown):
        await client().call(exchange.post_entries(b"{}"))
    assert route.call_count == 1


@pytest.mark.parametrize("failure", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.Response(429)])
async def test_a_write_that_surely_did_nothing_is_sent_again(respx_mock: respx.MockRouter, failure: Any) -> None:
    route = respx_mock.post(f"{URL}/contact-entries").mock(side_effect=[failure, httpx.Response(200, json={})])
    assert await client().call(exchange.post_entries(b"{}")) == {}
    assert route.call_count == 2


async def test_a_write_that_cannot_be_sent_is_given_up_after_three_attempts(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(f"{URL}/contact-entries").mock(side_effect=httpx.ConnectError("x"))
    with pytest.raises(Unreachable):
        await client().call(exchange.post_entries(b"{}"))
    assert route.call_count == 3


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (401, AuthError), (403, AuthError), (422, Rejected)]
)
async def test_a_refusal_for_good_is_not_repeated(
    respx_mock: respx.MockRouter, status: int, error: type[Exception]
) -> None:
    route = respx_mock.get(f"{URL}/me").respond(status, json=ISSUE)
    with pytest.raises(error) as raised:
        await client().call(exchange.get_me())
    assert route.call_count == 1
    assert KEY not in str(raised.value)


async def test_a_long_wait_is_neither_slept_through_nor_forgotten(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(f"{URL}/me").respond(429, headers={"Retry-After": "15733"})
    first = client()
    with pytest.raises(RateLimited) as told:
        await first.call(exchange.get_me())
    assert told.value.retry_after_s == 15733
    with pytest.raises(RateLimited):
        await client(memory=first.memory).call(exchange.get_me())
    assert route.call_count == 1


async def test_a_wait_that_is_over_is_not_kept(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{URL}/me").respond(json={})
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    reopened = client(memory={"windows": [], "not_before": {exchange.ENDPOINT: past}})
    await reopened.call(exchange.get_me())
    assert reopened.memory == {"windows": [], "not_before": {}}


async def test_a_used_up_window_that_a_success_tells_of_is_waited_for(respx_mock: respx.MockRouter) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "300"}
    respx_mock.get(f"{URL}/me").respond(json={}, headers=headers)
    caller = client()
    await caller.call(exchange.get_me())
    with pytest.raises(RateLimited):
        await caller.call(exchange.get_me())


async def test_requests_are_counted_by_effect_and_end_at_their_ceiling(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{URL}/me").respond(json={})
    respx_mock.post(f"{URL}/contact-entries").respond(json={})
    caller = client(max_requests=2)
    await caller.call(exchange.get_me())
    await caller.call(exchange.post_entries(b"{}"))
    with pytest.raises(QuotaExhausted) as told:
        await caller.call(exchange.get_me())
    assert told.value.reason == "max-requests"
    assert (caller.counts.read, caller.counts.write) == (1, 1)


async def test_closing_twice_is_no_error(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{URL}/me").respond(json={})
    caller = client()
    await caller.call(exchange.get_me())
    await caller.close()
    await caller.close()
