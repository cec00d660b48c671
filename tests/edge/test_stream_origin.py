"""The token of the event stream goes to its own server only, over a connection that can be trusted."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.datananas.stream import Stream
from sync.clock import SystemClock
from sync.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CERTIFICATE = Path(__file__).parents[1] / "toolkit" / "other_host.pem"
"""Signed by itself, for another host."""

TOKEN = "stream-token-canary-55"


class Credential:
    """A token that cannot be renewed."""

    async def token(self) -> str:
        return TOKEN

    async def renew(self, stale: str) -> bool:
        return False


@asynccontextmanager
async def listening(
    answer: bytes = b"", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers anything with ``answer``; its address, and what it heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(65536))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


def stream(url: str, auth: str = "header") -> Stream:
    return Stream(url=url, auth=auth, credential=Credential(), clock=SystemClock())  # type: ignore[arg-type]  # as one


@pytest.mark.parametrize("auth", ["header", "query:token"])
async def test_a_stream_with_an_untrusted_certificate_hears_no_token(auth: str) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)
    async with listening(tls=tls) as (address, heard):
        with pytest.raises(Unreachable) as caught:
            await stream(f"wss://{address}", auth).open()
    assert heard == []
    assert TOKEN not in str(caught.value)


async def test_a_plain_server_where_tls_is_expected_hears_no_token() -> None:
    async with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (address, heard):
        with pytest.raises(Unreachable):
            await stream(f"wss://{address}").open()
    assert TOKEN.encode() not in b"".join(heard)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_the_token_does_not_follow_a_redirect(status: int) -> None:
    async with listening() as (elsewhere, overheard):
        answer = f"HTTP/1.1 {status} Moved\r\nLocation: ws://{elsewhere}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with listening(answer) as (address, heard):
            with pytest.raises(Unreachable, match="never followed"):
                await stream(f"ws://{address}").open()
    assert overheard == []
    assert len(heard) == 1


async def test_the_stream_ignores_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening() as (proxy, overheard), listening() as (address, heard):
        for name in ("http_proxy", "https_proxy", "all_proxy", "ws_proxy", "wss_proxy", "socks_proxy"):
            monkeypatch.setenv(name, f"http://{proxy}")
            monkeypatch.setenv(name.upper(), f"http://{proxy}")
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(Unreachable):
            await stream(f"ws://{address}").open()
    assert overheard == []
    assert TOKEN.encode() in heard[0]
