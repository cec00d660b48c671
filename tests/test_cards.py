"""Cards have one form, and the tables made of them are Markdown whatever they hold."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.registry import providers
from tests.cards import Card, card, provider_table, question_table

NAMES = sorted(providers())


def example(**changes: Any) -> Card:
    told: dict[str, Any] = {
        "name": "zoo", "title": "Zoo", "api_version": "v1", "auth": "key", "last_verified": "2026-11",
        "documentation": {"home": "https://zoo.test"}, "limits": [], "questions": [],
        "capabilities": {"read": "yes", "create": "a|b\nc", "update": "", "opt_outs": "no", "cannot": "fly"},
    }  # fmt: skip
    return Card.model_validate(told | changes)


@pytest.mark.parametrize("name", NAMES)
def test_every_card_has_the_one_form_and_says_when_it_was_checked(name: str) -> None:
    found = card(name)
    assert found.name == name
    assert found == Card.model_validate(providers()[name].card())
    assert re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", found.last_verified)
    assert all(address.startswith("https://") for address in found.documentation.values())
    assert len({question.id for question in found.questions}) == len(found.questions)


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_names_a_document_or_says_that_it_is_assumed(name: str) -> None:
    for limit in card(name).limits:
        assert limit.source.startswith(("https://", "assumed")) or not limit.source


def test_a_card_of_another_form_is_refused() -> None:
    with pytest.raises(ValidationError):
        example(colour="red")
    with pytest.raises(ValidationError):
        example(capabilities={"read": "yes"})


def test_a_table_has_a_column_a_provider_and_no_cell_breaks_it() -> None:
    lines = provider_table([example(), example(title="Pipe | Works")]).splitlines()
    assert lines[0] == "|  | Zoo | Pipe \\| Works |"
    assert "| create | a\\|b c | a\\|b c |" in lines
    assert "| update | - | - |" in lines
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in lines} == {4}


def test_questions_are_told_with_the_setting_that_answers_them() -> None:
    questions = [
        {"id": "a", "question": "Is it?", "assumption": "It is.", "setting": "it_is", "switch": "is"},
        {"id": "b", "question": "Was it?", "assumption": "a | b"},
    ]
    assert question_table(example(questions=questions)).splitlines()[2:] == [
        "| Is it? | It is. | `it_is` |",
        "| Was it? | a \\| b | - |",
    ]
