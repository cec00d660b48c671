"""One set of local servers at a time for one configuration: a second one would take it, and the state, away."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sync.errors import ConfigError, LockHeld, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def alone_with(config: Path) -> Iterator[None]:
    """Nobody else serves by ``config`` while entered.

    Raises ``LockHeld``, and ``ConfigError`` where nothing can be written beside it.
    """
    from state.lock import RunLock

    lock = RunLock(config.with_name(config.name + ".lock"))
    try:
        lock.acquire()
    except LockHeld as error:
        raise LockHeld(
            f"a rehearsal or a sandbox already uses {config} ({error.holder or 'by whom is not told'})",
            holder=error.holder,
            remedy="stop it, or work in another folder",
        ) from error
    except StateError as error:
        why = error.__cause__.strerror if isinstance(error.__cause__, OSError) else str(error)
        raise ConfigError(
            f"{config.parent} cannot be made or emptied ({why})", remedy="work in a folder that you may write to"
        ) from error
    with lock:
        yield
