"""Providers are found by folder, and each declares itself whole."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import adapters
from adapters.registry import providers, settings_models
from adapters.spec import ProviderSpec
from sync.config import ProviderSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ["apollo", "datananas", "topo"]


@pytest.fixture
def fresh() -> Iterator[None]:
    providers.cache_clear()
    yield
    providers.cache_clear()
    for name in [name for name in sys.modules if name.startswith("adapters.zoo")]:
        del sys.modules[name]


def test_all_providers_are_found_in_alphabetical_order_and_nothing_else_is() -> None:
    assert list(providers()) == NAMES
    assert providers() is providers()


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_declares_itself_whole(name: str) -> None:
    spec = providers()[name]
    assert isinstance(spec, ProviderSpec)
    assert spec.name == name
    assert issubclass(spec.settings, ProviderSettings)
    assert all(callable(part) for part in (spec.open, spec.sandbox, spec.actor, spec.import_names))
    assert spec.card()["name"] == name


def test_the_settings_are_found_without_the_providers_themselves() -> None:
    assert settings_models() == {name: spec.settings for name, spec in providers().items()}
    script = "import sys, sync.wiring as w; w.settings_models(); sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.usefixtures("fresh")
def test_a_new_folder_is_a_new_provider_and_a_folder_without_one_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("zoo", "zoo_tools"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").touch()
    (tmp_path / "zoo_module.py").touch()
    (tmp_path / "zoo" / "provider.py").write_text(
        "from dataclasses import replace\n"
        "from adapters.topo.provider import SPEC as OTHER\n"
        "SPEC = replace(OTHER, name='zoo')\n"
    )
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(tmp_path)])
    assert list(providers()) == [*NAMES, "zoo"]
