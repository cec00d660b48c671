"""What every call to Apollo carries, by whom it is made to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import respx

from adapters.apollo import exchange, wire
from adapters.apollo.client import Client
from adapters.apollo.settings import ApolloSettings
from adapters.spec import Opening
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
