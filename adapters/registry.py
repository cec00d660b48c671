"""Providers are found by folder: any subpackage with a ``provider`` module that declares ``SPEC``."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

import adapters

if TYPE_CHECKING:
    from adapters.spec import ProviderSpec


@cache
def providers() -> dict[str, ProviderSpec]:
    """All providers by name, in alphabetical order."""
    found: dict[str, ProviderSpec] = {}
    for module in sorted(pkgutil.iter_modules(adapters.__path__), key=lambda m: m.name):
        name = f"adapters.{module.name}.provider"
        if module.ispkg and find_spec(name) is not None:
            spec = import_module(name).SPEC
            found[spec.name] = spec
    return found
