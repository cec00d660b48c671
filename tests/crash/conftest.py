from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.crash.nursery import nursery

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.crash.nursery import Nursery

MEMORY = Path("/dev/shm")  # noqa: S108  # a memory file system: kill -9 says nothing about disks anyway


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    async with nursery(tmp_path_factory.mktemp("program")) as door:
        yield door


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place: hundreds of commits wait for no disk."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as made:
        yield Path(made)
