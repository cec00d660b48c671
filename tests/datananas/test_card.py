"""The card names settings and switches that exist, and explains every switch."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from adapters.datananas.provider import SPEC
from adapters.datananas.sandbox_switches import Switches
from adapters.datananas.settings import DatananasSettings, OAuth2Settings

CARD = SPEC.card()


def named(key: str) -> set[str]:
    return {name for question in CARD["questions"] for name in question[key].split(", ") if name}


def test_every_open_question_is_told_whole() -> None:
    for question in CARD["questions"]:
        assert set(question) == {"id", "question", "assumption", "setting", "switch"}
        assert question["question"].count("?") >= 1
        assert question["assumption"]
    ids = [question["id"] for question in CARD["questions"]]
    assert len(set(ids)) == len(ids)


def test_every_switch_answers_a_question_of_the_card() -> None:
    assert named("switch") == {switch.name for switch in fields(Switches)}


def test_every_setting_of_the_card_exists() -> None:
    assert named("setting") <= set(DatananasSettings.model_fields)
    assert set(OAuth2Settings.model_fields) == {
        "token_url", "client_id", "client_secret", "refresh_token", "token_file", "client_auth",
    }  # fmt: skip


def test_the_card_tells_when_and_where_it_was_verified() -> None:
    assert CARD["last_verified"] == "2026-11"
    addresses: list[Any] = list(CARD["documentation"].values())
    assert all(address.startswith("https://") for address in addresses)
    assert all(limit["source"] == "" or limit["source"] in addresses for limit in CARD["limits"])
