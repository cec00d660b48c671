"""Every refusal of the disk: it is full at each transaction of three scenes, once or for good, and each write to
journal, database, marker and ledger fails."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from tests.crash.disks import Trouble, endure, troubles
from tests.crash.nursery import quick_folder
from tests.crash.scenes import SCENES

if TYPE_CHECKING:
    from collections.abc import Sequence

Job = tuple[str, Trouble]


def _all_of(scene: str) -> list[Job]:
    with quick_folder() as folder:
        return [(scene, trouble) for trouble in asyncio.run(troubles(scene, folder))]


def _one(job: Job) -> str | None:
    """What the case came to: a failure, ``refused``, or ``None`` when the run never got to that write."""
    with quick_folder() as folder:
        try:
            return "refused" if asyncio.run(endure(*job, folder)) else None
        except AssertionError as error:
            return f"FAILED {job[0]}, {job[1]}: {error}"


def _run(scenes: Sequence[str], every: int, workers: int) -> int:
    begun, kinds, failed = time.monotonic(), Counter[str](), 0
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        jobs = [job for found in pool.map(_all_of, scenes) for job in found][::every]
        for (scene, trouble), told in zip(jobs, pool.map(_one, jobs, chunksize=4), strict=True):
            if told is not None and told != "refused":
                failed += 1
                sys.stdout.write(told + "\n")
                sys.stdout.flush()
            kinds[f"{scene} {trouble.kind}" if told else "not met"] += 1
    listed = ", ".join(f"{kind}: {count}" for kind, count in kinds.items())
    sys.stdout.write(f"{len(jobs)} cases ({listed}), {failed} failures in {time.monotonic() - begun:.0f} s\n")
    return 1 if failed else 0


def main(arguments: list[str]) -> int:
    """1 when anything was not as if the disk had never refused."""
    parser = argparse.ArgumentParser(prog="bench disk", description=__doc__)
    parser.add_argument("--scene", action="append", choices=list(SCENES), help="only this one; repeatable")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th case (1)")
    parser.add_argument("--workers", type=int, default=2, help="programs at the same time")
    asked = parser.parse_args(arguments)
    return _run(asked.scene or list(SCENES), asked.every, asked.workers)
