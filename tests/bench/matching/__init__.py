"""Matching measured: how often it is right, at what cost, and beside others: ``./dev bench matching --help``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING, Any

from tests.bench.matching.goals import pace, told

if TYPE_CHECKING:
    from collections.abc import Sequence

PEERS = ("splink", "recordlinkage", "networkx")
RACERS = ("plain union-find", "union-find", "splink")
METHODS = ("contact-sync", "the same, names unasked", "union-find", "splink", "recordlinkage")
SETS = ("febrl1", "febrl2", "febrl3", "febrl4")
LAST_IN_SIZE = 100_000
"""Records up to which recordlinkage takes part: it compares every pair inside a key."""


def main(arguments: Sequence[str]) -> int:
    """0 once everything is measured; what missed its goal says so."""
    parser = argparse.ArgumentParser(prog="bench matching", description=__doc__)
    parser.add_argument("--size", type=int, default=10_000, help="generated records")
    parser.add_argument(
        "--seed", type=int, default=20_262, help="of the generated records; none was developed with"
    )
    parser.add_argument("--only", choices=["quality", "speed"], help="one half of it")
    parser.add_argument(
        "--stages", help="only these stages, with commas; feed, ingest, match and merge come first"
    )
    asked = parser.parse_args(arguments)
    if asked.only != "speed":
        _install_peers()
        for name in (*SETS, "generated"):
            _contest(name, asked.size, asked.seed)
    if asked.only != "quality":
        _install_peers()
        _race(asked.size, asked.seed, asked.stages.split(",") if asked.stages else None)
    return 0


def _install_peers() -> None:
    """Those it is compared with are here; pins in ``constraints-bench.txt``, no part of the product."""
    if all(find_spec(name) for name in PEERS):
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "-c", "constraints-bench.txt", "-e", ".[bench]"]
    subprocess.run(command, check=True)  # our own pip


def _contest(name: str, size: int, seed: int) -> None:
    _say(f"\n{name}" + (f" ({size:,} records, seed {seed})" if name == "generated" else ""))
    _say(f"{'':26}{'precision':>10}{'recall':>9}{'F1':>9}{'largest':>9}{'mixed':>7}{'seconds':>9}{'MB':>7}")
    for method in METHODS:
        if method == "recordlinkage" and name == "generated" and size > LAST_IN_SIZE:
            continue
        found = _child("contest", method, name, size, seed)
        _say(
            f"{method:26}{found['precision']:10.4f}{found['recall']:9.4f}{found['f1']:9.4f}{found['largest']:9}"
            f"{found['mixed']:7}{found['seconds']:9.2f}{found['peak MB']:7}"
        )


def _others(size: int, seed: int) -> dict[str, float]:
    """Seconds of the others on as many records, from rows in memory to clusters in memory."""
    _say(f"\nspeed ({size:,} records)\n{'':34}{'seconds':>9}{'MB':>7}")
    seconds: dict[str, float] = {}
    for method in RACERS:
        runs = [_child("contest", method, "generated", size, seed) for _ in range(3)]
        seconds[method] = median(run["seconds"] for run in runs)
        _say(f"{method:34}{seconds[method]:9.3f}{runs[0]['peak MB']:7}")
    return seconds


def _race(size: int, seed: int, only: Sequence[str] | None) -> None:
    others = _others(size, seed)
    slower = pace(others[RACERS[0]], size)
    _say(f"goals are those at 1,000,000 records, for a machine {slower:.2f} times slower than where they were set")
    steps = [
        ("feed", size),
        ("keys", size),
        ("ingest", 1),
        ("bare_ingest", 1),
        ("unchanged", 1),
        ("match", 1),
        ("bare_match", 1),
        ("merge", 1),
        ("bare_merge", 1),
        ("quiet", 1),
    ]
    steps += [("changes", count) for count in (1, 100, 1000, 10_000) if 10 * count <= size]
    steps += [("undo", 1), ("again", 1), ("apart", 10_000)]
    needed = {"feed", "ingest", "match", "merge"}
    measured: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, count in steps:
            if only is None or name in needed or name in only:
                found = _child("stages", name, folder, count)
                step = f"{name} {count}" if name == "changes" else name.replace("_", " ")
                measured[step] = found
                _say(told(step, found, measured, size, slower))
            if name == "match":
                ratios = [f"{measured[name]['seconds'] / others[racer]:.1f} x {racer}" for racer in RACERS]
                _say(f"{'':34}{', '.join(ratios)}")


def _child(module: str, *arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", f"tests.bench.matching.{module}", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # ourselves
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
