from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from state import digests
from state.connection import open_raw
from tests.state.values import START, Home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from state.store import SqliteStore

MEMORY = Path("/dev/shm")  # noqa: S108  # what is on no disk costs no disk's time


@pytest.fixture
def home() -> Iterator[Home]:
    root = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    yield Home(root)
    shutil.rmtree(root)


@pytest.fixture
def store(home: Home) -> Iterator[SqliteStore]:
    with home.open() as opened:
        opened.begin_run("run-1", "run", START)
        yield opened
    with closing(open_raw(home.database, "ro")) as raw:
        digests.check(raw)  # whatever the test wrote
