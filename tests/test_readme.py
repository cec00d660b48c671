"""The README's generated parts are fresh. ``./dev python -m tests.test_readme`` writes them anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapters.registry import providers
from sync.cli import COMMANDS
from sync.codes import ALL_CODES, explain
from tests.cards import card, provider_table, question_table

README = Path(__file__).parent.parent / "README.md"
ORDER = ("topo", "datananas", "apollo")


def commands() -> str:
    rows = ["| command | what it does |", "| --- | --- |"]
    return "\n".join([*rows, *(f"| `{name}` | {line} |" for name, (_, line) in COMMANDS.items())])


def provider_part() -> str:
    return provider_table(card(name) for name in ORDER)


def questions() -> str:
    cards = [card(name) for name in ORDER]
    return "\n\n".join(f"#### {found.title}\n\n{question_table(found)}" for found in cards)


def codes() -> str:
    rows = ["| code | meaning |", "| --- | --- |"]
    seen: dict[str, str] = {}
    for group in ALL_CODES:
        seen |= {str(code): explain(code) for code in group}
    return "\n".join([*rows, *(f"| `{code}` | {meaning} |" for code, meaning in sorted(seen.items()))])


PARTS = {"commands": commands, "providers": provider_part, "questions": questions, "codes": codes}


def part(text: str, name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", text, re.DOTALL)
    assert found is not None, f"the README has no part {name}"
    return found[1].strip()


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_generated_part_of_the_readme_is_fresh(name: str) -> None:
    assert part(README.read_text("utf-8"), name) == PARTS[name]()


def test_the_provider_table_covers_every_provider() -> None:
    assert set(ORDER) == set(providers())


def test_every_file_and_command_that_the_readme_names_exists() -> None:
    text = README.read_text("utf-8")
    for command in re.findall(r"`contact-sync ([a-z]+)", text):
        assert command in COMMANDS, command
    for path in re.findall(r"`((?:sync|adapters|state)/[\w./]+)`", text):
        assert (README.parent / path).exists(), path


def write() -> None:
    text = README.read_text("utf-8")
    for name, made in PARTS.items():
        fresh = f"<!-- {name} -->\n{made()}\n<!-- /{name} -->"
        text = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _, f=fresh: f, text, flags=re.DOTALL)  # type: ignore[misc]  # bound now
    README.write_text(text, "utf-8")


if __name__ == "__main__":
    write()
