"""Topo's adapter against its sandbox: the key, errors and lists, fact by fact.

Sources: https://docs.topo.io/api-reference/authentication, …/pagination-filtering, …/errors-rate-limits,
Contacts, writes and exclusions have files of their own.
"""

from __future__ import annotations

import pytest

from adapters.toolkit.faults import Fault
from adapters.topo.sandbox_rules import SCOPES
from sync.contact import Contact
from sync.errors import (
    AuthError,
    ConfigError,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Transient,
    Unreachable,
)
from tests.topo.harness import exclude, ids, made, opt_out, opt_out_pages, pages, people, raw, running, send

PROFILE = "https://www.linkedin.com/in/ana"


# the key ------------------------------------------------------------------------------------------------------


async def test_opening_tells_the_workspace_and_the_scopes() -> None:
    async with running() as (box, topo):
        account = await topo.open()
        assert account.account_id == "51a2c0de-0000-4000-8000-000000000001"
        assert set(account.scopes) == set(SCOPES)
        assert account.problems == ()
        assert box.writes == 0


async def test_a_wrong_key_is_refused_before_any_endpoint() -> None:
    async with running({"api_key": "env:WRONG"}) as (_, topo):
        with pytest.raises(AuthError) as refused:
            await topo.open()
        assert "topo_wrong_key" not in str(refused.value)
        with pytest.raises(AuthError):
            await pages(topo)


@pytest.mark.parametrize("scope", ["contacts:read", "exclusions:read"])
async def test_a_scope_without_which_reading_is_unsafe_stops_the_opening_by_name(scope: str) -> None:
    async with running(scopes=tuple(s for s in SCOPES if s != scope)) as (_, topo):
        with pytest.raises(AuthError, match=scope):
            await topo.open()


async def test_a_scope_that_the_settings_do_not_need_is_not_asked_for() -> None:
    async with running({"exclusions": False, "write": False}, scopes=("contacts:read",)) as (_, topo):
        assert (await topo.open()).problems == ()


async def test_exclusions_that_are_not_wanted_are_not_read() -> None:
    async with running({"exclusions": False}) as (_, topo):
        assert topo.opt_out_list is None


async def test_contacts_that_are_not_wanted_are_not_read() -> None:
    async with running({"read": False}) as (_, topo):
        assert topo.reader is None
        assert not topo.capabilities.readable


@pytest.mark.parametrize(
    ("scope", "part"),
    [
        ("contacts:write", "variable_operation"),
        ("contact_lists:read", "creates"),
        ("contact_lists:write", "creates"),
        ("exclusions:write", "excludes"),
    ],
)
async def test_a_missing_writing_scope_is_told_and_takes_its_part_away(scope: str, part: str) -> None:
    scopes = tuple(s for s in SCOPES if s != scope)
    async with running({"variables": {"lead_source": "source"}}, scopes=scopes) as (_, topo):
        assert getattr(topo.capabilities, part)
        account = await topo.open()
        assert scope in " ".join(account.problems)
        assert not getattr(topo.capabilities, part)


async def test_a_403_mid_run_is_a_matter_of_scope() -> None:
    async with running(scopes=()) as (_, topo):
        with pytest.raises(AuthError, match="scope"):
            await pages(topo)


async def test_a_list_that_is_not_there_stops_the_opening_with_the_key_to_change() -> None:
    async with running({"contact_list_id": "3c90c3cc-0d44-4b50-8888-8dd25736052a"}) as (_, topo):
        with pytest.raises(ConfigError) as refused:
            await topo.open()
        assert "contact_list_id" in str(refused.value.remedy)


async def test_an_address_that_is_not_topos_is_a_matter_of_configuration() -> None:
    async with running() as (box, _):
        topo = made(box, base_url=box.base_url + "/elsewhere")
        with pytest.raises(ConfigError):
            await topo.open()
        await topo.close()


@pytest.mark.parametrize(
    "action", ["garbage", "empty", "status=503", "reset-before", "cut-body", "redirect=http://x"]
)
async def test_an_opening_without_a_usable_answer_found_nobody(action: str) -> None:
    async with running() as (box, topo):
        box.traffic.faults.append(Fault.parse(f"GET /v1/me:*:{action}"))
        with pytest.raises(Unreachable):
            await topo.open()


# what every list shares -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [{"page": "0"}, {"size": "0"}, {"size": "101"}, {"page": "x"}, {"sort_by": "name"}, {"sort_order": "up"},
     {"last_seen_after": "soon"}, {"last_seen_after": "2026-01-01T00:00:00"}],
)  # fmt: skip
async def test_the_sandbox_refuses_what_the_documents_rule_out_with_400(query: dict[str, str]) -> None:
    async with running() as (box, _):
        answer = await raw(box, "GET", "/contacts", params=query)
        body = answer.json()
        assert answer.status_code == body["status_code"] == 400
        assert body["type"] == "ValidationIssue"
        assert body["request_id"]


async def test_the_sandbox_answers_in_the_documented_envelope_ten_rows_a_page() -> None:
    async with running() as (box, _):
        people(box, 12)
        body = (await raw(box, "GET", "/contacts")).json()
        assert (len(body["items"]), body["total_count"], body["total_pages"], body["has_more"]) == (
            10,
            12,
            2,
            True,
        )
        assert set(body["items"][0]) == {
            "id", "first_seen_at", "last_seen_at", "email", "first_name", "last_name", "job_title", "linkedin_url",
            "phone_number", "city", "state", "country", "profile_picture_url", "company_name", "company_domain",
        }  # fmt: skip


async def test_no_query_name_is_sent_that_the_documents_do_not_know() -> None:
    async with running({"page_size": 2}) as (box, topo):
        people(box, 5)
        for _ in range(5):
            box.add_exclusion(email="x@corp.com")
        assert topo.reader is not None
        assert topo.opt_out_list is not None
        await pages(topo)
        await pages(topo, "incremental")
        await topo.reader.newest()
        await topo.reader.find(Contact(emails=("a@corp.com",), linkedin_url=PROFILE))
        await opt_out_pages(topo)
        await topo.opt_out_list.newest()
        await send(topo, exclude(opt_out("a@corp.com", linkedin_url=PROFILE)))
        assert box.ignored == set()


# faults ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "action", ["status=500", "status=502", "garbage", "empty", "cut-body", "reset-before", "stall=5"]
)
async def test_a_read_that_goes_wrong_once_is_read_again(action: str) -> None:
    async with running({"request_timeout": "0.2s"}) as (box, topo):
        expected = people(box, 2)
        box.traffic.faults.append(Fault.parse(f"GET /v1/contacts:1:{action}".replace("stall=5", "stall=0.3")))
        assert ids(await pages(topo)) == expected


async def test_a_pull_that_breaks_off_keeps_the_pages_before_it() -> None:
    async with running({"page_size": 3}) as (box, topo):
        expected = people(box, 9)
        box.traffic.faults.append(Fault.parse("GET /v1/contacts:2-9:status=502"))
        assert topo.reader is not None
        pull = topo.reader.pull("sweep", None, overlap_s=0)
        begun = [await anext(pull)]
        with pytest.raises(Transient):
            await anext(pull)
        box.traffic.faults.clear()
        rest = await pages(topo, "sweep", begun[-1].cursor)
        assert set(ids(begun + rest)) == set(expected)


@pytest.mark.parametrize("shape", ["retry-after", "date", "data", "data-text", "headers", "bare"])
async def test_a_429_of_any_shape_is_waited_for(shape: str) -> None:
    async with running(rate_limit=shape, rate_limit_every=2, retry_after_s=0.01) as (box, topo):
        expected = people(box, 3)
        assert ids(await pages(topo)) == expected


async def test_a_long_429_is_told_and_kept_for_the_next_run() -> None:
    async with running(rate_limit_every=1, retry_after_s=7200.0) as (box, topo):
        with pytest.raises(RateLimited) as told:
            await pages(topo)
        assert told.value.retry_after_s == 7200
        again = made(box, memory=topo.memory)
        with pytest.raises(RateLimited):
            await pages(again)
        await again.close()
        assert box.requests == 1


async def test_no_more_requests_go_out_than_allowed() -> None:
    async with running({"page_size": 1}) as (box, _):
        people(box, 9)
        topo = made(box, max_requests=3, page_size=1)
        with pytest.raises(QuotaExhausted):
            await pages(topo)
        await topo.close()
        assert box.requests == 3


async def test_no_error_tells_the_key_or_anybodys_address() -> None:
    async with running() as (box, topo):
        key = next(iter(box.secrets.values()))
        words = '{"status_code":400;"message":"ana@corp.com";"type":"ana@corp.com"}'
        for status in (400, 401, 403, 404, 409, 422, 429, 500):
            box.traffic.faults = [Fault("GET", "/v1/contacts", 1, None, {"status": str(status), "body": words})]
            assert topo.reader is not None
            with pytest.raises(ProviderError) as told:
                await topo.reader.find(Contact(emails=("ana@corp.com",)))
            assert "ana" not in str(told.value)
            assert key not in str(told.value)
