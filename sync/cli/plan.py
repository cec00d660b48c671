"""``plan``: what a run would send now, saved for a person to review."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from sync.cli.common import (
    check_reports,
    config_option,
    cycle_options,
    loaded,
    log_options,
    pass_logs,
    report_options,
    tell,
)

if TYPE_CHECKING:
    from sync.cli.common import Logs
    from sync.config import Settings
    from sync.engine.session import Session
    from sync.plans import SavedPlan, Standpoint
    from sync.wiring import Request


@click.command("plan")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where the plan is saved.")  # fmt: skip
@config_option
@cycle_options
@report_options
@log_options
@pass_logs
def command(
    logs: Logs,
    /,
    out: Path,
    config: Path | None,
    reports: tuple[str, ...],
    values: bool,
    exit_code: bool,
    allowances: tuple[str, ...],
    **narrowing: Any,
) -> int:
    """Read everything and save what would be sent, without sending it.

    The file holds no personal data. `contact-sync apply FILE` carries out exactly this within `[sync]
    plan_expires`, as long as no other run came between. What --allow lets through now is let through then; a plan
    that a guard stops is not saved (5).
    """
    check_reports(reports, out)
    from sync.cli.run import request_from

    request = request_from("dry-run", allowances=allowances, **narrowing)
    settings = loaded(config, reports, logs, out)
    return save_plan(
        out, settings, request, allowances, reports, values=values, quiet=logs.quiet, pending=exit_code
    )


def save_plan(
    out: Path,
    settings: Settings,
    request: Request,
    allowances: tuple[str, ...],
    reports: tuple[str, ...],
    *,
    values: bool,
    quiet: bool,
    pending: bool,
) -> int:
    """What the request would send is told and saved, unless a guard stops it; returns the exit code.

    ``pending``: 4 counts.
    """
    from sync.cli.run import interruptible, one_cycle
    from sync.report.output import write_private

    make_state(settings, request.wait_s)
    seen: list[tuple[Session, Standpoint]] = []

    def made(session: Session) -> None:
        seen.append((session, standpoint_of(session)))

    report, stopped = interruptible(
        lambda stop: one_cycle(settings, request, stop, quiet=quiet, made=made, pending=pending)
    )
    if report is None or stopped:
        return 128 + stopped
    tell(report, reports, values=values, quiet=quiet)
    if report.guards:
        allowed = all(guard.allow for guard in report.guards)
        what = "Repeat it with the --allow that the guards name, or change less." if allowed else "See the guards."
        click.echo(f"No plan was saved. {what}", err=True)
        return int(report.exit_code)
    plan, text = _saved(settings, request, *seen[0], allowances)
    write_private(out, text)
    narrowed = " --only KEY` (the same KEY)" if plan.only else "`"  # a KEY may be somebody's address
    click.echo(
        f"Saved as {out}: {len(plan.wishes)} to send. `contact-sync apply {quote(str(out))}{narrowed} sends "
        f"exactly this until {plan.expires_at:%Y-%m-%d %H:%M} UTC.",
        err=True,
    )
    return int(report.exit_code)


def make_state(settings: Settings, wait_s: float) -> None:
    """The database and its key are there: a plan is bound to both."""
    from sync.wiring import opened_store

    with opened_store(settings, wait_s=wait_s):
        pass


def standpoint_of(session: Session) -> Standpoint:
    """Where a plan made now would stand; asked before the run begins."""
    from sync.plans import Standpoint

    lineage, serial = session.store.standpoint()
    fingerprints = {name: seat.fingerprint for name, seat in session.seats.items()}
    return Standpoint(lineage=lineage, serial=serial, settings=fingerprints)


def _saved(
    settings: Settings, request: Request, session: Session, standpoint: Standpoint, allowances: tuple[str, ...]
) -> tuple[SavedPlan, str]:
    from sync.plans import SavedPlan, render, wishes_of

    keyed_hash = session.store.keyed_hash
    plan = SavedPlan(
        plan_id=session.run_id,
        made_at=session.started_at,
        expires_at=session.started_at + settings.sync.plan_expires,
        standpoint=standpoint,
        providers=request.providers,
        only=request.only and keyed_hash(request.only),
        allow=allowances,
        wishes=wishes_of(session.operations.values(), keyed_hash),
        undo=request.options.undo,
    )
    return plan, render(plan, keyed_hash)
