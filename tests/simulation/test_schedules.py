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
    from collections.abc import Callable, Iterable, Iterator

    Broken = Callable[[Iterable[int]], str]

BLOCK = 25
BLOCKS = 2
OF_EACH_THEME = 3


@pytest.fixture(scope="module")
def broken() -> Iterator[Broken]:
    """What the seeds broke, played in one process that stays for the next; ``""`` when everything held."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.simulation"],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as player:
        assert player.stdin is not None
        assert player.stdout is not None
        asked, told = player.stdin, player.stdout

        def ask(seeds: Iterable[int]) -> str:
            asked.write(" ".join(map(str, seeds)) + "\n")
            asked.flush()
            found: list[str] = []
            for line in told:
                if line == "\n":
                    return "".join(found)
                found.append(line)
            return f"{''.join(found)}the player ended with {player.wait()}"

        yield ask


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(10_000, 10_000 + BLOCK * BLOCKS, BLOCK))
def test_every_invariant_holds_in(broken: Broken, first: int) -> None:
    assert broken(range(first, first + BLOCK)) == ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", THEMES)
def test_every_invariant_holds_in_the_theme(broken: Broken, theme: str) -> None:
    assert broken(seeds_of(theme)[200 : 200 + OF_EACH_THEME]) == ""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("guard", ["settle", "outreach-look", "uuid-filter", "gone"])
def test_a_guard_that_is_away_is_noticed(guard: str) -> None:
    command = [sys.executable, "-m", "tests.bench", "faults", "--mutants", "--only", guard]
    hunt = subprocess.run([*command, "--most", "15", "--jobs", "1"], capture_output=True, text=True, check=False)
    assert hunt.returncode == 0, hunt.stdout + hunt.stderr


@pytest.mark.timeout(600)
def test_seeds_that_were_broken_once_hold(broken: Broken) -> None:
    assert broken(ONCE_BROKEN) == ""


@pytest.mark.parametrize("seed", [48, 1_100_003])
def test_the_same_seed_gives_the_same_trace_twice(seed: int) -> None:
    command = [sys.executable, "-m", "tests.bench", "faults", "--trace", str(seed)]
    once, twice = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert "trace " in once
    assert once == twice
