"""Whatever a provider or a file says, a parser answers with values or with one of our errors; nothing else."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.apollo import contacts as apollo_contacts
from adapters.apollo import exchange as apollo
from adapters.apollo import mapping as apollo_mapping
from adapters.apollo import refusals as apollo_refusals
from adapters.apollo import wire as apollo_wire
from adapters.apollo.settings import ApolloSettings
from adapters.datananas import events
from adapters.datananas import exchange as datananas
from adapters.datananas.settings import DatananasSettings
from adapters.files.reading import parse_export
from adapters.toolkit import strict_json
from adapters.toolkit.http import Response
from adapters.topo import exchange as topo
from adapters.topo import mapping as topo_mapping
from adapters.topo import wire as topo_wire
from sync.contact import FIELD_NAMES
from sync.errors import ContactSyncError
from tests.edge.mutations import spoilt

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.toolkit.http import Request

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
EXAMPLES = 80
OURS = (ContactSyncError, strict_json.BadJsonError)
APOLLO, DATANANAS = ApolloSettings(), DatananasSettings.model_validate({"list": {"name": "contact-sync"}})

TOPO_CONTACT: dict[str, Any] = {
    "id": "3c90c3cc-0d44-4b50-8888-8dd25736052a", "email": "ana@oakmere.com", "first_name": "Ana",
    "last_name": "Diaz",
    "linkedin_url": "https://www.linkedin.com/in/ana", "job_title": "COO", "phone_number": None, "city": None,
    "company_name": "Oakmere", "company_domain": "oakmere.com", "first_seen_at": "2026-11-20T18:00:00Z",
    "last_seen_at": "2026-11-20T18:00:00.123456Z", "profile_picture_url": None,
}  # fmt: skip
TOPO_ENTRY = {"id": "e1", "contact_list_id": "l1", "contact_id": None, "email": "ana@oakmere.com",
              "first_name": "Ana", "last_name": "Diaz",
    "linkedin_url": None, "created_at": "2026-11-20T18:00:00Z",
              "updated_at": "2026-11-20T18:00:00Z"}  # fmt: skip
APOLLO_CONTACT: dict[str, Any] = {
    "id": "66f0000000000000000000c4", "email": "ana@oakmere.com", "first_name": "Ana", "last_name": "Diaz",
    "linkedin_url": "http://www.linkedin.com/in/ana", "title": "COO", "organization_name": "Oakmere",
    "contact_emails": [{"email": "ana@oakmere.com", "position": 0, "email_status": "verified"}],
    "phone_numbers": [{"raw_number": "+33 6 12 34 56 78", "sanitized_number": "+33612345678", "type": "mobile",
                       "position": 0}],
    "label_ids": ["l1"], "typed_custom_fields": {"f1": "x"}, "email_unsubscribed": None,
    "contact_stage_id": "s1", "created_at": "2026-11-20T18:00:00.000Z", "updated_at": "2026-11-20T18:00:00.000Z",
    "present_raw_address": "Paris, France", "organization": {"primary_domain": "oakmere.com", "website_url": None},
    "account": {"domain": "oakmere.com"}, "existence_level": "full",
}  # fmt: skip


def response(body: bytes, status: int = 200) -> Response:
    headers = {"content-type": "application/json", "retry-after": "17", "x-rate-limit-minute": "200"}
    return Response(status=status, headers=headers, body=body)


def topo_page(body: bytes) -> object:
    value = topo.read(topo.get_contacts(), response(body), NOW)
    listing = topo_wire.parse_listing(value, "contacts")
    rows, _ = topo_wire.parse_rows(listing.items, topo_wire.parse_contact, "contacts")
    return [topo_mapping.to_record(row, {}) for row in rows]


def topo_exclusions(body: bytes) -> object:
    listing = topo_wire.parse_listing(topo.read(topo.get_exclusions(), response(body), NOW), "exclusions")
    rows, _ = topo_wire.parse_rows(listing.items, topo_wire.parse_exclusion, "exclusions")
    return [topo_mapping.to_opt_out(row) for row in rows]


def topo_items(body: bytes) -> object:
    return topo_wire.parse_entry_items(topo.read(topo.post_entries(b"{}"), response(body), NOW), ("status",))


def topo_said(parse: Callable[[object], object], request: Request) -> Callable[[bytes], object]:
    return lambda body: parse(topo.read(request, response(body), NOW))


def apollo_page(body: bytes) -> object:
    page = apollo.read(apollo.labels(), response(body), apollo_contacts.parse_search)
    return [apollo_mapping.to_record(row, APOLLO) for row in page.rows]


def apollo_rows(body: bytes) -> object:
    value = response(body).json()
    rows, _ = apollo_contacts.parse_contacts(apollo_wire.sequence(value, "contacts"), "contacts")
    return [apollo_mapping.to_record(row, APOLLO) for row in rows]


def export(json_lines: bool) -> Callable[[bytes], object]:
    names = {name: name for name in FIELD_NAMES} | {"email": "emails"}
    return lambda body: parse_export(
        body, provider="datananas", names=names, as_of=NOW, key="email", json_lines=json_lines
    )


def refused(read: Callable[[Response], object]) -> Callable[[bytes], object]:
    return lambda body: [
        read(response(body, status)) for status in (400, 401, 402, 403, 404, 409, 422, 429, 500, 503)
    ]


def topo_refused(answer: Response) -> object:
    with pytest.raises(ContactSyncError) as caught:
        topo.read(topo.post_entries(b"{}"), answer, NOW)
    return caught.value


def datananas_refused(answer: Response) -> object:
    with pytest.raises(ContactSyncError) as caught:
        datananas.read_answer(answer, now=NOW, settings=DATANANAS)
    return caught.value


TOPO_ERROR = {"status_code": 422, "type": "ValidationIssue", "message": "bad", "request_id": "r",
              "data": {"retry_after": 3, "field": "email"}}  # fmt: skip
PARSERS: dict[str, tuple[Callable[[bytes], object], Any]] = {
    "json": (strict_json.loads, {"a": [1, 2.5, "x", None, {"b": True}]}),
    "topo contacts": (topo_page, {"items": [TOPO_CONTACT] * 3, "total_count": 3, "has_more": False}),
    "topo exclusions": (
        topo_exclusions,
        {"items": [{"id": "x", "email": "a@b.com", "linkedin_url": None, "reason": "OTHER", "until": None,
                    "created_at": "2026-11-20T18:00:00Z", "updated_at": "2026-11-20T18:00:00Z"}],
         "total_count": 1, "has_more": False},
    ),
    "topo items": (
        topo_items,
        {"items": [{"index": 0, "resource": TOPO_ENTRY, "error": None, "status": "CREATED"},
                   {"index": 1, "resource": None, "error": {"type": "ValidationIssue", "message": "no"}}],
         "summary": {"total": 2, "succeeded": 1, "failed": 1}},
    ),
    "topo me": (
        topo_said(topo_wire.parse_me, topo.get_me()),
        {"id": "k", "organization_id": "o", "name": "n", "scopes": ["contacts:read"], "key_prefix": "p"},
    ),
    "topo list": (
        topo_said(topo_wire.parse_list, topo.get_list("l1")),
        {"id": "l1", "name": "n", "default_sequence_template_id": None, "created_at": "2026-11-20T18:00:00Z"},
    ),
    "topo variables": (
        topo_said(topo_wire.parse_variables, topo.get_variables("c1")),
        {"contact_variables": {"a": "b"}, "account_variables": {"c": None}},
    ),
    "topo refusals": (refused(topo_refused), TOPO_ERROR),
    "apollo search": (
        apollo_page,
        {"contacts": [APOLLO_CONTACT] * 2, "pagination": {"page": 1, "per_page": 100, "total_entries": 2,
                                                         "total_pages": 1}, "partial_results_only": False},
    ),
    "apollo rows": (apollo_rows, [APOLLO_CONTACT, APOLLO_CONTACT]),
    "apollo labels": (
        lambda body: apollo.read(apollo.labels(), response(body), apollo_wire.parse_labels),
        [{"id": "l1", "name": "ours", "modality": "contacts"}],
    ),
    "apollo stages": (
        lambda body: apollo.read(apollo.stages(), response(body), apollo_wire.parse_stages),
        {"contact_stages": [{"id": "s1", "name": "Cold"}]},
    ),
    "apollo refusals": (
        refused(lambda answer: apollo_refusals.error_for(apollo.labels(), answer, NOW)),
        {"error": {"message": "no", "code": "x"}, "error_code": "API", "message": "retry in 15733 seconds"},
    ),
    "datananas answer": (
        lambda body: datananas.read_answer(response(body), now=NOW, settings=DATANANAS),
        {"uuid": "u-1", "listId": "5f0c", "data": {"uuid": "u", "list": {"_id": "x"}}},
    ),
    "datananas refusals": (
        refused(datananas_refused),
        {"error": {"statusCode": 402, "name": "Error", "reason": "contact_connect_quotas",
                   "details": {"code": "x"}}},
    ),
    "datananas events": (
        events.decode,
        ["contact_bulk_create_ending", {"uuid": "u-1", "created": 3, "updated": 4}],
    ),
    "export lines": (export(json_lines=True), {"email": "ana@oakmere.com", "first_name": "Ana"}),
}  # fmt: skip


@pytest.mark.parametrize("name", PARSERS)
def test_every_parser_reads_its_valid_body(name: str) -> None:
    parse, value = PARSERS[name]
    assert parse(json.dumps(value).encode())


@pytest.mark.parametrize("name", PARSERS)
@given(seed=st.integers(0, 2**32))
@settings(max_examples=EXAMPLES, derandomize=True, database=None)
def test_a_spoilt_body_is_read_or_refused_in_our_words(name: str, seed: int) -> None:
    parse, value = PARSERS[name]
    with suppress(*OURS):
        parse(spoilt(json.dumps(value).encode(), random.Random(seed)))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=EXAMPLES, derandomize=True, database=None)
def test_a_spoilt_table_is_read_or_refused_in_our_words(seed: int) -> None:
    chance = random.Random(seed)
    rows = ["email;first_name;company_name;opted_out", 'a@b.com;"Ana;B";x;', "c@d.com;Bob;;true"]
    body = (
        "\n".join(rows)
        .replace(";", chance.choice(",;\t|"))
        .encode(chance.choice(["utf-8", "utf-16", "utf-8-sig"]))
    )
    changed = bytearray(body)
    for _ in range(chance.randint(0, 6)):
        place = chance.randrange(len(changed))
        changed[place : place + 1] = chance.choice(
            [b"\x00", b'"', b"\n", b"\r", b"\xff", b"", b"=1+1", b"," * 5000]
        )
    with suppress(*OURS):
        export(json_lines=False)(bytes(changed))
