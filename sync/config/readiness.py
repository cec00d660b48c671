"""What keeps well written settings from being used yet: secrets that are not there, and words of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.errors import ConfigError
from sync.secrets import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sync.config.base import ProviderSettings


def unready(
    providers: Mapping[str, ProviderSettings], *, directory: Path, environ: Mapping[str, str]
) -> Iterator[str]:
    """Every secret that will be asked for and is not there, and everything that a person still has to settle."""
    for name, own in sorted(providers.items()):
        yield from (f"providers.{name}.{key}: {what}" for key, what in own.unsettled().items())
        for key, reference in own.references().items():
            try:
                resolve(reference, directory=directory, environ=environ, key=f"providers.{name}.{key}")
            except ConfigError as error:
                yield f"{error}; {error.remedy}" if error.remedy else str(error)
