"""The bulk call without the network: every row of the error table, and bodies of every kind."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.datananas.exchange import bulk_request, read_answer, render_body
from adapters.datananas.wire import Answer
from adapters.toolkit.http import Response
from sync.errors import AuthError, OutcomeUnknown, ProviderError, QuotaExhausted, RateLimited, Rejected
from tests.datananas.harness import settings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CANARY = "ana.diaz@example.org"


def answer(status: int, body: Any = b"", **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=content)


def read(response: Response) -> Answer:
    return read_answer(response, now=NOW, settings=settings())


def refusal(status: int, body: Any = b"", **headers: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        read(answer(status, body, **headers))
    return caught.value


def test_the_request_is_one_post_with_the_list_and_the_contacts() -> None:
    s = settings()
    body = render_body([{"email": "a@ex.org"}], s)
    request = bulk_request(body, s)
    assert (request.method, request.path, request.mutating) == ("POST", "/contacts/bulk", True)
    assert json.loads(body) == {"list": {"_id": "5f0c"}, "contacts": [{"email": "a@ex.org"}]}


def test_neither_query_flag_is_named_unless_it_is_switched_on() -> None:
    assert bulk_request(b"", settings()).params == ()
    both = settings(move_existing=True, replace_owner=True, query_names={"move_existing": "move"})
    assert bulk_request(b"", both).params == (("move", "true"), ("replaceOwner", "true"))


BODIES = [
    (b"", Answer()),
    (b"OK", Answer()),
    (b"\xff\xfe", Answer()),
    (b'{"uuid":"u1"', Answer()),
    (b"null", Answer()),
    (b"[1]", Answer()),
    (b'{"uuid":7,"listId":{}}', Answer()),
    (b'{"uuid":NaN}', Answer()),
    (b"[" * 500, Answer()),
    (b"<html>hello</html>", Answer()),
    (b'{"uuid":"u-1","listId":"l-1"}', Answer("u-1", "l-1")),
    (b'{"data":{"uuid":"u-1"},"list":{"_id":"l-1"}}', Answer("u-1", "l-1")),
    (b'{"result":{"uuid":"u-1","listId":"l-1"}}', Answer("u-1", "l-1")),
]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize(("body", "told"), BODIES)
def test_any_2xx_accepts_and_its_body_is_optional(status: int, body: bytes, told: Answer) -> None:
    assert read(answer(status, body)) == told


PLACES = [
    lambda reason: {"reason": reason},
    lambda reason: {"error": {"statusCode": 402, "reason": reason}},
    lambda reason: {"error": {"statusCode": 402, "message": "no", "details": {"reason": reason}}},
    lambda reason: {"details": {"reason": reason}},
    lambda reason: {"message": reason},
    lambda reason: {"error": {"code": reason}},
]


@pytest.mark.parametrize("place", PLACES)
def test_the_daily_quota_is_told_with_its_next_reset(place: Any) -> None:
    error = refusal(402, place("contact_connect_quotas"))
    assert isinstance(error, QuotaExhausted)
    assert (error.reason, error.sent) == ("quota", True)
    assert error.resets_at == datetime(2026, 11, 20, 23, tzinfo=UTC)


@pytest.mark.parametrize("place", PLACES)
def test_a_full_account_waits_for_a_person(place: Any) -> None:
    error = refusal(402, place("contact_total_quotas"))
    assert isinstance(error, QuotaExhausted)
    assert (error.reason, error.sent, error.resets_at) == ("quota-total", True, None)


@pytest.mark.parametrize("body", [b"", b"<html>", {"reason": "something_new"}, {"reason": 7}, [], {"error": "x"}])
def test_a_402_that_tells_no_known_reason_counts_as_a_full_account(body: Any) -> None:
    error = refusal(402, body)
    assert isinstance(error, QuotaExhausted)
    assert (error.reason, error.sent) == ("quota-total", True)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_stop_the_provider(status: int) -> None:
    error = refusal(status, {"error": {"message": "no"}})
    assert isinstance(error, AuthError)
    assert error.remedy


@pytest.mark.parametrize("status", [400, 404, 405, 410, 413, 415, 422, 451])
def test_a_refused_request_is_told_with_status_and_code(status: int) -> None:
    error = refusal(
        status, {"error": {"statusCode": status, "name": "Error", "code": "VALIDATION", "message": "x"}}
    )
    assert isinstance(error, Rejected)
    assert (error.status, error.code) == (status, "VALIDATION")


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [({}, None), ({"retry_after": "7"}, 7.0), ({"retry_after": "soon"}, 60.0), ({"retry_after": "-1"}, 0.0)],
)
def test_too_many_requests_tell_how_long_to_wait(headers: dict[str, str], wait_s: float | None) -> None:
    error = refusal(429, b"", **headers)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == wait_s


@pytest.mark.parametrize("status", [408, 409, 425, 500, 502, 503, 504, 599, 100, 304])
def test_everything_else_leaves_the_outcome_unknown(status: int) -> None:
    assert isinstance(refusal(status, b"<html>"), OutcomeUnknown)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 409, 422, 429, 500])
def test_no_error_repeats_what_the_body_says_of_a_person(status: int) -> None:
    for body in (
        {"message": CANARY},
        {"error": {"code": CANARY, "reason": CANARY, "details": {"reason": CANARY}}},
    ):
        error = refusal(status, body)
        assert CANARY not in f"{error} {error.remedy} {vars(error)}"


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_answer_breaks_the_reading(status: int, body: bytes) -> None:
    with contextlib.suppress(ProviderError):
        assert isinstance(read(answer(status, body)), Answer)
