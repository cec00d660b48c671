"""The sandbox demands and answers what the documents say; asked here without the adapter."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from adapters.apollo.sandbox import sandbox
from adapters.apollo.sandbox_gate import KEY
from tests.apollo.harness import SteppingClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.apollo.sandbox import ApolloSandbox


class Raw:
    def __init__(self, server: ApolloSandbox, client: httpx.AsyncClient) -> None:
        self.server = server
        self._client = client

    async def ask(self, method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        url = self.server.base_url + path
        answer = await self._client.request(method, url, json=body, params=params, headers={"x-api-key": KEY})
        return answer.status_code, answer.json()


@contextlib.asynccontextmanager
async def raw(**switches: Any) -> AsyncIterator[Raw]:
    async with sandbox(**switches) as server, httpx.AsyncClient(trust_env=False) as client:
        server.now = SteppingClock().now
        yield Raw(server, client)


async def test_bulk_create_wants_an_array_of_at_most_a_hundred() -> None:
    async with raw() as r:
        status, answer = await r.ask("POST", "/contacts/bulk_create", {"contacts": [{}] * 101})
        assert (status, answer["error"]) == (422, "Please limit your array to 100 contacts or fewer.")
        status, answer = await r.ask("POST", "/contacts/bulk_create", {})
        assert status == 422
        assert "contact_attributes" in answer["error"]


async def test_without_deduplication_duplicates_are_made() -> None:
    async with raw() as r:
        for _ in range(2):
            await r.ask("POST", "/contacts/bulk_create", {"contacts": [{"email": "a@x.fr"}]})
        assert len(r.server.rows) == 2


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"id": 0, "salesforce_lead_id": "sf", "email": "c@x.fr"}, 0),
        ({"salesforce_lead_id": "sf", "person_id": "pp", "email": "d@x.fr"}, 1),
        ({"person_id": "pp", "email": "d@x.fr"}, 2),
        ({"email": "D@x.fr", "first_name": "E", "last_name": "F", "organization_name": "Co"}, 3),
        ({"email": "second@x.fr", "first_name": "E", "last_name": "F", "organization_name": "Co"}, 3),
        ({"email": "new@y.fr", "first_name": "e", "last_name": "f", "organization_name": "co"}, 4),
        ({"email": "new@company.fr", "first_name": "E", "last_name": "F"}, 4),
        ({"email": "new@y.fr", "first_name": "E", "last_name": "F", "organization_name": "Other"}, None),
        ({"linkedin_url": "https://www.linkedin.com/in/x", "phone": "+331"}, None),
    ],
)
async def test_the_rules_of_matching_apply_in_their_order(fields: dict[str, Any], expected: int | None) -> None:
    async with raw() as r:
        made = [
            r.server.add(email="a@x.fr"),
            r.server.add(email="b@x.fr", salesforce_lead_id="sf"),
            r.server.add(email="c@x.fr", person_id="pp"),
            r.server.add(email="d@x.fr", contact_emails=[{"email": "second@x.fr"}]),
            r.server.add(
                email="e@company.fr", first_name="E", last_name="F", organization_name="Co",
                linkedin_url="https://www.linkedin.com/in/x", phone="+331",
            ),
        ]  # fmt: skip
        if "id" in fields:
            fields = fields | {"id": made[fields["id"]]["id"]}
        _, answer = await r.ask("POST", "/contacts/bulk_create", {"run_dedupe": True, "contacts": [fields]})
        found = [row["id"] for row in answer["existing_contacts"]]
        assert found == ([] if expected is None else [made[expected]["id"]])


async def test_bulk_update_has_two_modes_and_a_limit() -> None:
    async with raw() as r:
        one, two = (r.server.add(email=f"{n}@x.fr")["id"] for n in "ab")
        await r.ask("POST", "/contacts/bulk_update", {"contact_ids": [one, two], "title": "CFO"})
        assert [row["title"] for row in r.server.rows] == ["CFO", "CFO"]
        assert (await r.ask("POST", "/contacts/bulk_update", {}))[0] == 422
        many = {"contact_attributes": [{"id": one}] * 1001}
        assert (await r.ask("POST", "/contacts/bulk_update", many))[0] == 422
        many = {"contact_attributes": [{"id": one}] * 101}
        assert "entity_progress_job" in (await r.ask("POST", "/contacts/bulk_update", many))[1]
        job = {"contact_attributes": [{"id": one}], "async": True}
        assert "entity_progress_job" in (await r.ask("POST", "/contacts/bulk_update", job))[1]


async def test_bulk_update_writes_only_its_own_fields() -> None:
    async with raw() as r:
        one = r.server.add(email="a@x.fr")["id"]
        row = {"id": one, "mobile_phone": "+331", "website_url": "x.fr", "label_names": ["x"]}
        await r.ask("POST", "/contacts/bulk_update", {"contact_attributes": [row]})
        assert (r.server.rows[0]["phone_numbers"], r.server.rows[0]["label_ids"]) == ([], [])


@pytest.mark.parametrize(("per_page_over", "status"), [("422", 422), ("clamp", 200)])
async def test_more_than_a_hundred_a_page_are_refused_or_cut(per_page_over: str, status: int) -> None:
    async with raw(per_page_over=per_page_over) as r:
        assert (await r.ask("POST", "/contacts/search", {"per_page": 101}))[0] == status


async def test_an_unknown_order_is_refused() -> None:
    async with raw() as r:
        status, answer = await r.ask("POST", "/contacts/search", {"sort_by_field": "name"})
        assert (status, answer["error"]) == (422, "Invalid sort criteria")


async def test_patching_label_names_replaces_all_lists() -> None:
    async with raw() as r:
        row = r.server.add(labels=("old", "older"), email="a@x.fr")
        await r.ask("PATCH", f"/contacts/{row['id']}", {"label_names": ["new"]})
        assert r.server.rows[0]["label_ids"] == [r.server.workspace.labels["new"]]


async def test_patching_an_unknown_stage_is_refused() -> None:
    async with raw() as r:
        row = r.server.add(email="a@x.fr")
        status, answer = await r.ask("PATCH", f"/contacts/{row['id']}", {"contact_stage_id": "x"})
        assert (status, answer["error"]) == (422, "Parameters misconfigured. x is not a valid ID")


@pytest.mark.parametrize(("replace", "left"), [(True, {"b": "2"}), (False, {"a": "1", "b": "2"})])
async def test_custom_fields_are_replaced_or_merged(replace: bool, left: dict[str, str]) -> None:
    async with raw(custom_fields_replace=replace) as r:
        row = r.server.add(email="a@x.fr", typed_custom_fields={"a": "1"})
        await r.ask("PATCH", f"/contacts/{row['id']}", {"typed_custom_fields": {"b": "2"}})
        assert r.server.rows[0]["typed_custom_fields"] == left


async def test_an_unknown_route_is_404_and_broken_json_400() -> None:
    async with raw() as r:
        assert (await r.ask("GET", "/nowhere"))[0] == 404
        async with httpx.AsyncClient(trust_env=False) as client:
            url = r.server.base_url + "/contacts/search"
            assert (await client.post(url, content=b"{", headers={"x-api-key": KEY})).status_code == 400
