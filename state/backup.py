"""Copies of a store that are whole at every instant."""

from __future__ import annotations

import glob
import os
import re
import sqlite3
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from state.checks import check_ours, check_whole, is_blank
from state.connection import open_raw, transaction, translated
from state.digests import Sums, are_kept
from state.files import make_folder
from state.points import point
from state.rows import from_time_or_none
from sync.errors import ConfigError, StateError
from sync.private_files import create_private, flush_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from state.store import SqliteStore

KEPT_FOR = timedelta(days=30)
"""How long a backup is kept: what was erased since then must not live on in it."""

UNFINISHED_FOR = timedelta(days=1)
"""After so long nobody works any more on a backup that is not whole yet."""

STAMP = "%Y%m%dT%H%M%S%fZ"
DATED = re.compile(r"(?:state|before-migration-of-schema-\d+)-(\d{8}T\d{12}Z)\.db(\.new)?")


def dated_name(what: str, at: datetime) -> str:
    """The name of a backup that ``expire`` knows again."""
    return f"{what}-{at.astimezone(UTC).strftime(STAMP)}.db"


def expire(folder: Path, now: datetime) -> list[Path]:
    """Backups with dated names that are older than ``KEPT_FOR`` are gone, and those that a killed program did not
    finish; which ones. The newest stays, whatever the clock says: if it is wrong, there is something to put back.

    Other files are left alone. Raises ``StateError`` when one cannot be removed.
    """
    with translated("an old backup cannot be removed"):
        dated = [(path, DATED.fullmatch(path.name)) for path in (folder.iterdir() if folder.is_dir() else ())]
        found = sorted((_moment(name[1], now), path, bool(name[2])) for path, name in dated if name)
        whole = [(at, path) for at, path, unfinished in found if not unfinished]
        expired = [path for at, path in whole[:-1] if now - at > KEPT_FOR]
        expired += [path for at, path, unfinished in found if unfinished and now - at > UNFINISHED_FOR]
        for path in expired:
            path.unlink(missing_ok=True)
        if expired:
            flush_folder(folder)
    return expired


def _moment(stamp: str, otherwise: datetime) -> datetime:
    with suppress(ValueError):
        return datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    return otherwise


def backup(store: SqliteStore, path: Path) -> list[str]:
    """``path`` is a checked copy of the store, 0600, or is as it was; warnings about its folder.

    Raises ``StateError`` when the copy cannot be made or is not sound, ``ConfigError`` when something else than a
    former copy is there.
    """
    if path.exists() and not _is_former(store, path):
        raise ConfigError(
            f"{path} is there and is no backup of this state store, so it is left as it is",
            remedy="name another PATH, or remove what is there",
        )
    return copy_database(store.database.raw, path)


def _is_former(store: SqliteStore, path: Path) -> bool:
    """Whether nothing is lost with what stands at ``path``: an earlier copy of this database, or an empty file."""
    if not path.is_file():
        return False
    if path.stat().st_size == 0:
        return True
    with suppress(sqlite3.Error), closing(open_raw(path, "ro")) as raw:
        return bool(raw.execute("SELECT lineage FROM store").fetchone() == (store.standpoint()[0],))
    return False


def copy_database(raw: sqlite3.Connection, path: Path) -> list[str]:
    """As ``backup``, from a plain connection."""
    fresh = path.with_name(path.name + ".new")
    with translated("the backup cannot be written"):
        warnings = make_folder(path.parent)
        fresh.unlink(missing_ok=True)
        create_private(fresh)
        try:
            _fill(fresh, raw)
            point("backup.before_replace")
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        flush_folder(path.parent)
        point("backup.after_replace")
    return warnings


def _fill(fresh: Path, raw: sqlite3.Connection) -> None:
    with closing(open_raw(fresh, "rw")) as target:
        raw.backup(target)
        check_ours(target)
        check_whole(target, thorough=True)
    _flush(fresh)


def restore(copy: Path, database: Path) -> Path | None:
    """``database`` is the checked ``copy``; what stood there is kept under the path that is returned.

    The caller holds the run lock. The next opening tells that an older state was put back. Raises
    ``StateError``, and changes nothing, when the copy is not there, empty, not ours or not sound.
    """
    check_backup(copy, database)
    fresh = _unfinished(database)
    with translated("the backup cannot be restored"):
        with closing(open_raw(copy, "ro")) as source:
            copy_database(source, fresh)
        _note_older(fresh)
        former = _set_aside(database)
        point("restore.before_replace")
        fresh.replace(database)
        flush_folder(database.parent)
    return former


def _unfinished(database: Path) -> Path:
    return database.with_name(database.name + ".restored")


def drop_unfinished(database: Path) -> None:
    """Nothing is left of a copy that a killed ``restore`` did not put in place: nobody is erased in it."""
    fresh = _unfinished(database)
    for path in (fresh, fresh.with_name(fresh.name + ".new")):
        path.unlink(missing_ok=True)


def check_backup(copy: Path, database: Path) -> None:
    """``copy`` is a sound store that may stand in for ``database``.

    Raises ``StateError`` otherwise, ``ConfigError`` where there is no file.
    """
    if not copy.is_file():
        raise ConfigError(f"there is no backup at {copy}", remedy="name a file that `state backup` made")
    if database.exists() and copy.samefile(database):
        raise StateError(f"{copy} is the state database itself, no backup of it")
    with _as_backup(copy), translated("it cannot be read"), closing(open_raw(copy, "ro")) as source:
        check_ours(source)
        if is_blank(source):
            raise StateError("there is nothing in it")
        check_whole(source, thorough=True)


def extent(database: Path) -> tuple[int, datetime | None]:
    """How many people the database knows and when its last run began. Raises ``StateError`` when unreadable."""
    with translated("cannot be read"), closing(open_raw(database, "ro")) as raw:
        (people,) = raw.execute("SELECT count(*) FROM person WHERE status = 'active'").fetchone()
        (last,) = raw.execute("SELECT max(started_at) FROM run").fetchone()
    return people, from_time_or_none(last)


@contextmanager
def _as_backup(copy: Path) -> Iterator[None]:
    """What a check says of the state database is told of ``copy``, with what helps there."""
    try:
        yield
    except StateError as error:
        what = str(error).replace("the state database", "it")
        raise StateError(
            f"{copy} cannot be put back: {what}", remedy="name a sound file that `state backup` made"
        ) from error


def _note_older(copy: Path) -> None:
    """The copy says of itself that it was put back, also when no run but an import went ahead of it."""
    with closing(open_raw(copy, "rw")) as raw:
        sums = Sums(raw)
        if are_kept(raw):
            sums.follow()
        with transaction(raw, "BEGIN IMMEDIATE") as connection:
            connection.exec_driver_sql("UPDATE store SET rolled_back = 1")
            sums.keep(connection)


def _set_aside(database: Path) -> Path | None:
    """The database has a second name, under which it is kept; it stays under its own until a copy takes that.

    What SQLite left beside it goes along, since it would be rolled into the copy; after it was rolled back, where
    that can be done, so that the database is whole at every instant.
    """
    former = _free_name(database)
    found = database.exists()
    if found:
        with suppress(sqlite3.Error), closing(open_raw(database, "rw")) as raw:
            is_blank(raw)  # SQLite does it at the first look
        os.link(database, former)
    for end in ("-journal", "-wal"):
        beside, kept = (path.with_name(path.name + end) for path in (database, former))
        kept.unlink(missing_ok=True)
        if beside.exists():
            beside.replace(kept)
    database.with_name(database.name + "-shm").unlink(missing_ok=True)
    return former if found else None


def set_aside(database: Path) -> list[Path]:
    """What was kept of the databases that copies replaced; nobody removes it, and it holds all that they held."""
    return sorted(database.parent.glob(glob.escape(database.name) + ".replaced*"))


def _free_name(database: Path) -> Path:
    """Where the database is kept that a copy replaces; what was replaced before stays there, too."""
    former = database.with_name(database.name + ".replaced")
    names = (former, *(former.with_name(f"{former.name}-{number}") for number in range(2, 1000)))
    return next((name for name in names if not name.exists()), former)


def _flush(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
