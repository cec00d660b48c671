from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import ValidationError

from adapters.apollo.provider import SPEC
from adapters.apollo.sandbox_switches import Switches
from adapters.apollo.settings import ApolloSettings
from adapters.registry import providers


def test_the_registry_finds_apollo() -> None:
    assert providers()["apollo"] is SPEC


def test_the_defaults_are_those_of_the_documentation() -> None:
    settings = ApolloSettings()
    assert settings.base_url == "https://api.aisa.one/apis/v1/apollo"
    assert (settings.auth, settings.api_key, settings.phones) == ("bearer", "env:AISA_API_KEY", "create")
    assert (settings.max_price_usd, settings.max_spend_usd_per_day) == (0.05, 1.0)
    assert not settings.writable


@pytest.mark.parametrize(
    "table",
    [
        {"custom_fields": {"a": "1", "b": "1"}},
        {"custom_fields": {"a": "1"}, "external_id_field": "1"},
        {"labels": [" "]},
        {"page_size": 101},
        {"max_price_usd": float("inf")},
        {"max_spend_usd_per_day": float("nan")},
        {"api_key": "sk-aisa-literal"},
        {"base_url": "http://api.apollo.io/api/v1"},
        {"unknown": 1},
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        ApolloSettings(**table)  # type: ignore[arg-type]  # wrong on purpose
    assert "sk-aisa" not in str(caught.value)


def test_a_shared_workspace_is_not_taken_for_one_of_your_own() -> None:
    assert "auth" in ApolloSettings(auth="x-api-key").unsettled()
    assert not ApolloSettings(auth="x-api-key", base_url="https://api.apollo.io/api/v1").unsettled()
    assert "labels" in ApolloSettings().unsettled()
    assert not ApolloSettings(labels=["acme-sync"]).unsettled()


@pytest.mark.parametrize(
    "base_url",
    ["https://API.aisa.one/apis/v1/apollo/", "https://api.aisa.one./apis/v1/apollo", "https://eu.aisa.one/apollo"],
)
def test_the_gateway_is_told_by_its_host_however_it_is_written(base_url: str) -> None:
    settings = ApolloSettings(base_url=base_url, auth="x-api-key", labels=["acme-sync"])
    assert "auth" in settings.unsettled()


def test_a_bearer_token_for_apollo_itself_opens_a_workspace_of_your_own() -> None:
    settings = ApolloSettings(base_url="https://api.apollo.io/api/v1", auth="bearer")
    assert not settings.shared
    assert settings.writable
    assert not settings.unsettled()


def test_a_bearer_token_for_another_host_means_the_gateway() -> None:
    settings = ApolloSettings(base_url="https://notapollo.io/api/v1", auth="bearer")
    assert settings.shared
    assert "labels" in settings.unsettled()


def test_every_open_question_names_switches_and_settings_that_exist() -> None:
    card = SPEC.card()
    switches = {f.name for f in fields(Switches)}
    for question in card["questions"]:
        assert {"id", "question", "assumption"} <= question.keys()
        assert set(filter(None, question.get("switch", "").split(", "))) <= switches
        assert question.get("setting", "account_id") in ApolloSettings.model_fields


def test_the_card_is_the_folders_own() -> None:
    text = Path("adapters/apollo/card.toml").read_text("utf-8")
    assert tomllib.loads(text) == SPEC.card()
