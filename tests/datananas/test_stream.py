"""The stream's own rules: which library errors become which of ours, and what is never said."""

from __future__ import annotations

import ssl

import pytest
from websockets import exceptions

from adapters.datananas.stream import PROVIDER, Stream, _closed_at_once, _refused
from adapters.toolkit.oauth import FixedToken
from sync.errors import AuthError, Unreachable
from sync.secrets import Secret
from tests.clocks import RealClock

TOKEN = "canary-token-canary"


def stream(url: str, auth: str = "query:token") -> Stream:
    return Stream(url=url, auth=auth, credential=FixedToken(lambda: Secret(TOKEN)), clock=RealClock())


def test_every_error_of_the_library_is_caught_where_it_can_arise() -> None:
    for name in exceptions.__all__:
        assert issubclass(getattr(exceptions, name), exceptions.WebSocketException)
    assert issubclass(ssl.SSLError, OSError)
    assert issubclass(TimeoutError, OSError)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_name_the_setting_to_check(status: int) -> None:
    error = _refused(status)
    assert isinstance(error, AuthError)
    assert "stream_auth" in str(error.remedy)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_a_refusal(status: int) -> None:
    assert "never followed" in str(_refused(status))


@pytest.mark.parametrize("code", [None, 1000, 1006, 1011])
def test_a_close_that_tells_no_refusal_is_no_authentication_error(code: int | None) -> None:
    assert isinstance(_closed_at_once(code, TimeoutError()), Unreachable)


async def test_the_address_with_its_token_is_never_told() -> None:
    with pytest.raises(Unreachable) as caught:
        await stream("ws://127.0.0.1:9").open()
    assert TOKEN not in f"{caught.value} {caught.value.remedy} {caught.value.__cause__}"
    assert caught.value.provider == PROVIDER


def test_a_token_in_the_query_is_escaped_and_leaves_the_header_out() -> None:
    s = stream("wss://x.example")
    assert s._address("a b&c") == "wss://x.example?token=a%20b%26c"
    assert s._options("t")["additional_headers"] is None
    assert stream("wss://x.example", "header")._options("t")["additional_headers"] == {"Authorization": "Bearer t"}
