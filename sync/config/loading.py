"""From a file to ``Settings``: find it, read it, check everything, tell all problems at once."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from sync.config.base import ProviderSettings, Section
from sync.config.problems import described, shown_key, unknown
from sync.config.readiness import unready
from sync.config.sections import Sections
from sync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.config.sections import (
        DaemonSettings,
        GuardSettings,
        LoggingSettings,
        MatchSettings,
        MergeSettings,
        StateSettings,
        SyncSettings,
    )

ENVIRONMENT = "CONTACT_SYNC_CONFIG"
FILE_NAME = "config.toml"
_MAX_BYTES = 1024 * 1024
_Model = TypeVar("_Model", bound=Section)
_HINT = (
    "Copy config.example.toml to config.toml and edit it, or try everything without accounts: "
    "contact-sync run --sandbox"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the file says. ``providers`` holds the active ones: those whose table is present."""

    path: Path
    state: StateSettings
    sync: SyncSettings
    merge: MergeSettings
    match: MatchSettings
    guards: GuardSettings
    daemon: DaemonSettings
    logging: LoggingSettings
    providers: Mapping[str, ProviderSettings]

    @property
    def directory(self) -> Path:
        """Where relative paths start: the file's own folder."""
        return self.path.parent

    @property
    def key_file(self) -> Path:
        """Where the key of keyed hashes is, or will be."""
        return self.state.key_file(self.directory)

    def fingerprint(self, provider: str) -> str:
        """Twelve hex digits that change when a setting changes what is sent to ``provider``, or where.

        Raises KeyError for a provider that is not active.
        """
        return self.providers[provider].fingerprint()


def load(
    path: Path | None,
    *,
    provider_settings: Mapping[str, type[ProviderSettings]],
    environ: Mapping[str, str],
    cwd: Path,
    to_act: bool = False,
) -> Settings:
    """The settings of ``path``, or of the first file found.

    Raises ConfigError when there is no file, it cannot be read, or anything in it is wrong; ``problems``
    then lists every fault as ``file: key: what is wrong and what to write``. ``to_act``: what would keep a run
    from working after that is listed with them.
    """
    file = discover(path, environ=environ, cwd=cwd)
    found = environ if to_act else None
    return parse(_read(file), path=file, provider_settings=provider_settings, environ=found)


def discover(path: Path | None, *, environ: Mapping[str, str], cwd: Path) -> Path:
    """The file to use: ``path``, else the one ``$CONTACT_SYNC_CONFIG`` names, else ``config.toml`` here, else
    the one in the user's configuration folder.

    Raises ConfigError when none exists, or a named one does not.
    """
    named = path or (Path(environ[ENVIRONMENT]) if environ.get(ENVIRONMENT) else None)
    if named is not None:
        return _named(cwd / named.expanduser(), "--config" if path else f"${ENVIRONMENT}")
    places = (cwd / FILE_NAME, _user_folder() / FILE_NAME)
    for place in places:
        if place.is_file():
            return place.absolute()
    tried = " and ".join(str(place) for place in places)
    raise ConfigError(f"no configuration file was found; looked for {tried}", remedy=_HINT)


def parse(
    text: str,
    *,
    path: Path,
    provider_settings: Mapping[str, type[ProviderSettings]],
    environ: Mapping[str, str] | None = None,
) -> Settings:
    """The settings written in ``text``, as if it stood in ``path``. Raises ConfigError as ``load`` does.

    ``environ``: where something is wrong, secrets are looked for with it, ``None`` = they are not.
    """
    tables = _toml(text, path)
    context = {"file": path, "directory": path.parent, "providers": frozenset(provider_settings)}
    written = tables.pop("providers", {})
    problems: list[str] = []
    sections = _validated(Sections, tables, "", context, problems)
    providers = _providers(written, provider_settings, context, problems)
    if problems or sections is None:
        if environ is not None:
            problems += unready(providers, directory=path.parent, environ=environ)
        raise _unusable(path, problems)
    values = {name: getattr(sections, name) for name in Sections.model_fields}
    return Settings(path=path, providers=MappingProxyType(providers), **values)


def _user_folder() -> Path:
    from platformdirs import user_config_path

    return user_config_path("contact-sync", appauthor=False)


def _named(path: Path, where: str) -> Path:
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file (named by {where})", remedy=_HINT)
    return path.absolute()


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise _unusable(path, [f"cannot be read ({error.strerror}); make it readable for this user"]) from None
    if len(raw) > _MAX_BYTES:
        raise _unusable(path, ["is longer than 1 MiB; this is hardly a configuration file"])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unusable(path, [f"is not UTF-8 text (at byte {error.start}); save it as UTF-8"]) from None


def _toml(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fault = str(error) if str(error).isprintable() else ascii(str(error))
        raise _unusable(path, [f"is not valid TOML: {fault}; correct that line"]) from None
    except RecursionError:
        raise _unusable(path, ["is nested too deeply; this is hardly a configuration file"]) from None


def _unusable(path: Path, problems: list[str]) -> ConfigError:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return ConfigError(
        f"the configuration {path} cannot be used: {count}",
        problems=tuple(f"{path}: {problem}" for problem in problems),
        remedy="Correct every line named above; config.example.toml shows each key with its meaning.",
    )


def _validated(
    model: type[_Model], table: object, prefix: str, context: dict[str, object], problems: list[str]
) -> _Model | None:
    """``table`` as ``model``; ``None`` when it is wrong, with every fault added to ``problems``."""
    try:
        return model.model_validate(table, context=context)
    except ValidationError as error:
        problems.extend(described(error, model, prefix))
        return None


def _providers(
    written: object,
    known: Mapping[str, type[ProviderSettings]],
    context: dict[str, object],
    problems: list[str],
) -> dict[str, ProviderSettings]:
    if not isinstance(written, dict):
        problems.append("providers: must hold one table for each provider, as in [providers.topo]")
        return {}
    if not written:
        names = ", ".join(f"[providers.{name}]" for name in sorted(known))
        problems.append(f"providers: no provider is configured; add at least one of {names}. {_HINT}")
    found: dict[str, ProviderSettings] = {}
    for name, table in written.items():
        key = shown_key(("providers", name))
        if name not in known:
            problems.append(f"{key}: {unknown(name, known, 'provider')}")
            continue
        settings = _validated(known[name], table, key, context, problems)
        if settings is not None:
            found[name] = settings
            problems += _strange_sources(key, settings, written)
    return found


def _strange_sources(key: str, settings: ProviderSettings, written: Mapping[str, object]) -> list[str]:
    """A line for each provider that people are to come from and that is not configured."""
    return [
        f"{key}.create_from: names {name}, which is not configured; add [providers.{name}] or take it out"
        for name in settings.create_from
        if name not in written
    ]
