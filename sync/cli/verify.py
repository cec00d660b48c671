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
    report_options,
    set_up_logs,
)

if TYPE_CHECKING:
    from pathlib import Path


@click.command("verify")
@config_option
@narrowing_options
@report_options
@log_options
def command(
    config: Path | None,
    reports: tuple[str, ...],
    values: bool,
    exit_code: bool,
    log_format: str | None,
    verbose: int,
    quiet: bool,
    **narrowing: Any,
) -> int:
    """Read every readable provider whole and compare it with the canonical people; nothing is written.

    The exit code is 10 when something differs: what a run would write now. What is listed already does not count:
    conflicts, twins, holds, entries that are not resolved yet, values that a provider cannot express.
    """
    from sync.cli.run import interruptible, one_cycle, request_from

    check_reports(reports)
    set_up_logs(log_format, verbose, quiet)
    request = request_from("verify", **narrowing)
    settings = loaded(config, reports, log_format, verbose, quiet)
    report, stopped = interruptible(
        lambda stop: one_cycle(settings, request, stop, quiet=quiet, pending=exit_code)
    )
    return ended(report, stopped, reports, values=values, quiet=quiet)
