"""Reading Apollo, directly: each documented fact, and each open question in its other positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sync.errors import AuthError, ConfigError, Missing, QuotaExhausted, RateLimited, Transient, Unreachable
from tests.apollo.harness import Bench, bench, ids, in_turn, person

if TYPE_CHECKING:
    from sync.record import Page


def fill(b: Bench, count: int, **fields: Any) -> list[str]:
    made = []
    for number in range(count):
        b.clock.tick()
        row = b.server.add(email=f"p{number}@exemple.fr", first_name="P", last_name=f"N{number}", **fields)
        made.append(row["id"])
    return made


def watermark_of(pages: list[Page]) -> str:
    assert pages[-1].last
    return pages[-1].cursor


# preflight


async def test_opening_is_one_documented_read_and_tells_the_team() -> None:
    async with bench() as b:
        assert (await b.provider.open()).account_id is None
        fill(b, 1)
        assert (await b.provider.open()).account_id == "609500000000000000000001"
        assert (b.provider.requests.read, b.provider.requests.write, b.server.writes) == (2, 0, 0)
        assert (await b.reopened(account_id="mine").open()).account_id == "mine"


async def test_a_wrong_key_is_refused_in_plain_text() -> None:
    async with bench() as b:
        with pytest.raises(AuthError) as caught:
            await b.reopened(key="another-key-entirely").open()
        assert "another-key-entirely" not in str(caught.value)


async def test_a_key_without_the_scope_names_the_endpoint() -> None:
    async with bench(scopes=("contacts/show",)) as b:
        with pytest.raises(AuthError, match="contacts/search"):
            await b.provider.open()


async def test_the_free_plan_is_refused() -> None:
    async with bench(free_plan=True) as b:
        with pytest.raises(AuthError, match="paid plans"):
            await b.provider.open()


async def test_an_address_without_apollo_is_a_configuration_error() -> None:
    async with bench() as b:
        with pytest.raises(ConfigError, match="base_url"):
            await b.reopened(base_url=b.server.base_url + "/elsewhere").open()


async def test_nobody_listening_is_unreachable() -> None:
    async with bench() as b:
        with pytest.raises(Unreachable):
            await b.reopened(base_url="http://127.0.0.1:1/api/v1").open()


# sweeps


@pytest.mark.parametrize("count", [0, 1, 3, 4, 10])
async def test_a_sweep_reads_everything_once_and_tells_both_totals(count: int) -> None:
    async with bench({"page_size": 3}) as b:
        made = fill(b, count)
        pages = await b.pages("sweep")
        assert ids(pages[:1]) == made[::-1][:3]
        assert in_turn(pages) == made
        assert (pages[-1].total_before, pages[-1].total_after, pages[-1].complete) == (count, count, True)
        assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]


async def test_a_sweep_goes_on_where_it_was_left() -> None:
    async with bench({"page_size": 2}) as b:
        made = fill(b, 7)
        pages: list[Page] = []
        cursor = None
        for _ in range(5):
            async for page in b.reopened().reader.pull("sweep", cursor, overlap_s=600):
                pages.append(page)
                cursor = page.cursor
                break
        assert in_turn(pages) == made
        assert page.last
        assert page.total_before == 7


async def test_rows_edited_during_a_sweep_are_not_lost() -> None:
    async with bench({"page_size": 2}) as b:
        made = fill(b, 6)
        pages = []
        async for page in b.provider.reader.pull("sweep", None, overlap_s=600):
            pages.append(page)
            b.clock.tick()
            b.server.edit(made[0], title="again")
        assert in_turn(pages) == made


async def test_what_the_preflight_showed_is_told_once_although_nobody_shows_it_again() -> None:
    async with bench() as b:
        made = fill(b, 2)
        b.server.edit(made[1], email_unsubscribed=True)
        await b.provider.open()
        b.server.remove(made[1])
        first, second = [await b.provider.reader.newest() for _ in range(2)]
        assert (ids([first]), ids([second])) == ([made[0], made[1]], [made[0]])
        assert first.records[1].opted_out


@pytest.mark.parametrize("parts", [False, True])
async def test_who_is_deleted_before_their_turn_was_shown_all_the_same(parts: bool) -> None:
    """What the first answer told of them, a no above all, must not be lost."""
    cap = 4 if parts else 50_000
    async with bench({"page_size": 2, "search_cap": cap}, search_cap=cap) as b:
        made = fill(b, 5)
        b.server.edit(made[4], email_unsubscribed=True)
        pages: list[Page] = []
        async for page in b.provider.reader.pull("sweep", None, overlap_s=600):
            if not pages:
                b.server.remove(made[4])
            pages.append(page)
        (told,) = (r for page in pages for r in page.records if r.ref.record_id == made[4])
        assert told.opted_out
        assert in_turn(pages)[:4] == made[:4]
        assert not pages[-1].complete


async def test_a_row_deleted_during_a_sweep_makes_it_prove_nothing() -> None:
    async with bench({"page_size": 2}) as b:
        made = fill(b, 6)
        pages = []
        async for page in b.provider.reader.pull("sweep", None, overlap_s=600):
            pages.append(page)
            if len(pages) == 2:
                b.server.remove(made[0])
        assert not pages[-1].complete


async def test_partial_results_prove_nothing_and_move_no_watermark() -> None:
    async with bench(partial_results=True) as b:
        fill(b, 2)
        pages = await b.pages("sweep")
        assert not pages[-1].complete
        start = (await b.provider.reader.newest()).cursor
        assert '"watermark": null' in start


async def test_rows_that_only_hint_at_a_contact_are_ignored_and_not_counted() -> None:
    async with bench() as b:
        made = fill(b, 3)
        b.server.edit(made[1], existence_level="invisible")
        pages = await b.pages("sweep")
        assert in_turn(pages) == [made[0], made[2]]
        assert (pages[-1].total_before, pages[-1].total_after) == (2, 2)


async def test_a_broken_row_is_quarantined_and_the_page_goes_on() -> None:
    async with bench() as b:
        made = fill(b, 3)
        b.server.edit(made[1], label_ids="none")
        page = (await b.pages("sweep"))[1]
        assert ids([page]) == [made[0], made[2]]
        assert page.bad_rows == (made[1],)


async def test_more_contacts_than_one_search_reaches_are_swept_stage_by_stage() -> None:
    async with bench({"page_size": 2, "search_cap": 6}, search_cap=6) as b:
        b.server.workspace.stages["s2"] = "Second"
        made = fill(b, 4) + fill(b, 5, contact_stage_id="s2")
        pages = await b.pages("sweep")
        assert sorted(set(ids(pages))) == sorted(made)
        assert (pages[-1].total_before, pages[-1].total_after, pages[-1].complete) == (9, 9, True)


async def test_a_stage_larger_than_the_cap_is_read_from_both_ends() -> None:
    async with bench({"page_size": 2, "search_cap": 6}, search_cap=6) as b:
        made = fill(b, 10)
        pages = await b.pages("sweep")
        assert sorted(set(ids(pages))) == sorted(made)
        assert pages[-1].complete


@pytest.mark.parametrize("past_cap", ["422", "empty"])
async def test_a_stage_more_than_twice_the_cap_proves_nothing_and_is_never_read_past_it(past_cap: str) -> None:
    async with bench({"page_size": 2, "search_cap": 6}, search_cap=6, past_cap=past_cap) as b:
        fill(b, 15)
        pages = await b.pages("sweep")
        assert len(set(ids(pages))) == 12
        assert not pages[-1].complete
        assert max(body["page"] for body in b.bodies("/contacts/search")) == 3


async def test_a_count_that_ends_at_the_cap_proves_nothing() -> None:
    async with bench({"page_size": 2, "search_cap": 6}, search_cap=6, capped_total=True) as b:
        fill(b, 8)
        assert not (await b.pages("sweep"))[-1].complete


async def test_contacts_in_no_stage_are_noticed() -> None:
    async with bench({"page_size": 2, "search_cap": 6}, search_cap=6) as b:
        made = fill(b, 8)
        b.server.edit(made[0], contact_stage_id=None)
        assert not (await b.pages("sweep"))[-1].complete


async def test_contacts_in_no_stage_are_not_ruled_out_by_a_count_that_ends_at_the_cap() -> None:
    async with bench({"page_size": 2, "search_cap": 6}, search_cap=6, capped_total=True) as b:
        b.server.workspace.stages["s2"] = "Second"
        staged = fill(b, 4) + fill(b, 4, contact_stage_id="s2")
        for contact_id in fill(b, 3):
            b.server.edit(contact_id, contact_stage_id=None)
        pages = await b.pages("sweep")
        assert set(staged) <= set(in_turn(pages))
        assert not pages[-1].complete


# incremental


async def test_an_incremental_read_without_a_cursor_reads_everything() -> None:
    async with bench({"page_size": 2}) as b:
        made = fill(b, 5)
        pages = await b.pages("incremental")
        assert in_turn(pages) == made
        assert pages[-1].total_before is None


async def test_an_incremental_read_stops_at_the_watermark_less_the_overlap() -> None:
    async with bench({"page_size": 2}) as b:
        made = fill(b, 12)
        cursor = watermark_of(await b.pages("sweep"))
        b.clock.tick(3600)
        b.server.edit(made[3], title="CFO")
        pages = await b.pages("incremental", cursor, overlap_s=120)
        assert ids(pages)[0] == made[3]
        assert len(pages) <= 4
        again = await b.pages("incremental", watermark_of(pages), overlap_s=0)
        assert len(again) == 2


async def test_the_newest_page_gives_the_place_to_go_on_from() -> None:
    async with bench({"page_size": 2}) as b:
        made = fill(b, 6)
        start = await b.provider.reader.newest()
        assert ids([start]) == [made[5], made[4]]
        b.clock.tick(3600)
        new = fill(b, 1)
        assert new[0] in ids(await b.pages("incremental", start.cursor))


async def test_a_row_edited_while_reading_is_seen_by_the_next_read() -> None:
    async with bench({"page_size": 2}) as b:
        made = fill(b, 6)
        cursor = watermark_of(await b.pages("sweep"))
        b.clock.tick(3600)
        for contact_id in made:
            b.clock.tick()
            b.server.edit(contact_id, title="first")
        pages = []
        async for page in b.provider.reader.pull("incremental", cursor, overlap_s=0):
            pages.append(page)
            if len(pages) == 1:
                b.clock.tick()
                b.server.edit(made[0], title="second")
        seen = ids(pages)
        assert len(seen) == len(set(seen))
        after = await b.pages("incremental", watermark_of(pages), overlap_s=0)
        titles = {r.ref.record_id: r.contact.job_title for p in after for r in p.records}
        assert titles[made[0]] == "second"


async def test_an_interrupted_read_keeps_the_old_watermark() -> None:
    async with bench({"page_size": 2}) as b:
        made = fill(b, 4)
        cursor = watermark_of(await b.pages("sweep"))
        b.clock.tick(3600)
        for contact_id in made:
            b.clock.tick()
            b.server.edit(contact_id, title="new")
        async for page in b.provider.reader.pull("incremental", cursor, overlap_s=0):
            cursor = page.cursor
            break
        assert sorted(ids(await b.pages("incremental", cursor, overlap_s=0))) == sorted(made)


async def test_more_changes_than_one_search_reaches_make_the_next_run_read_everything() -> None:
    async with bench({"page_size": 2, "search_cap": 4}, search_cap=4) as b:
        made = fill(b, 3)
        cursor = watermark_of(await b.pages("sweep"))
        b.clock.tick(3600)
        new = fill(b, 5)
        pages = await b.pages("incremental", cursor)
        assert not pages[-1].complete
        assert "problems" in b.provider.memory
        assert b.provider.memory["problems"]
        account = await b.reopened(b.provider.memory).open()
        assert any("reads everything" in problem for problem in account.problems)
        everything = await b.pages("incremental", watermark_of(pages))
        assert set(ids(everything)) == {*made, *new}


async def test_a_search_that_lags_is_covered_by_the_overlap() -> None:
    async with bench(search_lag_s=300) as b:
        fill(b, 2)
        b.clock.tick(600)
        cursor = watermark_of(await b.pages("sweep"))
        late = fill(b, 1)
        assert late[0] not in ids(await b.pages("incremental", cursor))
        b.clock.tick(400)
        newer = watermark_of(await b.pages("incremental", cursor))
        assert late[0] in ids(await b.pages("incremental", newer))


async def test_trimmed_rows_keep_what_they_do_not_carry_unknown() -> None:
    keys = ("id", "email", "updated_at", "existence_level")
    async with bench(echo_keys=keys) as b:
        fill(b, 1)
        record = (await b.pages("sweep"))[0].records[0]
        assert record.contact.email == "p0@exemple.fr"
        assert {"first_name", "phone", "city"} <= record.absent


async def test_unsubscribed_people_and_named_stages_are_opt_outs() -> None:
    async with bench({"opt_out_stages": ["s9"]}) as b:
        made = fill(b, 3)
        b.server.edit(made[0], email_unsubscribed=True)
        b.server.edit(made[1], contact_stage_id="s9")
        found = {r.ref.record_id: r.opted_out for p in await b.pages("sweep") for r in p.records}
        assert found == {made[0]: "UNSUBSCRIBED", made[1]: "UNSUBSCRIBED", made[2]: None}


# single reads


@pytest.mark.parametrize(("merged", "into"), [("deleted", True), ("unknown", True), ("deleted", False)])
async def test_a_contact_that_is_gone_or_merged_is_missing(merged: str, into: bool) -> None:
    async with bench(merged_answers=merged) as b:
        one, two = fill(b, 2)
        b.server.remove(one, into=two if into else None)
        with pytest.raises(Missing) as caught:
            await b.provider.reader.fetch(one)
        assert caught.value.definite


async def test_a_contact_that_never_was_is_missing() -> None:
    async with bench() as b:
        with pytest.raises(Missing) as caught:
            await b.provider.reader.fetch("66f0dead")
        assert caught.value.definite


async def test_a_hidden_contact_is_perhaps_still_there() -> None:
    async with bench() as b:
        (one,) = fill(b, 1)
        b.server.hide(one)
        with pytest.raises(Missing) as caught:
            await b.provider.reader.fetch(one)
        assert not caught.value.definite


async def test_a_single_read_shows_the_contact_in_one_request() -> None:
    async with bench() as b:
        (one,) = fill(b, 1, direct_phone="555-555-0117", present_raw_address="12 St. James, London, UK")
        record = await b.provider.reader.fetch(one)
        assert record.contact.phone == "+15555550117"
        assert record.contact.city == "12 Saint James"
        assert await b.provider.reader.details(record) == record
        assert b.provider.requests.read == 2


async def test_looking_up_checks_equality_because_keywords_are_fuzzy() -> None:
    async with bench() as b:
        b.server.add(first_name="Lea", last_name="Martin", email="lea@exemple.fr.example")
        right = b.server.add(first_name="X", email="n@x.fr", contact_emails=[{"email": "LEA@exemple.fr"}])
        found = await b.provider.reader.find(person(emails=("lea@exemple.fr",)))
        assert [r.ref.record_id for r in found] == [right["id"]]


async def test_somebody_without_email_is_looked_up_by_name_and_profile() -> None:
    async with bench() as b:
        slug = "https://www.linkedin.com/in/lea-martin-xyz"
        right = b.server.add(first_name="Lea", last_name="Martin1", linkedin_url=slug)
        b.server.add(first_name="Lea", last_name="Martin1")
        found = await b.provider.reader.find(person(emails=(), linkedin_url=slug))
        assert [r.ref.record_id for r in found] == [right["id"]]
        assert await b.provider.reader.find(person(emails=("nobody@x.fr",))) == ()


# troubles


@pytest.mark.parametrize("action", ["status=500", "status=503", "reset-before", "cut-body", "status=502"])
async def test_a_read_that_fails_once_is_tried_again(action: str) -> None:
    async with bench() as b:
        b.fault(f"POST /contacts/search:1:{action}")
        await b.provider.open()


@pytest.mark.parametrize("action", ["garbage", "empty", "body={}", "body=[]", "stall=5"])
async def test_a_read_without_a_readable_answer_is_no_data(action: str) -> None:
    async with bench({"deadline_s": 0.2}) as b:
        b.fault(f"POST /contacts/search:*:{action}")
        with pytest.raises(Transient):
            await b.pages("sweep")


async def test_a_redirect_is_never_followed() -> None:
    async with bench() as b:
        b.fault("POST /contacts/search:*:redirect=http://127.0.0.1:1/")
        with pytest.raises(Unreachable, match="redirect"):
            await b.provider.open()


@pytest.mark.parametrize(
    ("windows", "wait_s"), [((2, None, None), 60), ((None, 2, None), 3600), ((None, None, 2), 86400)]
)
@pytest.mark.parametrize("headers", ["24-hour", "daily", "none"])
@pytest.mark.parametrize("told", [True, False])
async def test_an_exhausted_window_is_waited_for_as_told(
    windows: tuple[int | None, ...], wait_s: int, headers: str, told: bool
) -> None:
    async with bench(windows=windows, window_headers=headers, retry_after=told) as b:
        for _ in range(2):
            await b.provider.open()
        before = b.clock.at
        if wait_s > 60:
            with pytest.raises(RateLimited) as caught:
                await b.provider.open()
            assert wait_s - 1 <= (caught.value.retry_after_s or 0) <= wait_s + 1
        elif headers != "none":
            await b.provider.open()
            assert (b.clock.at - before).total_seconds() == wait_s


async def test_a_wait_of_hours_is_remembered_across_runs_and_not_asked_again() -> None:
    async with bench(windows=(None, None, 0), retry_after_s=15733) as b:
        with pytest.raises(RateLimited) as caught:
            await b.provider.open()
        assert caught.value.retry_after_s == 15733
        asked = len(b.server.traffic.received)
        with pytest.raises(RateLimited):
            await b.reopened(b.provider.memory).open()
        assert len(b.server.traffic.received) == asked


async def test_calls_of_others_count_in_our_windows() -> None:
    async with bench(windows=(None, 400, None), others_usage=399) as b:
        await b.provider.open()
        asked = len(b.server.traffic.received)
        with pytest.raises(RateLimited):
            await b.provider.open()
        assert len(b.server.traffic.received) == asked


async def test_a_window_that_others_opened_ends_when_the_refusal_says() -> None:
    async with bench(windows=(None, 400, None), others_usage=400, opened_s_ago=3400) as b:
        with pytest.raises(RateLimited) as caught:
            await b.provider.open()
        assert caught.value.retry_after_s == 201
        b.clock.tick(202)
        await b.reopened(b.provider.memory).open()


async def test_the_request_ceiling_of_a_run_is_kept() -> None:
    async with bench() as b:
        provider = b.reopened(max_requests=1)
        await provider.open()
        with pytest.raises(QuotaExhausted) as caught:
            await provider.open()
        assert caught.value.reason == "max-requests"


async def test_credentials_travel_in_the_header_alone() -> None:
    async with bench() as b:
        await b.provider.open()
        request = b.server.traffic.received[0]
        assert request.headers["x-api-key"] == "sandbox-apollo-key"
        assert request.headers["cache-control"] == "no-cache"
        assert "sandbox-apollo-key" not in f"{request.path}{request.query}{request.body}"
        assert request.body["per_page"] == 1


async def test_closing_twice_is_safe() -> None:
    async with bench() as b:
        await b.provider.open()
        await b.provider.close()
        await b.provider.close()
