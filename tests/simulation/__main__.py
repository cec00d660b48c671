"""Plays the seeds of each line read: ``echo SEED... | python -m tests.simulation``.

Prints what each of them broke, and an empty line after each line's last. In a process of its own, because a
program that is killed in the middle leaves sockets behind, and with ``PYTHONHASHSEED=0``, because a seed is only
the same schedule under the same order of sets.
"""

from __future__ import annotations

import sys

from tests.simulation.play import play

for line in sys.stdin:
    for seed in map(int, line.split()):
        for invariant, detail in play(seed).violations:
            sys.stdout.write(
                f"seed {seed} (./dev bench faults --trace {seed}): {invariant}: {' '.join(detail.split())}\n"
            )
    sys.stdout.write("\n")
    sys.stdout.flush()
