"""Topo's adapter against its sandbox: exclusions read and written, fact by fact.

Sources: https://docs.topo.io/api-reference/contacts/list-contact-exclusions, …/create-contact-exclusion.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from adapters.toolkit.faults import Fault
from adapters.topo.mapping import REASONS
from sync.errors import AuthError, MappingError, OutcomeUnknown, Rejected, Transient
from tests.topo.harness import START, exclude, opt_out, opt_out_pages, running, send

if TYPE_CHECKING:
    from adapters.topo.optouts import TopoOptOuts
    from adapters.topo.provider import Topo
    from adapters.topo.sandbox import TopoSandbox
    from sync.record import OptOut, OptOutPage

PROFILE = "https://www.linkedin.com/in/ana"
PATH = "/v1/contact-exclusions"
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def excluded(box: TopoSandbox, count: int, *, apart_s: float = 60.0) -> list[str]:
    times = [START + timedelta(seconds=apart_s * number) for number in range(count)]
    return [str(box.add_exclusion(email=f"p{n}@corp.com", created_at=at)["id"]) for n, at in enumerate(times)]


def sources(found: list[OptOutPage]) -> list[str | None]:
    return [entry.source_id for page in found for entry in page.opt_outs]


def opt_outs(topo: Topo) -> TopoOptOuts:
    assert topo.opt_out_list is not None
    return topo.opt_out_list


# read -----------------------------------------------------------------------------------------------------------


async def test_every_field_of_an_exclusion_is_read() -> None:
    async with running() as (box, topo):
        row = box.add_exclusion(
            email="Ana@corp.com", linkedin_url=PROFILE, reason="BAD_TIMING", message="crm:42", until=LATER,
            created_at=START,
        )  # fmt: skip
        (page,) = await opt_out_pages(topo)
        (found,) = page.opt_outs
        assert (found.emails, found.linkedin_url, found.reason) == (("Ana@corp.com",), PROFILE, "BAD_TIMING")
        assert found.until == LATER
        assert (found.source, found.source_id) == ("topo", row["id"])


async def test_the_whole_list_is_read_once_oldest_first_by_keyset() -> None:
    async with running({"page_size": 3}) as (box, topo):
        expected = excluded(box, 10)
        found = await opt_out_pages(topo)
        assert sources(found) == expected
        assert [page.last for page in found] == [False] * (len(found) - 1) + [True]
        assert all(page.complete for page in found)
        asked = [r.query for r in box.traffic.received]
        assert {(q["page"], q["sort_by"], q["sort_order"]) for q in asked} == {("1", "created_at", "asc")}


@pytest.mark.parametrize("grain", ["s", "us"])
async def test_exclusions_of_one_moment_are_all_read(grain: str) -> None:
    async with running({"page_size": 3}, timestamp_grain=grain, tie_order="reverse") as (box, topo):
        expected = excluded(box, 10, apart_s=0)
        found = await opt_out_pages(topo)
        assert sorted(map(str, sources(found))) == sorted(expected)
        assert found[-1].complete


async def test_an_exclusion_added_while_the_list_is_read_is_read_too() -> None:
    async with running({"page_size": 3}) as (box, topo):
        expected = excluded(box, 7)
        found: list[OptOutPage] = []
        async for page in opt_outs(topo).read():
            if not found:
                expected.append(box.add_exclusion(email="late@corp.com")["id"])
            found.append(page)
        assert sources(found) == expected
        assert found[-1].complete


async def test_an_exclusion_lifted_while_the_list_is_read_leaves_it_complete() -> None:
    async with running({"page_size": 3}) as (box, topo):
        expected = excluded(box, 7)
        found = []
        async for page in opt_outs(topo).read():
            box.exclusions.pop(expected[-1], None)
            found.append(page)
        assert sources(found) == expected[:-1]
        assert found[-1].complete


async def test_a_list_that_ends_too_early_is_not_complete() -> None:
    async with running({"page_size": 3}, early_end=True) as (box, topo):
        expected = excluded(box, 7)
        found = await opt_out_pages(topo)
        assert sources(found) == expected
        assert not found[-1].complete


async def test_an_exclusion_that_names_nobody_readable_makes_the_list_incomplete() -> None:
    async with running() as (box, topo):
        excluded(box, 2)
        box.add_exclusion(email="odd@corp.com")["email"] = ["odd@corp.com"]
        (page,) = await opt_out_pages(topo)
        assert len(page.opt_outs) == 2
        assert not page.complete


async def test_a_reason_and_an_end_that_we_cannot_read_make_a_hard_opt_out() -> None:
    async with running() as (box, topo):
        box.add_exclusion(email="new@corp.com", reason="BRAND_NEW")
        box.add_exclusion(email="odd@corp.com")["reason"] = None
        (page,) = await opt_out_pages(topo)
        assert [(entry.reason, entry.until) for entry in page.opt_outs] == [("BRAND_NEW", None), ("UNKNOWN", None)]
        assert page.complete


@pytest.mark.parametrize("listed", [True, False])
async def test_an_expired_exclusion_comes_with_its_end_if_it_comes_at_all(listed: bool) -> None:
    async with running(expired_exclusions_listed=listed) as (box, topo):
        box.add_exclusion(email="ana@corp.com", until=START)
        (page,) = await opt_out_pages(topo)
        assert [entry.until for entry in page.opt_outs] == ([START] if listed else [])
        assert page.complete


async def test_the_newest_page_is_one_request() -> None:
    async with running() as (box, topo):
        expected = excluded(box, 120)
        page = await opt_outs(topo).newest()
        assert sources([page]) == expected[:19:-1]
        assert topo.requests.read == 1


async def test_a_page_with_fewer_exclusions_than_the_list_counts_is_not_the_whole_of_it() -> None:
    async with running() as (box, topo):
        box.traffic.faults = [Fault.parse(f'GET {PATH}:*:body={{"items":[],"total_count":1,"has_more":false}}')]
        assert not (await opt_outs(topo).newest()).complete


@pytest.mark.parametrize("case", [True, False])
@pytest.mark.parametrize("listed", ["ana@corp.com", "Ana@Corp.com"])
async def test_an_exclusion_is_met_as_typed_and_canonical_and_by_profile(case: bool, listed: str) -> None:
    async with running(exclusion_case=case) as (box, topo):
        box.add_exclusion(email=listed)
        box.add_exclusion(linkedin_url=PROFILE)
        box.add_exclusion(email="bob@corp.com")
        assert await pushed(topo, opt_out("Ana@Corp.com", linkedin_url=PROFILE))
        assert len(box.exclusions) == 3


async def test_a_list_that_cannot_be_read_is_an_error_and_never_an_empty_list() -> None:
    async with running() as (box, topo):
        for action, error in (("status=403", AuthError), ("status=502", Transient), ("body={}", MappingError)):
            box.traffic.faults = [Fault.parse(f"GET {PATH}:*:{action}")]
            with pytest.raises(error):
                await opt_out_pages(topo)


# written --------------------------------------------------------------------------------------------------------


def rows(box: TopoSandbox) -> list[tuple[Any, ...]]:
    return [(r["email"], r["linkedin_url"], r["reason"], r["until"]) for r in box.exclusions.values()]


async def pushed(topo: Topo, wanted: OptOut) -> bool:
    """The opt-out was acknowledged; whether it had been there."""
    (outcome,) = await send(topo, exclude(wanted))
    assert (outcome.state, bool(outcome.entry_id)) == ("acked", True)
    return outcome.existing


@pytest.mark.parametrize("reason", sorted(REASONS))
async def test_every_documented_reason_is_taken(reason: str) -> None:
    async with running() as (box, topo):
        assert not await pushed(topo, opt_out("ana@corp.com", reason=reason, until=LATER))
        (row,) = box.exclusions.values()
        assert (row["reason"], row["until"]) == (reason, LATER)


async def test_one_exclusion_a_call_the_first_with_the_profile() -> None:
    async with running() as (box, topo):
        wanted = opt_out("ana@corp.com", "a.diaz@corp.com", linkedin_url=PROFILE, reason="said so by phone")
        assert not await pushed(topo, wanted)
        further = ("a.diaz@corp.com", None, "OTHER", None)
        assert rows(box) == [("ana@corp.com", PROFILE, "OTHER", None), further]


async def test_somebody_with_a_profile_alone_can_be_excluded() -> None:
    async with running() as (box, topo):
        await pushed(topo, opt_out(linkedin_url=PROFILE))
        assert rows(box) == [(None, PROFILE, "UNSUBSCRIBED", None)]


async def test_an_opt_out_without_any_key_is_refused_unsent() -> None:
    async with running() as (box, topo):
        (outcome,) = await send(topo, exclude(opt_out()))
        assert (outcome.state, outcome.reason) == ("refused", "no-key")
        assert box.requests == 0


@pytest.mark.parametrize("duplicate", ["409", "second_row", "existing"])
async def test_who_is_excluded_already_is_not_excluded_again(duplicate: str) -> None:
    async with running(duplicate_exclusion=duplicate) as (box, topo):
        box.add_exclusion(email="Ana@corp.com", reason="CONTACT_REFUSED")
        assert await pushed(topo, opt_out("Ana@corp.com"))
        assert box.writes == 0
        assert rows(box) == [("Ana@corp.com", None, "CONTACT_REFUSED", None)]


@pytest.mark.parametrize("duplicate", ["409", "second_row", "existing"])
@pytest.mark.parametrize("until", [START, LATER])
async def test_a_weaker_exclusion_never_stands_in_for_a_stronger_one(duplicate: str, until: datetime) -> None:
    async with running(duplicate_exclusion=duplicate) as (box, topo):
        box.add_exclusion(email="ana@corp.com", reason="OUT_OF_OFFICE", until=until)
        await pushed(topo, opt_out("ana@corp.com"))
        assert any(until is None and reason == "UNSUBSCRIBED" for _, _, reason, until in rows(box))


@pytest.mark.parametrize("duplicate", ["409", "second_row", "existing"])
async def test_being_kept_out_of_a_search_is_not_being_opted_out(duplicate: str) -> None:
    async with running(duplicate_exclusion=duplicate) as (box, topo):
        box.add_exclusion(email="ana@corp.com", reason="EXCLUDE_FROM_SEARCH")
        await pushed(topo, opt_out("ana@corp.com"))
        assert "UNSUBSCRIBED" in {reason for _, _, reason, _ in rows(box)}


async def test_an_end_is_put_off_and_never_brought_forward() -> None:
    async with running() as (box, topo):
        box.add_exclusion(email="bob@corp.com", reason="EXCLUDE_FROM_CRM")
        await pushed(topo, opt_out("bob@corp.com", until=LATER))
        box.add_exclusion(email="cleo@corp.com", until=START)
        await pushed(topo, opt_out("cleo@corp.com", until=LATER))
        assert [(email, until) for email, _, _, until in rows(box)] == [
            ("bob@corp.com", None),
            ("cleo@corp.com", LATER),
        ]


async def test_a_longer_exclusion_is_not_shortened() -> None:
    async with running() as (box, topo):
        box.add_exclusion(email="ana@corp.com", until=LATER)
        assert await pushed(topo, opt_out("ana@corp.com", until=LATER - timedelta(days=9)))
        assert rows(box)[0][3] == LATER


async def test_a_profile_that_stands_on_no_row_is_added_beside_the_email_that_does() -> None:
    async with running() as (box, topo):
        box.add_exclusion(email="ana@corp.com")
        await pushed(topo, opt_out("ana@corp.com", linkedin_url=PROFILE))
        assert (None, PROFILE, "UNSUBSCRIBED", None) in rows(box)


@pytest.mark.parametrize("status", [403, 422])
async def test_an_exclusion_that_is_managed_elsewhere_gives_a_refusal_and_not_a_lost_key(status: int) -> None:
    async with running(exclusion_edit_status=status) as (box, topo):
        box.add_exclusion(email="ana@corp.com", until=START)
        with pytest.raises(Rejected):
            await send(topo, exclude(opt_out("ana@corp.com")))


async def test_an_exclusion_is_changed_and_made_permanent() -> None:
    async with running() as (box, topo):
        row = box.add_exclusion(email="ana@corp.com", until=LATER)
        changed = await opt_outs(topo).amend(row["id"], {"reason": "OTHER", "until": None})
        assert (changed.reason, changed.until) == ("OTHER", None)
        assert rows(box) == [("ana@corp.com", None, "OTHER", None)]


@pytest.mark.parametrize("action", ["reset-after", "then-status=502", "garbage", "body={}"])
async def test_an_exclusion_that_may_have_arrived_is_unknown_and_met_when_it_is_sent_again(action: str) -> None:
    async with running() as (box, topo):
        box.traffic.faults.append(Fault.parse(f"POST {PATH}:1:{action}"))
        with pytest.raises(OutcomeUnknown):
            await send(topo, exclude(opt_out("ana@corp.com")))
        assert await pushed(topo, opt_out("ana@corp.com"))
        assert len(box.exclusions) == 1
