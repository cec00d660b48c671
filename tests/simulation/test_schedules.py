"""The whole engine under schedules drawn from seeds: whatever goes wrong, every invariant holds."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.simulation.seeds import ONCE_BROKEN
from tests.simulation.themes import THEMES, seeds_of

if TYPE_CHECKING:
    from collections.abc import Iterable

BLOCK = 50
BLOCKS = 18
OF_EACH_THEME = 5


def broken(seeds: Iterable[int]) -> str:
    """What the seeds broke, played in a process of their own; ``""`` when everything held."""
    command = [sys.executable, "-m", "tests.simulation", *map(str, seeds)]
    played = subprocess.run(
        command, env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False
    )
    return played.stdout + (played.stderr if played.returncode else "")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(10_000, 10_000 + BLOCK * BLOCKS, BLOCK))
def test_every_invariant_holds_in(first: int) -> None:
    assert broken(range(first, first + BLOCK)) == ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(2))
def test_every_invariant_holds_in_each_theme(part: int) -> None:
    seeds = [seed for theme in THEMES for seed in seeds_of(theme)[200 : 200 + OF_EACH_THEME]]
    assert broken(seeds[part::2]) == ""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("guard", ["settle", "outreach-look", "echo", "uuid-filter"])
def test_a_guard_that_is_away_is_noticed(guard: str) -> None:
    command = [sys.executable, "-m", "tests.bench", "faults", "--mutants", "--only", guard]
    hunt = subprocess.run([*command, "--most", "10", "--jobs", "1"], capture_output=True, text=True, check=False)
    assert hunt.returncode == 0, hunt.stdout + hunt.stderr


@pytest.mark.timeout(600)
def test_seeds_that_were_broken_once_hold() -> None:
    assert broken(ONCE_BROKEN) == ""


@pytest.mark.parametrize("seed", [7, 48, 1_100_003])
def test_the_same_seed_gives_the_same_trace_twice(seed: int) -> None:
    command = [sys.executable, "-m", "tests.bench", "faults", "--trace", str(seed)]
    once, twice = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert "trace " in once
    assert once == twice
