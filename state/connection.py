"""One SQLite connection behind a SQLAlchemy engine, set up so that a commit means what it says.

Rollback journal (a WAL reset can corrupt the file before SQLite 3.51.3), ``synchronous=EXTRA`` (the journal's
deletion is on disk too), ``BEGIN IMMEDIATE`` for whatever writes (a deferred transaction that writes after
reading loses updates), and no bound values in error texts.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sync.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUSY_TIMEOUT_S = 5.0

COMMON = ("foreign_keys=ON", "secure_delete=ON", "trusted_schema=OFF", "cell_size_check=ON", "temp_store=MEMORY")
DURABLE = ("journal_mode=DELETE", "synchronous=EXTRA", "cache_size=-65536")

BEGIN = "sqlite_begin"
RESTORE = "restore a backup with `contact-sync state restore`"
READ_REMEDY = (
    "look at the file's rights and the free space; if a run was killed, `contact-sync state check` rolls its "
    "unfinished write back"
)


def open_raw(path: Path, mode: str) -> sqlite3.Connection:
    """A plain connection to an existing file; ``mode`` is ``rw`` or ``ro``; no transaction opens by itself."""
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"
    return sqlite3.connect(
        address, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False
    )


def open_memory() -> sqlite3.Connection:
    """A plain connection to a new database in memory."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


def make_engine(raw: sqlite3.Connection, *, durable: bool, read_only: bool = False) -> Engine:
    """An engine whose only connection is ``raw``, with every pragma set; closed by ``Engine.dispose``."""
    for pragma in (*COMMON, *(DURABLE if durable else ()), *(("query_only=ON",) if read_only else ())):
        raw.execute(f"PRAGMA {pragma}").fetchall()
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool, hide_parameters=True)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    statement = connection.get_execution_options().get(BEGIN, "BEGIN IMMEDIATE")
    connection.exec_driver_sql(statement)


def pragma(source: Connection | sqlite3.Connection, name: str) -> Any:
    """The value of a pragma."""
    statement = f"PRAGMA {name}"
    row = source.execute(statement) if isinstance(source, sqlite3.Connection) else _driver(source)(statement)
    return row.fetchone()[0]


def _driver(connection: Connection) -> Callable[[str], Any]:
    return connection.exec_driver_sql


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Whatever SQLite or the file system refuses inside is a ``StateError`` that names no value."""
    try:
        yield
    except DBAPIError as error:
        raise StateError(f"{doing}: {error.orig}", remedy=_remedy(error.orig)) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise StateError(f"{doing}: {error}", remedy=_remedy(error)) from error
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


def _remedy(error: BaseException | None) -> str:
    damaged = getattr(error, "sqlite_errorcode", None) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    return RESTORE if damaged else READ_REMEDY
