"""The tables of the file besides the providers' own, with their defaults."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from sync.config.base import Section
from sync.config.values import (
    Duration,
    FieldName,
    FilePath,
    PositiveDuration,
    ProviderName,
    SecretRef,
    resolve_path,
)
from sync.identity.countries import country_code

_SQLITE = "sqlite:///"
BESIDE_DATABASE = ("", "-journal", "-wal", "-shm", ".lock", ".daemon.lock", ".marker", ".restored", ".replaced")
"""What the names of the files end in that a database needs, or leaves, beside it."""


def _state_url(value: str, info: ValidationInfo) -> str:
    if value.startswith(_SQLITE):
        return _SQLITE + str(_sqlite_path(value.removeprefix(_SQLITE), info))
    raise ValueError(f"names no database we keep state in; write {_SQLITE}PATH")


def _sqlite_path(name: str, info: ValidationInfo) -> Path:
    """The file; of a link what it leads to, so that whoever names the same database takes the same lock."""
    if not name or name.startswith(":"):
        raise ValueError(
            f"must name a file, because state is kept between runs; write {_SQLITE}.contact-sync/state.db"
        )
    if "?" in name or "#" in name:
        raise ValueError(f"must be a plain file name without ? or #; write {_SQLITE}.contact-sync/state.db")
    path = resolve_path(name, info)
    leads_somewhere = os.path.islink(path) and os.path.exists(path)  # noqa: PTH110, PTH114  # a Path raises where a folder is closed
    return path.resolve() if leads_somewhere else path


def _region(value: str) -> str:
    if value and re.fullmatch(r"[A-Z]{2}", value) is None:
        raise ValueError('is no country code; write two capital letters as in "FR", or "" for none')
    if value and not _has_phone_numbers(value):
        raise ValueError('is no country with phone numbers; write an ISO 3166 code as in "FR", or "" for none')
    return value


def _has_phone_numbers(region: str) -> bool:
    from phonenumbers import SUPPORTED_REGIONS  # loaded only where a region is set

    return country_code(region) in SUPPORTED_REGIONS


def _once_each(value: list[str]) -> list[str]:
    if len(set(value)) < len(value):
        raise ValueError("names a provider twice; keep its best place")
    return value


def _listen(value: str) -> str:
    if value:
        _host_and_port(value)
    return value


def _host_and_port(value: str) -> tuple[str, int]:
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError('is no address; write HOST:PORT as in "127.0.0.1:9464", or "" to switch it off')
    return host.strip("[]"), int(port)


def _key_file(value: str) -> str:
    if not value.startswith("file:"):
        raise ValueError('must name a file, because it is made on first use; write "file:.contact-sync/key"')
    return value


class StateSettings(Section):
    """Where state is kept. ``key`` names the file of the key of keyed hashes, made on first use.

    ``keep_values``: how long what a write replaced and wrote is kept after it succeeded; undo reaches as far back.
    ``network_file_system``: the database may be on one, whose locks somebody answers for.
    """

    url: Annotated[str, AfterValidator(_state_url)] = "sqlite:///.contact-sync/state.db"
    ledger: FilePath = Path(".contact-sync/opt-outs.ledger")
    key: Annotated[SecretRef, AfterValidator(_key_file)] = "file:.contact-sync/key"
    backups: FilePath = Path(".contact-sync/backups")
    keep_values: PositiveDuration = timedelta(days=30)
    network_file_system: bool = False

    @property
    def database(self) -> Path:
        """The file that ``url`` names."""
        return Path(self.url.removeprefix(_SQLITE))

    def key_file(self, directory: Path) -> Path:
        """The file that ``key`` names; a relative one starts at ``directory``."""
        return directory / Path(self.key.removeprefix("file:")).expanduser()

    @model_validator(mode="after")
    def _each_its_own_place(self, info: ValidationInfo) -> StateSettings:
        context = info.context or {}
        taken = {os.path.realpath(f"{self.database}{end}"): "url (or a file beside it)" for end in BESIDE_DATABASE}
        if "file" in context:
            taken[os.path.realpath(context["file"])] = "this configuration"
        key = self.key_file(Path(context.get("directory", "")))
        clashes = []
        for name, path in (("ledger", self.ledger), ("key", key), ("backups", self.backups)):
            if (real := os.path.realpath(path)) in taken:
                clashes.append(f"{name} names the place of {taken[real]}")
            taken.setdefault(real, name)
        if clashes:
            raise ValueError(f"{' and '.join(clashes)}; give each a place of its own")
        return self


class SyncSettings(Section):
    """Pace and waiting times. ``default_region``: ``""`` = phone numbers without country code stay text."""

    interval: PositiveDuration = timedelta(minutes=15)
    full_sweep_every: Duration = timedelta(hours=24)
    cursor_overlap: Duration = timedelta(minutes=10)
    settle: Duration = timedelta(minutes=15)
    plan_expires: PositiveDuration = timedelta(hours=24)
    default_region: Annotated[str, AfterValidator(_region)] = ""


Ranking = Annotated[list[ProviderName], AfterValidator(_once_each)]
"""Providers, best first."""


class FieldPolicy(Section):
    """Who decides one field when several providers changed it: its ``owner``, else its ``priority`` list."""

    priority: Ranking = Field(default_factory=list)
    owner: ProviderName | None = None

    @model_validator(mode="after")
    def _decides(self) -> FieldPolicy:
        if not self.priority and self.owner is None:
            raise ValueError('decides nothing; add priority = ["...", "..."] or owner = "..."')
        return self


class MergeSettings(Section):
    """Which value survives. ``priority`` best first; a provider that is not listed comes after all others."""

    priority: Ranking = Field(default=["topo", "apollo", "datananas"], validate_default=False)
    blanks: Literal["never", "explicit"] = "never"
    fields: dict[FieldName, FieldPolicy] = Field(default_factory=dict)


class MatchSettings(Section):
    """When records are taken for one person."""

    names_must_agree: bool = True
    generic_after: int = Field(default=3, ge=1)
    suspect_score: float = Field(default=0.90, gt=0, le=1)


class GuardLimit(Section):
    """A change set is stopped when it is larger than ``floor`` and larger than ``share`` of the people."""

    share: float = Field(ge=0, le=1)
    floor: int = Field(ge=0)


class GuardSettings(Section):
    """The limits of each guard; a table that names one number keeps the default of the other."""

    create: GuardLimit = GuardLimit(share=0.25, floor=50)
    update: GuardLimit = GuardLimit(share=0.20, floor=50)
    blank: GuardLimit = GuardLimit(share=0.01, floor=5)
    merge: GuardLimit = GuardLimit(share=0.02, floor=10)

    @field_validator("create", "update", "blank", "merge", mode="before")
    @classmethod
    def _completed(cls, value: Any, info: ValidationInfo) -> Any:
        default = cls.model_fields[str(info.field_name)].default
        return {**default.model_dump(), **value} if isinstance(value, dict) else value


class DaemonSettings(Section):
    """The daemon. ``listen``: where health and metrics are served, ``""`` = nowhere."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:9464"
    drain: Duration = timedelta(seconds=10)

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port to listen on, ``None`` when switched off."""
        return _host_and_port(self.listen) if self.listen else None


class LoggingSettings(Section):
    """How logs are written; they go to standard error."""

    format: Literal["console", "json"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Sections(Section):
    """The whole file except the providers."""

    state: StateSettings
    sync: SyncSettings
    merge: MergeSettings
    match: MatchSettings
    guards: GuardSettings
    daemon: DaemonSettings
    logging: LoggingSettings

    @model_validator(mode="before")
    @classmethod
    def _missing_tables_are_empty(cls, tables: Any) -> Any:
        return {**{name: {} for name in cls.model_fields}, **tables} if isinstance(tables, dict) else tables
