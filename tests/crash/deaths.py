"""A death of the program: where it happens, and what becomes of a scene with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from state.points import POINTS
from tests.crash.scenes import SCENES, staged
from tests.crash.wire import MOMENTS, Trap

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.crash.nursery import Nursery
    from tests.crash.scenes import Stage

ELSEWHERE = frozenset(
    f"{name}.{side}"
    for name, sides in {
        "accept": ("before_commit", "after_commit"),
        "forget": ("before_commit", "after_commit"),
        "gone": ("before_commit", "after_commit"),
        "values": ("before_commit", "after_commit"),
        "backup": ("before_replace", "after_replace"),
        "restore": ("before_replace",),
    }.items()
    for side in sides
)
"""Points that a run of these scenes never comes to: they belong to other commands, a loss, or what is old."""

ON_THE_WAY = sorted(POINTS - ELSEWHERE)


@dataclass(frozen=True)
class Death:
    """At a named ``point`` (``name:n``) or in a ``trap`` on the wire."""

    point: str = ""
    trap: Trap | None = None

    def __str__(self) -> str:
        return self.point or str(self.trap)

    async def strike(self, stage: Stage) -> bool:
        """One run with the death lying in wait; whether it came."""
        return (await stage.run(crash=self.point, trap=self.trap)).killed


async def survive(scene: str, deaths: list[Death], folder: Path, program: Nursery) -> int:
    """The scene with one run killed after the other, and then left alone; how many of them were killed.

    Raises AssertionError unless everything ends as without any death.
    """
    async with staged(SCENES[scene], folder, program) as stage:
        killed = 0
        for death in deaths:
            killed += await death.strike(stage)
        await stage.until_quiet()
        stage.check()
        return killed


async def traps(scene: str, folder: Path, program: Nursery) -> list[Trap]:
    """Every moment of every request and stream message of the scene, found by listening to it once."""
    async with staged(SCENES[scene], folder, program) as stage:
        await stage.run()
        return list(_all_moments(stage.requests))


def _all_moments(requests: list[tuple[str, str]]) -> Iterator[Trap]:
    for place, (provider, what) in enumerate(requests):
        nth = requests[: place + 1].count((provider, what))
        for moment in MOMENTS[2:] if what == "stream message" else MOMENTS:
            yield Trap(provider, what, nth, moment)
