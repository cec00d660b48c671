"""Is this file ours, whole, and of a version we know?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from state import digests
from state.connection import RESTORE, pragma, translated
from sync.errors import StateError

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import Connection

SCHEMA_VERSION = 8
"""``PRAGMA user_version`` of a database in the shape of ``state.tables``; the number of the newest migration."""

FIRST_WITH_SUMS = 3
"""The first schema that has sums over the rows."""

APPLICATION_ID = 0x43534E43
"""``PRAGMA application_id``, the letters ``CSNC``: tells our files from other SQLite databases."""

QUICKLY_READ = 32 * 1024 * 1024
"""The size of a database, in bytes, up to which reading every row takes less than a second."""

READING = "the state database cannot be read"
DAY = 24 * 3600 * 1_000_000


def is_blank(raw: sqlite3.Connection) -> bool:
    """Whether the database holds nothing at all: it was just made."""
    return not raw.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]


def check_ours(raw: sqlite3.Connection) -> None:
    """The file is a contact-sync database that this program can read, or a blank one.

    Raises ``StateError`` when it is damaged, somebody else's, or newer; the file is untouched.
    """
    with translated(READING):
        blank, owner = is_blank(raw), pragma(raw, "application_id")
        version = pragma(raw, "user_version")
    if blank and not owner and not version:
        return
    if owner != APPLICATION_ID:
        raise StateError(
            "the state database belongs to another program", remedy="set [state] url to a file of its own"
        )
    if version > SCHEMA_VERSION:
        raise StateError(
            f"the state database has schema version {version}, this program knows {SCHEMA_VERSION}",
            remedy="use the newer contact-sync that wrote it",
        )


def check_whole(raw: sqlite3.Connection, *, thorough: bool = False) -> None:
    """Pages and references are sound; ``thorough``: every index fits its rows, and every row is as it was written.

    Raises ``StateError`` when the database is damaged.
    """
    check = "integrity_check(1)" if thorough else "quick_check(1)"
    with translated(READING):
        verdict = pragma(raw, check)
        broken = raw.execute("PRAGMA foreign_key_check").fetchone()
    if verdict != "ok":
        raise StateError("the state database is damaged", remedy=RESTORE)
    if broken:
        raise StateError(f"the state database is damaged: table {broken[0]} misses rows", remedy=RESTORE)
    if thorough:
        _check_sums(raw)


def _check_sums(raw: sqlite3.Connection) -> None:
    """A store of an older schema, and only such a one, has none."""
    kept = digests.are_kept(raw)
    if kept != (pragma(raw, "user_version") >= FIRST_WITH_SUMS):
        raise StateError("the state database is damaged: its schema is not that of its version", remedy=RESTORE)
    if kept:
        digests.check(raw)


def is_due(raw: sqlite3.Connection, now: int) -> bool:
    """Whether a thorough check is due: always while that is quick, and once a day when there is much to read."""
    if pragma(raw, "page_count") * pragma(raw, "page_size") <= QUICKLY_READ:
        return True
    if not digests.are_kept(raw):
        return True
    return not 0 <= now - digests.last_check(raw) < DAY


def broken_references(connection: Connection) -> bool:
    """Whether a row refers to one that does not exist."""
    return connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone() is not None
