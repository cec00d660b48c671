from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.toolkit.http import Request, Response
from adapters.topo import exchange
from sync.errors import (
    AuthError,
    Missing,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Rejected,
    Transient,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
READ = exchange.get_contacts(("email", "ana@corp.com"))
WRITE = exchange.post_entries(b"{}")


def answer(status: int, body: Any = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


def issue(status: int, kind: str, **data: Any) -> dict[str, Any]:
    return {
        "status_code": status, "type": kind, "message": "ana@corp.com is in the way", "data": data,
        "request_id": "req_1",
    }  # fmt: skip


def refusal(request: Request, response: Response) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        exchange.read(request, response, NOW)
    return raised.value


@pytest.mark.parametrize(
    ("status", "kind", "on_read", "on_write"),
    [
        (400, "ValidationIssue", Rejected, Rejected),
        (401, "UnauthorizedIssue", AuthError, AuthError),
        (403, "UnauthorizedIssue", AuthError, AuthError),
        (404, "NotFoundIssue", Missing, Missing),
        (409, "CommitIssue", Rejected, Rejected),
        (422, "BusinessIssue", Rejected, Rejected),
        (429, "AnythingIssue", RateLimited, RateLimited),
        (408, "TimeoutIssue", Transient, OutcomeUnknown),
        (425, "EarlyIssue", Transient, OutcomeUnknown),
        (500, "InternalIssue", Transient, OutcomeUnknown),
        (502, "GatewayIssue", Transient, OutcomeUnknown),
        (503, "BusyIssue", Transient, OutcomeUnknown),
        (504, "TimeoutIssue", Transient, OutcomeUnknown),
        (300, "ChoiceIssue", Transient, OutcomeUnknown),
    ],
)
def test_the_error_table(status: int, kind: str, on_read: type, on_write: type) -> None:
    for request, expected in ((READ, on_read), (WRITE, on_write)):
        error = refusal(request, answer(status, issue(status, kind)))
        assert type(error) is expected
        assert error.request_id == "req_1"
        assert str(status) in str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500])
def test_no_error_repeats_what_the_server_or_the_query_says_about_people(status: int) -> None:
    for request in (READ, WRITE):
        error = refusal(request, answer(status, issue(status, "ValidationIssue", field="ana@corp.com")))
        assert "ana" not in f"{error} {error.remedy} {error.request_id}"


def test_the_failing_field_is_named() -> None:
    error = refusal(WRITE, answer(400, issue(400, "ValidationIssue", field="items.2.email")))
    assert "items.2.email" in str(error)
    assert isinstance(error, Rejected)
    assert (error.status, error.code) == (400, "ValidationIssue")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>502</html>",
        b'{"detail":"Not Found"}',
        b"[1]",
        b"null",
        b'{"type":7,"request_id":[]}',
        b'{"a":NaN}',
    ],
)
@pytest.mark.parametrize("status", [400, 401, 404, 429, 502])
def test_a_status_counts_whatever_body_comes_with_it(status: int, body: bytes) -> None:
    expected = {400: Rejected, 401: AuthError, 404: Missing, 429: RateLimited, 502: OutcomeUnknown}[status]
    assert type(refusal(WRITE, answer(status, body))) is expected


def test_a_404_that_is_not_topos_own_is_not_taken_for_proof() -> None:
    own, foreign = refusal(READ, answer(404, issue(404, "NotFoundIssue"))), refusal(READ, answer(404, b"nope"))
    assert isinstance(own, Missing)
    assert isinstance(foreign, Missing)
    assert (own.definite, foreign.definite) == (True, False)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>sign in</html>",
        b'{"items":[',
        b'{"a":NaN}',
        b'{"a":1,"a":2}',
        b"[" * 50 + b"]" * 50,
        b"\xff\xfe",
        b'"\xed\xa0\x80"',
    ],
)
def test_a_success_that_is_no_json_may_be_read_again_and_may_have_written(body: bytes) -> None:
    assert type(refusal(READ, answer(200, body))) is Transient
    assert type(refusal(WRITE, answer(200, body))) is OutcomeUnknown


@pytest.mark.parametrize(
    ("response", "wait_s"),
    [
        (answer(429, {}, retry_after="7"), 7.0),
        (answer(429, {}, retry_after="Fri, 20 Nov 2026 12:00:30 GMT"), 30.0),
        (answer(429, {}, retry_after="Fri, 20 Nov 2026 11:00:00 GMT"), 0.0),
        (answer(429, {}, retry_after="soon"), 60.0),
        (answer(429, {}, retry_after="-5"), 0.0),
        (answer(429, {}, retry_after="999999"), 86400.0),
        (answer(429, {"data": {"retry_after": 9}}), 9.0),
        (answer(429, {"data": {"retry_after_ms": 1500}}), 1.5),
        (answer(429, {"data": {"retry_after": True}}), None),
        (answer(429, {"data": {"retry_after": "11"}}), 11.0),
        (answer(429, {"data": {"retryAfter": 12}}), 12.0),
        (answer(429, {"data": {"retry_after": "soon"}}), None),
        (answer(429, {}, x_ratelimit_reset="12"), 12.0),
        (answer(429, {}, ratelimit_reset=str(int(NOW.timestamp()) + 40)), 40.0),
        (answer(429, {}, ratelimit_reset="soon"), None),
        (answer(429, b"<html>"), None),
    ],
)
def test_the_wait_of_a_429_is_looked_for_in_every_usual_place(response: Response, wait_s: float | None) -> None:
    error = refusal(READ, response)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == wait_s


def test_a_window_that_is_used_up_is_told_by_a_success_too() -> None:
    assert exchange.reset_s(answer(200, {}, x_ratelimit_remaining="0", x_ratelimit_reset="5"), NOW) == 5.0
    assert exchange.reset_s(answer(200, {}, x_ratelimit_remaining="1", x_ratelimit_reset="5"), NOW) is None


def test_ids_are_escaped_in_paths() -> None:
    assert exchange.patch_variables("a/b", b"{}").path == "/contacts/a%2Fb/variables"
    assert exchange.patch_exclusion("50 % off?", {}).path == "/contact-exclusions/50%20%25%20off%3F"


def test_only_writes_are_mutating_and_only_bodies_have_a_content_type() -> None:
    assert not READ.mutating
    assert WRITE.mutating
    assert dict(WRITE.headers) == {"content-type": "application/json"}
    assert READ.headers == ()


@given(st.text())
def test_the_providers_words_are_shortened_and_hold_no_address_or_number(message: str) -> None:
    told = exchange.scrubbed(message + " ana@corp.com https://www.linkedin.com/in/ana +33 6 12 34 56 78")
    assert len(told) <= 200
    assert "@" not in told
    assert "linkedin" not in told
    assert "12 34" not in told
