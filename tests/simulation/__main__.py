"""Plays the seeds named: ``python -m tests.simulation SEED...``; prints what each of them broke.

In a process of its own, because a program that is killed in the middle leaves sockets behind, and with
``PYTHONHASHSEED=0``, because a seed is only the same schedule under the same order of sets.
"""

from __future__ import annotations

import sys

from tests.simulation.play import play

for seed in map(int, sys.argv[1:]):
    for invariant, detail in play(seed).violations:
        sys.stdout.write(f"seed {seed} (./dev bench faults --trace {seed}): {invariant}: {detail}\n")
