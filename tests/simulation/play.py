"""Playing one seed from its draw to its verdict."""

from __future__ import annotations

import asyncio
import gc
import shutil
import tempfile
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.simulation import storage
from tests.simulation.clock import SimClock
from tests.simulation.faults import Faults
from tests.simulation.loop import VirtualLoop
from tests.simulation.scene import Scene
from tests.simulation.themes import plan_of


@dataclass(frozen=True, slots=True)
class Played:
    """What a seed came to. ``states``: (provider, kind, state) → how many operations ended so."""

    seed: int
    violations: tuple[tuple[str, str], ...]
    digest: str
    trace: tuple[tuple[float, str], ...]
    struck: tuple[str, ...]
    states: dict[tuple[str, str, str], int]
    requests: int


def play(seed: int) -> Played:
    """The seed, played once."""
    random = Random(f"loop {seed}")
    plan = plan_of(seed)
    loop = VirtualLoop(random, jumps=plan.jumps)
    loop.set_task_factory(storage.task_factory)  # type: ignore[arg-type]  # typeshed's own is narrower
    gc.disable()
    folder = Path(tempfile.mkdtemp(dir=storage.ROOT, prefix="simulation-"))
    try:
        clock = SimClock(loop, Random(f"clock {seed}"))
        scene = Scene(plan, folder, loop, clock, Faults(seed, plan.faults, wide=plan.wide))
        loop.on_gate = scene.at_gate
        loop.run_until_complete(_play(scene))
        return Played(
            seed,
            tuple(scene.witness.violations),
            loop.digest,
            tuple(loop.trace),
            tuple(kind for _, kind in scene.witness.struck),
            scene.states,
            len(scene.witness.requests),
        )
    finally:
        _close(loop)
        shutil.rmtree(folder, ignore_errors=True)
        gc.enable()


async def _play(scene: Scene) -> None:
    try:
        await scene.play()
    except Exception as error:  # noqa: BLE001  # whatever the engine lets out is a finding, with its seed
        scene.witness.blame("crash", f"{type(error).__name__}: {error}")
        scene.loop.note(traceback.format_exc())


def _close(loop: VirtualLoop) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        left = [task for task in asyncio.all_tasks(loop) if not task.done()]
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.close()
