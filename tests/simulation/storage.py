"""The engine's store on memory files, opened from a template that is migrated once, and the engine's death."""

from __future__ import annotations

import asyncio
import contextvars
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import state.database
from state import opening, points
from state.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from state.store import SqliteStore

MEMORY = Path("/dev/shm")  # noqa: S108  # folders in it are made by tempfile
ROOT = MEMORY if MEMORY.is_dir() else Path(tempfile.gettempdir())
ENGINE: contextvars.ContextVar[bool] = contextvars.ContextVar("engine", default=False)
"""Set in every task of the engine, and in no task of a provider."""

_tasks: list[asyncio.Task[Any]] = []
_template: list[bytes] = []


class KilledError(BaseException):
    """The process is dead; nothing of it catches this."""


class Life:
    """Whether the engine's process lives. ``watch`` is told each half of its commits."""

    dead = False
    watch: Callable[[str], None] | None = None


def _point(name: str) -> None:
    if Life.dead:
        raise KilledError
    if Life.watch is not None:
        Life.watch(name)
    if Life.dead:
        raise KilledError
    points.point(name)


vars(state.database)["point"] = _point


def begin_life(watch: Callable[[str], None] | None) -> None:
    """A new process lives."""
    _tasks[:] = [task for task in _tasks if not task.done()]
    Life.dead, Life.watch = False, watch


def as_engine(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """The work as a task of the engine's process, which dies with it."""
    context = contextvars.copy_context()
    context.run(ENGINE.set, True)
    return loop.create_task(work, context=context)


def task_factory(
    loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], context: contextvars.Context | None = None
) -> asyncio.Task[Any]:
    """A task like any other, remembered if the engine made it."""
    task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, context=context)
    if ENGINE.get() if context is None else context.get(ENGINE):
        _tasks.append(task)
    return task


async def bury() -> None:
    """Every task of the dead process has ended."""
    for _ in range(3):
        left = [task for task in _tasks if not task.done()]
        for task in sorted(left, key=lambda t: t.get_name()):
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)


def open_at(folder: Path, *, scratch: bool = False) -> SqliteStore:
    """The store in ``folder``, made from the template when there is none."""
    place = folder / "state"
    if not place.is_dir() and not scratch:
        place.mkdir(mode=0o700)
        _put(place / "state.db", _migrated())
        _put(place / "key", b"5" * 64)
    begin_life(None)
    store = opening.open_store(
        f"sqlite:///{place}/state.db",
        ledger=place / "opt-outs.ledger",
        key=place / "key",
        backups=place / "backups",
        mode="scratch" if scratch else "write",
    )
    if not scratch:
        # nothing here dies in the middle of a system call: ``tests/crash`` does, on files as a run has them
        store.database.raw.execute("PRAGMA journal_mode=MEMORY").fetchall()
        store.database.raw.execute("PRAGMA synchronous=OFF").fetchall()
    return store


def bytes_of(folder: Path) -> dict[str, str]:
    """Digest of every file of the state."""
    place = folder / "state"
    files = sorted(place.rglob("*")) if place.is_dir() else []
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files if p.is_file()}


def _put(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)


def _migrated() -> bytes:
    if not _template:
        with tempfile.TemporaryDirectory(dir=ROOT) as name:
            path = Path(name) / "state.db"
            path.touch(mode=0o600)
            database = Database(opening._raw(path, "rw"), path)
            opening._ready(database, None)
            database.close()
            _template.append(path.read_bytes())
    return _template[0]
