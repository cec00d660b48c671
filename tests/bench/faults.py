"""Whole-engine schedules in virtual time: ``./dev bench faults --seeds N`` (``--help`` tells the rest)."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from multiprocessing import get_context
from typing import TYPE_CHECKING

from tests.simulation.play import Played, play
from tests.simulation.themes import THEMES, seeds_of

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLD_EACH = 1000
"""Seeds between two signs of life."""


def main(arguments: Sequence[str]) -> int:
    """0 when every invariant held."""
    told = _parser().parse_args(arguments)
    _with_fixed_hashes()
    if told.trace is not None:
        return _trace(told.trace)
    if told.mutants:
        from tests.simulation.mutants import hunt

        return hunt(told.most, told.only, told.jobs, _say)
    seeds = seeds_of(told.theme) if told.theme else range(told.start, told.start + told.seeds)
    return _run(seeds[: told.seeds], told.jobs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, metavar="N", help="how many schedules (200)")
    parser.add_argument("--start", type=int, default=0, metavar="S", help="the first seed (0)")
    parser.add_argument(
        "--theme", choices=list(THEMES), metavar="NAME", help=f"seeds of this theme: {', '.join(THEMES)}"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (all cores)")
    parser.add_argument("--trace", type=int, metavar="SEED", help="play one seed and print all that happens")
    parser.add_argument(
        "--mutants", action="store_true",
        help="take one guard away at a time until it is noticed; seeds of its theme first, then those from 0",
    )  # fmt: skip
    parser.add_argument("--only", metavar="NAME", help="with --mutants: this one")
    parser.add_argument("--most", type=int, default=2000, metavar="N", help="with --mutants: seeds to try (2000)")
    return parser


def _with_fixed_hashes() -> None:
    """Sets and dictionaries come in the same order in every run."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        sys.stdout.flush()
        command = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, command, os.environ | {"PYTHONHASHSEED": "0"})  # noqa: S606  # ourselves again


def _trace(seed: int) -> int:
    played = play(seed)
    for at, event in played.trace:
        _say(f"{at:14.4f}  {event}")
    _say(f"trace {played.digest}")
    return _verdict(played)


def _run(seeds: range, jobs: int) -> int:
    began, failed = time.monotonic(), 0
    struck: Counter[str] = Counter()
    states: Counter[str] = Counter()
    requests = 0
    with get_context("spawn").Pool(jobs) as pool:
        for count, played in enumerate(pool.imap_unordered(play, seeds, chunksize=4), start=1):
            failed += _verdict(played)
            if count % TOLD_EACH == 0:
                _say(f"{count} seeds, {failed} with a violation, {time.monotonic() - began:.0f} s")
            struck.update(played.struck)
            states.update({" ".join(place): count for place, count in played.states.items()})
            requests += played.requests
    seconds = time.monotonic() - began
    _say(f"{len(seeds)} seeds in {seconds:.0f} s, {len(seeds) / seconds:.2f} a second with {jobs} processes")
    _say(f"{requests} requests, {struck.total()} faults struck, {states.total()} operations")
    _say("faults      " + ", ".join(f"{kind} {count}" for kind, count in struck.most_common()))
    _say("operations  " + ", ".join(f"{place} {count}" for place, count in sorted(states.items())))
    _say(f"{failed} of {len(seeds)} seeds with a violation")
    return 1 if failed else 0


def _verdict(played: Played) -> int:
    for invariant, detail in played.violations:
        _say(f"seed {played.seed}: {invariant} {detail}")
    if played.violations:
        _say(f"  ./dev bench faults --trace {played.seed}")
    return 1 if played.violations else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
