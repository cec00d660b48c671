"""The composition root: settings become providers, store and clock, and a cycle is run with them."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.registry import providers as known_providers
from adapters.registry import settings_models
from adapters.spec import Opening
from sync.clock import SystemClock
from sync.config import load, unready
from sync.engine.logbook import waits_told
from sync.engine.session import Options, Seat, Session
from sync.errors import ConfigError, LockHeld, StateError
from sync.guards import EVERY
from sync.report.words import count
from sync.secrets import resolve

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator, Mapping

    from state.lock import RunLock
    from state.store import SqliteStore
    from sync.config import Settings
    from sync.ports import Clock, Progress, Provider
    from sync.report.model import Report
    from sync.secrets import Secret
    from sync.store_port import ProviderState


LOCK_POLL_S = 0.1
"""Pause between two looks at a lock that another run holds."""


class Silent:
    """Progress that nobody watches."""

    def advance(self, stage: str, provider: str, done: int, total: int | None) -> None:
        """Nothing happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One cycle as it was asked for. ``providers``: names that take part, empty = all.

    ``max_requests``: provider → ceiling. ``wait_s``: how long to wait for the lock.
    """

    options: Options = field(default_factory=Options)
    providers: tuple[str, ...] = ()
    max_requests: Mapping[str, int] = field(default_factory=dict)
    wait_s: float = 0.0
    only: str | None = None


def load_settings(
    path: Path | None, environ: Mapping[str, str] | None = None, *, to_act: bool = False
) -> Settings:
    """The settings that count here. Raises ``ConfigError`` with every problem.

    ``to_act``: providers are to be asked, so what ``check_ready`` would find is told with the other problems.
    """
    environ = os.environ if environ is None else environ
    return load(path, provider_settings=settings_models(), environ=environ, cwd=Path.cwd(), to_act=to_act)


@contextmanager
def opened_store(
    settings: Settings, *, scratch: bool = False, wait_s: float = 0.0, held: RunLock | None = None
) -> Iterator[SqliteStore]:
    """The state store while entered: locked and writable, or a scratch copy that leaves no trace.

    ``held``: its lock, where that is held already; it is let go at the end all the same.
    """
    from state.local import check_local
    from state.lock import RunLock, run_lock_path
    from state.opening import open_store

    place = settings.state
    key = settings.key_file
    if scratch:
        with open_store(place.url, ledger=place.ledger, key=key, backups=place.backups, mode="scratch") as store:
            yield store
        return
    _make_private_folder(place.database.parent)
    if not place.network_file_system:
        check_local(place.database.parent)
    lock = held or RunLock(run_lock_path(place.database)).acquire(wait_s)
    try:
        with open_store(place.url, ledger=place.ledger, key=key, backups=place.backups, mode="write") as store:
            store.database.lock = lock
            yield store
    finally:
        lock.release()


def check_accepted(store: SqliteStore) -> None:
    """Raises ``StateError`` while a restored store is not accepted."""
    if store.rolled_back:
        raise StateError(
            "the state store is older than the last run knew, or the marker beside it is gone",
            remedy="look at `contact-sync status`, then accept it with `contact-sync state check --accept`",
        )


def _make_private_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"the folder {folder} cannot be made ({error.strerror})", remedy="choose another [state] url"
        ) from error


async def run_once(
    settings: Settings,
    request: Request,
    *,
    progress: Progress | None = None,
    clock: Clock | None = None,
    environ: Mapping[str, str] | None = None,
    stopping: asyncio.Event | None = None,
    made: Callable[[Session], None] | None = None,
    ending: Callable[[Report], int] | None = None,
) -> Report:
    """One whole cycle under the lock. ``made`` is shown the session before anything is asked.

    ``ending``: what the command ends with after such a report, which is kept of the run; ``None`` = as it says.

    Raises ``ConfigError`` before any request, ``StateError`` when the store cannot be trusted, ``LockHeld``
    when another run keeps the lock until the wait is over or ``stopping`` is set.
    """
    from sync.engine.cycle import run_cycle  # whoever only looks at the store waits for no engine
    from sync.exports import take_in_exports

    clock = clock or SystemClock()
    _check_names(settings, request)
    check_ready(settings, environ)
    with ExitStack() as stack:
        store = await _entered(stack, settings, request, clock, stopping)
        check_accepted(store)
        session = session_for(settings, request, store, clock, progress=progress, environ=environ)
        session.notes += dict.fromkeys(store.warnings)
        if stopping is not None:
            session.stopping = stopping
        if made is not None:
            made(session)
        return await run_cycle(session, take_in_exports, ending)


async def _entered(
    stack: ExitStack, settings: Settings, request: Request, clock: Clock, stopping: asyncio.Event | None
) -> SqliteStore:
    """The store, open until ``stack`` closes; the wait for its lock leaves the loop free to hear signals."""
    deadline = clock.monotonic() + request.wait_s
    while True:
        try:
            return stack.enter_context(opened_store(settings, scratch=request.options.leaves_no_trace))
        except LockHeld:
            if clock.monotonic() >= deadline or (stopping is not None and stopping.is_set()):
                raise
        await clock.sleep(LOCK_POLL_S)


def check_ready(settings: Settings, environ: Mapping[str, str] | None = None) -> None:
    """Every secret that will be asked for is there, and nothing waits for a person's word in the settings.

    Raises ``ConfigError`` that lists all that is missing.
    """
    environ = os.environ if environ is None else environ
    problems = [*unready(settings.providers, directory=settings.directory, environ=environ)]
    if problems:
        how_many = count(len(problems), "problem", "problems")
        raise ConfigError(
            f"the configuration {settings.path} cannot be used yet: {how_many}",
            problems=tuple(f"{settings.path}: {problem}" for problem in problems),
            remedy="contact-sync doctor checks everything",
        )


def session_for(
    settings: Settings,
    request: Request,
    store: SqliteStore,
    clock: Clock,
    *,
    progress: Progress | None = None,
    environ: Mapping[str, str] | None = None,
) -> Session:
    """A cycle's session with every configured provider made but not opened."""
    seats = {}
    for name, own in sorted(settings.providers.items()):
        state = store.provider_state(name)
        provider = make_provider(settings, name, clock, state, request, environ)
        active = not request.providers or name in request.providers
        seats[name] = Seat(provider, own, state, settings.fingerprint(name), active=active)
    return Session(
        run_id=clock.new_id(),
        started_at=clock.now(),
        store=store,
        clock=clock,
        settings=settings,
        seats=seats,
        options=request.options,
        progress=progress or Silent(),
        lost_database=store.lost_database,
        other_host=store.other_host,
        only_key=request.only,
    )


def _check_names(settings: Settings, request: Request) -> None:
    """Every provider that the command line names is there. Raises ``ConfigError``: a slip must not pass for
    a limit that holds, or for an allowance.
    """
    configured = set(settings.providers)
    for flag, named, known in (
        ("--provider", request.providers, configured),
        ("--max-requests", request.max_requests, configured),
        ("--allow", request.options.allowances.providers, {EVERY, *known_providers()}),
    ):
        unknown = set(named) - known
        if unknown:
            raise ConfigError(
                f"{flag} {min(unknown)}: no such provider is configured",
                remedy=f"configured are: {', '.join(sorted(configured))}",
            )


def make_provider(
    settings: Settings,
    name: str,
    clock: Clock,
    state: ProviderState,
    request: Request,
    environ: Mapping[str, str] | None = None,
) -> Provider:
    """The provider, not opened yet; secrets are resolved when it asks for them."""
    environ = os.environ if environ is None else environ

    def secret(reference: str) -> Secret:
        return resolve(reference, directory=settings.directory, environ=environ, key=f"[providers.{name}]")

    opening = Opening(
        clock=waits_told(clock, name),
        secret=secret,
        directory=settings.directory,
        memory=state.memory,
        max_requests=request.max_requests.get(name),
    )
    return known_providers()[name].open(settings.providers[name], opening)
