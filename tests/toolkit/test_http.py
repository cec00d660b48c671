"""HTTP to one origin: every way to fail has a name that says what may have happened at the provider."""

from __future__ import annotations

import asyncio
import gzip
import inspect
import socket
import ssl
import tracemalloc
import zlib
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapters.toolkit import http as toolkit_http
from adapters.toolkit.http import MAX_BODY_BYTES, NOT_SENT, Http, Request, WrongPlace
from sync.errors import (
    AuthError,
    ContactSyncError,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    Transient,
    Unreachable,
)
from sync.ports import RequestCounts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

    import respx

    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

CERTIFICATE = Path(__file__).with_name("other_host.pem")
"""Key and certificate of ``other.test``, signed by itself; made for these tests and known to nobody else."""
CANARY = "canary-token-4711"
READ = Request(method="GET", path="/things", endpoint="things")
WRITE = Request(method="POST", path="/things", endpoint="things", body=b"{}", mutating=True)
BOTH = pytest.mark.parametrize(("request_", "error"), [(READ, Transient), (WRITE, OutcomeUnknown)])
EVERY = [
    kind for _, kind in inspect.getmembers(httpx, inspect.isclass) if issubclass(kind, Exception)
]  # fmt: skip


async def bearer() -> Mapping[str, str]:
    return {"authorization": f"Bearer {CANARY}"}


@asynccontextmanager
async def opened(base_url: str, **more: Any) -> AsyncIterator[Http]:
    told: dict[str, Any] = {"headers": bearer, "counts": RequestCounts(), "deadline_s": 60.0} | more
    made = Http("topo", base_url, **told)
    try:
        yield made
    finally:
        await made.close()
        await made.close()


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads one request a connection and then does as told; gives what it read."""
    heard: list[bytes] = []
    working: set[asyncio.Task[Any] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        working.add(asyncio.current_task())
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                heard.append(head)
                if b"content-length: 2" in head.lower():
                    await reader.readexactly(2)
                await serve(reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            if not writer.is_closing():
                writer.transport.abort()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard
    finally:
        server.close()
        for task in working:
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in working if task is not None), return_exceptions=True)
        await asyncio.sleep(0.001)  # aborted transports close in the loop's next round


def answering(body: bytes = b"{}", status: str = "200 OK", *headers: str, length: int | None = None) -> Serve:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body) if length is None else length}", *headers, "", ""]

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + body)

    return serve


async def cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    raise ConnectionResetError


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def made(kind: type[Exception]) -> Exception:
    wanted = inspect.signature(kind).parameters
    request = httpx.Request("GET", "http://x")
    known: dict[str, Any] = {
        "message": CANARY,
        "request": request,
        "response": httpx.Response(500, request=request),
    }
    if "args" in wanted:
        return kind(CANARY)
    return kind(**{name: known[name] for name, p in wanted.items() if p.default is p.empty})


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
@BOTH
async def test_every_error_of_the_library_becomes_one_of_ours(
    respx_mock: respx.MockRouter, kind: type[Exception], request_: Request, error: type[ProviderError]
) -> None:
    respx_mock.route().mock(side_effect=made(kind))
    async with opened("https://api.topo.io") as http:
        with pytest.raises(ContactSyncError) as caught:
            await http.call(request_)
    assert type(caught.value) is (Unreachable if issubclass(kind, NOT_SENT) else error)
    assert isinstance(caught.value.__cause__, kind)
    assert CANARY not in str(caught.value)


def test_the_walk_meets_the_whole_tree() -> None:
    def below(kind: type[Exception]) -> Iterator[type[Exception]]:
        yield kind
        for child in kind.__subclasses__():
            if child.__module__.startswith("httpx"):
                yield from below(child)

    assert set(EVERY) >= {*below(httpx.HTTPError), *below(httpx.StreamError), httpx.InvalidURL}
    assert len(EVERY) >= 28


@BOTH
async def test_an_answer_comes_whole_with_its_status_and_the_last_of_repeated_headers(
    request_: Request, error: type[ProviderError]
) -> None:
    serve = answering(b'{"a":1}', "429 Slow down", "Retry-After: 1", "RETRY-AFTER: 7")
    async with serving(serve) as (url, heard), opened(url + "/") as http:
        answer = await http.call(request_)
    assert (answer.status, answer.json(), answer.text) == (429, {"a": 1}, '{"a":1}')
    assert answer.headers["retry-after"] == "7"
    assert heard[0].startswith(f"{request_.method} /things HTTP/1.1".encode())
    assert CANARY not in repr(answer) + repr(request_)


async def test_nobody_listening_is_surely_not_sent() -> None:
    port = closed_port()
    async with opened(f"http://user:{CANARY}@127.0.0.1:{port}") as http:
        with pytest.raises(Unreachable, match=f"cannot be reached at 127.0.0.1:{port} ") as caught:
            await http.call(WRITE)
    assert not isinstance(caught.value, WrongPlace)
    assert "(Connection refused)" in str(caught.value)
    assert caught.value.remedy == "check providers.topo.base_url, and the network of this machine"
    assert CANARY not in str(caught.value)


async def test_a_name_that_does_not_resolve_is_surely_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    async with opened("http://nowhere.invalid") as http:
        with pytest.raises(Unreachable, match=r"nowhere\.invalid \(Name or service not known\)"):
            await http.call(WRITE)


def other_host() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.mark.parametrize("signer_known", [False, True], ids=["self-signed", "wrong-host"])
async def test_an_untrusted_certificate_is_named_and_hears_nothing(
    monkeypatch: pytest.MonkeyPatch, signer_known: bool
) -> None:
    if signer_known:
        trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
        monkeypatch.setattr(toolkit_http, "_context", [trusting])
    async with serving(answering(), other_host()) as (url, heard), opened(url) as http:
        with pytest.raises(WrongPlace, match=r"its certificate is not trusted \(127.0.0.1:\d+\)") as caught:
            await http.call(WRITE)
    assert heard == []
    assert "SSL_CERT_FILE" in str(caught.value.remedy)


def test_an_authority_of_ones_own_is_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    monkeypatch.setattr(toolkit_http, "_context", [])
    assert [own["subject"] for own in toolkit_http._tls().get_ca_certs()] == [((("commonName", "other.test"),),)]


async def test_plain_text_where_tls_is_expected_hears_nothing() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with opened(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") as http:
        with pytest.raises(WrongPlace, match="no secure connection can be made"):
            await http.call(WRITE)
    server.close()


async def test_a_handshake_that_is_cut_may_be_tried_again() -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with opened(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") as http:
        with pytest.raises(Unreachable, match="cannot be reached") as caught:
            await http.call(WRITE)
    assert not isinstance(caught.value, WrongPlace)
    server.close()


def test_no_protocol_below_tls_1_2_is_spoken_and_certificates_are_checked() -> None:
    context = toolkit_http._tls()
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


async def test_a_handshake_that_hangs_ends_before_the_deadline_and_is_surely_not_sent() -> None:
    async with serving(answering()) as (url, heard), opened("https" + url[4:], deadline_s=0.15) as http:
        with pytest.raises(Unreachable, match="ConnectTimeout"):
            await http.call(WRITE)
    assert heard == []


async def test_waiting_for_a_free_connection_is_surely_not_sent() -> None:
    free = asyncio.Event()

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await free.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with serving(hold) as (url, heard), opened(url, deadline_s=0.6) as http:
        calls = [asyncio.create_task(http.call(WRITE)) for _ in range(5)]
        done, _ = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        with pytest.raises(Unreachable, match="PoolTimeout"):
            done.pop().result()
        assert len(heard) == 4
        free.set()
        assert [c.result().status for c in (await asyncio.wait(calls))[0] if not c.exception()] == [204] * 4


@BOTH
@pytest.mark.parametrize(
    "serve",
    [
        cut,
        answering(b"{", length=2000),
        answering(b"not http" * 3, "nonsense"),
        answering(gzip.compress(b"{}" * 99)[:-9], "200 OK", "content-encoding: gzip"),
        answering(b"not gzip at all", "200 OK", "content-encoding: gzip"),
        answering(zlib.compress(b"{}"), "200 OK", "content-encoding: deflate"),
        answering(gzip.compress(gzip.compress(b"{}")), "200 OK", "content-encoding: gzip, gzip"),
    ],
    ids=["reset", "short", "no-http", "cut-gzip", "no-gzip", "deflate", "twice-packed"],
)
async def test_an_answer_that_cannot_be_read_whole_is_none(
    request_: Request, error: type[ProviderError], serve: Serve
) -> None:
    async def read_then_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await serve(reader, writer)
        await writer.drain()
        writer.close()
        raise ConnectionResetError

    async with serving(read_then_close) as (url, _), opened(url) as http:
        with pytest.raises(error, match=f"{request_.method} /things: "):
            await http.call(request_)


async def test_a_packed_answer_is_unpacked_and_an_empty_one_stays_empty() -> None:
    packed = answering(gzip.compress(b'[1,"' + b"x" * 9999 + b'"]'), "200 OK", "content-encoding: gzip")
    async with serving(packed) as (url, heard), opened(url) as http:
        assert (await http.call(READ)).json() == [1, "x" * 9999]
        assert b"accept-encoding: gzip\r\n" in heard[0].lower()
    async with serving(answering(b"", "200 OK", "content-encoding: gzip")) as (url, _), opened(url) as http:
        assert (await http.call(READ)).body == b""


@BOTH
async def test_a_slow_drip_ends_at_the_total_deadline(request_: Request, error: type[ProviderError]) -> None:
    closed = asyncio.Event()

    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.005)
        finally:
            closed.set()

    async with serving(drip) as (url, _), opened(url, deadline_s=0.15) as http:
        with pytest.raises(error, match=r"no complete answer within 0\.15 s"):
            await http.call(request_)
        await asyncio.wait_for(closed.wait(), 20.0)


@BOTH
@pytest.mark.parametrize("packed", [False, True])
async def test_an_endless_body_is_left_at_16_mib_with_bounded_memory(
    request_: Request, error: type[ProviderError], packed: bool
) -> None:
    piece = b"\0" * 2**20
    if packed:
        packer = zlib.compressobj(9, wbits=31)
        piece = packer.compress(bytes(2**26)) + packer.flush()
        assert len(piece) < 70_000

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind = b"content-encoding: gzip\r\n" if packed else b""
        writer.write(b"HTTP/1.1 200 OK\r\n" + kind + b"transfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()

    async with serving(flood) as (url, _), opened(url) as http:
        tracemalloc.start()
        with pytest.raises(error, match="larger than 16 MiB"):
            await http.call(request_)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 3 * MAX_BODY_BYTES


async def test_a_body_of_exactly_16_mib_is_taken() -> None:
    body = gzip.compress(b" " * MAX_BODY_BYTES, 1)
    async with serving(answering(body, "200 OK", "content-encoding: gzip")) as (url, _), opened(url) as http:
        assert len((await http.call(READ)).body) == MAX_BODY_BYTES


@pytest.mark.parametrize("first", [READ, WRITE])
async def test_an_answer_too_many_is_never_taken_for_that_of_a_later_write(first: Request) -> None:
    async def twice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answering(b'{"to": 1}')(reader, writer)
        if len(heard) == 1:
            await answering(b'{"to": "nobody"}')(reader, writer)

    async with serving(twice) as (url, heard), opened(url) as made:
        for request in (first, WRITE):
            assert (await made.call(request)).json() == {"to": 1}
        assert len(heard) == 2


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
async def test_a_redirect_is_never_followed_and_the_other_host_hears_nothing(status: int) -> None:
    async with serving(answering()) as (elsewhere, heard):
        serve = answering(b"", f"{status} Elsewhere", f"location: {elsewhere}/things")
        async with serving(serve) as (url, _), opened(url) as http:
            for request in (READ, WRITE):
                with pytest.raises(WrongPlace, match=rf"redirect \({status}\)") as caught:
                    await http.call(request)
                assert elsewhere not in str(caught.value)
        assert heard == []


async def test_a_redirect_that_says_done_leaves_a_write_unknown() -> None:
    async with serving(answering(b"", "303 See Other", "location: /things/1")) as (url, _), opened(url) as http:
        with pytest.raises(OutcomeUnknown, match="303"):
            await http.call(WRITE)
        with pytest.raises(WrongPlace):
            await http.call(READ)


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(answering()) as (proxy, heard), serving(answering(b"[1]")) as (url, _):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy)
            monkeypatch.setenv(name.lower(), proxy)
        async with opened(url) as http:
            assert (await http.call(READ)).json() == [1]
        assert heard == []


async def test_cookies_are_not_kept() -> None:
    async with serving(answering(b"{}", "200 OK", "set-cookie: session=other; Path=/")) as (url, heard):
        async with opened(url) as http:
            await http.call(READ)
            await http.call(READ)
        assert len(heard) == 2
        assert b"cookie" not in heard[1].lower()


@pytest.mark.parametrize("value", [f"{CANARY}é", f"{CANARY}\n", f"{CANARY}\r\nx: y", f" {CANARY}", f"{CANARY}\0"])
async def test_a_credential_that_fits_into_no_header_is_told_without_itself(value: str) -> None:
    async def headers() -> Mapping[str, str]:
        return {"x-api-key": value}

    counts = RequestCounts()
    async with serving(answering()) as (url, heard), opened(url, headers=headers, counts=counts) as http:
        with pytest.raises(AuthError, match="x-api-key") as caught:
            await http.call(WRITE)
        assert CANARY not in str(caught.value) + repr(caught.value.__cause__)
        assert (heard, counts) == ([], RequestCounts())


async def test_credentials_stand_in_no_error() -> None:
    port = closed_port()
    serves: list[Serve] = [cut, answering(b"", "302 Found", f"location: http://127.0.0.1:{port}/?t={CANARY}")]
    texts = []
    for serve in serves:
        async with serving(serve) as (url, _), opened(url) as http:
            for request in (READ, WRITE):
                with pytest.raises(ProviderError) as caught:
                    await http.call(request)
                texts.append(f"{caught.value} {caught.value!r} {caught.value.remedy} {caught.value.__cause__!r}")
    assert CANARY not in " ".join(texts)


async def test_requests_are_counted_by_effect_and_stop_at_the_ceiling() -> None:
    counts = RequestCounts()
    async with serving(answering()) as (url, heard), opened(url, counts=counts, max_requests=3) as http:
        for request in (READ, WRITE, READ):
            await http.call(request)
        for request in (READ, WRITE):
            with pytest.raises(QuotaExhausted, match="--max-requests 3") as caught:
                await http.call(request)
            assert (caught.value.reason, caught.value.sent) == ("max-requests", False)
        assert (counts, len(heard)) == (RequestCounts(read=2, write=1), 3)


async def test_parameters_and_headers_of_a_call_go_out_encoded() -> None:
    request = Request(
        method="GET", path="/things", endpoint="things",
        params=(("q", "a b&c"), ("q", "é")), headers=(("x-one", "1"),),
    )  # fmt: skip
    async with serving(answering()) as (url, heard), opened(url) as http:
        await http.call(request)
    assert heard[0].startswith(b"GET /things?q=a+b%26c&q=%C3%A9 HTTP/1.1\r\n")
    assert b"x-one: 1\r\n" in heard[0]
    assert f"authorization: Bearer {CANARY}\r\n".encode() in heard[0].lower().replace(b"bearer", b"Bearer")
