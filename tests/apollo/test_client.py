"""What every call to Apollo carries, by whom it is made to."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import respx

from adapters.apollo import exchange, wire
from adapters.apollo.client import Client
from adapters.apollo.settings import ApolloSettings
from adapters.spec import Opening
from sync.errors import RateLimited
from sync.secrets import Secret
from tests.apollo.harness import SteppingClock

if TYPE_CHECKING:
    from collections.abc import Mapping

AISA = "https://api.aisa.one/apis/v1/apollo"
APOLLO = "https://api.apollo.io/api/v1"


def client_of(base_url: str, clock: SteppingClock, memory: Mapping[str, object] | None = None) -> Client:
    opening = Opening(
        clock=clock, secret=lambda _: Secret("key-1"), max_requests=None, directory=Path(), memory=memory or {}
    )
    return Client(ApolloSettings(base_url=base_url, labels=["acme-sync"]), opening)


@respx.mock
async def test_a_bearer_token_goes_to_apollo_without_the_headers_of_the_gateway() -> None:
    route = respx.get(f"{APOLLO}/labels").mock(httpx.Response(200, json=[]))
    client = client_of(APOLLO, SteppingClock())
    await client.ask(exchange.labels(), wire.parse_labels)
    await client.close()
    sent = route.calls.last.request.headers
    assert sent["authorization"] == "Bearer key-1"
    assert {"x-api-key", "x-aisa-max-price-usd"}.isdisjoint(sent)


@respx.mock
@pytest.mark.parametrize("status", [200, 429])
async def test_the_gateways_own_window_is_waited_for_at_every_endpoint(status: int) -> None:
    clock = SteppingClock()
    ends = int(clock.now().timestamp()) + 20
    told = {
        "X-RateLimit-Limit-Requests": "60", "X-RateLimit-Remaining-Requests": "0",
        "X-RateLimit-Reset-Requests": str(ends),
    }  # fmt: skip
    respx.get(f"{AISA}/labels").mock(httpx.Response(status, json=[], headers=told | {"retry-after": "86400"}))
    stages = respx.get(f"{AISA}/contact_stages").mock(httpx.Response(200, json={"contact_stages": []}))
    client = client_of(AISA, clock)
    with contextlib.suppress(RateLimited):
        await client.ask(exchange.labels(), wire.parse_labels)
    later = client_of(AISA, clock, client.memory())
    await later.ask(exchange.stages(), wire.parse_stages)
    assert stages.called
    assert clock.now().timestamp() >= ends
    await client.close()
    await later.close()


@respx.mock
@pytest.mark.parametrize("reset", ["", "soon", "-5", "99999999999999", "0"])
async def test_a_window_of_the_gateway_that_reads_oddly_stops_nothing_for_long(reset: str) -> None:
    clock = SteppingClock()
    told = {"X-RateLimit-Limit-Requests": "60", "X-RateLimit-Remaining-Requests": "0"}
    headers = told | {"X-RateLimit-Reset-Requests": reset}
    respx.get(f"{AISA}/labels").mock(httpx.Response(200, json=[], headers=headers))
    client = client_of(AISA, clock)
    before = clock.now()
    await client.ask(exchange.labels(), wire.parse_labels)
    await client.ask(exchange.labels(), wire.parse_labels)
    assert (clock.now() - before).total_seconds() <= 61
    await client.close()
