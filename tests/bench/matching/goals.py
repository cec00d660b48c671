"""What each stage should cost at a million records, and how a measured one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Goal(NamedTuple):
    """At a million records; ``grows``: the cost grows with the records kept, so a smaller store must cost less.

    ``seconds``: on a machine where the plain union-find takes ``YARDSTICK_S``.
    """

    seconds: float
    mb: int | None = None
    grows: bool = True


YARDSTICK_S = 2.0
"""What a million records cost the plain union-find where the goals were set."""


GOALS = {
    "keys": Goal(5.0),
    "ingest": Goal(20.0, 400),
    "unchanged": Goal(10.0),
    "match": Goal(6.0, 250),
    "match + merge": Goal(12.0, 300),
    "quiet": Goal(0.02, grows=False),
    "changes 1": Goal(0.01, grows=False),
    "changes 100": Goal(0.03, grows=False),
    "changes 1000": Goal(0.2, grows=False),
    "changes 10000": Goal(1.2, grows=False),
    "undo": Goal(0.05, grows=False),
}
MILLION = 1_000_000
BARE = "bare "
"""Begins the name of what only writes the rows of a stage, see ``bare``."""


def pace(yardstick_s: float, size: int) -> float:
    """How many times slower this machine is than the one of the goals, by the plain union-find of this run."""
    return yardstick_s * MILLION / size / YARDSTICK_S


def told(
    step: str, found: Mapping[str, Any], measured: Mapping[str, Mapping[str, Any]], size: int, slower: float
) -> str:
    """The lines of one stage: figures, what it counted, and how its goal was met on a machine so much slower."""
    notes = ", ".join(f"{name} {value}" for name, value in found.items() if name not in {"seconds", "peak MB"})
    line = _line(step, found["seconds"], found["peak MB"], size, slower) + (f"  [{notes}]" if notes else "")
    before = measured.get(step.replace("merge", "match"), {}) if step.endswith("merge") else {}
    if before:
        both, seconds = step.replace("merge", "match + merge"), before["seconds"] + found["seconds"]
        return line + "\n" + _line(both, seconds, max(before["peak MB"], found["peak MB"]), size, slower)
    if step == "apart":
        extra = found["seconds"] / measured["again"]["seconds"] - 1 if "again" in measured else 0.0
        return line + f'  {extra:+.0%} over "again", goal +15%: {_verdict(extra <= 0.15)}'
    return line


def _line(step: str, seconds: float, mb: int, size: int, slower: float) -> str:
    line = f"{step:34}{seconds:9.3f}{mb:7}"
    goal = GOALS.get(step.removeprefix(BARE))
    if goal is None:
        return line
    allowed = goal.seconds * slower * (size / MILLION if goal.grows else 1)
    if step.startswith(BARE):
        return f"{line}  {seconds / allowed:.1f} x the goal for its rows alone"
    share = f"{seconds / allowed:.1f} x {allowed:.3g} s: {_verdict(seconds <= allowed)}"
    memory = f"; {goal.mb} MB: {_verdict(mb <= goal.mb)}" if goal.mb is not None else ""
    return f"{line}  {share}{memory}"


def _verdict(met: bool) -> str:
    return "met" if met else "NOT MET"
