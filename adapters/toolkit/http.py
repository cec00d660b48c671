"""HTTP to one origin: total deadline, capped bodies, no redirects, no proxy but the one of the settings.

httpx's errors are turned into ours here and nowhere else. What decides is whether the provider may have seen
the request: surely not → ``Unreachable``; maybe → ``OutcomeUnknown`` for a write, ``Transient`` for a read.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import zlib
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from adapters.toolkit import strict_json
from adapters.toolkit.proxy import proxy_url
from sync.codes import StateReason
from sync.errors import AuthError, OutcomeUnknown, Outdated, ProviderError, QuotaExhausted, Transient, Unreachable
from sync.ports import IS_FRESH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from sync.ports import RequestCounts
    from sync.secrets import Secret

DEADLINE_S = 60.0
CONNECT_S = 10.0
MAX_BODY_BYTES = strict_json.MAX_SIZE
IDLE_S = 4.0
"""Idle connections are dropped before servers drop them, so that a request rarely meets a dead one."""

NOT_SENT = (
    httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL,
    httpx.ProxyError,
)  # fmt: skip
"""The last is a proxy's refusal to make the tunnel, before any request. Source: httpcore 1.0, ``http_proxy``."""
FAILED = (httpx.HTTPError, httpx.StreamError, httpx.CookieConflict, zlib.error, OSError)
BROKEN_OFF = (
    ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLEOFError, ssl.SSLSyscallError, ssl.SSLZeroReturnError,
)  # fmt: skip
"""A handshake that was cut or took too long says nothing about the certificate."""


class WrongPlace(Unreachable):
    """What stands at the address is not to be talked to (certificate, redirect); asking again meets the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call. ``path`` is appended to the base URL. ``endpoint`` names its rate window.

    ``body`` is sent as it is (JSON text). ``mutating``: it may change something at the provider.
    """

    method: str
    path: str
    endpoint: str
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    headers: tuple[tuple[str, str], ...] = ()
    mutating: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer, read whole. ``headers``: names in lower case; of a repeated one the last."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON; raises ``strict_json.BadJsonError``."""
        return strict_json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text, undecodable bytes marked."""
        return self.body.decode("utf-8", "replace")


class Http:
    """One provider's connection pool.

    ``headers`` is asked before every call (credentials may be refreshed). ``max_requests`` is the ceiling
    for this run, ``None`` = none. ``key`` is the setting that holds ``base_url``. ``proxy`` gives the URL of the
    HTTP proxy that makes the tunnel to an https origin.
    """

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        headers: Callable[[], Awaitable[Mapping[str, str]]],
        counts: RequestCounts,
        max_requests: int | None = None,
        deadline_s: float = DEADLINE_S,
        key: str = "base_url",
        proxy: Callable[[], Secret] | None = None,
    ) -> None:
        self._provider = provider
        self._base_url = base_url.rstrip("/")
        self._headers = headers
        self._counts = counts
        self._max_requests = max_requests
        self._deadline_s = deadline_s
        self._key = f"providers.{provider}.{key}"
        self._proxy = proxy
        self._clients: dict[bool, httpx.AsyncClient] = {}

    async def close(self) -> None:
        """The pool is closed; safe to call twice."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    async def call(self, request: Request) -> Response:
        """The provider's answer, whatever its status except a redirect.

        Raises ``Unreachable``, ``Transient`` (reads), ``OutcomeUnknown`` (writes), ``QuotaExhausted`` when
        ``max_requests`` is reached, ``AuthError`` when a credential fits into no header, ``Outdated`` for a write
        that waited too long after the look before it.
        """
        headers = self._sendable(dict(await self._headers()) | dict(request.headers))
        if request.mutating and not IS_FRESH.get()():
            raise Outdated(self._provider, "the write had waited too long after the last look at the provider")
        self._take_turn(request)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._exchange(request, headers)
        except TimeoutError as error:
            raise self._ambiguous(request, f"no complete answer within {self._deadline_s:g} s") from error
        except NOT_SENT as error:
            raise self._not_sent(error) from error
        except FAILED as error:
            raise self._ambiguous(request, f"the connection failed ({type(error).__name__})") from error

    async def _exchange(self, request: Request, headers: Mapping[str, str]) -> Response:
        async with self._pool(mutating=request.mutating).stream(
            request.method,
            self._base_url + request.path,
            params=list(request.params) or None,
            content=request.body,
            headers=dict(headers),
        ) as answer:
            if answer.is_redirect:
                raise self._redirected(request, answer.status_code)
            return Response(
                status=answer.status_code,
                headers={name.lower(): value for name, value in answer.headers.multi_items()},
                body=await self._body(request, answer),
            )

    async def _body(self, request: Request, answer: httpx.Response) -> bytes:
        """The body, unpacked here because httpx unpacks each piece whole: 64 KiB may hold 64 MiB."""
        coding = answer.headers.get("content-encoding", "").strip().lower()
        if coding not in {"", "identity", "gzip"}:
            raise self._ambiguous(request, "the answer is packed in a way that was not asked for")
        unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16) if coding == "gzip" else None
        body = bytearray()
        async for piece in answer.aiter_raw() if unpacking else answer.aiter_bytes():
            body += unpacking.decompress(piece, MAX_BODY_BYTES + 1 - len(body)) if unpacking else piece
            if len(body) > MAX_BODY_BYTES:
                raise self._ambiguous(request, "the answer is larger than 16 MiB")
        if unpacking and body and not unpacking.eof:
            raise self._ambiguous(request, "the packed answer ends too early")
        return bytes(body)

    def _redirected(self, request: Request, status: int) -> ProviderError:
        """303 says that the work is done and where its result stands. Source: RFC 9110, section 15.4.4."""
        why = f"answered with a redirect ({status}), which is never followed"
        if status == 303 and request.mutating:
            return self._ambiguous(request, why)
        return WrongPlace(self._provider, why, remedy=f"put the final address into {self._key}")

    def _sendable(self, headers: dict[str, str]) -> dict[str, str]:
        """``headers`` and the one packing we unpack; a header that cannot be sent is told without its value."""
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable() and value == value.strip()):
                raise AuthError(
                    self._provider,
                    f"the header {name} cannot be sent",
                    remedy="check the credential for accents, line ends and blanks at its ends",
                )
        return headers | {"accept-encoding": "gzip"}

    def _take_turn(self, request: Request) -> None:
        sent = self._counts.read + self._counts.write
        if self._max_requests is not None and sent >= self._max_requests:
            raise QuotaExhausted(
                self._provider, f"--max-requests {self._max_requests} is reached", reason=StateReason.MAX_REQUESTS
            )
        if request.mutating:
            self._counts.write += 1
        else:
            self._counts.read += 1

    def _pool(self, *, mutating: bool) -> httpx.AsyncClient:
        """A write has a connection of its own: on a used one, an answer too many would be taken for its answer."""
        if mutating not in self._clients:
            secure = urlsplit(self._base_url).scheme == "https"
            self._clients[mutating] = httpx.AsyncClient(
                verify=_tls() if secure else _NO_TLS,  # plain http is loopback only
                trust_env=False,
                proxy=proxy_url(self._provider, self._proxy) if secure else None,
                follow_redirects=False,
                timeout=httpx.Timeout(
                    self._deadline_s,  # thirds: what waits for a connection ends before the deadline, as not sent
                    connect=min(CONNECT_S, self._deadline_s / 3),
                    pool=self._deadline_s / 3,
                ),
                limits=httpx.Limits(
                    max_connections=4,
                    max_keepalive_connections=0 if mutating else None,
                    keepalive_expiry=IDLE_S,
                ),
                cookies=_NoCookies(),
            )
        return self._clients[mutating]

    def _ambiguous(self, request: Request, why: str) -> ProviderError:
        kind = OutcomeUnknown if request.mutating else Transient
        return kind(self._provider, f"{request.method} {request.path}: {why}")

    def _not_sent(self, error: Exception) -> Unreachable:
        where = urlsplit(self._base_url)
        host = where.hostname if where.port is None else f"{where.hostname}:{where.port}"
        why, check = "", f"check {self._key}"
        if self._proxy is not None:
            check += f" and providers.{self._provider}.proxy"
        if isinstance(error, httpx.ProxyError):
            status = str(error)[:3]  # the rest is the proxy's own text
            kind = WrongPlace if status.startswith("4") else Unreachable
            return kind(self._provider, f"the proxy makes no tunnel to {host} ({status})", remedy=check)
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                own = "an authority of your own belongs into the system's store or the file in SSL_CERT_FILE"
                return WrongPlace(
                    self._provider, f"its certificate is not trusted ({host})", remedy=f"{check}; {own}"
                )
            if isinstance(cause, ssl.SSLError) and not isinstance(cause, BROKEN_OFF):
                return WrongPlace(self._provider, f"no secure connection can be made ({host})", remedy=check)
            why = why or _system_says(cause)
            cause = cause.__cause__ or cause.__context__
        return Unreachable(
            self._provider,
            f"cannot be reached at {host} ({why or type(error).__name__})",
            remedy=f"{check}, and the network of this machine",
        )


def _system_says(cause: BaseException) -> str:
    """The system's own words for what failed, ``""`` where it has none."""
    if isinstance(cause, (ssl.SSLWantReadError, ssl.SSLWantWriteError)):  # it was waiting when the time was over
        return ""
    if isinstance(cause, (socket.gaierror, ssl.SSLError)):  # their numbers are not those of the system
        return str(cause.strerror or "")
    return os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else ""


class _NoCookies(CookieJar):
    """None is kept: each call stands alone."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Nothing happens."""


_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Never used, and it trusts nobody; without one, httpx makes one for each client."""
_context: list[ssl.SSLContext] = []


def _tls() -> ssl.SSLContext:
    """One context for all clients: making it costs more than a request."""
    if not _context:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _context.append(context)
    return _context[0]
