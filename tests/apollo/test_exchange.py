from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.apollo import contacts, exchange, wire
from adapters.apollo.refusals import error_for, parse_refusal, without_personal
from adapters.toolkit.http import Request, Response
from sync.errors import (
    AuthError,
    MappingError,
    Missing,
    OutcomeUnknown,
    QuotaExhausted,
    RateLimited,
    Rejected,
    Transient,
)

NOW = datetime(2026, 11, 2, tzinfo=UTC)
READ = exchange.search(per_page=100)
WRITE = exchange.bulk_update([])
SHOW = exchange.show("66f0")


def answer(status: int, body: Any = b"", **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=raw)


@pytest.mark.parametrize(
    ("request_", "status", "body", "kind"),
    [
        (READ, 400, {"error": "bad"}, Rejected),
        (READ, 401, b"Invalid API key", AuthError),
        (READ, 401, {"error_code": "INVALID_ACCESS_TOKEN"}, AuthError),
        (READ, 401, {"code": "invalid_api_key", "error": "not valid", "request_id": "r-1"}, AuthError),
        (READ, 403, {"error": "not authorized", "error_code": "API_INACCESSIBLE"}, AuthError),
        (READ, 403, {"message": "only available on paid plans."}, AuthError),
        (READ, 403, {"error": "You do not have permission to access lists"}, AuthError),
        (READ, 404, {"message": "x", "error": "Record not found."}, Rejected),
        (WRITE, 422, {"error": "Please limit your array to 100 contacts or fewer."}, Rejected),
        (READ, 422, {"error": "Invalid sort criteria", "skip_alert_dialog": True}, Rejected),
        (SHOW, 422, {"error": "This contact does not exist."}, Missing),
        (SHOW, 422, {"error": "This contact has been deleted."}, Missing),
        (SHOW, 422, {"error": "You are not authorized to view this contact."}, Missing),
        (SHOW, 422, {"error": "something else"}, Rejected),
        (READ, 429, {"message": "is 400 times per hour"}, RateLimited),
        (WRITE, 429, {"error": {"type": "rate_limit_error", "code": "upstream_rate_limit"}}, RateLimited),
        (WRITE, 429, {"error": {"type": "rate_limit_error", "code": "quota_exceeded"}}, QuotaExhausted),
        (WRITE, 402, {"error": {"code": "insufficient_wallet_balance", "message": "low"}}, QuotaExhausted),
        (WRITE, 402, {"code": "estimated_price_exceeds_max_price", "error": "x"}, QuotaExhausted),
        (WRITE, 409, {"code": "request_already_completed", "error": "x"}, OutcomeUnknown),
        (WRITE, 409, {"error": "request already processed"}, OutcomeUnknown),
        (READ, 409, {"error": "x"}, Transient),
        (WRITE, 408, b"", OutcomeUnknown),
        (WRITE, 500, {"error": "An error occurred while creating contacts. Please try again."}, OutcomeUnknown),
        (WRITE, 502, {"error": "upstream call failed"}, OutcomeUnknown),
        (WRITE, 503, {"code": "provider_unavailable", "retryable": True}, OutcomeUnknown),
        (READ, 500, b"<html>", Transient),
        (READ, 503, {"code": "authentication_unavailable"}, Transient),
        (READ, 502, b"\xff\x00", Transient),
    ],
)
def test_each_row_of_the_error_table_becomes_its_error(
    request_: Request, status: int, body: Any, kind: type[Exception]
) -> None:
    assert type(error_for(request_, answer(status, body), NOW)) is kind


@pytest.mark.parametrize(
    ("text", "definite"), [("does not exist", True), ("has been deleted", True), ("not authorized to view", False)]
)
def test_only_a_hidden_contact_is_perhaps_still_there(text: str, definite: bool) -> None:
    error = error_for(SHOW, answer(422, {"error": text}), NOW)
    assert isinstance(error, Missing)
    assert error.definite is definite


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry_after": "15733"}, "", 15733.0),
        ({}, "is 200 times per minute", 60.0),
        ({}, "is 400 times per hour", 3600.0),
        ({}, "is 2000 times per day", 86400.0),
        ({}, "slow down", 60.0),
        ({"retry_after": "soon"}, "per hour", 60.0),
        ({"retry_after": "-5"}, "", 0.0),
    ],
)
def test_the_wait_after_429_comes_from_the_header_else_from_the_words(
    headers: dict[str, str], message: str, seconds: float
) -> None:
    error = error_for(READ, answer(429, {"message": message}, **headers), NOW)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == seconds


def test_the_row_named_by_a_validation_error_is_known() -> None:
    details = {"contact_id": "66f0", "field": "email", "message": "format"}
    error = error_for(WRITE, answer(422, {"error": "Validation failed", "error_details": details}), NOW)
    assert isinstance(error, Rejected)
    assert error.record_id == "66f0"


def test_a_deleted_row_is_known_by_its_list() -> None:
    error = error_for(WRITE, answer(422, {"error": "deleted.", "deleted_contact_ids": ["66f1"]}), NOW)
    assert isinstance(error, Rejected)
    assert (error.code, error.record_id) == ("deleted", "66f1")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"error": 5}', b'{"error": null}', b'{"error": NaN}', b"[" * 99, b"\xff",
     b'{"error_details": [], "deleted_contact_ids": 5, "code": {}}'],
)  # fmt: skip
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 418, 422, 429, 500, 503, 599])
def test_an_error_answer_of_any_shape_is_still_an_error(body: bytes, status: int) -> None:
    parse_refusal(answer(status, body))
    assert error_for(WRITE, answer(status, body), NOW).provider == "apollo"


def test_the_words_of_an_error_hold_nobodys_data() -> None:
    said = (
        'lea@exemple.fr is taken, +33 6 12 34 56 78 too, see https://x.y/z and "Lea"; 66f000000000000000000101\x1b'
    )
    kept = without_personal(said)
    assert not any(part in kept for part in ("lea@", "12 34", "https", "Lea", "\x1b"))
    assert "66f000000000000000000101" in kept


def test_a_refused_key_is_never_repeated() -> None:
    assert "sk-aisa-1" not in str(error_for(READ, answer(401, b"Invalid API key sk-aisa-1"), NOW))


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b'{"contacts": [', b'{"contacts": {}}', b'{"pagination": NaN}', b"[" * 40, b"[]", b"5"],
)
def test_an_unreadable_success_is_no_answer(body: bytes) -> None:
    with pytest.raises(Transient):
        exchange.read(READ, answer(200, body), contacts.parse_search)
    with pytest.raises(OutcomeUnknown):
        exchange.read(WRITE, answer(200, body), contacts.parse_search)


def test_three_windows_are_read_and_an_empty_limit_is_unlimited() -> None:
    response = answer(
        200,
        x_rate_limit_minute="200", x_minute_usage="3", x_minute_requests_left="190",
        x_rate_limit_hourly="", x_hourly_usage="9", x_hourly_requests_left="",
        x_rate_limit_daily="2000", x_daily_usage="12", x_daily_requests_left="1988",
    )  # fmt: skip
    found = exchange.windows("contacts/search", response, NOW)
    assert [(w.seconds, w.limit, w.used) for w in found] == [(60.0, 200, 10), (86400.0, 2000, 12)]


@pytest.mark.parametrize("junk", ["-1", "many", "", "9" * 40, "1.5", "²"])
def test_headers_that_are_no_counts_tell_nothing(junk: str) -> None:
    response = answer(200, x_rate_limit_minute=junk, x_minute_usage=junk, x_minute_requests_left=junk)
    assert exchange.windows("contacts/search", response, NOW) == ()


def test_a_record_id_cannot_leave_its_path_segment() -> None:
    assert exchange.show("../labels?x=1").path == "/contacts/..%2Flabels%3Fx%3D1"


def test_counts_written_as_text_are_counts() -> None:
    assert wire.number("25", "$") == 25
    with pytest.raises(MappingError):
        wire.number(True, "$")


def test_a_create_asks_for_deduplication_and_appends_our_labels() -> None:
    request = exchange.bulk_create([{"email": "a@b.fr"}], label_names=["ours"], as_text=False)
    assert json.loads(request.body or b"") == {
        "run_dedupe": True,
        "append_label_names": ["ours"],
        "contacts": [{"email": "a@b.fr"}],
    }
    as_text = exchange.bulk_create([{"email": "a@b.fr"}], label_names=[], as_text=True)
    assert json.loads(json.loads(as_text.body or b"")["contacts"]) == [{"email": "a@b.fr"}]
