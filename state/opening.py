"""Opening a store: for a run, for a rehearsal that leaves no trace, or only to look.

Whatever makes the store unfit stops here, before anything is sent anywhere.
"""

from __future__ import annotations

import os
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from state import marker, optouts
from state.backup import copy_database, dated_name, drop_unfinished, expire
from state.checks import check_ours, check_whole, is_blank, is_due
from state.connection import open_memory, open_raw, pragma, translated
from state.database import Database
from state.files import check_private, folder_warnings, make_folder
from state.key import ephemeral_key, load_key, make_key
from state.ledger import check_writable
from state.migrating import is_current, migrate
from state.rows import to_time
from state.store import SqliteStore
from sync.errors import StateError
from sync.private_files import create_private, flush_folder

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

Mode = Literal["write", "scratch", "read"]


def open_store(url: str, *, ledger: Path, key: Path, backups: Path, mode: Mode) -> SqliteStore:
    """The store at ``url`` (``sqlite:///…``; ``sqlite://`` keeps nothing), checked and of this schema.

    ``write`` makes or migrates what is needed, a populated store after a backup. ``scratch`` works on a copy in
    memory; nothing on disk is touched. ``read`` refuses every write.

    Raises ``StateError`` when the store is damaged, somebody else's, newer, open to others, cannot be written,
    or (in ``read``) not there yet or older.
    """
    path, key = database_path(url), key_path(key)
    with translated("the state store cannot be opened"):
        ledger = type(ledger)(os.path.realpath(ledger))  # a link as the database may be one; no loop is followed
        if mode == "read":
            return _open_read(path, ledger, key)
        if mode == "scratch":
            return _open_scratch(path, ledger, key)
        return _open_write(path, ledger, key, backups)


def database_path(url: str) -> Path | None:
    """The file of a database URL, ``None`` for one in memory; ``StateError`` for another kind of database."""
    from pathlib import Path

    scheme, mark, rest = url.partition("://")
    if not mark:
        raise StateError("[state] url is no database URL", remedy="write sqlite:///PATH")
    if scheme.partition("+")[0] != "sqlite":
        raise StateError(f"[state] url names {scheme}, only SQLite works", remedy="write sqlite:///PATH")
    if rest and not rest.startswith("/"):
        raise StateError(f"[state] url names a host, {rest.partition('/')[0]}", remedy="write sqlite:///PATH")
    name = rest.partition("?")[0].removeprefix("/")
    return None if name in {"", ":memory:"} else Path(name)


def key_path(key: Path) -> Path:
    """The key's file, also where the settings write it ``file:PATH``."""
    return type(key)(str(key).removeprefix("file:"))


def _open_write(path: Path | None, ledger: Path, key: Path, backups: Path) -> SqliteStore:
    warnings: list[str] = []
    if path is not None:
        warnings += make_folder(path.parent)
        warnings += _expired(backups)
        drop_unfinished(path)
        _make_file(path)
        check_writable(ledger)
    database = Database(_raw(path, "rw"), path)
    try:
        warnings += _ready(database, backups)
        secret, found = _secret(database, key, ledger)
        warnings += found
        return _attach(database, ledger, secret, warnings)
    except BaseException:
        database.close()
        raise


def _expired(backups: Path) -> list[str]:
    """Old backups are gone also where nobody makes new ones; one that cannot be removed stops nothing."""
    try:
        expire(backups, datetime.now(UTC))
    except StateError as error:
        return [str(error)]
    return []


def _open_scratch(path: Path | None, ledger: Path, key: Path) -> SqliteStore:
    database = Database(open_memory(), None)
    try:
        warnings = _copy_into(database.raw, path)
        _ready(database, None)
        secret = load_key(key)
        with database.read() as connection:
            optouts.compared(connection, ledger, secret)  # refuses entries whose key is missing
        return _attach(database, ledger, secret or ephemeral_key(), warnings, beside=path)
    except BaseException:
        database.close()
        raise


def _copy_into(raw: sqlite3.Connection, path: Path | None) -> list[str]:
    """What the file holds, if there is one, is in the connection as well."""
    if path is None or not _has_content(path):
        return []
    with closing(_raw(path, "ro")) as source:
        check_ours(source)
        source.backup(raw)
    return folder_warnings(path.parent)


def _open_read(path: Path | None, ledger: Path, key: Path) -> SqliteStore:
    if path is None or not _has_content(path):
        raise StateError("there is no state store yet", remedy="`contact-sync run` makes it")
    database = Database(_raw(path, "ro"), path, read_only=True)
    try:
        check_ours(database.raw)
        _check_current(database.raw)
        with database.read() as connection:
            found = marker.noted(connection)
            own = marker.own(connection)[1]
        told = marker.load_marker(path)
        return SqliteStore(
            database,
            key=load_key(key),
            ledger=ledger,
            lost_database=found.lost,
            rolled_back=found.rolled_back or marker.is_rolled_back(told, own),
            other_host=marker.is_elsewhere(told),
            warnings=folder_warnings(path.parent),
        )
    except BaseException:
        database.close()
        raise


def _check_current(raw: sqlite3.Connection) -> None:
    if not is_current(raw):
        raise StateError(
            "the state store has an older schema", remedy="`contact-sync state upgrade` brings it up to date"
        )


def _make_file(path: Path) -> None:
    """The file exists and is private. Made before SQLite does, whose own files others could read."""
    check_private(path)
    if not path.exists():
        create_private(path)
        flush_folder(path.parent)


def _has_content(path: Path) -> bool:
    check_private(path)
    return path.exists() and path.stat().st_size > 0


def _raw(path: Path | None, mode: str) -> sqlite3.Connection:
    return open_memory() if path is None else open_raw(path, mode)


def _ready(database: Database, backups: Path | None) -> list[str]:
    """The database is ours, whole and of this schema; saved to ``backups`` before it was migrated."""
    raw, warnings = database.raw, list[str]()
    check_ours(raw)
    now = datetime.now(UTC)
    if not is_blank(raw):
        thorough = is_due(raw, to_time(now)) or not is_current(raw)
        check_whole(raw, thorough=thorough)
        if thorough:
            database.sums.found_whole(to_time(now))
    if not is_current(raw):
        if backups is not None and not is_blank(raw):
            name = dated_name(f"before-migration-of-schema-{pragma(raw, 'user_version')}", now)
            warnings += copy_database(raw, backups / name)
            expire(backups, now)
        migrate(raw)
    database.sums.follow()
    return warnings


def _secret(database: Database, key: Path, ledger: Path) -> tuple[bytes, list[str]]:
    """The key, made when there is none; ``StateError`` when a ledger or its mirror needs one that is missing."""
    secret = load_key(key)
    with database.read() as connection:
        optouts.compared(connection, ledger, secret)
    return (secret, []) if secret is not None else make_key(key)


def _attach(
    database: Database, ledger: Path, secret: bytes, warnings: list[str], *, beside: Path | None = None
) -> SqliteStore:
    """The store, its ledger taken over, and what was found about its past noted in it.

    ``beside``: the file that a scratch store was copied from; neither it nor what lies around it is touched.
    """
    place = database.path or beside
    told = None if place is None else marker.load_marker(place)
    with database.write("opening", takes_over=True) as connection:
        fresh = marker.begin_lineage(connection, told)
        taken = optouts.reconcile(connection, ledger, secret, write=beside is None)
        epoch, own = marker.own(connection)
        lost = fresh and (own.serial > 0 or len(optouts.load(connection)) > 0)
        found = marker.note(connection, lost=lost, rolled_back=not fresh and marker.is_rolled_back(told, own))
    database.epoch = epoch
    if taken.erased:
        database.compact()
    if database.path is not None and (fresh or (told is None and not found.rolled_back)):
        marker.save_marker(database.path, own)
    return SqliteStore(
        database,
        key=secret,
        ledger=None if beside is not None or database.path is None else ledger,
        lost_database=found.lost,
        rolled_back=found.rolled_back,
        other_host=not fresh and marker.is_elsewhere(told),
        warnings=[*warnings, *taken.found],
    )
