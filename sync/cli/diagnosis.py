"""What ``doctor`` looks at: the machine, the state store, and each provider through its own preflight."""

from __future__ import annotations

import asyncio
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from sync.cli.checks import Check, failed
from sync.cli.places import database_file, is_made, looked_at
from sync.errors import ConfigError, ContactSyncError, StateError, Unreachable
from sync.store_port import ProviderState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from adapters.spec import Opening
    from sync.config import ProviderSettings, Settings
    from sync.ports import Provider
    from sync.secrets import Secret

SAFE_WAL = (3, 51, 3)
CLOCK_WARN_S = 10.0
DATE_DEADLINE_S = 10.0


def diagnosed(settings: Settings, providers: tuple[str, ...], *, offline: bool = False) -> Iterator[Check]:
    """Every check, one after the other, as it is made; ``offline``: without those that contact a provider."""
    names = ", ".join(sorted(settings.providers))
    yield Check("ok", "configuration", f"{settings.path}: valid; providers: {names}")
    yield _sqlite()
    yield from _state(settings)
    kept = _kept(settings, providers)
    for name in providers:
        yield from _unasked(settings, name) if offline else asyncio.run(_provider(settings, name, kept[name]))


def _sqlite() -> Check:
    from state.connection import SQLITE_VERSION

    version = ".".join(map(str, SQLITE_VERSION))
    if SQLITE_VERSION >= SAFE_WAL:
        return Check("ok", "sqlite", version)
    return Check("ok", "sqlite", f"{version}, with a rollback journal (WAL is safe from 3.51.3 on)")


def _state(settings: Settings) -> Iterator[Check]:
    from state.lock import RunLock, daemon_lock_path, run_lock_path
    from sync.cli.state import checked

    path = database_file(settings)
    yield _folder(path.parent)
    yield from (check for check in checked(settings, thorough=False) if check.what != "state folder")
    holder = RunLock(run_lock_path(path)).holder()
    yield Check("ok", "lock", f"held by {holder}" if holder else "free")
    daemon = RunLock(daemon_lock_path(path)).holder()
    yield Check("ok", "daemon", daemon or "not running")


def _folder(folder: Path) -> Check:
    import os

    if not folder.exists():
        nearest = next(parent for parent in folder.parents if parent.exists())
        if os.access(nearest, os.W_OK):
            return Check("ok", "state folder", f"{folder} is made by the first run")
        return Check("FAIL", "state folder", f"{folder} cannot be made", f"make {nearest} writable", 12)
    if not os.access(folder, os.W_OK | os.X_OK):
        return Check("FAIL", "state folder", f"{folder} cannot be written to", f"chmod u+rwx {folder}", 12)
    mode = folder.stat().st_mode & 0o777
    if mode & 0o077:
        return Check("warn", "state folder", f"{folder} is open to other users", f"chmod 700 {folder}")
    return Check("ok", "state folder", f"{folder}: yours alone")


def _kept(settings: Settings, providers: tuple[str, ...]) -> dict[str, ProviderState]:
    """What the store keeps of each provider; blank where there is no store that can be read."""
    try:
        if is_made(settings):
            with looked_at(settings) as store:
                return {name: store.provider_state(name) for name in providers}
    except StateError:
        pass
    return {name: ProviderState(provider=name) for name in providers}


def _unasked(settings: Settings, name: str) -> Iterator[Check]:
    """What can be told of the provider without contacting it."""
    own, secrets = settings.providers[name], _Secrets(settings, name)
    for key, what in own.unsettled().items():
        yield Check("FAIL", f"{name} settings", f"{key}: {what}", code=2)
    for reference in own.references().values():
        try:
            secrets.resolve(reference)
        except ConfigError as error:
            yield failed(f"{name} secret", error)
    yield from secrets.checks()
    yield from _export_file(name, own)


async def _provider(settings: Settings, name: str, kept: ProviderState) -> list[Check]:
    """The provider was opened, looked at and closed; nothing was changed there."""
    from adapters.registry import providers as known_providers
    from adapters.spec import Opening
    from sync.clock import SystemClock

    own = settings.providers[name]
    secrets = _Secrets(settings, name)
    opening = Opening(
        clock=SystemClock(), secret=secrets.resolve, directory=settings.directory, memory=kept.memory
    )
    try:
        provider = known_providers()[name].open(own, opening)
    except ContactSyncError as error:
        return [failed(name, error)]
    try:
        answered = await _opened(name, provider, kept)
        checks = [
            *secrets.checks(),
            *answered,
            *_limits(name, own, provider),
            *_export_file(name, own),
        ]
        if not any(check.level == "FAIL" for check in checks):
            checks += [*await _target(name, provider), *await _clock_offset(name, own, opening)]
        return checks
    finally:
        await provider.close()


class _Secrets:
    """Resolves the references that the provider asks for and remembers which it found."""

    def __init__(self, settings: Settings, provider: str) -> None:
        self._settings = settings
        self._provider = provider
        self._found: dict[str, None] = {}

    def resolve(self, reference: str) -> Secret:
        """The secret; see ``sync.secrets.resolve``."""
        import os

        from sync.secrets import resolve

        secret = resolve(
            reference,
            directory=self._settings.directory,
            environ=os.environ,
            key=f"[providers.{self._provider}]",
        )
        self._found[reference] = None
        return secret

    def checks(self) -> list[Check]:
        """One line for each secret found; of a command only its program is named."""
        return [
            Check("ok", f"{self._provider} secret", f"found: {reference.split()[0]}") for reference in self._found
        ]


async def _opened(name: str, provider: Provider, kept: ProviderState) -> list[Check]:
    try:
        account = await provider.open()
    except ContactSyncError as error:
        return [failed(name, error)]
    whose = f" for account {account.account_id}" if account.account_id else ""
    scopes = f"; scopes: {', '.join(account.scopes)}" if account.scopes else ""
    asked = provider.requests.read + provider.requests.write
    found = (
        f"answers{whose}{scopes}" if asked else "not asked: no harmless request is known, the first write tells"
    )
    checks = [Check("ok", name, found)]
    if None not in {kept.account_id, account.account_id} and kept.account_id != account.account_id:
        remedy = "check the credentials; the next run prints the --allow line that accepts it"
        checks.append(Check("warn", name, f"another account than before ({kept.account_id})", remedy))
    return checks + [Check("warn", name, problem) for problem in account.problems]


def _limits(name: str, own: ProviderSettings, provider: Provider) -> Iterator[Check]:
    """Settings and abilities that keep something from happening, which one may have forgotten."""
    caps = provider.capabilities
    off = [key for key in ("write", "create", "update") if not getattr(own, key)]
    if off:
        yield Check("warn", f"{name} settings", f"switched off: {', '.join(off)}")
    if caps.needs_import and own.write:
        yield Check(
            "warn",
            f"{name} settings",
            "people never seen in an import are not sent there (accept_blind_overwrite = false)",
            f"`contact-sync import {name} FILE`, or accept that edits made there may be overwritten",
        )
    elif not caps.needs_import and not caps.readable:
        yield Check(
            "warn", f"{name} settings", "edits made there may be overwritten (accept_blind_overwrite = true)"
        )
    if caps.effects and own.write:
        yield Check("warn", f"{name} effects", f"every write there also sets off: {', '.join(caps.effects)}")


def _export_file(name: str, own: ProviderSettings) -> Iterator[Check]:
    """Whether the export that speaks for the provider, if one is configured, is there."""
    path = own.export
    if path is None:
        return
    if path.is_file():
        yield Check("ok", f"{name} export", f"{path} is there")
    else:
        yield Check("warn", f"{name} export", f"export_file {path} is not there", "put the export there")


async def _target(name: str, provider: Provider) -> list[Check]:
    if not provider.capabilities.effects_at_target:
        return []
    try:
        target = await provider.target()
    except ContactSyncError as error:
        return [failed(f"{name} target", error)]
    if target.starts_outreach:
        what = "creates start outreach" if target.outreach_allowed else "nobody is created there while it does"
        return [Check("warn", f"{name} target", f"{target.reason}; {what}")]
    return [Check("ok", f"{name} target", target.reason or "a create there sets nothing else off")]


async def _clock_offset(name: str, own: ProviderSettings, opening: Opening) -> list[Check]:
    """How far our clock is from the server's, by the ``Date`` of an answer to a request without credentials."""
    try:
        date = await _date_told(name, own.address, opening.proxy(own.proxy))
    except Unreachable as error:
        return [failed(name, error)]
    if date is None:
        return []
    offset_s = (opening.clock.now() - date).total_seconds()
    if abs(offset_s) > CLOCK_WARN_S:
        return [Check("warn", f"{name} clock", f"ours is {offset_s:+.0f} s off", "set the clock of this machine")]
    return [Check("ok", f"{name} clock", "agrees with ours")]


async def _date_told(name: str, base_url: str, proxy: Callable[[], Secret] | None) -> datetime | None:
    """The server's time, ``None`` when it tells none. Raises ``Unreachable`` when nothing listens there."""
    from adapters.toolkit.http import Http, Request
    from sync.ports import RequestCounts

    async def no_headers() -> dict[str, str]:
        return {}

    http = Http(
        name, base_url, headers=no_headers, counts=RequestCounts(), deadline_s=DATE_DEADLINE_S, proxy=proxy
    )
    try:
        answer = await http.call(Request(method="GET", path="/", endpoint="date"))
        return parsedate_to_datetime(answer.headers["date"])
    except Unreachable as error:
        if error.__cause__ is None:  # a redirect: something does answer there
            return None
        raise
    except (ContactSyncError, KeyError, ValueError):
        return None
    finally:
        await http.close()
