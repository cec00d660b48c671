"""``undo``: the values that a run replaced, restored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.asking import agreed
from sync.cli.common import (
    check_reports,
    config_option,
    cycle_options,
    ended,
    loaded,
    log_options,
    pass_logs,
    report_options,
    tell,
)

if TYPE_CHECKING:
    from sync.cli.common import Logs
    from sync.config import Settings
    from sync.report.model import Report
    from sync.wiring import Request


@click.command("undo")
@click.argument("run")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Save it as a plan for `contact-sync apply` instead of sending it.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@cycle_options
@report_options
@log_options
@pass_logs
def command(
    logs: Logs,
    /,
    run: str,
    out: Path | None,
    yes: bool,
    config: Path | None,
    reports: tuple[str, ...],
    values: bool,
    exit_code: bool,
    allowances: tuple[str, ...],
    **narrowing: Any,
) -> int:
    """Restore the values that RUN (an id as `contact-sync status` tells it) replaced, under the same guards.

    They are decided for good, as if somebody had set them, and written to every provider, also to the one that the
    other value came from: else it would come back. What cannot be taken back is told: who was created, opt-outs,
    what was empty before, and what changed since.
    """
    check_reports(reports, out)
    from sync.cli.run import request_from

    request = request_from("dry-run", allowances=allowances, **narrowing)
    request = replace(request, options=replace(request.options, undo=run))
    settings = loaded(config, reports, logs, out)
    _check_run(settings, run)
    if out is not None:
        from sync.cli.plan import save_plan

        return save_plan(
            out, settings, request, allowances, reports, values=values, quiet=logs.quiet, pending=exit_code
        )
    if not yes:
        shown, stopped = _cycle(settings, request, quiet=logs.quiet)
        if shown is None or stopped:
            return 128 + stopped
        tell(shown, (), values=values, quiet=False)
        if shown.exit_code or not agreed("Send this?", yes=yes):
            click.echo("Nothing was sent.", err=True)
            return int(shown.exit_code)
    sending = replace(request, options=replace(request.options, mode="undo"))
    report, stopped = _cycle(settings, sending, quiet=logs.quiet, pending=exit_code)
    return ended(report, stopped, reports, values=values, quiet=logs.quiet)


def _cycle(
    settings: Settings, request: Request, *, quiet: bool, pending: bool = False
) -> tuple[Report | None, int]:
    from sync.cli.run import interruptible, one_cycle

    report, stopped = interruptible(lambda stop: one_cycle(settings, request, stop, quiet=quiet, pending=pending))
    return report, int(stopped)


def _check_run(settings: Settings, run: str) -> None:
    """The run is known here and sent something; a usage error otherwise."""
    from sync.cli.places import is_made, looked_at

    if is_made(settings):
        with looked_at(settings) as store:
            if store.operations(run_id=run):
                return
    raise click.UsageError("No run of this id sent anything; `contact-sync status` lists the last ones.")
