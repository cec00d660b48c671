"""Every death there is: at each occurrence of each named point, at each moment of each request and stream
message of the reference scenes, and once more while the next run recovers."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash.deaths import ON_THE_WAY, Death, survive, traps
from tests.crash.nursery import nursery, quick_folder
from tests.crash.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tests.crash.nursery import Nursery

SECOND_DEATHS = (
    "opening.after_commit:1", "page.before_commit:1", "plan.after_commit:1", "sending.after_commit:1",
    "settled.before_commit:1", "settled.after_commit:1",
)  # fmt: skip
TOLD_EACH = 50
"""Cases between two signs of life."""


@dataclass
class Tally:
    """What was done so far."""

    cases: int = 0
    runs_killed: int = 0
    by_scene: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def told(self, seconds: float) -> str:
        return (
            f"{self.cases} cases ({', '.join(f'{n}: {c}' for n, c in self.by_scene.items())}), "
            f"{self.runs_killed} kills, {len(self.failures)} failures in {seconds:.0f} s"
        )


class Bench:
    """One worker: a program, and the deaths it goes through."""

    def __init__(self, program: Nursery, tally: Tally) -> None:
        self._program = program
        self._tally = tally

    async def suffer(self, scene: str, deaths: list[Death]) -> int:
        """One case, counted; how many of its runs were killed."""
        with quick_folder() as folder:
            try:
                killed = await survive(scene, deaths, folder, self._program)
            except AssertionError as error:
                self._tally.failures.append(f"{scene}, {' then '.join(map(str, deaths))}: {error}")
                sys.stdout.write(f"FAILED {self._tally.failures[-1]}\n")
                sys.stdout.flush()
                killed = 1
        if killed:
            self._tally.cases += 1
            self._tally.by_scene[scene] += 1
            self._tally.runs_killed += killed
            if not self._tally.cases % TOLD_EACH:
                sys.stderr.write(f"{self._tally.cases} cases so far\n")
        return killed

    async def every_occurrence(self, scene: str, point: str) -> None:
        """The point's first, second, ... occurrence, until the run comes to its end."""
        number = 1
        while await self.suffer(scene, [Death(f"{point}:{number}")]):
            number += 1


async def _jobs(program: Nursery, scenes: Sequence[str]) -> AsyncIterator[tuple[str, str | list[Death]]]:
    for scene in scenes:
        for point in ON_THE_WAY:
            yield scene, point
        with quick_folder() as folder:
            found = await traps(scene, folder, program)
        for trap in found:
            yield scene, [Death(trap=trap)]
            if trap.moment == "applied" and ("bulk" in trap.what or "POST /v1" in trap.what):
                for second in SECOND_DEATHS:
                    yield scene, [Death(trap=trap), Death(second)]


async def _work(queue: asyncio.Queue[tuple[str, str | list[Death]] | None], tally: Tally, folder: Path) -> None:
    async with nursery(folder) as program:
        bench = Bench(program, tally)
        while (job := await queue.get()) is not None:
            scene, what = job
            if isinstance(what, str):
                await bench.every_occurrence(scene, what)
            else:
                await bench.suffer(scene, what)


async def _all(scenes: Sequence[str], workers: int) -> Tally:
    tally = Tally()
    with tempfile.TemporaryDirectory() as made:
        folders = [Path(made) / str(n) for n in range(workers + 1)]
        for folder in folders:
            folder.mkdir()
        queue: asyncio.Queue[tuple[str, str | list[Death]] | None] = asyncio.Queue()
        async with nursery(folders[-1]) as program:
            async for job in _jobs(program, scenes):
                queue.put_nowait(job)
        for _ in range(workers):
            queue.put_nowait(None)
        await asyncio.gather(*(_work(queue, tally, folder) for folder in folders[:workers]))
    return tally


def main(arguments: list[str]) -> int:
    """1 when anything was not as if the program had never died."""
    parser = argparse.ArgumentParser(prog="bench crash", description=__doc__)
    parser.add_argument("--scene", action="append", choices=list(SCENES), help="only this one; repeatable")
    parser.add_argument("--workers", type=int, default=2, help="programs at the same time")
    asked = parser.parse_args(arguments)
    begun = time.monotonic()
    tally = asyncio.run(_all(asked.scene or list(SCENES), asked.workers))
    sys.stdout.write(tally.told(time.monotonic() - begun) + "\n")
    return 1 if tally.failures else 0
