from __future__ import annotations

from dataclasses import fields

from adapters.topo.provider import SPEC
from adapters.topo.sandbox import Switches
from adapters.topo.settings import TopoSettings

CARD = SPEC.card()
SERVICE_SWITCHES = {"early_end", "default_sequence", "scopes"}
"""States of a documented server, not open questions."""


def test_every_switch_answers_an_open_question_of_the_card() -> None:
    named = {name for question in CARD["questions"] for name in question.get("switch", "").split(", ")} - {""}
    assert named == {f.name for f in fields(Switches)} - SERVICE_SWITCHES


def test_every_setting_that_the_card_names_exists() -> None:
    named = {question["setting"] for question in CARD["questions"] if "setting" in question}
    assert named <= set(TopoSettings.model_fields)


def test_every_open_question_tells_the_assumption_taken() -> None:
    for question in CARD["questions"]:
        assert question["id"]
        assert question["question"].endswith("?")
        assert question["assumption"]


def test_the_card_says_when_it_was_verified() -> None:
    assert CARD["last_verified"] == "2026-11"
    assert CARD["api_version"] == "v1"
