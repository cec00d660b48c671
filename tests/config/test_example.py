"""``config.example.toml`` holds every key there is, each with its meaning, and parses."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sync.config import ProviderSettings, load
from sync.config.problems import name_of
from sync.config.sections import Sections
from tests.config.stub import STUBS

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TABLE = re.compile(r"(# )?\[([a-z_0-9.]+)\]\s*(?:#\s*(.+))?")
ENTRY = re.compile(r"(# )?([a-z_0-9]+) = (.+?)\s+# (\S.*)")


def provider_classes() -> dict[str, type[ProviderSettings]]:
    """The settings class of every provider that is there; none while there is no registry."""
    if importlib.util.find_spec("adapters.registry") is None:
        return {}
    from adapters.registry import providers

    return {name: spec.settings for name, spec in providers().items()}


def sections_in(annotation: Any) -> list[type[BaseModel]]:
    """Every table class named in a type, also inside optional ones and tables with free keys."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in getattr(annotation, "__args__", ()) for found in sections_in(part)]


def keys_of(model: type[BaseModel], table: str) -> set[str]:
    """Every dotted key that ``model`` allows below ``table``; a table with free keys counts as one key."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        key = f"{table}.{name_of(field, name)}"
        nested = [s for s in sections_in(field.annotation) if not hasattr(field.annotation, "keys")]
        is_map = getattr(field.annotation, "__origin__", None) is dict
        found |= {key} if is_map or not nested else set().union(*(keys_of(s, key) for s in nested))
    return found


def keys_in_example() -> dict[str, str]:
    """Every dotted key of the example, switched on or not, with its comment."""
    table, found = "", {}
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if header := TABLE.fullmatch(line):
            table = header[2]
            found[table] = header[3] or ""
        elif entry := ENTRY.fullmatch(line):
            key = f"{table}.{entry[2]}"
            found[key] = entry[4]
            found |= inner_keys(key, tomllib.loads(f"value = {entry[3]}")["value"], entry[4])
    return found


def inner_keys(key: str, value: object, comment: str) -> dict[str, str]:
    return {f"{key}.{name}": comment for name in value} if isinstance(value, dict) else {}


EXPECTED = sorted(
    set().union(
        *(keys_of(s, name) for name, f in Sections.model_fields.items() for s in sections_in(f.annotation)),
        *(keys_of(c, f"providers.{name}") for name, c in provider_classes().items()),
        *(keys_of(ProviderSettings, f"providers.{name}") for name in STUBS),
    )
)


@pytest.mark.parametrize("key", EXPECTED)
def test_every_key_is_in_the_example_with_a_comment(key: str) -> None:
    found = keys_in_example()
    if key == "merge.fields":
        key = "merge.fields.phone.priority"
    assert key in found, f"add {key} to config.example.toml, with a one-line comment"
    assert found[key], f"say in one comment what {key} means"


@pytest.mark.parametrize(
    "line", [x for x in EXAMPLE.read_text("utf-8").splitlines() if " = " in x and x[0] != "#"]
)
def test_every_setting_line_has_a_comment(line: str) -> None:
    assert ENTRY.fullmatch(line), line


def test_the_example_loads_as_it_stands(tmp_path: Path) -> None:
    known = provider_classes()
    tables = EXAMPLE.read_text("utf-8")
    cut = re.compile(r"^\[providers\.(\w+).*?(?=^\[|\Z)", re.MULTILINE | re.DOTALL)
    text = cut.sub(lambda found: found[0] if found[1] in known else "", tables)
    path = tmp_path / "config.toml"
    path.write_text(text if known else f"{text}\n[providers.stub]\n", "utf-8")
    classes = known or {"stub": ProviderSettings}
    everyone: dict[str, type[ProviderSettings]] = {**dict.fromkeys(STUBS, ProviderSettings), **classes}
    settings = load(path, provider_settings=everyone, environ={}, cwd=tmp_path)
    assert set(settings.providers) == set(classes)


def test_the_example_shows_the_defaults_of_every_section(tmp_path: Path) -> None:
    written = tomllib.loads(EXAMPLE.read_text("utf-8"))
    written.pop("providers")
    context = {"directory": tmp_path, "providers": frozenset(STUBS)}
    assert Sections.model_validate(written, context=context) == Sections.model_validate({}, context=context)


SAMPLES = {"contact_list_id", "list", "query_names"}
"""Keys whose example value is no default: ids that everybody has to replace, and names filled in when parsed."""


@pytest.mark.parametrize("name", sorted(provider_classes()))
def test_the_example_shows_the_defaults_of_every_provider(name: str) -> None:
    model = provider_classes()[name]
    written = tomllib.loads(EXAMPLE.read_text("utf-8"))["providers"][name]
    least = {key: value for key, value in written.items() if key in SAMPLES}
    known = {"providers": frozenset(STUBS)}
    assert model.model_validate(written, context=known) == model.model_validate(least, context=known)
