"""Copies of a store that are whole at every instant."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from state.checks import check_ours, check_whole
from state.connection import open_raw, translated
from state.files import create_private, flush_folder, make_folder
from state.points import point

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


def _flush(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
