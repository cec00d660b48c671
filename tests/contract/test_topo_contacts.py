"""Topo's adapter against its sandbox: contacts read, fact by fact.

Source: https://docs.topo.io/api-reference/contacts/list-contacts.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.toolkit.faults import Fault
from sync.contact import Contact
from sync.errors import (
    MappingError,
    Missing,
    Transient,
)
from tests.topo.harness import START, ids, pages, people, raw, record, running

PROFILE = "https://www.linkedin.com/in/ana"


async def test_every_field_of_a_contact_is_read() -> None:
    async with running() as (box, topo):
        row = box.add(
            email="Ana@corp.com", first_name="Ana", last_name="Diaz", job_title="COO", linkedin_url=PROFILE,
            phone_number="+33612345678", city="Lyon", state="ARA", country="France",
            profile_picture_url="https://cdn.topo.io/a.png", company_name="Corp", company_domain="corp.com",
            first_seen_at=START, last_seen_at=START + timedelta(days=1),
        )  # fmt: skip
        (page,) = await pages(topo)
        (found,) = page.records
        assert found.ref.record_id == row["id"]
        assert (found.created_at, found.updated_at) == (START, START + timedelta(days=1))
        assert found.contact == Contact(
            emails=("Ana@corp.com",), first_name="Ana", last_name="Diaz", job_title="COO", linkedin_url=PROFILE,
            phone="+33612345678", city="Lyon", state="ARA", country="France",
            photo_url="https://cdn.topo.io/a.png", company_name="Corp", company_domain="corp.com",
        )  # fmt: skip


async def test_a_contact_of_nulls_is_read() -> None:
    async with running() as (box, topo):
        box.add()
        assert (await pages(topo))[0].records[0].contact == Contact()


async def test_a_sweep_reads_everyone_once_by_first_seen_and_tells_both_totals() -> None:
    async with running({"page_size": 3}) as (box, topo):
        expected = people(box, 10)
        found = await pages(topo)
        assert ids(found) == expected
        assert [page.last for page in found] == [False] * (len(found) - 1) + [True]
        assert {page.total_before for page in found} == {10}
        assert (found[-1].total_after, found[-1].complete) == (10, True)
        asked = [r.query for r in box.traffic.received if "sort_by" in r.query]
        assert {(q["page"], q["size"], q["sort_by"], q["sort_order"]) for q in asked} == {
            ("1", "3", "first_seen_at", "asc")
        }


async def test_a_person_touched_during_a_sweep_pushes_nobody_over_the_page_border() -> None:
    async with running({"page_size": 3}) as (box, topo):
        expected = people(box, 10)
        assert topo.reader is not None
        found = []
        async for page in topo.reader.pull("sweep", None, overlap_s=0):
            found += ids([page])
            box.touch(expected[0])
            box.touch(expected[1])
        assert found == expected


async def test_a_row_that_moves_during_an_incremental_pull_is_given_again_and_none_is_missed() -> None:
    async with running({"page_size": 3}) as (box, topo):
        expected = people(box, 10)
        assert topo.reader is not None
        found = []
        moved = False
        async for page in topo.reader.pull("incremental", None, overlap_s=0):
            found += ids([page])
            if not moved:
                box.touch(expected[0])
                moved = True
        assert set(found) == set(expected)
        assert found.count(expected[0]) == 2


async def test_a_sweep_is_resumed_in_a_later_run_where_it_stopped() -> None:
    async with running({"page_size": 3}) as (box, topo):
        expected = people(box, 10)
        assert topo.reader is not None
        begun = []
        async for page in topo.reader.pull("sweep", None, overlap_s=0):
            begun.append(page)
            if len(begun) == 2:
                break
        rest = await pages(topo, "sweep", begun[-1].cursor)
        assert set(ids(begun) + ids(rest)) == set(expected)
        assert len(ids(rest)) < len(expected)
        assert (rest[-1].total_before, rest[-1].total_after, rest[-1].complete) == (10, 10, True)


async def test_an_incremental_pull_goes_on_from_the_providers_own_latest_time_less_the_overlap() -> None:
    async with running() as (box, topo):
        people(box, 10)
        cursor = (await pages(topo, "incremental"))[-1].cursor
        assert ids(await pages(topo, "incremental", cursor, overlap_s=0)) == []
        assert len(ids(await pages(topo, "incremental", cursor, overlap_s=120))) == 2
        touched = box.rows[0]["id"]
        box.touch(touched)
        assert ids(await pages(topo, "incremental", cursor, overlap_s=0)) == [touched]


async def test_the_newest_page_gives_the_cursor_from_which_later_changes_are_read() -> None:
    async with running() as (box, topo):
        expected = people(box, 120)
        assert topo.reader is not None
        newest = await topo.reader.newest()
        assert ids([newest]) == expected[:19:-1]
        assert ids(await pages(topo, "incremental", newest.cursor, overlap_s=0)) == []
        later = box.add(email="later@corp.com")["id"]
        assert ids(await pages(topo, "incremental", newest.cursor, overlap_s=0)) == [later]
        assert topo.requests.read == 3


async def test_an_edit_that_touches_nothing_is_seen_by_a_sweep_only() -> None:
    async with running() as (box, topo):
        (one,) = people(box, 1)
        cursor = (await pages(topo, "incremental"))[-1].cursor
        box.edit(one, job_title="COO")
        assert ids(await pages(topo, "incremental", cursor, overlap_s=0)) == []
        assert (await pages(topo))[0].records[0].contact.job_title == "COO"


async def test_an_edit_that_touches_is_seen_at_once() -> None:
    async with running(edits_touch=True) as (box, topo):
        (one,) = people(box, 1)
        cursor = (await pages(topo, "incremental"))[-1].cursor
        box.edit(one, job_title="COO")
        assert ids(await pages(topo, "incremental", cursor, overlap_s=0)) == [one]


@pytest.mark.parametrize("cursor", ["", "garbage", "{}", '{"mode":"incremental","at":"9999-01-01T00:00:00Z"}'])
async def test_a_cursor_of_garbage_or_of_the_future_reads_everything(cursor: str) -> None:
    async with running() as (box, topo):
        expected = people(box, 3)
        assert ids(await pages(topo, "incremental", cursor, overlap_s=0)) == expected


@pytest.mark.parametrize("ahead_h", [12, 9600])
async def test_a_row_from_the_future_does_not_hide_later_ones(ahead_h: int) -> None:
    async with running() as (box, topo):
        box.add(email="odd@corp.com", last_seen_at=datetime.now(UTC) + timedelta(hours=ahead_h))
        cursor = (await pages(topo, "incremental"))[-1].cursor
        later = box.add(email="later@corp.com")["id"]
        assert later in ids(await pages(topo, "incremental", cursor, overlap_s=600))


@pytest.mark.parametrize("grain", ["s", "ms", "us"])
@pytest.mark.parametrize("stores_finer", [False, True])
@pytest.mark.parametrize("mode", ["sweep", "incremental"])
async def test_timestamps_of_any_grain_lose_nobody(grain: str, stores_finer: bool, mode: Any) -> None:
    async with running({"page_size": 3}, timestamp_grain=grain, stores_finer=stores_finer) as (box, topo):
        expected = people(box, 11, apart_s=0.3)
        found = await pages(topo, mode)
        assert sorted(ids(found)) == sorted(expected)
        assert all(page.complete for page in found)


@pytest.mark.parametrize("order", ["id", "insertion", "reverse"])
async def test_people_who_share_one_time_are_walked_page_by_page(order: str) -> None:
    async with running({"page_size": 3}, tie_order=order) as (box, topo):
        expected = people(box, 11, apart_s=0)
        found = await pages(topo)
        assert sorted(ids(found)) == sorted(expected)
        assert found[-1].complete


async def test_rows_that_change_places_inside_one_time_are_found_again_or_the_sweep_is_not_complete() -> None:
    async with running({"page_size": 3}, tie_order="random") as (box, topo):
        people(box, 11, apart_s=0)
        found = await pages(topo)
        assert len(ids(found)) == 11 or not found[-1].complete


async def test_a_list_that_ends_too_early_is_no_complete_sweep() -> None:
    async with running({"page_size": 3}, early_end=True) as (box, topo):
        people(box, 10)
        found = await pages(topo)
        assert len(ids(found)) == 10
        assert not found[-1].complete


async def test_lists_may_lag_behind_while_single_reads_do_not() -> None:
    async with running(index_lag_s=600.0) as (box, topo):
        now = datetime.now(UTC)
        box.now = lambda: now
        one = box.add(email="ana@corp.com")["id"]
        assert topo.reader is not None
        assert ids(await pages(topo)) == []
        assert (await topo.reader.fetch(one)).ref.record_id == one
        box.now = lambda: now + timedelta(seconds=601)
        assert ids(await pages(topo)) == [one]


async def test_one_bad_row_is_quarantined_and_the_page_is_kept() -> None:
    async with running() as (box, topo):
        people(box, 3)
        odd = box.add(email="odd@corp.com")
        odd["id"] = 7
        (page,) = await pages(topo)
        assert len(page.records) == 3
        assert len(page.bad_rows) == 1


async def test_what_cannot_be_read_of_a_row_is_named_and_the_rest_is_kept() -> None:
    async with running() as (box, topo):
        box.add(email="odd@corp.com")["city"] = ["Lyon"]
        (page,) = await pages(topo)
        (record,) = page.records
        assert (record.contact.email, record.contact.city) == ("odd@corp.com", None)
        assert record.unreadable == {"city"}


@pytest.mark.parametrize("broken", [{"linkedin_url": 7}, {"first_seen_at": 7}])
async def test_nobody_is_looked_up_among_rows_that_cannot_be_read(broken: dict[str, object]) -> None:
    async with running() as (box, topo):
        box.add(email="odd@corp.com").update(broken)
        assert topo.reader is not None
        with pytest.raises(Transient):
            await topo.reader.find(Contact(emails=("odd@corp.com",)))


async def test_an_empty_workspace_is_read_completely() -> None:
    async with running() as (_, topo):
        (page,) = await pages(topo)
        assert (page.records, page.last, page.total_before, page.total_after, page.complete) == (
            (),
            True,
            0,
            0,
            True,
        )


async def test_one_contact_is_fetched_by_id_and_a_gone_one_is_missing() -> None:
    async with running() as (box, topo):
        (one,) = people(box, 1)
        assert topo.reader is not None
        assert (await topo.reader.fetch(one)).contact.email == "p0@corp.com"
        box.remove(one)
        with pytest.raises(Missing) as gone:
            await topo.reader.fetch(one)
        assert gone.value.definite


async def test_an_answer_about_another_contact_is_not_taken() -> None:
    async with running() as (box, topo):
        one, two = people(box, 2)
        other = json.dumps(box.show(box.contacts[two]), separators=(";", ":")).replace(";", ",")
        box.traffic.faults.append(Fault("GET", f"/v1/contacts/{one}", 1, None, {"body": other}))
        assert topo.reader is not None
        with pytest.raises(MappingError):
            await topo.reader.fetch(one)


async def test_people_are_found_by_email_in_any_case_and_by_any_spelling_of_the_profile() -> None:
    async with running() as (box, topo):
        ana = box.add(email="Ana@Corp.com")["id"]
        bob = box.add(linkedin_url="http://linkedin.com/in/Ana/")["id"]
        assert topo.reader is not None
        found = await topo.reader.find(Contact(emails=("ana+none@corp.com", "ANA@corp.com"), linkedin_url=PROFILE))
        assert [r.ref.record_id for r in found] == [ana, bob]
        assert topo.requests.read == 3
        assert await topo.reader.find(Contact(emails=("nobody@corp.com",))) == ()


async def test_a_look_up_may_find_several() -> None:
    async with running() as (box, topo):
        twins = {box.add(email="ana@corp.com")["id"] for _ in range(3)}
        assert topo.reader is not None
        assert {r.ref.record_id for r in await topo.reader.find(Contact(emails=("ana@corp.com",)))} == twins


async def test_a_server_that_ignores_a_filter_finds_nobody_by_chance() -> None:
    async with running() as (box, topo):
        people(box, 2)
        everybody = (await raw(box, "GET", "/contacts")).text
        box.traffic.faults.append(Fault("GET", "/v1/contacts", 1, None, {"body": everybody}))
        assert topo.reader is not None
        assert await topo.reader.find(Contact(emails=("nobody@corp.com",), linkedin_url=PROFILE)) == ()


async def test_details_are_read_one_contact_at_a_time_and_show_mapped_variables_only() -> None:
    async with running({"variables": {"lead_source": "source", "tier": "Tier"}}) as (box, topo):
        (one,) = people(box, 1)
        box.contact_variables[one] = {"source": "web", "other": "x", "Tier": None}
        assert topo.reader is not None
        (page,) = await pages(topo)
        listed = page.records[0]
        assert listed.absent == {"variables.lead_source", "variables.tier"}
        detailed = await topo.reader.details(listed)
        assert dict(detailed.contact.variables) == {"lead_source": "web"}
        assert detailed.absent == frozenset()
        with pytest.raises(Missing):
            await topo.reader.details(record("gone"))
