"""Apollo through AISA: one workspace shared with strangers, calls that cost money, keys for repeats."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from adapters.apollo.sandbox_endpoints import LABEL
from adapters.toolkit.faults import Fault
from sync.errors import AuthError, ConfigError, OutcomeUnknown, QuotaExhausted, RateLimited, Rejected, Transient
from tests.apollo.harness import Bench, Silent, bench, create, ids, in_turn, update

if TYPE_CHECKING:
    from sync.change import Outcome


def told(outcomes: list[Outcome]) -> list[tuple[str, str | None]]:
    return [(o.state, o.reason) for o in outcomes]


def ours(b: Bench, number: int = 1, **fields: Any) -> str:
    return str(b.server.add(labels=(LABEL,), email=f"lea{number}@exemple.fr", **fields)["id"])


def key_of(b: Bench, place: int = -1) -> str | None:
    writes = [r for r in b.server.traffic.received if "bulk" in r.path or r.method == "PATCH"]
    return writes[place].headers.get("idempotency-key")


# what may be done at all


async def test_without_an_own_label_nothing_is_opened() -> None:
    async with bench(transport="aisa") as b:
        with pytest.raises(ConfigError, match="label"):
            b.reopened(labels=[])


async def test_a_workspace_that_was_not_accepted_is_read_only_and_says_so() -> None:
    async with bench({"accept_shared_workspace": False}, transport="aisa") as b:
        account = await b.provider.open()
        assert any("read only" in problem for problem in account.problems)
        caps = b.provider.capabilities
        assert (caps.creates, caps.updates, caps.stages, caps.readable) == (False, "none", False, True)
        with pytest.raises(Rejected):
            await b.send(create(1))
        assert b.server.writes == 0


async def test_an_accepted_workspace_says_who_can_see_it() -> None:
    async with bench(transport="aisa") as b:
        assert any("strangers" in problem for problem in (await b.provider.open()).problems)
        assert b.provider.capabilities.creates


@pytest.mark.parametrize("ignored", [False, True])
async def test_only_rows_with_our_label_are_read_even_if_the_filter_is_ignored(ignored: bool) -> None:
    async with bench(transport="aisa", ignore_label_filter=ignored) as b:
        mine = ours(b)
        b.server.add(email="stranger@x.fr", labels=("theirs",))
        b.server.add(email="nobody@x.fr")
        await b.provider.open()
        pages = await b.pages("sweep")
        assert in_turn(pages) == [mine]
        assert pages[-1].complete is not ignored
        assert ids([await b.provider.reader.newest()]) == [mine]
        assert await b.provider.reader.find(replace(create(1).contact, emails=("stranger@x.fr",))) == ()


async def test_without_our_label_in_the_workspace_nothing_is_asked_and_nothing_read() -> None:
    async with bench(transport="aisa") as b:
        b.server.add(email="stranger@x.fr")
        await b.provider.open()
        asked = len(b.server.traffic.received)
        pages = await b.pages("sweep")
        assert (ids(pages), pages[-1].total_after, pages[-1].complete) == ([], 0, True)
        assert len(b.server.traffic.received) == asked


async def test_rows_that_do_not_show_their_labels_are_not_taken_for_ours() -> None:
    keys = ("id", "email", "updated_at", "created_at")
    async with bench(transport="aisa", echo_keys=keys) as b:
        ours(b)
        await b.provider.open()
        pages = await b.pages("sweep")
        assert ids(pages) == []
        assert not pages[-1].complete


async def test_a_label_that_strangers_rename_is_still_ours() -> None:
    async with bench(transport="aisa") as b:
        mine = ours(b)
        await b.provider.open()
        b.server.workspace.labels = {"renamed": b.server.workspace.labels[LABEL]}
        again = b.reopened(b.provider.memory)
        await again.open()
        pages = [page async for page in again.reader.pull("sweep", None, overlap_s=0)]
        assert in_turn(pages) == [mine]


async def test_a_linked_contact_is_fetched_by_id_whatever_its_labels() -> None:
    async with bench(transport="aisa") as b:
        row = b.server.add(email="a@x.fr")
        assert (await b.provider.reader.fetch(row["id"])).labels == frozenset()


async def test_what_we_create_carries_our_label_and_is_read_back_in_the_same_run() -> None:
    async with bench(transport="aisa") as b:
        await b.provider.open()
        start = (await b.provider.reader.newest()).cursor
        (outcome,) = await b.send(create(1))
        assert outcome.state == "acked"
        assert in_turn(await b.pages("incremental", start)) == [outcome.record_id]


# matches


async def test_a_match_without_our_label_is_a_strangers() -> None:
    async with bench(transport="aisa") as b:
        b.server.add(email="lea1@exemple.fr", labels=("theirs",))
        b.clock.tick(3600)
        assert told(await b.send(create(1))) == [("refused", "foreign-row")]


async def test_a_match_that_got_our_label_from_this_very_call_is_a_strangers() -> None:
    async with bench(transport="aisa", label_matches=True) as b:
        ours(b, 9)
        b.server.add(email="lea1@exemple.fr")
        await b.provider.open()
        b.clock.tick(3600)
        assert told(await b.send(create(1))) == [("refused", "foreign-row")]


async def test_a_match_with_our_label_is_linked() -> None:
    async with bench(transport="aisa") as b:
        mine = ours(b)
        await b.provider.open()
        b.clock.tick(3600)
        (outcome,) = await b.send(create(1))
        assert (outcome.state, outcome.existing, outcome.record_id) == ("acked", True, mine)


async def test_a_match_with_our_mark_is_linked_whoever_took_the_label_off() -> None:
    async with bench({"external_id_field": "66ee"}, transport="aisa") as b:
        row = b.server.add(email="lea1@exemple.fr", typed_custom_fields={"66ee": "person-1"})
        assert (await b.send(create(1)))[0].record_id == row["id"]


async def test_the_labels_of_a_trimmed_match_are_looked_up() -> None:
    keys = ("id", "first_name", "last_name", "email", "updated_at")
    async with bench(transport="aisa", echo_keys=keys) as b:
        mine = ours(b)
        b.server.add(email="lea2@exemple.fr")
        await b.provider.open()
        b.clock.tick(3600)
        outcomes = await b.send(create(1), create(2))
        assert told(outcomes) == [("acked", None), ("refused", "foreign-row")]
        assert outcomes[0].record_id == mine


@pytest.mark.parametrize("answer", ["status=401", "status=429,retry-after=700", "status=402", "reset-before"])
async def test_a_trimmed_match_that_cannot_be_looked_up_now_is_unknown_and_the_others_stay_written(
    answer: str,
) -> None:
    keys = ("id", "first_name", "last_name", "email", "updated_at")
    async with bench(transport="aisa", echo_keys=keys) as b:
        ours(b)
        await b.provider.open()
        b.clock.tick(3600)
        b.server.traffic.faults.append(Fault.parse(f"GET /apis/v1/apollo/contacts/*:*:{answer}"))
        assert told(await b.send(create(1), create(2))) == [("unknown", "outcome-unknown"), ("acked", None)]


# money


async def test_each_call_names_its_ceiling_and_its_cost_is_added_up_across_runs() -> None:
    async with bench({"max_price_usd": 0.05}, transport="aisa", cost_micros=9_000) as b:
        await b.provider.open()
        assert {r.headers["x-aisa-max-price-usd"] for r in b.server.traffic.received} == {"0.05"}
        again = b.reopened(json.loads(json.dumps(b.provider.memory)))
        await again.open()
        assert again.memory["spend"] == {"day": "2026-11-02", "micros": 36_000}


async def test_a_cost_that_is_not_told_is_not_free() -> None:
    async with bench(transport="aisa", cost_header=False) as b:
        await b.provider.open()
        assert b.provider.memory["spend"] == {"day": "2026-11-02", "micros": 24_000}


async def test_the_days_limit_stops_before_the_call_until_midnight() -> None:
    async with bench({"max_spend_usd_per_day": 0.03}, transport="aisa") as b:
        await b.provider.open()
        asked = len(b.server.traffic.received)
        with pytest.raises(QuotaExhausted) as caught:
            await b.provider.open()
        assert (caught.value.reason, caught.value.sent) == ("price", False)
        assert caught.value.resets_at == datetime(2026, 11, 3, tzinfo=UTC)
        assert len(b.server.traffic.received) == asked
        b.clock.tick(86400)
        await b.provider.open()


async def test_calls_that_are_refused_cost_nothing_and_unknown_ones_count() -> None:
    async with bench(transport="aisa") as b:
        b.fault("POST /contacts/bulk_create:1:status=422")
        b.fault("POST /contacts/bulk_create:2:reset-after")
        with pytest.raises(Rejected):
            await b.send(create(1))
        assert b.provider.memory["spend"] == {"day": "2026-11-02", "micros": 0}
        with pytest.raises(OutcomeUnknown):
            await b.send(create(2))
        assert b.provider.memory["spend"] == {"day": "2026-11-02", "micros": 12_000}


@pytest.mark.parametrize("errors", ["new", "old"])
@pytest.mark.parametrize("switch", [{"wallet_micros": 0}, {"cost_micros": 60_000}])
async def test_an_empty_wallet_or_too_high_a_price_puts_the_provider_off(
    errors: str, switch: dict[str, Any]
) -> None:
    async with bench(transport="aisa", errors=errors, **switch) as b:
        with pytest.raises(QuotaExhausted) as caught:
            await b.provider.open()
        assert caught.value.reason == "price"


async def test_a_ceiling_below_the_price_of_a_call_is_pointed_out() -> None:
    async with bench({"max_price_usd": 0.01}, transport="aisa", cost_micros=9_000) as b:
        assert any("max_price_usd" in problem for problem in (await b.provider.open()).problems)


# keys and gateway


@pytest.mark.parametrize("errors", ["new", "old"])
async def test_a_refused_key_stops_the_provider(errors: str) -> None:
    async with bench(transport="aisa", errors=errors) as b:
        with pytest.raises(AuthError, match="invalid_api_key"):
            await b.reopened(key="sk-aisa-wrong").open()
        request = b.server.traffic.received[0]
        assert request.headers["authorization"] == "Bearer sk-aisa-wrong"


async def test_a_write_carries_a_key_and_reads_carry_none() -> None:
    async with bench(transport="aisa") as b:
        await b.provider.open()
        await b.send(create(1))
        assert key_of(b)
        reads = [r for r in b.server.traffic.received if "bulk" not in r.path]
        assert not any("idempotency-key" in r.headers for r in reads)


async def test_a_key_made_here_is_the_same_for_the_same_create_in_any_run() -> None:
    async with bench(transport="aisa") as b:
        await b.send(create(1))
        with pytest.raises(OutcomeUnknown):
            await b.send(replace(create(1), run_id="another"))
        assert key_of(b, 0) == key_of(b, 1)


async def test_an_update_may_say_the_same_again_in_a_later_run() -> None:
    async with bench(transport="aisa") as b:
        mine = ours(b)
        await b.send(replace(update(mine, job_title="CFO"), run_id="one"))
        assert told(await b.send(replace(update(mine, job_title="CFO"), run_id="two"))) == [("acked", None)]


async def test_a_transport_retry_keeps_its_key() -> None:
    async with bench(transport="aisa") as b:
        b.fault("POST /contacts/bulk_create:1:status=429,retry-after=1")
        await b.send(create(1))
        assert key_of(b, 0) == key_of(b, 1)


async def test_half_of_a_batch_has_a_key_of_its_own() -> None:
    async with bench(transport="aisa") as b:
        b.fault("POST /contacts/bulk_create:1:then-status=422")
        operations = [create(n) for n in range(2)]
        with pytest.raises(Rejected):
            await b.send(*operations)
        await b.provider.send(b.provider.batches(operations[:1])[0], Silent())
        assert key_of(b, 0) != key_of(b, 1)


@pytest.mark.parametrize("form", ["new", "in-progress", "text"])
@pytest.mark.parametrize("errors", ["new", "old"])
async def test_a_repeat_is_an_unknown_outcome_and_no_fresh_key_is_tried(form: str, errors: str) -> None:
    async with bench(transport="aisa", conflict_form=form, errors=errors) as b:
        await b.send(create(1))
        spent = b.provider.memory["spend"]
        with pytest.raises(OutcomeUnknown):
            await b.send(create(1))
        assert b.provider.memory["spend"] == spent
        assert b.server.writes == 2
        assert len(b.server.rows) == 1


async def test_a_gateway_without_idempotency_is_saved_by_deduplication() -> None:
    async with bench({"external_id_field": "66ee"}, transport="aisa", idempotency=False) as b:
        await b.send(create(1))
        assert (await b.send(create(1)))[0].existing


@pytest.mark.parametrize(("gateway", "rows"), [("applied", 1), ("lost", 0)])
async def test_a_502_of_the_gateway_leaves_a_write_unknown(gateway: str, rows: int) -> None:
    async with bench(transport="aisa", gateway=gateway) as b:
        with pytest.raises(OutcomeUnknown):
            await b.send(create(1))
        assert (b.server.writes, len(b.server.rows)) == (1, rows)


@pytest.mark.parametrize("errors", ["new", "old"])
async def test_the_limit_of_a_key_holds_at_every_endpoint(errors: str) -> None:
    async with bench(transport="aisa", errors=errors, key_calls=2) as b:
        await b.provider.open()  # the list of labels, and the newest row
        with pytest.raises(RateLimited):
            await b.send(create(1))
        asked, before = len(b.server.traffic.received), b.clock.at
        await b.reopened(b.provider.memory).open()
        assert len(b.server.traffic.received) == asked + 2
        assert (b.clock.at - before).total_seconds() >= 59


async def test_a_limit_of_apollo_that_the_gateway_passes_on_holds_at_its_endpoint() -> None:
    async with bench(transport="aisa") as b:
        b.fault('POST /contacts/bulk_create:*:status=429,retry-after=3600,body={"code":"upstream_rate_limit"}')
        with pytest.raises(RateLimited):
            await b.send(create(1))
        before = b.clock.at
        await b.provider.open()
        assert b.clock.at == before


async def test_a_gateway_outage_on_a_read_is_tried_again() -> None:
    async with bench(transport="aisa") as b:
        b.fault('GET /labels:*:status=503,body={"code":"authentication_unavailable"}')
        with pytest.raises(Transient):
            await b.provider.open()
        assert b.server.traffic.count("GET", f"{b.server.prefix}/labels") == 4


@pytest.mark.parametrize(("contacts_as", "as_text"), [("array", False), ("text", True)])
async def test_rows_travel_as_an_array_or_as_text(contacts_as: str, as_text: bool) -> None:
    async with bench({"contacts_as_text": as_text}, transport="aisa", contacts_as=contacts_as) as b:
        assert told(await b.send(create(1))) == [("acked", None)]


async def test_rows_in_the_wrong_form_are_refused() -> None:
    async with bench(transport="aisa", contacts_as="text") as b:
        with pytest.raises(Rejected):
            await b.send(create(1))


async def test_a_gateway_that_takes_no_bulk_update_is_written_to_by_patch() -> None:
    async with bench({"update_by": "patch"}, transport="aisa", bulk_update="400") as b:
        mine = ours(b)
        assert told(await b.send(update(mine, job_title="CFO"))) == [("acked", None)]
        assert "update" not in b.provider.capabilities.fields["linkedin_url"]


async def test_rate_headers_are_never_required() -> None:
    async with bench(transport="aisa", window_headers="none") as b:
        await b.provider.open()
        assert b.provider.memory["windows"] == []


async def test_the_call_id_of_the_gateway_is_kept() -> None:
    async with bench(transport="aisa") as b:
        assert (await b.send(create(1)))[0].request_id == "r-1"


async def test_the_key_is_never_in_what_is_kept_or_told() -> None:
    async with bench(transport="aisa") as b:
        await b.provider.open()
        assert "sandbox-apollo-key" not in json.dumps(b.provider.memory)
