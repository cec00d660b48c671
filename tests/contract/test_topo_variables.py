"""Topo's adapter against its sandbox: variables written, fact by fact.

Source: https://docs.topo.io/api-reference/contacts/update-contact-variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from adapters.toolkit.faults import Fault
from sync.contact import Contact
from sync.errors import Rejected, Unreachable
from tests.topo.harness import change, pages, people, raw, running, send

if TYPE_CHECKING:
    from adapters.topo.provider import Topo
    from sync.change import Outcome
    from sync.record import Record

VARIABLES = {"variables": {"lead_source": "source", "tier": "Tier"}}


async def only_record(topo: Topo) -> Record:
    (page,) = await pages(topo)
    (found,) = page.records
    return found


def states(outcomes: list[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


async def test_changed_variables_are_written_and_the_others_kept() -> None:
    async with running(VARIABLES) as (box, topo):
        (one,) = people(box, 1)
        box.contact_variables[one] = {"source": "old", "Tier": "gold", "theirs": "kept"}
        found = await only_record(topo)
        (outcome,) = await send(
            topo, change("variables", found, variables__lead_source="web", variables__tier=None)
        )
        assert outcome.state == "acked"
        assert box.contact_variables[one] == {"source": "web", "Tier": None, "theirs": "kept"}
        assert box.company_variables == {}
        assert outcome.record is not None
        assert outcome.record.contact == Contact(variables={"lead_source": "web"})
        assert "emails" in outcome.record.absent


async def test_writing_variables_may_touch_the_contact() -> None:
    for touches in (True, False):
        async with running(VARIABLES, patch_touches=touches) as (box, topo):
            people(box, 1)
            found = await only_record(topo)
            await send(topo, change("variables", found, variables__lead_source="web"))
            after = await only_record(topo)
            assert (after.updated_at != found.updated_at) is touches


async def test_slots_are_counted_with_null_ones_before_anything_is_sent() -> None:
    async with running(VARIABLES) as (box, topo):
        (one,) = people(box, 1)
        box.contact_variables[one] = {f"k{number}": None for number in range(200)}
        found = await only_record(topo)
        (outcome,) = await send(topo, change("variables", found, variables__lead_source="web"))
        assert (outcome.state, outcome.reason) == ("refused", "rejected")
        assert box.writes == 0


async def test_a_variable_that_has_its_slot_is_written_when_all_are_taken() -> None:
    async with running(VARIABLES) as (box, topo):
        (one,) = people(box, 1)
        box.contact_variables[one] = {f"k{number}": "v" for number in range(199)} | {"source": None}
        found = await only_record(topo)
        assert states(await send(topo, change("variables", found, variables__lead_source="web"))) == ["acked"]


async def test_a_limit_lower_than_documented_is_a_refusal() -> None:
    async with running(VARIABLES, variables_limit=1) as (box, topo):
        (one,) = people(box, 1)
        box.contact_variables[one] = {"theirs": "x"}
        with pytest.raises(Rejected) as refused:
            await send(topo, change("variables", await only_record(topo), variables__lead_source="web"))
        assert refused.value.status == 422


async def test_slots_known_from_details_are_not_read_again() -> None:
    async with running(VARIABLES) as (box, topo):
        (one,) = people(box, 1)
        assert topo.reader is not None
        found = await topo.reader.details(await only_record(topo))
        await send(topo, change("variables", found, variables__lead_source="web"))
        assert box.traffic.count("GET", f"/v1/contacts/{one}/variables") == 1


async def test_variables_of_a_contact_that_is_gone_or_busy_are_planned_again() -> None:
    async with running(VARIABLES) as (box, topo):
        (one,) = people(box, 1)
        found = await only_record(topo)
        box.traffic.faults.append(Fault.parse(f"PATCH /v1/contacts/{one}/variables:1:status=409"))
        busy = await send(topo, change("variables", found, variables__lead_source="web"))
        box.remove(one)
        gone = await send(topo, change("variables", found, variables__lead_source="web"))
        assert [(o.state, o.reason) for o in (*busy, *gone)] == [("refused", "stale-remote")] * 2


async def test_a_look_before_a_write_that_fails_sent_nothing() -> None:
    async with running(VARIABLES) as (box, topo):
        (one,) = people(box, 1)
        found = await only_record(topo)
        box.traffic.faults.append(Fault.parse(f"GET /v1/contacts/{one}/variables:*:status=502"))
        with pytest.raises(Unreachable):
            await send(topo, change("variables", found, variables__lead_source="web"))
        assert box.writes == 0


@pytest.mark.parametrize("body", [[], {"vars": {}}, {"contact_variables": []}, {"contact_variables": {"a": 7}}])
async def test_the_sandbox_takes_texts_and_null_only(body: Any) -> None:
    async with running() as (box, _):
        (one,) = people(box, 1)
        assert (await raw(box, "PATCH", f"/contacts/{one}/variables", json=body)).status_code == 400


@pytest.mark.parametrize("status", [422, 404])
async def test_company_variables_need_a_company(status: int) -> None:
    async with running(no_company_status=status) as (box, _):
        (one,) = people(box, 1)
        path, body = f"/contacts/{one}/variables", {"company_variables": {"tier": "gold"}}
        assert (await raw(box, "PATCH", path, json=body)).status_code == status
        box.edit(one, company_domain="corp.com")
        answer = await raw(box, "PATCH", path, json=body)
        assert answer.json() == {"contact_variables": {}, "company_variables": {"tier": "gold"}}
