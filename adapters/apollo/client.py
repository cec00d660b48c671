"""One call to Apollo: paced, paid for, sent, its windows noted, its refusals raised."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from adapters.apollo import exchange
from adapters.apollo.refusals import error_for, is_of_the_key
from adapters.apollo.spend import Spend
from adapters.apollo.wire import PROVIDER
from adapters.toolkit.headers import retry_after_s
from adapters.toolkit.http import Http
from adapters.toolkit.rates import Limiter
from adapters.toolkit.retry import RetryBudget, retried
from sync.errors import OutcomeUnknown, RateLimited
from sync.ports import RequestCounts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.apollo.settings import ApolloSettings
    from adapters.spec import Opening
    from adapters.toolkit.http import Request, Response

T = TypeVar("T")


class Client:
    """Apollo's endpoints behind one connection pool, for one run."""

    def __init__(self, settings: ApolloSettings, opening: Opening) -> None:
        self.requests = RequestCounts()
        self._settings = settings
        self._opening = opening
        self._clock = opening.clock
        self._budget = RetryBudget()
        self._limiter = Limiter(PROVIDER, opening.clock, memory=opening.memory)
        self._spend = Spend(settings.max_spend_usd_per_day, opening.memory.get("spend"))
        self._http = Http(
            PROVIDER,
            settings.base_url,
            headers=self._headers,
            counts=self.requests,
            max_requests=opening.max_requests,
            deadline_s=settings.deadline_s,
            proxy=opening.proxy(settings.proxy),
        )

    async def close(self) -> None:
        """The pool is closed; safe to call twice."""
        await self._http.close()

    def memory(self) -> dict[str, object]:
        """Rate windows, and the day's spend where calls cost money."""
        notes = self._limiter.memory()
        return notes | {"spend": self._spend.memory()} if self._settings.shared else notes

    async def ask(self, request: Request, parse: Callable[[Any], T]) -> tuple[T, str | None]:
        """What the answer to a request holds, tried again where that is safe, and the call's id if told."""
        response = await retried(
            lambda: self._call(request), clock=self._clock, budget=self._budget, mutating=request.mutating
        )
        return exchange.read(request, response, parse), response.headers.get("x-request-id")

    def keyed(self, request: Request, digest: str) -> Request:
        """``request`` with the key under which AISA recognises a repeat, drawn from the digest.

        The same key with another body would be refused as a conflict.
        Source: https://aisa.one/docs/api-reference/errors (``idempotency_conflict``)
        """
        if not self._settings.shared:
            return request
        key = str(uuid5(NAMESPACE_URL, digest))
        return replace(request, headers=(*request.headers, ("Idempotency-Key", key)))

    async def _headers(self) -> Mapping[str, str]:
        """Source: https://docs.apollo.io/reference/authentication, https://aisa.one/docs/guides/authentication"""
        secret = self._opening.secret(self._settings.api_key).reveal()
        common = {"Content-Type": "application/json", "Accept": "application/json", "Cache-Control": "no-cache"}
        by_key = self._settings.auth == "x-api-key"
        common |= {"x-api-key": secret} if by_key else {"Authorization": f"Bearer {secret}"}
        if not self._settings.shared:
            return common
        price = f"{self._settings.max_price_usd:.6f}".rstrip("0").rstrip(".")
        return common | {"X-AISA-Max-Price-USD": price}

    async def _call(self, request: Request) -> Response:
        now = self._clock.now
        if self._settings.shared:
            self._spend.check(now())
            await self._limiter.acquire(exchange.GATEWAY, mutating=request.mutating)
        await self._limiter.acquire(request.endpoint, mutating=request.mutating)
        try:
            response = await self._http.call(request)
        except OutcomeUnknown:
            self._spend.count(None, now())
            raise
        self._limiter.heed(request.endpoint, response.status, response.headers)
        self._observe(request, response)
        if 200 <= response.status < 300:
            self._spend.count(response, now())
            return response
        error = error_for(request, response, now())
        if isinstance(error, OutcomeUnknown) and response.status != 409:  # a repeat is not billed
            self._spend.count(response, now())
        if isinstance(error, RateLimited):
            met = exchange.GATEWAY if self._settings.shared and is_of_the_key(response) else request.endpoint
            self._limiter.refused(met, error.retry_after_s or 0.0)
            self._limiter.ends(met, retry_after_s(response.headers, now()) or 0.0)
        raise error

    def _observe(self, request: Request, response: Response) -> None:
        now = self._clock.now()
        self._limiter.observe(request.endpoint, exchange.windows(request.endpoint, response, now))
        if self._settings.shared:
            self._limiter.observe(exchange.GATEWAY, exchange.gateway_window(response, now))
