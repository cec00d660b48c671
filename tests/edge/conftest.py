from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.crash.nursery import nursery, quick_folder
from tests.engine.house import House, house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.crash.nursery import Nursery


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


@pytest.fixture
async def home(folder: Path) -> AsyncIterator[House]:
    async with house(folder) as built:
        yield built


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    """Processes of the real program."""
    async with nursery(tmp_path_factory.mktemp("program")) as door:
        yield door
