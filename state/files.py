"""Small private files: made 0600, replaced whole, refused when others may read them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from sync.errors import StateError

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
OTHERS = 0o077


def make_folder(path: Path) -> list[str]:
    """The folder exists, 0700 when it was made now; a warning when others may look into it."""
    if not path.is_dir():
        path.mkdir(parents=True, mode=PRIVATE_FOLDER, exist_ok=True)
        path.chmod(PRIVATE_FOLDER)
    return folder_warnings(path)


def folder_warnings(path: Path) -> list[str]:
    """A sentence when an existing folder is open to others."""
    if path.is_dir() and path.stat().st_mode & OTHERS:
        return [f"the folder {path} is open to other users; chmod 700 closes it"]
    return []


def check_private(path: Path) -> None:
    """The file is a plain one that only its owner may read, or it is not there.

    Raises ``StateError`` when it is anything else.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise StateError(f"{path} is not a file")
    if mode & OTHERS:
        raise StateError(f"{path} is open to other users", remedy=f"chmod 600 {path}")


def create_private(path: Path) -> None:
    """The file exists, empty and 0600; FileExistsError when it was there before."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE))


def replace_private(path: Path, text: str) -> None:
    """The file holds ``text``, 0600, durably; at every instant it is the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    create_private(fresh)
    with fresh.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    flush_folder(path.parent)


def flush_folder(path: Path) -> None:
    """What was made, renamed or removed in the folder is on disk."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
