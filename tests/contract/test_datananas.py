"""Datananas against its sandbox over real sockets: what is written, and the open questions about rows."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.datananas.provider import SPEC
from adapters.datananas.sandbox import LIST_ID, LIST_NAME, sandbox
from adapters.datananas.sandbox_rows import DEFAULTS
from adapters.files import read_export
from sync.contact import Contact
from sync.errors import (
    AuthError,
    QuotaExhausted,
)
from tests.datananas.harness import create, creates, opened, person, row_of, sent, update

BULK = "/contacts/bulk"

# the request


async def test_contacts_are_created_and_their_totals_told() -> None:
    async with sandbox() as box, opened(box) as provider:
        result = await sent(provider, creates(3))
        assert [o.state for o in result.outcomes] == ["acked"] * 3
        assert [o.record_id for o in result.outcomes] == [f"email:p{i}@example.org" for i in range(3)]
        assert result.bulk is not None
        assert (result.bulk.uuid, result.bulk.sent, result.bulk.created, result.bulk.updated) == ("u-1", 3, 3, 0)
        assert [row["email"] for row in box.rows] == [f"p{i}@example.org" for i in range(3)]
        assert (box.writes, provider.requests.write, provider.requests.read) == (1, 1, 0)


async def test_contacts_that_exist_are_updated_by_the_same_call() -> None:
    async with sandbox() as box, opened(box) as provider:
        box.add(email="p0@example.org", firstName="Old", city="Lyon")
        result = await sent(provider, [*creates(1), create(person(1))])
        assert result.bulk is not None
        assert (result.bulk.created, result.bulk.updated) == (1, 1)
        await sent(provider, [update(person(0), job_title="COO")])
        assert box.rows[0]["position"] == "COO"
        assert box.rows[0]["city"] == "Lyon"
        assert len(box.rows) == 2


async def test_a_row_is_not_found_under_a_key_that_it_has_no_longer() -> None:
    async with sandbox() as box, opened(box) as provider:
        row = box.add(email="p0@example.org")
        box.edit(row["_id"], email="new@example.org")
        await sent(provider, creates(1))
        assert [row["email"] for row in box.rows] == ["new@example.org", "p0@example.org"]


async def test_a_key_that_two_rows_had_still_finds_the_one_that_keeps_it() -> None:
    async with sandbox() as box, opened(box) as provider:
        kept, left = (box.add(email="p0@example.org") for _ in range(2))
        box.edit(left["_id"], email="new@example.org")
        await sent(provider, [update(person(0), job_title="COO")])
        assert [(row["_id"], row.get("position")) for row in box.rows] == [
            (kept["_id"], "COO"),
            (left["_id"], None),
        ]


async def test_no_row_gets_the_id_of_another_one() -> None:
    async with sandbox() as box:
        rows = [box.add(email=f"p{i}@example.org") for i in range(3)]
        for row in rows[:2]:
            box.remove(row["_id"])
        rows += [box.add(email=f"q{i}@example.org") for i in range(3)]
        assert len({row["_id"] for row in rows}) == 6


async def test_the_token_travels_as_a_bearer_and_the_list_as_configured() -> None:
    async with sandbox() as box, opened(box) as provider:
        await sent(provider, creates(1))
        (received,) = box.traffic.received
        assert received.headers["authorization"] == "Bearer sandbox-token-create"
        assert received.headers["content-type"] == "application/json"
        assert received.body["list"] == {"_id": LIST_ID}
        assert received.query == {}


async def test_every_field_arrives() -> None:
    from tests.datananas.test_mapping import FULL

    contact = Contact.from_fields(
        FULL.to_fields()
        | {
            "linkedin_url": "https://www.linkedin.com/in/ana-diaz",
            "collected_at": "2026-11-01T10:00:00Z",
            "owner_email": "rep@us.example",
            "variables.crm": "42",
        }
    )
    async with sandbox() as box, opened(box, send_vars=True, send_owner=True) as provider:
        result = await sent(provider, [create(contact)])
        assert result.outcomes[0].state == "acked"
        (row,) = box.rows
        assert len(row_of(box)) == 21
        assert row["vars"] == {"crm": "42"}
        assert {name: row[name] for name in row_of(box)} == row_of(box)


async def test_ten_thousand_contacts_go_in_one_request() -> None:
    async with sandbox(running_every=100) as box, opened(box, batch_size=10_000) as provider:
        result = await sent(provider, creates(10_000))
        assert result.bulk is not None
        assert result.bulk.created == 10_000
        assert box.writes == 1


@pytest.mark.parametrize("flag", ["move_existing", "replace_owner"])
async def test_side_effects_happen_only_when_switched_on(flag: str) -> None:
    names: dict[str, Any] = {"move_name": "move", "replace_name": "ownerToo"}
    for on in (False, True):
        async with sandbox(**names) as box, opened(box, **_on(flag, on)) as provider:
            box.add(email="p0@example.org", listId="elsewhere", owner="old@us.example")
            await sent(provider, [create(person(owner_email="new@us.example"))])
            assert box.moved == (on and flag == "move_existing")
            assert box.owners_replaced == (on and flag == "replace_owner")
            assert box.traffic.received[0].query == ({names[_switch(flag)]: "true"} if on else {})


def _on(flag: str, on: bool) -> dict[str, Any]:
    return {"send_owner": True, flag: on}


def _switch(flag: str) -> str:
    return "move_name" if flag == "move_existing" else "replace_name"


# open questions about rows


async def test_other_field_names_are_a_table_away() -> None:
    names = {"position": "jobTitle", "firstName": "firstname"}
    async with sandbox(field_names=names) as box:
        async with opened(box, field_map={"job_title": "jobTitle", "first_name": "firstname"}) as provider:
            await sent(provider, [create(person(job_title="COO"))])
        assert (box.rows[0]["position"], box.rows[0]["firstName"]) == ("COO", "P0")


@pytest.mark.parametrize("key", ["email", "linkedin_url", "both"])
async def test_the_row_is_found_by_the_key_that_the_settings_name(key: str) -> None:
    profile = "https://www.linkedin.com/in/ana-diaz"
    match_key = "linkedin_url" if key == "linkedin_url" else "email"
    held = person(linkedin_url=profile)
    async with sandbox(match_key=key) as box, opened(box, match_key=match_key) as provider:
        box.add(email="p0@example.org", linkedin=profile)
        result = await sent(provider, [update(held, city="Lyon")])
        assert result.bulk is not None
        assert (result.bulk.created, result.bulk.updated) == (0, 1)
        assert box.rows[0]["city"] == "Lyon"


@pytest.mark.parametrize("resets_defaults", [False, True])
@pytest.mark.parametrize("vars_replace", [False, True])
async def test_an_update_costs_no_value_under_any_documented_reading(
    resets_defaults: bool, vars_replace: bool
) -> None:
    held = person(language="fr", source="connect", variables={"a": "1", "b": "2"})
    async with (
        sandbox(resets_defaults=resets_defaults, vars_replace=vars_replace) as box,
        opened(box, send_vars=True) as provider,
    ):
        await sent(provider, [create(held)])
        await sent(provider, [update(held, variables__b="3", job_title="COO")])
        (row,) = box.rows
        assert (row["lang"], row["source"], row["position"]) == ("fr", "connect", "COO")
        assert row["vars"] == {"a": "1", "b": "3"}


async def test_a_server_that_blanks_what_an_update_omits_keeps_at_least_what_rides_along() -> None:
    held = person(language="fr", city="Lyon")
    async with sandbox(omitted_blanks=True) as box, opened(box) as provider:
        await sent(provider, [create(held)])
        await sent(provider, [update(held, job_title="COO")])
        (row,) = box.rows
        assert (row["email"], row["lang"], row["position"]) == ("p0@example.org", "fr", "COO")
        assert row["city"] == ""  # why [providers.datananas] must not be pointed at such a server unseen


@pytest.mark.parametrize("empties", ["blank", "ignore", "reject"])
async def test_nothing_empty_is_ever_sent(empties: str) -> None:
    async with sandbox(empties=empties) as box, opened(box, send_vars=True) as provider:
        box.add(email="p0@example.org", city="Lyon")
        result = await sent(provider, [update(person(city="Lyon"), city=None, country="France")])
        assert result.outcomes[0].state == "acked"
        assert box.rows[0]["city"] == "Lyon"


async def test_new_rows_have_the_servers_defaults() -> None:
    async with sandbox() as box, opened(box) as provider:
        await sent(provider, creates(1))
        assert {name: box.rows[0][name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("list_by", ["id", "name", "either"])
async def test_the_list_is_named_by_id_or_by_name(list_by: str) -> None:
    async with sandbox(list_by=list_by) as box, opened(box) as provider:
        result = await sent(provider, creates(2))
        assert [o.state for o in result.outcomes] == ["acked"] * 2
        named = {"name": LIST_NAME} if list_by == "name" else {"_id": LIST_ID}
        assert box.traffic.received[0].body["list"] == named


# around it


async def test_max_requests_is_a_ceiling() -> None:
    from adapters.datananas.provider import Datananas
    from tests.datananas.harness import QUICK, opening

    async with sandbox() as box:
        table = SPEC.settings.model_validate(dict(box.settings) | dict(QUICK))
        provider = Datananas(table, opening(box.secrets, max_requests=1))  # type: ignore[arg-type]  # ours
        await sent(provider, creates(1))
        with pytest.raises(QuotaExhausted) as caught:
            await sent(provider, creates(1, start=5))
        assert (caught.value.reason, caught.value.sent) == ("max-requests", False)
        await provider.close()
        await provider.close()
        assert box.writes == 1


async def test_rows_can_be_seeded_edited_removed_and_exported(tmp_path: Any) -> None:
    async with SPEC.sandbox() as box:
        actor = SPEC.actor(box)
        record_id = actor.create(person(job_title="CFO"))
        actor.edit(record_id, {"job_title": "COO"})
        actor.create(person(1))
        box.remove(actor.create(person(2)))
        told = actor.export(tmp_path)
        export = read_export(
            tmp_path / str(told["export_file"]).rpartition("/")[2],
            provider="datananas",
            names=SPEC.import_names(SPEC.settings.model_validate(dict(box.settings))),
        )
        assert [record.contact.email for record in export.records] == ["p0@example.org", "p1@example.org"]
        assert export.records[0].contact.job_title == "COO"
        assert export.bad_rows == ()


async def test_no_secret_is_written_to_any_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    async with sandbox(stream_auth="query") as box, opened(box) as provider:
        await sent(provider, creates(1))
        box.grants.tokens.clear()
        with pytest.raises(AuthError) as caught:
            await sent(provider, creates(1))
    ours = [r for r in caplog.records if not r.name.startswith(("httpcore", "httpx", "uvicorn", "asyncio"))]
    assert not any("sandbox-token-create" in r.getMessage() for r in ours)
    error: BaseException | None = caught.value
    while error is not None:
        assert "sandbox-token-create" not in f"{error!s} {error!r}"
        error = error.__cause__
