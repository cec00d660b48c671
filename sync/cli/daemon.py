"""``daemon``: the cycle on a schedule, with health and metrics on a side port."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from sync.cli.common import (
    check_places,
    check_reports,
    config_option,
    cycle_options,
    log_options,
    pass_logs,
    write_reports,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sync.cli.common import Logs
    from sync.config import Settings
    from sync.daemon import CycleEnd
    from sync.report.model import Report
    from sync.wiring import Request


@click.command("daemon")
@config_option
@cycle_options
@click.option("--report", "reports", multiple=True, metavar="FORMAT:PATH",
              help="Written after each cycle, replacing the file; repeatable.")  # fmt: skip
@click.option("--values", is_flag=True, help="Show personal data instead of masking it.")
@log_options
@pass_logs
def command(
    logs: Logs,
    /,
    config: Path | None,
    reports: tuple[str, ...],
    values: bool,
    **narrowing: Any,
) -> int:
    """Run the cycle every `[sync] interval` until stopped, and serve health and metrics on `[daemon] listen`.

    The first SIGTERM or Ctrl-C lets the call in flight finish (at most `[daemon] drain`) and ends with 0; a
    second one ends at once. --allow holds for the first cycle only; --wait is for another daemon to end.
    """
    check_reports(reports)
    from sync.cli.run import request_from
    from sync.logs import install_excepthook
    from sync.wiring import load_settings

    wait_s = narrowing["wait"].total_seconds()
    request = request_from("run", **narrowing)
    settings = load_settings(config, to_act=True)
    check_places(settings, reports)
    logs.set_up(settings.logging)
    install_excepthook()
    with ExitStack() as stack:
        _stay_alone(settings, wait_s, stack)
        request = _cycles(request, lists=bool(reports))
        asyncio.run(_serve(settings, request, lambda report: _write(report, reports, values), stack))
    return 0


def _cycles(request: Request, *, lists: bool) -> Request:
    """A cycle never waits for the lock: that would keep the loop from hearing signals."""
    from dataclasses import replace

    return replace(request, wait_s=0.0, options=replace(request.options, lists=lists))


def _stay_alone(settings: Settings, wait_s: float, stack: ExitStack) -> None:
    """No second daemon works with this store until ``stack`` closes."""
    from state.lock import RunLock, daemon_lock_path
    from sync.cli.places import database_file
    from sync.errors import LockHeld

    lock = RunLock(daemon_lock_path(database_file(settings)))
    try:
        lock.acquire(wait_s)
    except LockHeld as error:
        raise LockHeld(
            f"another daemon works with this state store ({error.holder or 'it is not told which'})",
            holder=error.holder,
            remedy="stop that one first, or give this one another [state] url",
        ) from error
    stack.callback(lock.release)


async def _serve(settings: Settings, request: Request, write: Any, stack: ExitStack) -> None:
    from sync.clock import SystemClock
    from sync.daemon import LAST_WORDS_S, Daemon, heeding_signals, log
    from sync.serving import Metrics, SidePort

    clock, metrics = SystemClock(), Metrics(settings.providers)

    def told(end: CycleEnd) -> None:
        metrics.observe(end)
        if end.report is not None:
            write(end.report)

    daemon = Daemon(settings, request, clock=clock, told=told)
    if settings.daemon.address is not None:
        port = SidePort(settings.daemon.address, daemon.pulse, metrics, clock)
        stack.callback(port.stop)
        port.start()
        log.info("health and metrics are served", address=port.address)
    with heeding_signals(daemon.stop, hard_limit_s=settings.daemon.drain.total_seconds() + LAST_WORDS_S):
        await daemon.run()
    log.info("stopped", cycles=daemon.pulse.cycles)


def _write(report: Report, specs: tuple[str, ...], values: bool) -> None:
    """Every report asked for is written; one that cannot be is told and keeps no cycle from running."""
    from sync.daemon import log
    from sync.errors import ConfigError

    try:
        write_reports(report, specs, values=values)
    except ConfigError as error:
        log.warning("a report could not be written", why=str(error))
