"""The sandbox's tokens: which ones are in force, and the address that hands out new ones.

Source: https://docs.datananas.com/reference/authentication, RFC 6749 sections 2.3.1 and 6
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from adapters.datananas.sandbox_switches import Switches


def fault(switches: Switches, status: int, code: str, message: str) -> Response:
    """An error in the form that the switches name."""
    if switches.error_form == "flat":
        return JSONResponse({"message": message, "code": code}, status)
    error = {"statusCode": status, "name": "Error", "message": message, "code": code}
    return JSONResponse({"error": error}, status)


@dataclass(slots=True)
class Grants:
    """``tokens``: bearer token → may it create. ``fetched``: access tokens handed out so far."""

    switches: Switches
    tokens: dict[str, bool] = field(
        default_factory=lambda: {"sandbox-token-create": True, "sandbox-token-read": False}
    )
    refresh_tokens: set[str] = field(default_factory=lambda: {"sandbox-refresh-0"})
    fetched: int = 0

    def refusal(self, header: str) -> Response | None:
        """401 without a known token, 403 with one that may not create, ``None`` otherwise."""
        scheme, _, token = header.partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            return fault(self.switches, 401, "AUTHORIZATION_REQUIRED", "Authorization Required")
        return None if self.tokens[token] else fault(self.switches, 403, "ACCESS_DENIED", "Access Denied")

    async def grant(self, request: Request) -> Response:
        """``POST /oauth2/token`` with a refresh token."""
        s = self.switches
        if s.token_status:
            return JSONResponse({"error": "temporarily_unavailable"}, s.token_status)
        form = dict(parse_qsl((await request.body()).decode()))
        if self._client(request, form) != ("sandbox-client", "sandbox-client-secret"):
            return JSONResponse({"error": "invalid_client"}, 401)
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") not in self.refresh_tokens:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(self._granted())

    def _granted(self) -> dict[str, Any]:
        self.fetched += 1
        granted: dict[str, Any] = {"access_token": f"sandbox-access-{self.fetched}", "token_type": "Bearer"}
        self.tokens[granted["access_token"]] = True
        if self.switches.token_life_s is not None:
            granted["expires_in"] = self.switches.token_life_s
        if self.switches.rotates:
            self.refresh_tokens = {f"sandbox-refresh-{self.fetched}"}
            granted["refresh_token"] = f"sandbox-refresh-{self.fetched}"
        return granted

    def _client(self, request: Request, form: Mapping[str, str]) -> tuple[str, str]:
        if self.switches.client_auth == "body":
            return form.get("client_id", ""), form.get("client_secret", "")
        pair = base64.b64decode(request.headers.get("authorization", "Basic ").partition(" ")[2]).decode()
        name, _, secret = pair.partition(":")
        return unquote_plus(name), unquote_plus(secret)
