"""What is known of each provider, as its folder's ``card.toml`` says it, and the tables made of that."""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterable


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limit(_Part):
    """One limit and where it is documented; ``source`` ``""`` or ``assumed…`` when it is not."""

    what: str
    value: str | int | float | tuple[int, ...]
    source: str


class Question(_Part):
    """An open question of an API: the assumption taken, the setting that answers it, the sandbox's switch."""

    id: str
    question: str
    assumption: str
    setting: str = ""
    switch: str = ""


class Abilities(_Part):
    """What the provider can do, in a line each."""

    read: str
    create: str
    update: str
    opt_outs: str
    cannot: str
    variables: str = ""
    result: str = ""
    side_effects: str = ""


class Card(_Part):
    """A provider's card. ``last_verified``: month in which the documentation was read."""

    name: str
    title: str
    api_version: str
    auth: str
    last_verified: str
    documentation: dict[str, str]
    scopes: dict[str, str] = {}
    capabilities: Abilities
    limits: tuple[Limit, ...]
    questions: tuple[Question, ...]


def card(provider: str) -> Card:
    """The card of a provider's folder. Raises when it is not of this form."""
    text = resources.files(f"adapters.{provider}").joinpath("card.toml").read_text("utf-8")
    return Card.model_validate(tomllib.loads(text))


def provider_table(cards: Iterable[Card]) -> str:
    """A Markdown table of what each provider can do."""
    found = list(cards)
    rows = [("", *(c.title for c in found)), ("---",) * (len(found) + 1)]
    rows += [
        (label, *(getattr(c.capabilities, name) or "-" for c in found))
        for label, name in (
            ("read", "read"), ("create", "create"), ("update", "update"), ("opt-outs", "opt_outs"),
            ("result of a write", "result"), ("side effects", "side_effects"), ("cannot", "cannot"),
        )
    ]  # fmt: skip
    rows.append(("credentials", *(c.auth for c in found)))
    rows.append(("documentation read", *(c.last_verified for c in found)))
    return _table(rows)


def question_table(found: Card) -> str:
    """A Markdown table of one provider's open questions."""
    rows = [("question", "assumed", "setting"), ("---", "---", "---")]
    rows += [(q.question, q.assumption, f"`{q.setting}`" if q.setting else "-") for q in found.questions]
    return _table(rows)


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
