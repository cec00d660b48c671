"""The bulk call over HTTP: paced, retried where nothing was done, with one fresh token after a 401."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.datananas import exchange
from adapters.toolkit.http import Http
from adapters.toolkit.oauth import Credential, FixedToken, OAuthClient, RefreshedToken
from adapters.toolkit.rates import Limiter
from adapters.toolkit.retry import RetryBudget, retried
from sync.errors import QuotaExhausted, RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.datananas.settings import DatananasSettings
    from adapters.datananas.wire import Answer
    from adapters.spec import Opening
    from adapters.toolkit.http import Request
    from sync.ports import RequestCounts

LONGEST_DAY = timedelta(hours=25)
"""No daily quota starts again later than this. A note that says otherwise stems from a clock that was wrong."""


class Client:
    """Sends bulk bodies. One instance a provider."""

    def __init__(self, settings: DatananasSettings, opening: Opening, counts: RequestCounts) -> None:
        self._settings = settings
        self._clock = opening.clock
        self.credential = credential(settings, opening)
        self.limiter = Limiter(exchange.PROVIDER, opening.clock, memory=opening.memory)
        self._quota_resets_at = _moment(opening.memory.get("quota_resets_at"))
        self._budget = RetryBudget()
        self._http = Http(
            exchange.PROVIDER,
            settings.base_url,
            headers=self._headers,
            counts=counts,
            max_requests=opening.max_requests,
            deadline_s=settings.request_timeout.total_seconds(),
            proxy=opening.proxy(settings.proxy),
        )

    @property
    def memory(self) -> Mapping[str, object]:
        """When the bulk endpoint may be asked again, and when the daily quota starts again once it was met."""
        notes = self.limiter.memory()
        resets_at = self._quota_resets_at
        return notes | {"quota_resets_at": resets_at.isoformat()} if resets_at and self._quota_is_met() else notes

    def check_quota(self) -> None:
        """The daily quota is not known to be met. Raises ``QuotaExhausted`` until it starts again."""
        if self._quota_is_met():
            raise QuotaExhausted(exchange.PROVIDER, "the daily quota is used up", resets_at=self._quota_resets_at)

    def _quota_is_met(self) -> bool:
        resets_at, now = self._quota_resets_at, self._clock.now()
        return resets_at is not None and now < resets_at <= now + LONGEST_DAY

    async def post(self, request: Request, before: Callable[[], None]) -> Answer:
        """The answer that accepts ``request``; ``before`` is called right before each time that bytes go out.

        Raises what ``exchange.read_answer`` and ``Http.call`` raise.
        """

        async def once() -> Answer:
            await self.limiter.acquire(request.endpoint, mutating=request.mutating)
            token = await self.credential.token()
            before()
            response = await self._http.call(request)
            if response.status == 401 and await self.credential.renew(token):
                before()
                response = await self._http.call(request)
            self.limiter.heed(request.endpoint, response.status, response.headers)
            try:
                return exchange.read_answer(response, now=self._clock.now(), settings=self._settings)
            except RateLimited as error:
                self.limiter.refused(request.endpoint, error.retry_after_s or 0.0)
                raise
            except QuotaExhausted as error:
                self._quota_resets_at = error.resets_at
                raise

        return await retried(once, clock=self._clock, budget=self._budget, mutating=True)

    async def close(self) -> None:
        """Connections closed; safe to call twice."""
        await self._http.close()
        await self.credential.close()

    async def _headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {await self.credential.token()}"}


def _moment(note: object) -> datetime | None:
    """The instant in a note of an earlier run, ``None`` when there is none that can be read."""
    try:
        return datetime.fromisoformat(note).astimezone(UTC) if isinstance(note, str) else None
    except (ValueError, OverflowError):
        return None


def credential(settings: DatananasSettings, opening: Opening) -> Credential:
    """Where the tokens come from: support hands out fixed ones, partner applications refresh theirs.

    Source: https://docs.datananas.com/reference/authentication, https://docs.datananas.com/reference/overview-oauth2
    """
    oauth2 = settings.oauth2
    if oauth2 is None:
        return FixedToken(lambda: opening.secret(settings.token))
    return RefreshedToken(
        OAuthClient(
            provider=exchange.PROVIDER,
            token_url=oauth2.token_url,
            client_id=oauth2.client_id,
            client_secret=lambda: opening.secret(oauth2.client_secret),
            refresh_token=lambda: opening.secret(oauth2.refresh_token),
            token_file=opening.directory / oauth2.token_file,
            auth=oauth2.client_auth,
            proxy=opening.proxy(settings.proxy),
        ),
        opening.clock,
    )
