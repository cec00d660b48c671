"""A provider of the tests' own, and a way to load a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.config.stub import load_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sync.config import Settings


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[[str], Settings]:
    """Loads a text as the file ``config.toml`` of an empty folder."""

    def load_it(text: str) -> Settings:
        return load_text(text, tmp_path)

    return load_it
