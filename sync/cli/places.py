"""Where the state is kept, and the store opened only to look at it."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
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


def check_spare(settings: Settings, target: Path, flag: str, *, copy: bool = False) -> None:
    """``target`` takes the place of nothing that contact-sync itself needs or keeps, there or not yet. Raises a
    usage error otherwise.

    ``copy``: it is a backup, which may go where backups are.
    """
    import click

    if any(_is_same(target, path) for path in _own_files(settings)) or _is_set_aside(settings, target):
        raise click.BadParameter(f"{target} is in use by contact-sync itself; name another file", param_hint=flag)
    if not copy and _is_same(target.absolute().parent, settings.state.backups):
        raise click.BadParameter(
            f"{target} is in the folder of the backups; name a file in another folder", param_hint=flag
        )


def _is_same(one: Path, other: Path) -> bool:
    """Whether both name one place; also by a second name, where something is there."""
    with suppress(OSError):
        return one.samefile(other)
    return os.path.realpath(one) == os.path.realpath(other)


def _is_set_aside(settings: Settings, target: Path) -> bool:
    """Whether a database that a backup replaced is kept under that name, or may be: they are numbered."""
    database = database_file(settings)
    beside = _is_same(target.absolute().parent, database.parent)
    return beside and target.name.startswith(f"{database.name}.replaced")


def _own_files(settings: Settings) -> Iterator[Path]:
    from sync.config.sections import BESIDE_DATABASE

    database = database_file(settings)
    yield from (database.with_name(database.name + end) for end in BESIDE_DATABASE)
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
