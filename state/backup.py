"""Copies of a store that are whole at every instant."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from state.checks import check_ours, check_whole
from state.connection import open_raw, translated
from state.files import create_private, flush_folder, make_folder
from state.points import point
from sync.errors import StateError

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from state.store import SqliteStore


def backup(store: SqliteStore, path: Path) -> list[str]:
    """``path`` is a checked copy of the store, 0600, or is as it was; warnings about its folder.

    Raises ``StateError`` when the copy cannot be made or is not sound.
    """
    return copy_database(store.database.raw, path)


def copy_database(raw: sqlite3.Connection, path: Path) -> list[str]:
    """As ``backup``, from a plain connection."""
    fresh = path.with_name(path.name + ".new")
    with translated("the backup cannot be written"):
        warnings = make_folder(path.parent)
        fresh.unlink(missing_ok=True)
        create_private(fresh)
        with closing(open_raw(fresh, "rw")) as target:
            raw.backup(target)
            check_ours(target)
            check_whole(target, thorough=True)
        _flush(fresh)
        point("backup.before_replace")
        fresh.replace(path)
        flush_folder(path.parent)
        point("backup.after_replace")
    return warnings


def restore(copy: Path, database: Path) -> Path | None:
    """``database`` is the checked ``copy``; what stood there is kept under the path that is returned.

    The caller holds the run lock. The next opening tells that an older state was put back. Raises
    ``StateError``, and changes nothing, when the copy is not there, not ours or not sound.
    """
    if not copy.is_file():
        raise StateError(f"there is no backup at {copy}")
    fresh = database.with_name(database.name + ".restored")
    with translated("the backup cannot be restored"):
        with closing(open_raw(copy, "ro")) as source:
            copy_database(source, fresh)
        former = _set_aside(database)
        fresh.replace(database)
        flush_folder(database.parent)
    return former


def _set_aside(database: Path) -> Path | None:
    """A journal goes with its database: left behind, it would be rolled into the copy."""
    if not database.exists():
        return None
    former = database.with_name(database.name + ".replaced")
    journal = database.with_name(database.name + "-journal")
    former.with_name(former.name + "-journal").unlink(missing_ok=True)
    if journal.exists():
        journal.replace(former.with_name(former.name + "-journal"))
    database.replace(former)
    return former


def _flush(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
