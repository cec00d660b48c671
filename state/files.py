"""Folders and files that nobody else may look into."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from sync.errors import StateError

if TYPE_CHECKING:
    from pathlib import Path

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
