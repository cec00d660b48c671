"""Bearer tokens: a fixed one, or one that is fetched with a refresh token and kept across runs.

A token address may replace the refresh token at each use (rotation), so what it hands out is written to a file
of mode 0600 before it is used. Source: RFC 6749, sections 2.3.1 and 6; RFC 9700, section 4.14.2 (rotation).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import quote_plus, urlencode

from adapters.toolkit import strict_json
from adapters.toolkit.http import Http, Request, Response
from sync.errors import AuthError, ConfigError, Transient, Unreachable
from sync.ports import RequestCounts
from sync.private_files import replace_private
from sync.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sync.ports import Clock

EARLY_S = 60.0
"""A token is renewed this long before it ends, so that it does not end on the way."""
EARLY_SHARE = 0.2
"""Of its life that is the most, or a token that lives a minute would be renewed at every call."""


class Credential(Protocol):
    """Where the bearer token of the next request comes from."""

    async def token(self) -> str:
        """The token to send now. Raises ``AuthError``, ``Unreachable``, ``ConfigError``."""

    async def renew(self, refused: str) -> bool:
        """Whether there is now another token than the ``refused`` one. Fetches one when that is possible."""

    async def close(self) -> None:
        """Connections closed; safe to call twice."""


def jwt_expiry(token: str) -> datetime | None:
    """The ``exp`` of a JSON Web Token, unverified; ``None`` when the text tells none. Source: RFC 7519, 4.1.4."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = strict_json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (binascii.Error, ValueError, TypeError, LookupError, OverflowError, OSError):
        return None


class FixedToken:
    """A token that only a person can replace."""

    def __init__(self, secret: Callable[[], Secret]) -> None:
        self._secret = secret
        self._value: Secret | None = None

    async def token(self) -> str:
        """The token; its reference is resolved once."""
        self._value = self._value or self._secret()
        return self._value.reveal()

    async def renew(self, refused: str) -> bool:  # noqa: ARG002  # there is no other token
        """False: nothing can be fetched."""
        return False

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """Who asks, and where. ``auth``: the client's credentials go into the body or into a Basic header."""

    provider: str
    token_url: str
    client_id: str
    client_secret: Callable[[], Secret]
    refresh_token: Callable[[], Secret]
    token_file: Path
    auth: Literal["body", "basic"] = "body"
    proxy: Callable[[], Secret] | None = None


@dataclass(slots=True)
class _Kept:
    """What the token file holds. ``seed``: digest of the configured refresh token that it grew from.

    ``early_s``: how long before its end the access token is renewed.
    """

    access: Secret | None
    refresh: Secret
    ends_at: datetime | None
    seed: str
    early_s: float = EARLY_S


class RefreshedToken:
    """An access token that is fetched when it is missing, ends or is refused; one fetch at a time."""

    def __init__(self, client: OAuthClient, clock: Clock, *, deadline_s: float = 30.0) -> None:
        self._client = client
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kept: _Kept | None = None
        self._http = Http(
            client.provider,
            client.token_url,
            headers=self._headers,
            counts=RequestCounts(),
            deadline_s=deadline_s,
            key="oauth2.token_url",
            proxy=client.proxy,
        )

    async def token(self) -> str:
        """A token that has not ended yet."""
        async with self._lock:
            kept = self._load()
            soon = self._clock.now() + timedelta(seconds=kept.early_s)
            if kept.access is None or (kept.ends_at is not None and kept.ends_at <= soon):
                kept = await self._refresh(kept)
            return kept.access.reveal() if kept.access else ""

    async def renew(self, refused: str) -> bool:
        """True once another token than ``refused`` is there; callers that wait share one fetch."""
        async with self._lock:
            kept = self._load()
            if kept.access is None or kept.access.reveal() == refused:
                await self._refresh(kept)
            return True

    async def close(self) -> None:
        """The pool is closed; safe to call twice."""
        await self._http.close()

    def _load(self) -> _Kept:
        if self._kept is None:
            configured = self._client.refresh_token()
            self._kept = _read(self._client.token_file, configured)
        return self._kept

    async def _refresh(self, kept: _Kept) -> _Kept:
        _write(
            self._client.token_file, kept
        )  # a refresh token may be spent by its use: its heir must find a place
        try:
            response = await self._http.call(self._request(kept.refresh))
        except Transient as error:  # no contact is concerned: as if the provider could not be reached
            raise Unreachable(error.provider, f"the token address failed: {error.message}") from error
        granted = _granted(self._client.provider, response)
        ends_in_s = granted.get("expires_in")
        access = str(granted["access_token"])
        ends_at = jwt_expiry(access)
        if isinstance(ends_in_s, (int, float)) and not isinstance(ends_in_s, bool) and 0 < ends_in_s < 1e9:
            ends_at = self._clock.now() + timedelta(seconds=ends_in_s)
        rotated = granted.get("refresh_token")
        refresh = Secret(rotated) if isinstance(rotated, str) and rotated else kept.refresh
        life_s = EARLY_S if ends_at is None else (ends_at - self._clock.now()).total_seconds()
        self._kept = _Kept(Secret(access), refresh, ends_at, kept.seed, _early_s(life_s * EARLY_SHARE))
        _write(self._client.token_file, self._kept)
        return self._kept

    def _request(self, refresh: Secret) -> Request:
        form = {"grant_type": "refresh_token", "refresh_token": refresh.reveal()}
        if self._client.auth == "body":
            form |= {"client_id": self._client.client_id, "client_secret": self._client.client_secret().reveal()}
        return Request(method="POST", path="", endpoint="token", body=urlencode(form).encode())

    async def _headers(self) -> Mapping[str, str]:
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        if self._client.auth == "basic":
            pair = f"{quote_plus(self._client.client_id)}:{quote_plus(self._client.client_secret().reveal())}"
            headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return headers


def _granted(provider: str, response: Response) -> dict[str, Any]:
    if response.status in {400, 401, 403}:
        raise AuthError(
            provider,
            f"the token address refused the refresh token ({response.status})",
            remedy="authorise the application again and put the new refresh token where the settings point",
        )
    if response.status >= 300:
        raise Unreachable(provider, f"the token address answered {response.status}")
    try:
        granted = response.json()
    except strict_json.BadJsonError as error:
        raise Unreachable(provider, "the token address answered with something that is not JSON") from error
    access = granted.get("access_token") if isinstance(granted, dict) else None
    if not isinstance(access, str) or not (access.isascii() and access.isprintable() and access):
        raise Unreachable(provider, "the token address answered without an access token")
    result: dict[str, Any] = granted
    return result


def _early_s(seconds: object) -> float:
    if not isinstance(seconds, (int, float)):  # as in a file of an earlier version
        return EARLY_S
    return min(max(seconds, 0.0), EARLY_S)


def _seed(secret: Secret) -> str:
    return hashlib.sha256(secret.reveal().encode()).hexdigest()[:16]


def _read(path: Path, configured: Secret) -> _Kept:
    """What the file holds, unless it grew from another refresh token than the configured one."""
    fresh = _Kept(None, configured, None, _seed(configured))
    try:
        held = strict_json.loads(path.read_bytes())
        if held["seed"] != fresh.seed:
            return fresh
        ends_at = datetime.fromisoformat(held["ends_at"]) if held["ends_at"] else None
        access = Secret(str(held["access"])) if held["access"] else None
        return _Kept(access, Secret(str(held["refresh"])), ends_at, fresh.seed, _early_s(held.get("early_s")))
    except FileNotFoundError:
        return fresh
    except OSError as error:
        raise ConfigError(f"the token file {path} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, LookupError):
        return fresh  # a damaged file is worth no more than none


def _write(path: Path, kept: _Kept) -> None:
    """The file is wholly old or wholly new, and only its owner can read it."""
    held = {
        "seed": kept.seed,
        "access": kept.access.reveal() if kept.access else "",
        "refresh": kept.refresh.reveal(),
        "ends_at": kept.ends_at.isoformat() if kept.ends_at else None,
        "early_s": kept.early_s,
    }
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_private(path, json.dumps(held), shared=True)
    except OSError as error:
        raise ConfigError(f"the token file {path} cannot be written ({error.strerror})") from error
