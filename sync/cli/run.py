"""``run``: one full cycle, a dry run of it, or a rehearsal on the built-in servers."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from sync.cli.common import (
    check_reports,
    config_option,
    cycle_options,
    ended,
    loaded,
    log_options,
    parse_max_requests,
    pass_logs,
    pending_code,
    report_options,
)
from sync.errors import LockHeld

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from pathlib import Path

    from sync.cli.common import Logs
    from sync.config import Settings
    from sync.engine.session import Session
    from sync.report.model import Mode, Report
    from sync.wiring import Request


DRAIN_S = 10.0
"""Time for the call in flight to end after the first signal."""


class Stop(asyncio.Event):
    """Set at the first signal that asks a command to stop; ``number`` is the signal's, 0 = none yet."""

    number = 0


@click.command("run")
@click.option("--dry-run", is_flag=True, help="Stop before writing: show what would change, leave no trace.")
@click.option("--sandbox", is_flag=True, help="Rehearse on built-in local servers with sample people.")
@config_option
@cycle_options
@report_options
@log_options
@pass_logs
def command(
    logs: Logs,
    /,
    dry_run: bool,
    sandbox: bool,
    config: Path | None,
    reports: tuple[str, ...],
    values: bool,
    exit_code: bool,
    **narrowing: Any,
) -> int:
    """One full cycle: opt-outs, read, match, merge, plan, guard, write, verify, report.

    The exit code is 0 when everything is done, 5 when a guard stopped the run before anything was written,
    and as listed in the README otherwise.
    """
    check_reports(reports)
    request = request_from("dry-run" if dry_run else "run", **narrowing)
    if sandbox:
        from sync.cli.rehearsal import rehearse

        if config is not None:
            raise click.UsageError("--sandbox writes its own configuration; leave --config out.")
        return rehearse(request, reports=reports, values=values, quiet=logs.quiet, exit_code=exit_code)
    settings = loaded(config, reports, logs)
    report, stopped = interruptible(
        lambda stop: one_cycle(settings, request, stop, quiet=logs.quiet, pending=exit_code)
    )
    return ended(report, stopped, reports, values=values, quiet=logs.quiet)


def request_from(
    mode: Mode,
    *,
    providers: tuple[str, ...],
    only: str | None,
    max_requests: tuple[str, ...],
    wait: timedelta,
    allowances: tuple[str, ...] = (),
) -> Request:
    """What the command line asked for; a usage error where it cannot be read."""
    from sync.engine.session import Options
    from sync.guards import Allowances
    from sync.wiring import Request

    try:
        allowed = Allowances.parse(allowances)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--allow") from error
    return Request(
        options=Options(mode=mode, allowances=allowed),
        providers=providers,
        max_requests=parse_max_requests(max_requests),
        wait_s=wait.total_seconds(),
        only=only,
    )


async def one_cycle(
    settings: Settings,
    request: Request,
    stop: Stop,
    *,
    quiet: bool,
    made: Callable[[Session], None] | None = None,
    pending: bool = False,
) -> Report:
    """``run_once`` with progress told on a terminal; its report tells what the command ends with.

    ``pending``: 4 counts.
    """
    from sync.cli.progress import watched
    from sync.wiring import run_once

    def ending(report: Report) -> int:
        return 128 + stop.number if stop.number else pending_code(report) if pending else report.exit_code

    with watched(quiet=quiet) as progress:
        return await run_once(settings, request, progress=progress, stopping=stop, made=made, ending=ending)


def interruptible(work: Any) -> tuple[Any, int]:
    """``work(stop)`` done, and the signal that asked it to stop (0 = none).

    The first SIGINT or SIGTERM sets ``stop``: the call in flight is finished, nothing new begins. What has
    not ended after ``DRAIN_S`` is broken off: what was in flight is looked up by the next run, as it is after a
    second signal, which ends the process at once. There is ``None`` of work that was broken off, or that still
    waited for the lock.
    """
    stop = Stop()
    try:
        return asyncio.run(_heeding(work, stop)), stop.number
    except (LockHeld, asyncio.CancelledError):
        if not stop.number:
            raise
        return None, stop.number


async def _heeding(work: Any, stop: Stop) -> Any:
    from sync.daemon import LAST_WORDS_S, heeding_signals

    def code(number: int) -> int:
        stop.number = number
        return 128 + number

    def stopped() -> None:
        stop.set()
        sys.stderr.write("Stopping after the call in flight; once more to stop at once.\n")

    with heeding_signals(stopped, hard_limit_s=DRAIN_S + LAST_WORDS_S, code=code):
        working, signalled = asyncio.ensure_future(work(stop)), asyncio.ensure_future(stop.wait())
        await asyncio.wait({working, signalled}, return_when=asyncio.FIRST_COMPLETED)
        signalled.cancel()
        await asyncio.wait({working}, timeout=DRAIN_S)
        if not working.done():
            sys.stderr.write("It did not end in time; what was being sent is looked up by the next run.\n")
            working.cancel()
        return await working
