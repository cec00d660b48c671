"""Where the state is kept, and the store opened only to look at it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from state.store import SqliteStore
    from sync.config import Settings


def database_file(settings: Settings) -> Path:
    """The database's file."""
    return settings.state.database


def is_made(settings: Settings) -> bool:
    """Whether there is a state store with something in it. Raises ``StateError`` when nobody can look."""
    from state.connection import translated

    path = database_file(settings)
    with translated(f"{path} cannot be looked at"):
        return path.exists() and path.stat().st_size > 0


def ledger_entries(settings: Settings) -> int:
    """How many opt-outs the ledger holds. Raises ``StateError`` when it or its key cannot be read."""
    from state.connection import translated
    from state.key import load_key
    from state.ledger import load_ledger

    with translated("the ledger or its key cannot be read"):
        return len(load_ledger(settings.state.ledger, load_key(settings.key_file)).entries)


def was_lost(settings: Settings, entries: int) -> bool:
    """Whether a database that is not there was there: opt-outs are known, or the marker tells of runs."""
    from state.marker import load_marker

    told = load_marker(database_file(settings))
    return entries > 0 or (told is not None and told.serial > 0)


def check_spare(settings: Settings, target: Path, flag: str) -> None:
    """``target`` takes the place of nothing that contact-sync itself needs. Raises a usage error otherwise."""
    import click

    if any(target.exists() and path.exists() and target.samefile(path) for path in _own_files(settings)):
        raise click.BadParameter(f"{target} is in use by contact-sync itself", param_hint=flag)


def _own_files(settings: Settings) -> Iterator[Path]:
    from state.lock import daemon_lock_path, run_lock_path
    from state.marker import marker_path

    database = database_file(settings)
    yield from (database, run_lock_path(database), daemon_lock_path(database), marker_path(database))
    yield from (settings.state.ledger, settings.key_file, settings.path)
    for own in settings.providers.values():
        yield from (settings.directory / Path(name).expanduser() for name in own.files())


@contextmanager
def looked_at(settings: Settings) -> Iterator[SqliteStore]:
    """The store while entered, without its lock and unable to write; a run may work at the same time.

    Raises ``StateError`` when it cannot be read or is gone, ``ConfigError`` when there never was one.
    """
    from state.opening import open_store
    from sync.errors import ConfigError

    place = settings.state
    if not (is_made(settings) or os.path.lexists(place.ledger)):
        raise ConfigError(
            f"nothing is known yet: there is no state store at {place.database}",
            remedy="`contact-sync run` or `contact-sync import` makes it; is this the right --config?",
        )
    with open_store(
        place.url, ledger=place.ledger, key=settings.key_file, backups=place.backups, mode="read"
    ) as store:
        yield store
