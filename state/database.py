"""The open database: short transactions of the one writer, and reads.

Every write goes through ``Database.write``: it checks that the file is still the one that was opened and that
no other writer took over, it carries the sums over each table's rows along (see ``digests``), and it is durable
when it returns.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from state.connection import RESTORE, prepare, transaction, translated, understood
from state.digests import Sums
from state.points import point
from sync.errors import LockHeld, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from state.connection import Connection
    from state.lock import RunLock

NEVER_WRITTEN = (ValueError, KeyError, TypeError, LookupError, AttributeError, OverflowError)
"""What reading a row raises whose bytes have changed."""


class Database:
    """One connection. ``path`` is ``None`` in memory; ``epoch`` is the one this writer works in.

    ``lock`` is the one that the writer holds, as long as somebody else could take the same.
    """

    def __init__(self, raw: sqlite3.Connection, path: Path | None, *, read_only: bool = False) -> None:
        self.raw = raw
        self.path = path
        self.read_only = read_only
        self.epoch: int | None = None
        self.lock: RunLock | None = None
        try:
            prepare(raw, durable=path is not None and not read_only, read_only=read_only)
        except BaseException:
            raw.close()
            raise
        self._file = None if path is None else path.stat()
        self._refusal: Exception | None = None
        self._turn = threading.RLock()
        self.sums = Sums(raw)

    @contextmanager
    def write(self, name: str, *, takes_over: bool = False) -> Iterator[Connection]:
        """One transaction of the class ``name`` (see ``points``), durable afterwards or without any effect.

        ``takes_over`` makes this the one writer. Raises ``StateError`` when another writer took over before,
        when the file was replaced, or when SQLite refuses; ``LockHeld`` when the lock was replaced. Once the disk
        refused, every later write is refused with the same words: who works beside the one that failed must not
        send anything any more.
        """
        with self._turn, translated("the state database cannot be written"):
            self._check_file()
            self._check_lock()
            if self._refusal is not None:
                raise self._refusal
            try:
                with transaction(self.raw, "BEGIN IMMEDIATE") as connection, understood(json.JSONDecodeError):
                    if not takes_over:
                        self._check_epoch(connection)
                    yield connection
                    self.sums.keep(connection)
                    point(f"{name}.before_commit")
            except BaseException as error:
                self.sums.drop()
                of_disk = isinstance(error.__cause__ or error, (sqlite3.OperationalError, OSError))
                self._refusal = error if of_disk and isinstance(error, Exception) else None
                raise
            point(f"{name}.after_commit")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; nothing is written.

        Raises ``StateError`` when SQLite refuses, or when a row holds what was never written there.
        """
        reading = translated("the state database cannot be read")
        with self._turn, reading, transaction(self.raw, "BEGIN") as connection, understood(*NEVER_WRITTEN):
            yield connection

    def _check_epoch(self, connection: Connection) -> None:
        epoch = connection.exec_driver_sql("SELECT epoch FROM store").scalar_one()
        if self.epoch != epoch:
            raise StateError(
                "another writer took over the state database", remedy="let the other run finish, then run again"
            )

    def _check_file(self) -> None:
        """The path still leads to the file that was opened."""
        if self.path is None or self._file is None:
            return
        try:
            same = os.path.samestat(self._file, self.path.stat())
        except FileNotFoundError:
            same = False
        if not same:
            raise StateError(
                "the state database was replaced or removed while it was open",
                remedy=f"{RESTORE}, then run again",
            )

    def _check_lock(self) -> None:
        """The lock that we hold is still the one that others would take."""
        if self.lock is not None and not self.lock.still_held():
            raise LockHeld(
                "the lock file was replaced or removed while it was held, so another run may be at work",
                remedy="leave the file alone, make sure that nothing else runs, then run again",
            )

    def compact(self) -> None:
        """The file holds no free page, so nothing of what was deleted."""
        with self._turn, translated("the state database cannot be compacted"):
            self.raw.execute("VACUUM")

    def close(self) -> None:
        """The connection is closed; safe to call twice."""
        self.raw.close()
