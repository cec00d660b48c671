"""``verify``: everything that can be read, compared with the canonical people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from sync.cli.common import (
    check_places,
    check_reports,
    config_option,
    log_options,
    narrowing_options,
    result_options,
    set_up_logs,
    tell,
)

if TYPE_CHECKING:
    from pathlib import Path


@click.command("verify")
@config_option
@narrowing_options
@result_options
@log_options
def command(
    config: Path | None,
    reports: tuple[str, ...],
    values: bool,
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
    from sync.wiring import load_settings

    check_reports(reports)
    set_up_logs(log_format, verbose, quiet)
    request = request_from("verify", **narrowing)
    settings = load_settings(config)
    check_places(settings, reports)
    set_up_logs(log_format, verbose, quiet, settings.logging)
    report, stopped = interruptible(lambda stop: one_cycle(settings, request, stop, quiet=quiet))
    if report is None:
        return 128 + stopped
    code: int = 128 + stopped if stopped else report.exit_code
    tell(replace(report, exit_code=code), reports, values=values, quiet=quiet)
    return code
