"""``run --sandbox``: the whole path on built-in servers, told cycle by cycle."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.alone import alone_with
from sync.cli.common import pending_code, tell
from sync.cli.progress import watched
from sync.engine.findings import URGENCY
from sync.guards import Allowances
from sync.rehearsal.stage import CONFIG, FOLDER, Stage, staged

if TYPE_CHECKING:
    from sync.report.model import Report
    from sync.wiring import Request

LET_THROUGH = ("create", "update")
CEILING = 10_000


def rehearse(
    request: Request, *, reports: tuple[str, ...], values: bool, quiet: bool, exit_code: bool = False
) -> int:
    """Three cycles are told (one in a dry run); returns the exit code of the one to act on first.

    The story goes to standard error where standard output is left to other reports than a text.
    """
    story = _Story(request, reports=reports, values=values, quiet=quiet, exit_code=exit_code)
    folder = Path.cwd() / FOLDER
    with alone_with(folder / CONFIG):
        return asyncio.run(story.play(folder))


class _Story:
    def __init__(
        self, request: Request, *, reports: tuple[str, ...], values: bool, quiet: bool, exit_code: bool
    ) -> None:
        self._request = request
        self._reports = reports
        self._values = values
        self._quiet = quiet
        self._exit_code = exit_code
        self._aside = bool(reports) and not any(spec.partition(":")[0] == "text" for spec in reports)

    async def play(self, folder: Path) -> int:
        began = time.monotonic()
        async with staged(folder) as stage:
            request = self._allowed(stage)
            self._introduce(stage, request)
            first = await self._cycle(stage, request, "First cycle")
            tell(first, self._reports, values=self._values, quiet=self._quiet)
            if request.options.mode == "dry-run":
                return first.exit_code
            codes = [first.exit_code, *await self._go_on(stage, request)]
        self._say(f"The rehearsal took {time.monotonic() - began:.1f} s. Its state is in {FOLDER}/state; the")
        self._say("sandboxes are gone now. `contact-sync sandbox` serves empty ones for as long as you like, and")
        self._say(f"points {FOLDER}/{CONFIG} at them. Until then the commands that the reports name work on what")
        self._say("this one found, after:")
        self._say(f"  export CONTACT_SYNC_CONFIG={FOLDER}/{CONFIG}")
        return next((code for code in URGENCY if code in codes), max(codes))

    async def _go_on(self, stage: Stage, request: Request) -> list[int]:
        second = await self._cycle(stage, request, "Second cycle: nothing was touched in between")
        self._brief(second)
        stage.edit()
        name, value = stage.world.edit
        self._say(f"\nSomebody changes {name} to {value!r} at {stage.world.edit_at} ({stage.edited}).")
        third = await self._cycle(stage, request, "Third cycle: the edit travels")
        self._brief(third)
        return [second.exit_code, third.exit_code]

    async def _cycle(self, stage: Stage, request: Request, title: str) -> Report:
        from sync.wiring import load_settings, run_once

        self._say(f"\n=== {title} ===")
        environ = {**os.environ, **stage.environ}
        before = stage.writes
        with watched(quiet=self._quiet) as progress:
            report = await run_once(
                load_settings(stage.config, environ),
                request,
                progress=progress,
                environ=environ,
                ending=pending_code if self._exit_code else None,
            )
        self._say(f"Mutating requests received by the sandboxes in this cycle: {stage.writes - before}")
        return report

    def _brief(self, report: Report) -> None:
        if not (self._quiet or self._aside):
            tell(report, (), values=self._values, quiet=False)

    def _introduce(self, stage: Stage, request: Request) -> None:
        counts = {n: sum(s.provider == n for s in stage.world.samples) for n in stage.boxes}
        people = len({s.number for s in stage.world.samples})
        self._say(f"A rehearsal with {people} sample people on built-in servers; nothing leaves this machine.")
        for name, box in stage.boxes.items():
            self._say(f"  {name:<10} {counts[name]:>4} records at {box.settings['base_url']}")
        self._say(f"Configuration: {FOLDER}/{stage.config.name}")
        allowed = " ".join(f"--allow {k}={p}:{n}" for (k, p), n in request.options.allowances.counts.items())
        self._say(
            f"Against real accounts a first run stops at its guards; a rehearsal lets them through: {allowed}"
        )

    def _allowed(self, stage: Stage) -> Request:
        counts = {(kind, name): CEILING for kind in LET_THROUGH for name in stage.boxes}
        counts |= dict(self._request.options.allowances.counts)
        allowances = Allowances(counts, self._request.options.allowances.fingerprints)
        return replace(self._request, options=replace(self._request.options, allowances=allowances))

    def _say(self, text: str) -> None:
        if not self._quiet:
            click.echo(text, err=self._aside)
