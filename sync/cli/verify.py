"""``verify``: everything that can be read, compared with the canonical people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from sync.cli.common import (
    check_reports,
    config_option,
    ended,
    loaded,
    log_options,
    narrowing_options,
    pass_logs,
    report_options,
)

if TYPE_CHECKING:
    from pathlib import Path

    from sync.cli.common import Logs


@click.command("verify")
@config_option
@narrowing_options
@report_options
@log_options
@pass_logs
def command(
    logs: Logs,
    /,
    config: Path | None,
    reports: tuple[str, ...],
    values: bool,
    exit_code: bool,
    **narrowing: Any,
) -> int:
    """Read every readable provider whole and compare it with the canonical people; nothing is written.

    The exit code is 10 when something differs: what a run would write now. What is listed already does not count:
    conflicts, twins, holds, entries that are not resolved yet, values that a provider cannot express.
    """
    from sync.cli.run import interruptible, one_cycle, request_from

    check_reports(reports)
    request = request_from("verify", **narrowing)
    settings = loaded(config, reports, logs)
    report, stopped = interruptible(
        lambda stop: one_cycle(settings, request, stop, quiet=logs.quiet, pending=exit_code)
    )
    return ended(report, stopped, reports, values=values, quiet=logs.quiet)
