"""One SQLite connection, set up so that a commit means what it says.

Rollback journal (a WAL reset can corrupt the file before SQLite 3.51.3), ``synchronous=EXTRA`` (the journal's
deletion is on disk too), ``BEGIN IMMEDIATE`` for whatever writes (a deferred transaction that writes after
reading loses updates), and no bound values in error texts.

Statements go to the driver itself; SQLAlchemy is loaded for migrations only. Between the two it took 29 % of the
processor's time of a small cycle, and most of the time that a command needs to start.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sync.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Engine

SQLITE_VERSION = sqlite3.sqlite_version_info
BUSY_TIMEOUT_S = 5.0
STATEMENTS = 256
"""How many stay prepared; a cycle uses more than the 128 that the driver keeps by itself."""

COMMON = (
    "foreign_keys=ON", "secure_delete=ON", "trusted_schema=OFF", "cell_size_check=ON", "temp_store=MEMORY",
    "recursive_triggers=ON",
)  # fmt: skip
"""``recursive_triggers``: what REPLACE takes away fires its triggers, too."""

DURABLE = ("journal_mode=DELETE", "synchronous=EXTRA", "cache_size=-65536")

RESTORE = "restore a backup with `contact-sync state restore FILE`"
READ_REMEDY = "look at the file's rights and the free space"
REMEDIES = {
    sqlite3.SQLITE_CORRUPT: RESTORE,
    sqlite3.SQLITE_NOTADB: RESTORE,
    sqlite3.SQLITE_BUSY: "another program works with the file, perhaps a copy is being made: let it end",
    sqlite3.SQLITE_READONLY_ROLLBACK: (
        "a run was killed while it wrote: the next `contact-sync run`, or `contact-sync state check`, "
        "rolls that back"
    ),
}
PRIMARY = 0xFF
"""The part of an error code that is left without what is told in more detail."""


def open_raw(path: Path, mode: str) -> sqlite3.Connection:
    """A plain connection to an existing file; ``mode`` is ``rw`` or ``ro``; no transaction opens by itself."""
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(
        address,
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_S,
        check_same_thread=False,
        cached_statements=STATEMENTS,
    )


def open_memory() -> sqlite3.Connection:
    """A plain connection to a new database in memory."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS)


class Rows(sqlite3.Cursor):
    """What a statement answered, row by row; closed by the ``one`` of its rows that is asked for."""

    def first(self) -> Any:
        """The first row, or ``None``."""
        row = self.fetchone()
        self.close()
        return row

    def one(self) -> Any:
        """The first row, which must be there; else ``LookupError``."""
        row = self.first()
        if row is None:
            raise LookupError("no row")
        return row

    def scalar_one(self) -> Any:
        """The only value of the first row, which must be there; else ``LookupError``."""
        return self.one()[0]

    def all(self) -> list[Any]:
        """Every row that is left."""
        return self.fetchall()


class Connection:
    """The inside of one transaction."""

    __slots__ = ("raw",)

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw

    def exec_driver_sql(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """The statement is carried out, once for each row where ``parameters`` is a list of rows."""
        cursor = self.raw.cursor(Rows)
        if isinstance(parameters, list):
            return cursor.executemany(statement, parameters)
        return cursor.execute(statement, parameters)


@contextmanager
def transaction(raw: sqlite3.Connection, begin: str) -> Iterator[Connection]:
    """One transaction, opened by ``begin``; kept when nothing is raised inside, else without any effect."""
    raw.execute(begin)
    try:
        yield Connection(raw)
        raw.commit()
    except BaseException:
        raw.rollback()
        raise


def prepare(raw: sqlite3.Connection, *, durable: bool, read_only: bool = False) -> None:
    """Every pragma of the connection is set."""
    for pragma in (*COMMON, *(DURABLE if durable else ()), *(("query_only=ON",) if read_only else ())):
        raw.execute(f"PRAGMA {pragma}").fetchall()


def make_engine(raw: sqlite3.Connection) -> Engine:
    """An engine for migrations, whose only connection is ``raw``; it shows no bound values."""
    from sqlalchemy import StaticPool, create_engine, event

    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool, hide_parameters=True)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def pragma(raw: sqlite3.Connection, name: str) -> Any:
    """The value of a pragma."""
    return raw.execute(f"PRAGMA {name}").fetchone()[0]


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Whatever SQLite or the file system refuses inside is a ``StateError`` that names no value."""
    try:
        yield
    except sqlite3.Error as error:
        raise StateError(f"{doing}: {error}", remedy=_remedy(error)) from error
    except UnicodeDecodeError as error:  # SQLite repeats damaged text in its own words
        raise StateError(f"{doing}: it holds bytes that are no text", remedy=RESTORE) from error
    except OSError as error:
        raise StateError(f"{doing}: {error.strerror or type(error).__name__}", remedy=READ_REMEDY) from error


@contextmanager
def understood(*errors: type[Exception]) -> Iterator[None]:
    """One of ``errors`` inside means that a row is damaged: it could not be read as what was written."""
    try:
        yield
    except errors as error:
        raise StateError(
            f"a row of the state database is damaged ({type(error).__name__})", remedy=RESTORE
        ) from error


def _remedy(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0)
    return REMEDIES.get(code) or REMEDIES.get(code & PRIMARY, READ_REMEDY)
