"""Topo's adapter against its sandbox: writes that go wrong, and what the server refuses.

Sources: https://docs.topo.io/api-reference/errors-rate-limits, …/authentication.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.toolkit.faults import Fault
from adapters.topo.sandbox_rules import SCOPES
from sync.errors import AuthError, OutcomeUnknown, RateLimited
from tests.topo.harness import START, create, raw, running, send

if TYPE_CHECKING:
    from sync.change import Outcome


def states(outcomes: list[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


@pytest.mark.parametrize(
    ("action", "written"),
    [
        ("reset-before", 0), ("reset-after", 1), ("then-status=502", 1), ("status=500", 0), ("status=503", 0),
        ("cut-body", 1), ("garbage", 1), ("empty", 1), ("stall=0.5", 1), ("body={}", 1), ('body={"items":{}}', 1),
    ],
)  # fmt: skip
async def test_a_create_that_may_have_arrived_is_unknown_and_sent_once(action: str, written: int) -> None:
    async with running({"request_timeout": "0.2s"}) as (box, topo):
        box.traffic.faults.append(Fault.parse(f"POST /v1/contact-entries:*:{action}"))
        with pytest.raises(OutcomeUnknown):
            await send(topo, create("ana"))
        assert box.traffic.count("POST", "/v1/contact-entries") == 1
        assert len(box.entries) == written
        box.traffic.faults.clear()
        assert topo.reader is not None
        assert len(await topo.reader.find(create("ana").contact)) == written


async def test_an_answer_that_misses_an_item_leaves_only_that_one_unknown() -> None:
    async with running() as (box, topo):
        stored = (await send(topo, create("ana")))[0]
        body = f'{{"items":[{{"index":0;"resource":{{"id":"e1";"contact_id":"{stored.record_id}"}}}}]}}'
        box.traffic.faults.append(Fault("POST", "/v1/contact-entries", 1, None, {"body": body.replace(";", ",")}))
        outcomes = await send(topo, create("ana"), create("bob"))
        assert states(outcomes) == ["acked", "unknown"]
        assert outcomes[1].reason == "batch-inconsistent"


async def test_a_rate_limited_write_is_sent_again_and_written_once() -> None:
    async with running() as (box, topo):
        box.traffic.faults.append(Fault.parse("POST /v1/contact-entries:1:status=429,retry-after=0"))
        assert states(await send(topo, create("ana"))) == ["acked"]
        assert len(box.entries) == 1


async def test_a_write_that_must_wait_long_is_put_off() -> None:
    async with running() as (box, topo):
        box.traffic.faults.append(Fault.parse("POST /v1/contact-entries:1:status=429,retry-after=7200"))
        with pytest.raises(RateLimited):
            await send(topo, create("ana"))
        assert box.entries == {}


@pytest.mark.parametrize("status", [401, 403])
async def test_credentials_refused_mid_run_stop_the_writes(status: int) -> None:
    async with running() as (box, topo):
        box.traffic.faults.append(Fault.parse(f"POST /v1/contact-entries:1:status={status}"))
        with pytest.raises(AuthError):
            await send(topo, create("ana"))


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": [{}] * 101}, [], {"items": "x"}])
async def test_the_sandbox_takes_one_to_a_hundred_entries(body: Any) -> None:
    async with running() as (box, _):
        assert (await raw(box, "POST", "/contact-entries", json=body)).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", "/contact-entries", "contact_lists:write"),
        ("GET", "/contact-lists", "contact_lists:read"),
        ("PATCH", "/contacts/c1/variables", "contacts:write"),
        ("POST", "/contact-exclusions", "exclusions:write"),
    ],
)
async def test_the_sandbox_asks_each_scope_of_each_endpoint(method: str, path: str, scope: str) -> None:
    async with running(scopes=tuple(s for s in SCOPES if s != scope)) as (box, _):
        answer = await raw(box, method, path, json={})
        assert answer.status_code == 403
        assert answer.json()["type"] == "UnauthorizedIssue"


@pytest.mark.parametrize(
    "body",
    [{}, {"email": "a@corp.com"}, {"reason": "OTHER"}, {"email": "a@corp.com", "reason": "NO"},
     {"email": "a@corp.com", "reason": "OTHER", "until": "soon"}, {"email": 7, "reason": "OTHER"}, []],
)  # fmt: skip
async def test_the_sandbox_takes_a_reason_and_one_key_at_least(body: Any) -> None:
    async with running() as (box, _):
        assert (await raw(box, "POST", "/contact-exclusions", json=body)).status_code == 400
        created = await raw(box, "POST", "/contact-exclusions", json={"email": "a@corp.com", "reason": "OTHER"})
        assert created.status_code == 201


async def test_the_sandbox_filters_exclusions_as_documented() -> None:
    async with running() as (box, _):
        times = [START + timedelta(minutes=number) for number in range(3)]
        one, two, _ = [
            box.add_exclusion(email=f"p{n}@corp.com", created_at=at)["id"] for n, at in enumerate(times)
        ]
        bounds = {"created_at_after": "2026-01-01T08:00:00Z", "created_at_before": "2026-01-01T08:02:00Z"}
        found = (await raw(box, "GET", "/contact-exclusions", params=bounds)).json()
        assert [row["id"] for row in found["items"]] == [two]
        assert (await raw(box, "GET", f"/contact-exclusions/{one}")).json()["email"] == "p0@corp.com"
        assert (await raw(box, "GET", "/contact-exclusions/none")).json()["type"] == "NotFoundIssue"
        patched = await raw(box, "PATCH", f"/contact-exclusions/{one}", json={"email": "new@corp.com"})
        assert patched.status_code == 400
