"""A disk that is full, or refuses a write, at one moment of one transaction of a run: each moment has its turn.

The engine runs in this process. ``full``: the database cannot grow any more from the transaction on, and the
transaction needs it to. ``journal``: no file may grow beyond so many bytes from the transaction's beginning on,
so what it writes to the journal is refused from there on. ``pages``: the same from its end on, so the journal is
whole and a page of the database itself is refused. ``file``: the same when the marker or the ledger is written.
"""

from __future__ import annotations

import resource
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from unittest.mock import patch

import state.database
import state.ledger
import state.marker
from state import points
from state.checks import check_whole
from state.connection import open_raw
from state.connection import transaction as plain_transaction
from sync.errors import StateError
from tests.crash.scenes import SCENES, check_ending
from tests.engine.house import House, house

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from state.connection import Connection

Kind = Literal["full", "journal", "pages", "file"]
PAGE = 4096
JOURNAL_HEADER, JOURNAL_RECORD = 512, PAGE + 8
FILES = ("marker.before_replace", "ledger.before_append")
MORE = 64 * PAGE
RUNS_UNTIL_QUIET = 4


@dataclass(frozen=True)
class Trouble:
    """At the ``nth`` transaction (or file, from 1) of the run; ``size``: how far a file may still be written.

    ``lasting``: the disk stays like that until the run has ended.
    """

    kind: Kind
    nth: int
    size: int = 0
    lasting: bool = True

    def __str__(self) -> str:
        told = f"{self.kind} {self.nth}" + (f" beyond {self.size} bytes" if self.kind != "full" else "")
        return told + ("" if self.lasting else ", once")


@dataclass
class Disk:
    """The disk under one run. ``touched``: by transaction, the pages of the database it changed."""

    home: House
    trouble: Trouble | None = None
    transactions: int = 0
    files: int = 0
    struck: bool = False
    touched: list[list[int]] = field(default_factory=list)
    sent_later: int = 0
    """How many batches were sent after the disk had refused; others may be on their way when it does."""

    @contextmanager
    def transaction(self, raw: sqlite3.Connection, begin: str) -> Iterator[Connection]:
        if begin != "BEGIN IMMEDIATE":
            with plain_transaction(raw, begin) as connection:
                yield connection
            return
        self.transactions += 1
        mine = self.trouble if self._is_now("full", "journal", "pages", at=self.transactions) else None
        before = self._pages()
        try:
            self._begin(raw, mine)
            with plain_transaction(raw, begin) as connection:
                yield connection
                self._end(raw, mine)
        except sqlite3.Error:
            self._refused(raw)
            raise
        self.touched.append(_differing(before, self._pages()))

    def point(self, name: str) -> None:
        points.point(name)
        if name in FILES:
            self.files += 1
            if self._is_now("file", at=self.files):
                assert self.trouble is not None
                self._allow(self.trouble.size)
                self.struck = True
        elif name in {"marker.after_replace", "ledger.after_append"}:
            self.release()
        elif name == "sending.after_commit":
            self.sent_later += self.struck

    def release(self) -> None:
        """Files may grow as they like again."""
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))

    def _is_now(self, *kinds: Kind, at: int) -> bool:
        return self.trouble is not None and self.trouble.kind in kinds and self.trouble.nth == at

    def _begin(self, raw: sqlite3.Connection, mine: Trouble | None) -> None:
        if mine is None:
            return
        if mine.kind == "full":
            raw.execute(f"PRAGMA max_page_count={raw.execute('PRAGMA page_count').fetchone()[0]}").fetchone()
        if mine.kind == "journal":
            self._allow(mine.size)

    def _end(self, raw: sqlite3.Connection, mine: Trouble | None) -> None:
        if mine is None:
            return
        if mine.kind == "full":
            raw.execute("CREATE TABLE more AS SELECT zeroblob(?) AS bytes", (MORE,))
        if mine.kind == "pages":
            self._allow(mine.size)

    def _refused(self, raw: sqlite3.Connection) -> None:
        self.struck = True
        if self.trouble is not None and not self.trouble.lasting:
            self.release()
            raw.execute(f"PRAGMA max_page_count={2**30}").fetchone()

    @staticmethod
    def _allow(size: int) -> None:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    def _pages(self) -> list[bytes]:
        if self.trouble is not None:
            return []
        content = (self.home.folder / "state" / "state.db").read_bytes()
        return [content[at : at + PAGE] for at in range(0, len(content), PAGE)]


def _differing(before: list[bytes], after: list[bytes]) -> list[int]:
    grown = range(len(before), len(after))
    return [n for n, page in enumerate(before) if after[n : n + 1] != [page]] + list(grown)


async def _run_on(disk: Disk) -> StateError | None:
    """One run on that disk; the error that it ended in."""
    with (
        patch.object(state.database, "transaction", disk.transaction),
        patch.object(state.database, "point", disk.point),
        patch.object(state.marker, "point", disk.point),
        patch.object(state.ledger, "point", disk.point),
    ):
        try:
            await disk.home.run()
        except StateError as error:
            return error
        finally:
            disk.release()
    return None


async def _staged(scene: str, home: House) -> None:
    """What is there is synced, and the news are out."""
    home.section("sync", settle="0")
    before = SCENES[scene].before
    if before is not None:
        before(home)
        await _until_quiet(home)
    SCENES[scene].news(home)


async def _until_quiet(home: House) -> None:
    for _ in range(RUNS_UNTIL_QUIET):
        before = home.writes
        report = await home.run()
        if report.exit_code == 0 and home.writes == before:
            return
    raise AssertionError(f"it did not become quiet: the last run ended with {report.exit_code}")


async def troubles(scene: str, folder: Path) -> list[Trouble]:
    """Every moment at which the disk can refuse, found by watching one run of the scene."""
    async with house(folder) as home:
        await _staged(scene, home)
        disk = Disk(home)
        assert await _run_on(disk) is None
    found = [Trouble("file", nth) for nth in range(1, disk.files + 1)]
    for nth, pages in enumerate(disk.touched, 1):
        found += [Trouble("full", nth), Trouble("full", nth, lasting=False)]
        records = range(len(pages))
        found += [Trouble("journal", nth, JOURNAL_HEADER + JOURNAL_RECORD * n) for n in records]
        found += [Trouble("pages", nth, PAGE * page, lasting=page % 2 == 0) for page in pages]
    return found


async def endure(scene: str, trouble: Trouble, folder: Path) -> bool:
    """The scene with one run on such a disk, and then left alone; whether the disk refused anything.

    Raises AssertionError unless the run ended there, sent nothing more, and everything ends as without it.
    """
    async with house(folder) as home:
        await _staged(scene, home)
        disk = Disk(home, trouble)
        error = await _run_on(disk)
        if disk.struck:
            assert error is not None, "the run went on"
            assert error.remedy, str(error)
            assert disk.sent_later == 0, "something was sent afterwards"
            _check_file(home)
        await _until_quiet(home)
        check_ending(SCENES[scene], home)
    return disk.struck


def _check_file(home: House) -> None:
    """What is left can be opened, and is whole."""
    path = home.folder / "state" / "state.db"
    if path.exists() and path.stat().st_size:
        with closing(open_raw(path, "rw")) as raw:
            check_whole(raw, thorough=True)
