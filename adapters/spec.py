"""What a provider's folder declares: its name, settings, card and how to open it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from sync.config import ProviderSettings
    from sync.contact import Contact
    from sync.ports import Clock, Provider
    from sync.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a provider is opened with besides its settings.

    ``secret`` resolves a reference of the settings. ``memory``: the notes it left last time.
    ``max_requests``: ceiling for this run, ``None`` = none. ``directory``: where relative paths start.
    """

    clock: Clock
    secret: Callable[[str], Secret]
    directory: Path
    memory: Mapping[str, object] = field(default_factory=dict)
    max_requests: int | None = None

    def proxy(self, reference: str) -> Callable[[], Secret] | None:
        """What gives the URL that ``reference`` names; ``None`` for ``""``."""
        return (lambda: self.secret(reference)) if reference else None


class Sandbox(Protocol):
    """A provider's local server, running. Everything a rehearsal needs to look at and to disturb it."""

    @property
    def settings(self) -> Mapping[str, object]:
        """The provider's TOML table that points at this server."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """Environment variables that the table's references name."""

    @property
    def writes(self) -> int:
        """Mutating requests received so far."""


class Actor(Protocol):
    """Somebody at work in a sandbox, in canonical fields; for rehearsals and tests."""

    def create(self, contact: Contact) -> str:
        """The contact is there; returns its record id."""

    def edit(self, record_id: str, fields: Mapping[str, str]) -> None:
        """The contact's canonical fields have new values."""

    def opt_out(self, contact: Contact, reason: str) -> None:
        """The person must not be written to, as far as the provider can say so."""

    def export(self, folder: Path) -> Mapping[str, object]:
        """An export is in ``folder`` if the provider needs one; returns the settings to add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """One provider. ``open`` makes an unopened provider; ``sandbox`` serves its local server while entered.

    ``actor``: a sandbox → somebody at work in it.

    ``import_names``: settings → the provider's wire name → canonical field, for imports.
    """

    name: str
    settings: type[ProviderSettings]
    open: Callable[[Any, Opening], Provider]
    sandbox: Callable[..., AbstractAsyncContextManager[Any]]
    actor: Callable[[Any], Actor]
    import_names: Callable[[Any], Mapping[str, str]]

    def card(self) -> dict[str, Any]:
        """The folder's ``card.toml``."""
        text = resources.files(f"adapters.{self.name}").joinpath("card.toml").read_text("utf-8")
        return tomllib.loads(text)
