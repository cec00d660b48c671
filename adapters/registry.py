"""Providers are found by folder: any subpackage with a ``provider`` module that declares ``SPEC``.

Its name is the folder's. Its settings stand in its ``settings`` module, so that a command that only reads the
configuration loads no client.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import adapters
from sync.config import ProviderSettings

if TYPE_CHECKING:
    from adapters.spec import ProviderSpec


def names() -> tuple[str, ...]:
    """Every provider's name, in alphabetical order."""
    packages = [module.name for module in pkgutil.iter_modules(adapters.__path__) if module.ispkg]
    return tuple(sorted(name for name in packages if find_spec(f"adapters.{name}.provider") is not None))


def settings_models() -> dict[str, type[ProviderSettings]]:
    """The settings of every provider, by its name."""
    return {name: _settings(name) for name in names()}


def _settings(name: str) -> type[ProviderSettings]:
    module = import_module(f"adapters.{name}.settings")
    (model,) = (
        found
        for found in vars(module).values()
        if isinstance(found, type) and issubclass(found, ProviderSettings) and found.__module__ == module.__name__
    )
    return model


@cache
def providers() -> dict[str, ProviderSpec]:
    """All providers by name, in alphabetical order."""
    return {name: import_module(f"adapters.{name}.provider").SPEC for name in names()}
