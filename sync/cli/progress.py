"""Live progress, on a terminal only; without one nothing is printed and rich is not imported."""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sync.wiring import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import Progress as Bars

    from sync.ports import Progress

TITLES = {"pull": "reading", "match": "matching", "push": "writing", "bulk": "bulk upload"}


class _OnTerminal:
    """One bar a stage and provider."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[tuple[str, str], Any] = {}

    def advance(self, stage: str, provider: str, done: int, total: int | None) -> None:
        """The bar stands at ``done`` of ``total``, or of ``done`` where a list grew since it was counted."""
        total = None if total is None else max(done, total)
        key = (stage, provider)
        if key not in self._tasks:
            title = f"{TITLES.get(stage, stage):<12} {provider}"
            self._tasks[key] = self._bars.add_task(title, total=total)
        self._bars.update(self._tasks[key], completed=done, total=total)


@contextmanager
def watched(*, quiet: bool) -> Iterator[Progress]:
    """Progress bars on standard error while entered, if it is a terminal and nobody asked for quiet.

    Where phases are logged there are none: lines would break into them.
    """
    if quiet or not sys.stderr.isatty() or logging.getLogger().isEnabledFor(logging.INFO):
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _OnTerminal(bars)
