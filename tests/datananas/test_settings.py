"""The table: defaults as documented, and every mistake told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.datananas.settings import FIELD_MAP, DatananasSettings
from tests.datananas.harness import settings

LIST = {"_id": "5f0c"}


def test_the_defaults_are_the_documented_ones() -> None:
    s = DatananasSettings.model_validate({"list": LIST})
    assert (s.base_url, s.stream_url) == ("https://api.datananas.com", "wss://api.datananas.com")
    assert (s.stream_auth, s.token, s.match_key) == ("header", "env:DATANANAS_TOKEN", "email")
    assert (s.read, s.write, s.batch_size, s.quota_reset) == (False, True, 500, "00:00 Europe/Paris")
    assert not any(
        (s.accept_blind_overwrite, s.field_map_confirmed, s.send_vars, s.move_existing, s.replace_owner)
    )
    assert (s.start_timeout.total_seconds(), s.stall_timeout.total_seconds()) == (30, 60)
    assert s.query_names == {"move_existing": "moveExisting", "replace_owner": "replaceOwner"}
    assert s.field_map == FIELD_MAP


def test_a_field_map_entry_replaces_one_name_and_keeps_the_others() -> None:
    s = settings(field_map={"job_title": "jobTitle", "email": "mail", "city": ""})
    assert (s.wire_name("job_title"), s.wire_name("emails"), s.wire_name("city")) == ("jobTitle", "mail", "")
    assert s.wire_name("company_name") == "company"
    assert s.wire_name("state") == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"field_map": {"job_title": "company"}}, "two fields under one name"),
        ({"field_map": {"shoe_size": "x"}}, "no field of a contact"),
        ({"field_map": {"variables.x": "x"}}, "maps variables"),
        ({"field_map": {"city": "vars"}}, "taken by the custom properties"),
        ({"field_map": {"city": " a"}}, "is no field name"),
        ({"field_map": {"emails": ""}}, "leaves out the field that match_key names"),
        ({"batch_size": 0}, "greater than or equal to 1"),
        ({"batch_size": 10_001}, "less than or equal to 10000"),
        ({"match_key": "phone"}, "'email' or 'linkedin_url'"),
        ({"stream_auth": "cookie"}, "query:NAME"),
        ({"stream_auth": "query:a b"}, "query:NAME"),
        ({"quota_reset": "midnight"}, "a time and a time zone"),
        ({"quota_reset": "25:00 Europe/Paris"}, "a time and a time zone"),
        ({"quota_reset": "00:00 Mars/Base"}, "a time and a time zone"),
        ({"list": {}}, "name the target list"),
        ({"list": {"_id": ""}}, "name the target list"),
        ({"list": {"_id": " ", "name": "x"}}, "name the target list"),
        ({"token": "eyJ.literal"}, "secrets are never written here"),
        ({"query_names": {"other": "x"}}, "move_existing"),
        ({"query_names": {"move_existing": "a", "replace_owner": "a"}}, "another one for each"),
        ({"query_names": {"move_existing": "replaceOwner"}}, "another one for each"),
        ({"query_names": {"move_existing": ""}}, "a name for each flag"),
        ({"source_values": "manual"}, "tuple"),
        ({"oauth2": {"token_url": "http://example.org"}}, "must begin with https"),
        ({"surprise": 1}, "Extra inputs"),
    ],
)
def test_each_mistake_is_told_in_plain_words(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**change)
    assert words in str(caught.value)


def test_a_provider_that_is_not_written_needs_no_list() -> None:
    assert DatananasSettings.model_validate({"write": False}).list == {}


@pytest.mark.parametrize(
    ("now", "resets_at"),
    [
        ("2026-11-20T12:00:00+00:00", "2026-11-20T23:00:00+00:00"),
        ("2026-11-20T22:59:59+00:00", "2026-11-20T23:00:00+00:00"),
        ("2026-11-20T23:00:00+00:00", "2026-11-21T23:00:00+00:00"),
        ("2026-07-01T12:00:00+00:00", "2026-07-01T22:00:00+00:00"),
        ("2026-10-24T22:30:00+00:00", "2026-10-25T23:00:00+00:00"),
    ],
)
def test_the_quota_resets_at_the_next_time_of_day_in_its_zone(now: str, resets_at: str) -> None:
    moment = settings().quota_resets_at(datetime.fromisoformat(now))
    assert moment == datetime.fromisoformat(resets_at)
    assert moment.tzinfo is UTC or moment.utcoffset() == datetime.fromisoformat(now).utcoffset()


@pytest.mark.parametrize(
    ("url", "rehearsal"),
    [
        ("http://127.0.0.1:1", True),
        ("http://localhost:1", True),
        ("https://[::1]", True),
        ("https://x.example", False),
    ],
)
def test_only_a_server_on_this_machine_is_a_rehearsal(url: str, rehearsal: bool) -> None:
    assert settings(base_url=url).rehearsal is rehearsal


def test_what_changes_what_is_sent_changes_the_fingerprint() -> None:
    base = settings().fingerprint()
    for change in (
        {"move_existing": True}, {"match_key": "linkedin_url"}, {"send_vars": True}, {"list": {"_id": "other"}},
        {"field_map": {"city": "town"}}, {"send_owner": True},
    ):  # fmt: skip
        assert settings(**change).fingerprint() != base


def test_what_is_missing_is_told_under_its_own_key_and_with_every_other_fault() -> None:
    with pytest.raises(ValidationError) as caught:
        DatananasSettings.model_validate({"batch_size": 0, "field_map": {"emails": ""}})
    assert {error["loc"] for error in caught.value.errors()} == {("list",), ("batch_size",), ("field_map",)}
