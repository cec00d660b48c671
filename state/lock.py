"""The lock that keeps a second run away.

``flock`` on a file of its own, held for the whole life of the holder and free the moment it dies. It never
expires: a stopped holder still holds it. What the file says about the holder is only for people to read.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from state.files import make_folder
from sync.errors import LockHeld, StateError
from sync.private_files import PRIVATE_FILE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

POLL_S = 0.1
LOOK_S = 0.05
"""Whoever only looks whether the lock is held is done much sooner, and is not taken for a holder."""


def run_lock_path(database: Path) -> Path:
    """The lock held during one cycle."""
    return database.with_name(database.name + ".lock")


def daemon_lock_path(database: Path) -> Path:
    """The lock a daemon holds for life, so that there is no second one."""
    return database.with_name(database.name + ".daemon.lock")


class RunLock:
    """An exclusive lock on ``path``; also a context manager that lets go at the end."""

    def __init__(self, path: Path, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self.path = path
        self._sleep = sleep
        self._file: int | None = None

    def acquire(self, wait_s: float = 0.0) -> Self:
        """The lock is ours; waits up to ``wait_s`` seconds, looking ten times a second, and at least twice.

        Raises ``LockHeld`` when another process keeps it, ``StateError`` when the file cannot be made.
        """
        deadline = time.monotonic() + max(wait_s, LOOK_S)
        while not self._try():
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._held()
            self._sleep(min(POLL_S, left))
        return self

    def release(self) -> None:
        """The lock is free; safe to call twice. The file stays, so that nobody locks a removed one."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def still_held(self) -> bool:
        """Whether the locked file is still the one that others would lock."""
        if self._file is None:
            return False
        with suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self._file), self.path.stat())
        return False

    def holder(self) -> str:
        """Who holds the lock, for people; ``""`` when nobody does or it is not told."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads(self.path.read_text(encoding="utf-8"))
            if _is_held(self.path):
                return f"pid {int(told['pid'])} on {told['host']} since {told['since']}"
        return ""

    def _try(self) -> bool:
        try:
            make_folder(self.path.parent)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, PRIVATE_FILE)
        except OSError as error:
            raise StateError(f"the lock {self.path} cannot be opened: {error.strerror}") from error
        if not _flock(file):
            os.close(file)
            return False
        self._file = file
        if not self.still_held():  # somebody replaced the file between opening and locking
            self.release()
            return False
        self._sign(file)
        return True

    def _sign(self, file: int) -> None:
        since = datetime.now(UTC).isoformat(timespec="seconds")
        told = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})
        with suppress(OSError):  # on a full disk the lock holds without a name
            os.ftruncate(file, 0)
            os.pwrite(file, told.encode(), 0)

    def _held(self) -> LockHeld:
        holder = self.holder()
        return LockHeld(
            f"another run holds the lock ({holder or 'holder not told'})",
            holder=holder,
            remedy="wait for it to end, or use --wait",
        )

    def __enter__(self) -> Self:
        if self._file is None:
            self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _is_held(path: Path) -> bool:
    """The lock itself says so: the name in the file may be of somebody on a machine that is gone."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return not _flock(file, fcntl.LOCK_SH)
    finally:
        os.close(file)


def _flock(file: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
