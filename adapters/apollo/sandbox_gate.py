"""What stands before the sandbox's endpoints: keys, scopes, rate windows, prices, repeats.

Source: https://docs.apollo.io/reference/status-codes, https://docs.apollo.io/reference/rate-limits,
https://aisa.one/docs/api-reference/errors
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from adapters.apollo.sandbox_rows import Workspace

KEY = "sandbox-apollo-key"
PERIODS = (("minute", 60), ("hour", 3600), ("day", 86400))
HEADERS = {"minute": "minute", "hour": "hourly"}


class Gate:
    """Lets a request through or answers it. ``spent_micros``: what successful calls have cost so far."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._switches = workspace.switches
        self._windows: dict[tuple[str, str], tuple[datetime, int]] = {}
        self._keys: dict[str, str] = {}
        self._done: set[str] = set()
        self.spent_micros = 0

    async def refuse(self, request: Request, endpoint: str, *, mutating: bool) -> Response | None:
        """The refusal, or ``None`` when the request may go on."""
        if self._switches.transport == "aisa":
            refusal = await self._refuse_aisa(request, mutating=mutating)
        else:
            refusal = self._refuse_key(request, endpoint)
        return refusal or self._refuse_rate(endpoint)

    def _refuse_key(self, request: Request, endpoint: str) -> Response | None:
        if request.headers.get("x-api-key") != KEY:
            return PlainTextResponse("Invalid API key. Please check the key in your account.", 401)
        if self._switches.free_plan:
            text = "This endpoint is only available to Apollo users on paid plans."
            return JSONResponse({"message": text}, 403)
        if "*" not in self._switches.scopes and endpoint not in self._switches.scopes:
            text = f"Your key is not authorized to access api/v1/{endpoint}"
            return JSONResponse({"error": text, "error_code": "API_INACCESSIBLE"}, 403)
        return None

    async def _refuse_aisa(self, request: Request, *, mutating: bool) -> Response | None:
        given = request.headers.get("authorization", "")
        if not given:
            return self.aisa_error(401, "missing_api_key", "AISA API key is missing")
        if given != f"Bearer {KEY}":
            return self.aisa_error(401, "invalid_api_key", "AISA API key is not valid")
        opened, calls = self._window("the key", "minute", 60)
        self._windows["the key", "minute"] = (opened, calls + 1)
        if self._switches.key_calls is not None and calls >= self._switches.key_calls:
            refusal = self.aisa_error(429, "rate_limit_exceeded", "too many calls with this key")
            refusal.headers["retry-after"] = "60"
            return refusal
        ceiling = request.headers.get("x-aisa-max-price-usd")
        if ceiling is not None and float(ceiling) * 1e6 < self._switches.cost_micros:
            return self.aisa_error(402, "estimated_price_exceeds_max_price", "estimate above the maximum")
        wallet = self._switches.wallet_micros
        if wallet is not None and self.spent_micros + self._switches.cost_micros > wallet:
            return self.aisa_error(402, "insufficient_wallet_balance", "balance too low")
        return await self._refuse_repeat(request) if mutating else None

    async def _refuse_repeat(self, request: Request) -> Response | None:
        key = request.headers.get("idempotency-key")
        if key is None or not self._switches.idempotency:
            return None
        digest = hashlib.sha256(str(request.url).encode() + await request.body()).hexdigest()
        before = self._keys.setdefault(key, digest)
        if before == digest and key not in self._done:
            self._done.add(key)
            return None
        if self._switches.conflict_form == "text":
            return JSONResponse({"error": "request already processed"}, 409)
        code = (
            "request_in_progress" if self._switches.conflict_form == "in-progress" else "request_already_completed"
        )
        return self.aisa_error(409, code if before == digest else "idempotency_conflict", "seen before")

    def aisa_error(self, status: int, code: str, message: str) -> Response:
        """AISA's own error, in its newer or its older form."""
        if self._switches.errors == "old":
            kind = {401: "authentication_error", 402: "invalid_request_error", 429: "rate_limit_error"}.get(
                status, "api_error"
            )
            inner = {"type": kind, "code": code, "message": message, "request_id": "r-1"}
            return JSONResponse({"error": inner}, status)
        if status == 402:
            return JSONResponse({"error": {"code": code, "message": message, "retryable": False}}, status)
        return JSONResponse({"code": code, "error": message, "request_id": "r-1"}, status)

    def _refuse_rate(self, endpoint: str) -> Response | None:
        now = self._workspace.now()
        for (period, seconds), limit in zip(PERIODS, self._switches.windows, strict=True):
            opened, used = self._window(endpoint, period, seconds)
            if limit is not None and used >= limit:
                words = (
                    f"The maximum number of api calls allowed for api/v1/{endpoint} is {limit} times per "
                    f"{period}. Please upgrade your plan."
                )
                left = int((opened + timedelta(seconds=seconds) - now).total_seconds()) + 1
                wait = self._switches.retry_after_s if self._switches.retry_after_s is not None else left
                headers = {"retry-after": str(wait)} if self._switches.retry_after else {}
                return JSONResponse({"message": words}, 429, headers | self.rate_headers(endpoint))
        for period, seconds in PERIODS:
            opened, used = self._window(endpoint, period, seconds)
            self._windows[endpoint, period] = (opened, used + 1)
        return None

    def _window(self, endpoint: str, period: str, seconds: int) -> tuple[datetime, int]:
        """A fixed window that opens at its first request, which may be somebody else's."""
        now = self._workspace.now()
        theirs = now - timedelta(seconds=self._switches.opened_s_ago % seconds)
        opened, used = self._windows.setdefault((endpoint, period), (theirs, self._switches.others_usage))
        return (opened, used) if now < opened + timedelta(seconds=seconds) else (now, 0)

    def rate_headers(self, endpoint: str) -> dict[str, str]:
        """The three windows as response headers; an unlimited one is an empty text."""
        told: dict[str, str] = {}
        if self._switches.window_headers == "none":
            return told
        for (period, seconds), limit in zip(PERIODS, self._switches.windows, strict=True):
            name = HEADERS.get(period, self._switches.window_headers)
            used = self._window(endpoint, period, seconds)[1]
            told[f"x-rate-limit-{name}"] = "" if limit is None else str(limit)
            told[f"x-{name}-usage"] = str(used)
            told[f"x-{name}-requests-left"] = "" if limit is None else str(max(0, limit - used))
        return told

    def finished(self, response: Response, endpoint: str) -> Response:
        """The answer with the headers that stand on it; a success through AISA costs money."""
        if response.status_code not in {401, 403}:
            response.headers.update(self.rate_headers(endpoint))
        if self._switches.transport == "aisa":
            response.headers["x-request-id"] = "r-1"
            if response.status_code < 300:
                self.spent_micros += self._switches.cost_micros
                if self._switches.cost_header:
                    response.headers["x-aisa-customer-cost-micros-usd"] = str(self._switches.cost_micros)
        return response


def not_found() -> Response:
    """No such route."""
    body: dict[str, Any] = {"message": "Not found", "error": "Not found"}
    return JSONResponse(body, 404)
