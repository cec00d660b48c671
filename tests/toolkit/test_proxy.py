"""An HTTP proxy makes the tunnel to an https origin; it hears where that goes to, and no credential of ours."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from adapters.datananas.stream import Stream
from adapters.toolkit import http as toolkit_http
from adapters.toolkit.http import WrongPlace
from adapters.toolkit.oauth import FixedToken
from sync.clock import SystemClock
from sync.errors import ConfigError, Unreachable
from sync.secrets import Secret
from tests.toolkit.test_http import CANARY, CERTIFICATE, WRITE, answering, opened, other_host, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

ORIGIN = "https://other.test"


@asynccontextmanager
async def proxy(status: str = "200 OK", port: int = 0) -> AsyncIterator[tuple[Callable[[], Secret], list[bytes]]]:
    """A proxy that answers so and makes each tunnel to ``port`` here; what gives its URL, and what it heard."""
    heard: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n".encode())
        if not status.startswith("200"):
            writer.close()
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_relay(reader, outer), _relay(inner, writer), return_exceptions=True)

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        url = f"http://ops:p%40ss@127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield (lambda: Secret(url)), heard


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    writer.close()


async def test_the_origin_is_reached_through_the_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
    monkeypatch.setattr(toolkit_http, "_context", [trusting])
    async with (
        serving(answering(), other_host()) as (url, at_origin),
        proxy(port=int(url.rpartition(":")[2])) as (through, at_proxy),
        opened(ORIGIN, proxy=through) as http,
    ):
        assert (await http.call(WRITE)).status == 200
    assert len(at_proxy) == 1
    assert at_proxy[0].startswith(b"CONNECT other.test:443 ")
    assert b"Proxy-Authorization: Basic " + b64encode(b"ops:p@ss") in at_proxy[0]
    assert CANARY.encode() not in at_proxy[0]
    assert CANARY.encode() in at_origin[0]
    assert b"proxy-authorization" not in at_origin[0].lower()


@pytest.mark.parametrize(("status", "lasts"), [("407 Who are you", True), ("403 No", True), ("502 Down", False)])
async def test_a_tunnel_that_is_refused_was_surely_no_request(status: str, lasts: bool) -> None:
    async with proxy(status) as (through, heard), opened(ORIGIN, proxy=through) as http:
        with pytest.raises(
            Unreachable, match=rf"the proxy makes no tunnel to other\.test \({status[:3]}\)"
        ) as caught:
            await http.call(WRITE)
    assert len(heard) == 1
    assert caught.value.remedy == "check providers.topo.base_url and providers.topo.proxy"
    assert isinstance(caught.value, WrongPlace) is lasts


async def test_a_proxy_that_is_not_there_is_named_as_a_thing_to_check() -> None:
    async with opened(ORIGIN, proxy=lambda: Secret("http://127.0.0.1:1")) as http:
        with pytest.raises(Unreachable) as caught:
            await http.call(WRITE)
    assert "providers.topo.proxy" in str(caught.value.remedy)


@pytest.mark.parametrize(
    "url", ["proxy.example:3128", "socks5://proxy.example", "http://", "http://p:port", "http://[p"]
)
async def test_what_is_no_url_of_a_proxy_is_refused_without_being_shown(url: str) -> None:
    async with opened(ORIGIN, proxy=lambda: Secret(url)) as http:
        with pytest.raises(ConfigError, match=r"providers\.topo\.proxy") as caught:
            await http.call(WRITE)
    assert url not in str(caught.value)


async def test_a_server_on_this_machine_is_spoken_to_directly() -> None:
    async with (
        serving(answering()) as (url, at_origin),
        proxy() as (through, at_proxy),
        opened(url, proxy=through) as http,
    ):
        await http.call(WRITE)
    assert (len(at_origin), at_proxy) == (1, [])


async def test_the_stream_goes_through_the_tunnel_and_the_proxy_hears_no_token() -> None:
    token = FixedToken(lambda: Secret(CANARY))
    async with proxy("407 Who are you") as (through, heard):
        stream = Stream(
            url="wss://other.test", auth="query:token", credential=token, clock=SystemClock(), proxy=through
        )
        with pytest.raises(Unreachable, match="the proxy makes no tunnel") as caught:
            await stream.open()
    assert heard[0].startswith(b"CONNECT other.test:443 ")
    assert CANARY.encode() not in heard[0]
    assert caught.value.remedy == "check stream_url and proxy"
