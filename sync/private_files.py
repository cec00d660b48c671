"""Small private files, 0600, replaced whole and durably."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE_FILE = 0o600


def create_private(path: Path) -> None:
    """The file exists, empty and 0600; FileExistsError when it was there before."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE))


def replace_private(path: Path, text: str, *, shared: bool = False) -> None:
    """The file holds ``text``, see ``replace_by``. ``shared``: no lock keeps others from writing it too."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new" if shared else f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    replace_by(fresh, path, text.encode())


def replace_by(fresh: Path, path: Path, raw: bytes) -> None:
    """The file ``path`` holds ``raw``, 0600, durably; at every instant it is the old one or the new one.

    ``fresh``: a name in the same folder that nothing has; FileExistsError otherwise.
    """
    create_private(fresh)
    try:
        with fresh.open("wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """What was made, renamed or removed in the folder is on disk."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
