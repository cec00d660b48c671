"""Calls to Topo: paced, retried where that is safe, read into JSON or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.toolkit.http import Http
from adapters.toolkit.rates import Limiter
from adapters.toolkit.retry import RetryBudget, retried
from adapters.topo import exchange
from sync.errors import RateLimited
from sync.ports import RequestCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.spec import Opening
    from adapters.toolkit.http import Request
    from adapters.topo.settings import TopoSettings
    from sync.secrets import Secret


class Client:
    """One key's connection."""

    def __init__(self, settings: TopoSettings, opening: Opening) -> None:
        self.counts = RequestCounts()
        self._clock = opening.clock
        self._secret = opening.secret
        self._api_key = settings.api_key
        self._key: Secret | None = None
        self._budget = RetryBudget()
        self._limiter = Limiter(
            exchange.NAME,
            opening.clock,
            requests_per_second=settings.requests_per_second,
            memory=opening.memory,
        )
        self._http = Http(
            exchange.NAME,
            settings.base_url,
            headers=self._headers,
            counts=self.counts,
            max_requests=opening.max_requests,
            deadline_s=settings.request_timeout.total_seconds(),
            proxy=opening.proxy(settings.proxy),
        )

    @property
    def memory(self) -> Mapping[str, object]:
        """Waits to be kept across runs."""
        return self._limiter.memory()

    async def close(self) -> None:
        """The connections are closed; safe to call twice."""
        await self._http.close()

    async def call(self, request: Request) -> Any:
        """The answer's JSON. Raises what ``exchange.read`` and ``Http.call`` raise."""
        return await retried(
            lambda: self._once(request), clock=self._clock, budget=self._budget, mutating=request.mutating
        )

    async def _once(self, request: Request) -> Any:
        await self._limiter.acquire(request.endpoint, mutating=request.mutating)
        response = await self._http.call(request)
        self._limiter.heed(request.endpoint, response.status, response.headers)
        now = self._clock.now()
        try:
            answer = exchange.read(request, response, now)
        except RateLimited as error:
            if error.retry_after_s:
                self._limiter.refused(request.endpoint, error.retry_after_s)
            raise
        used_up_s = exchange.reset_s(response, now)
        if used_up_s:
            self._limiter.refused(request.endpoint, used_up_s)
        return answer

    async def _headers(self) -> Mapping[str, str]:
        if self._key is None:  # once a run: a reference may start a program or ask a password manager
            self._key = self._secret(self._api_key)
        key = self._key.reveal()
        return {"authorization": f"Bearer {key}", "accept": "application/json", "user-agent": "contact-sync"}
