"""The WebSocket of the bulk stream: a thin loop that keeps a ``Following`` informed until our import is over.

The connection is opened, authenticated and read by its own task before the POST goes out. A connection that is
lost does not end the batch: another is opened, and an ending heard there counts. No replay is assumed.
Source: https://docs.datananas.com/reference/post_contacts-bulk (events; address and authentication are not told)
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, ProxyError, WebSocketException

from adapters.datananas.events import Event, Running, Unrelated, decode
from adapters.toolkit.proxy import proxy_url
from sync.errors import AuthError, ConfigError, OutcomeUnknown, ProviderError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from adapters.datananas.following import Following, Verdict
    from adapters.toolkit.oauth import Credential
    from sync.ports import Clock
    from sync.secrets import Secret

PROVIDER = "datananas"
MAX_MESSAGE_BYTES = 1024 * 1024
MOST_RECONNECTS = 5
MOST_NOISE = 20
"""Messages in a row that hold no event of any kind; then the connection is taken for a wrong or broken one."""
LONGEST_RECONNECT_WAIT_S = 60.0
PING_S = 10.0
OPEN_S = 10.0
CLOSE_S = 2.0
"""A connection that is dead without a word is noticed within 22 s (the library's own times take far longer)."""
BREATH = 100
"""Messages read before other tasks get a turn; a full buffer is read without ever waiting."""
REFUSALS = frozenset({1008, 3000, 3003, 4401, 4403})
"""Close codes for refused credentials. Source: RFC 6455 section 7.4.1, the IANA registry, common practice."""

_silent = logging.getLogger("adapters.datananas.socket")
_silent.addHandler(logging.NullHandler())
_silent.setLevel(logging.CRITICAL + 1)  # the library writes headers, and with them the token, at DEBUG
_silent.propagate = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long one batch may be silent. ``overall_s`` counts from the POST; the others from the last sign."""

    start_s: float
    stall_s: float
    overall_s: float


class _Connect(connect):
    """The library's connector, except that a redirect is a refusal: the token belongs to one origin."""

    def process_redirect(self, exc: Exception) -> Exception:
        """The error itself; no other address is tried."""
        return exc


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Where the events come from. ``auth``: ``header`` or ``query:NAME``. ``proxy``: gives its URL."""

    url: str
    auth: str
    credential: Credential
    clock: Clock
    reconnect_wait_s: float = 1.0
    proxy: Callable[[], Secret] | None = None

    async def open(self) -> ClientConnection:
        """A new connection. Raises ``AuthError``, ``Unreachable``, ``ConfigError``."""
        token = await self.credential.token()
        try:
            return await self._handshake(token)
        except AuthError:
            if not await self.credential.renew(token):
                raise
        return await self._handshake(await self.credential.token())

    async def _handshake(self, token: str) -> ClientConnection:
        try:
            return await _Connect(self._address(token), **self._options(token))
        except InvalidStatus as error:
            raise _refused(error.response.status_code) from None
        except ProxyError:
            raise _unreachable("the proxy makes no tunnel", "stream_url and proxy") from None
        except (OSError, EOFError, WebSocketException) as error:
            raise _unreachable(type(error).__name__) from None  # the library's text holds the address, with token

    def _address(self, token: str) -> str:
        kind, _, name = self.auth.partition(":")
        return f"{self.url}?{name}={quote(token, safe='')}" if kind == "query" else self.url

    def _options(self, token: str) -> dict[str, Any]:
        return {
            "additional_headers": {"Authorization": f"Bearer {token}"} if self.auth == "header" else None,
            "compression": None,  # events are small, and a compressed giant costs memory before it is refused
            "proxy": proxy_url(PROVIDER, self.proxy) if self.url.startswith("wss:") else None,
            "max_size": MAX_MESSAGE_BYTES,
            "open_timeout": OPEN_S,
            "ping_interval": PING_S,
            "ping_timeout": PING_S,
            "close_timeout": CLOSE_S,
            "logger": _silent,
        }


class Listening:
    """An open ear for one batch: entered before the POST, left when its fate is known."""

    def __init__(
        self, stream: Stream, following: Following, show: Callable[[int, int | None], None], patience: Patience
    ) -> None:
        self._stream = stream
        self._following = following
        self._show = show
        self._patience = patience
        self._heard = asyncio.Event()
        self._posted_at = self._last_sign_at = stream.clock.monotonic()
        self._lost: ProviderError | None = None
        self._renewed = False

    async def __aenter__(self) -> Self:
        token = await self._stream.credential.token()
        try:
            await self._begin()
        except AuthError:
            if not await self._stream.credential.renew(token):
                raise
            await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        await self._socket.close()

    async def _begin(self) -> None:
        """Connected, read, and answered to a ping: a server may accept first and refuse the token after."""
        socket = self._socket = await self._stream.open()
        self._reader = asyncio.create_task(self._read())
        try:
            async with asyncio.timeout(PING_S):
                await (await socket.ping())  # the reader must run: behind a full buffer no pong is seen
        except BaseException as error:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            self._socket.transport.abort()
            if isinstance(error, (ConnectionClosed, TimeoutError)):
                raise _closed_at_once(socket.close_code, error) from None
            raise

    def posted(self) -> None:
        """Our POST goes out now."""
        self._following.posted()
        self._posted_at = self._last_sign_at = self._stream.clock.monotonic()

    def answered(self, uuid: str | None, list_id: str | None) -> None:
        """The POST was accepted."""
        self._following.answered(uuid, list_id)
        self._last_sign_at = self._stream.clock.monotonic()

    async def verdict(self) -> Verdict:
        """What became of our import. Raises ``OutcomeUnknown`` after too long a silence, or without a stream."""
        while True:
            self._heard.clear()
            verdict = self._following.verdict
            if verdict is not None:
                return verdict
            if self._reader.done():
                raise OutcomeUnknown(PROVIDER, f"the event stream was lost {self._place()}") from self._lost
            left_s = self._deadline() - self._stream.clock.monotonic()
            if left_s <= 0:
                raise OutcomeUnknown(PROVIDER, f"the event stream went silent {self._place()}")
            await self._wait(left_s)

    def _place(self) -> str:
        return "before the import's end" if self._following.begun else "before the import's start"

    def _deadline(self) -> float:
        if not self._following.begun:
            return self._last_sign_at + self._patience.start_s
        return min(self._last_sign_at + self._patience.stall_s, self._posted_at + self._patience.overall_s)

    async def _wait(self, seconds: float) -> None:
        """Until something decisive was heard, the stream is lost, or ``seconds`` are over."""
        heard = asyncio.create_task(self._heard.wait())
        alarm = asyncio.ensure_future(self._stream.clock.sleep(seconds))
        try:
            await asyncio.wait({heard, alarm, self._reader}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            heard.cancel()
            alarm.cancel()
            await asyncio.gather(heard, alarm, return_exceptions=True)

    async def _read(self) -> None:
        """Reads for as long as there is, or can be, a connection."""
        reconnects = 0
        while True:
            await self._drain()
            self._socket.transport.abort()  # a polite close would first read what is left
            while True:
                if reconnects == MOST_RECONNECTS:
                    return
                reconnects += 1
                await self._stream.clock.sleep(self._reconnect_wait_s(reconnects))
                try:
                    await self._renew_if_refused()
                    self._socket = await self._stream.open()
                    break
                except Unreachable as error:
                    self._lost = error
                except (AuthError, ConfigError) as error:
                    self._lost = error if isinstance(error, ProviderError) else None
                    return

    async def _renew_if_refused(self) -> None:
        """After a close that refuses the token there is another one, where another can be had; once a batch."""
        if self._socket.close_code in REFUSALS and not self._renewed:
            self._renewed = True
            credential = self._stream.credential
            await credential.renew(await credential.token())

    def _reconnect_wait_s(self, attempt: int) -> float:
        ceiling_s = min(LONGEST_RECONNECT_WAIT_S, self._stream.reconnect_wait_s * 2.0 ** (attempt - 1))
        return self._stream.clock.random() * ceiling_s

    async def _drain(self) -> None:
        """Takes in messages until the connection closes or holds nothing but noise.

        A message beyond ``MAX_MESSAGE_BYTES`` closes it too (1009) and costs one reconnect like any other close.
        """
        in_row = read = 0
        with contextlib.suppress(ConnectionClosed):
            while in_row <= MOST_NOISE:
                event = decode(await self._socket.recv(decode=False))  # one bad byte is noise, no closing
                in_row = 0 if event else in_row + 1
                if event is not None and not isinstance(event, Unrelated):
                    self._take(event)
                read += 1
                if read % BREATH == 0:
                    await asyncio.sleep(0)

    def _take(self, event: Event) -> None:
        revision = self._following.revision
        if self._following.hear(event):
            self._last_sign_at = self._stream.clock.monotonic()
            if isinstance(event, Running) and event.i is not None:
                self._show(event.i, event.total)
        if self._following.revision != revision:
            self._heard.set()


def _refused(status: int) -> ProviderError:
    if status in {401, 403}:
        return AuthError(
            PROVIDER,
            f"the event stream refused the token ({status})",
            remedy='check the token, and stream_auth ("header" or "query:NAME")',
        )
    if 300 <= status < 400:
        return Unreachable(
            PROVIDER,
            f"the event stream answered with a redirect ({status}), which is never followed",
            remedy="put the final address into stream_url",
        )
    return _unreachable(f"it answered {status}")


def _unreachable(why: str, keys: str = "stream_url") -> Unreachable:
    return Unreachable(
        PROVIDER, f"the event stream cannot be opened ({why}), so nothing is sent", remedy=f"check {keys}"
    )


def _closed_at_once(code: int | None, error: Exception) -> ProviderError:
    if code in REFUSALS:
        return AuthError(
            PROVIDER,
            f"the event stream closed at once and refused the token ({code})",
            remedy='check the token, and stream_auth ("header" or "query:NAME")',
        )
    return _unreachable(f"it closed at once, {code}" if code else type(error).__name__)
