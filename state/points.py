"""Named points at which a rehearsal may kill the process.

A point does nothing unless the environment variable ``SYNC_CRASH`` is ``name:n``: then the process kills
itself with SIGKILL the n-th time it comes to the point of that name.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

TRANSACTIONS = (
    "accept", "findings", "forget", "gone", "membership", "merged", "opening",
    "optouts", "page", "people", "plan", "provider", "run", "sending", "settled", "values",
)  # fmt: skip
"""The classes of commits; each has a point ``.before_commit`` and one ``.after_commit``."""

POINTS = frozenset(
    [f"{name}.{side}" for name in TRANSACTIONS for side in ("before_commit", "after_commit")]
    + ["ledger.before_append", "ledger.after_append", "migration.before_commit", "migration.after_commit"]
    + ["marker.before_replace", "marker.after_replace", "backup.before_replace", "backup.after_replace"]
    + ["restore.before_replace"]
)

_hits: Counter[str] = Counter()


def point(name: str) -> None:
    """Nothing, or the end of this process when ``SYNC_CRASH`` says so."""
    armed = os.environ.get("SYNC_CRASH")
    if not armed:
        return
    wanted, _, count = armed.partition(":")
    if wanted == name:
        _hits[name] += 1
        if _hits[name] == int(count or 1):
            os.kill(os.getpid(), signal.SIGKILL)
