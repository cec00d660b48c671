"""``apply``: a saved plan, carried out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.common import (
    ceiling_options,
    check_reports,
    config_option,
    ended,
    loaded,
    log_options,
    only_option,
    pass_logs,
    report_options,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from sync.cli.common import Logs
    from sync.plans import SavedPlan


@click.command("apply")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@only_option("The person of whom the plan is, where it was made with --only.")
@click.option("--allow", "allowances", multiple=True, metavar="KIND=PROVIDER:COUNT",
              help="Let one guard through, up to COUNT, beside what the plan does; repeatable.")  # fmt: skip
@ceiling_options
@config_option
@report_options
@log_options
@pass_logs
def command(
    logs: Logs,
    file: Path,
    only: str | None,
    allowances: tuple[str, ...],
    max_requests: tuple[str, ...],
    wait: timedelta,
    config: Path | None,
    reports: tuple[str, ...],
    values: bool,
    exit_code: bool,
) -> int:
    """Read everything again and send exactly what FILE says, or nothing.

    A plan is refused (6) when it was made elsewhere, was used, or expired, when another run came after it, or when
    what would be sent now is not what was reviewed.
    """
    check_reports(reports)
    from sync.cli.run import interruptible, one_cycle, request_from
    from sync.wiring import opened_store

    settings = loaded(config, reports, logs)
    raw = _read(file)
    with opened_store(settings, wait_s=wait.total_seconds()) as store:
        plan = _parsed(raw, only, store.keyed_hash)
    allowed = (*plan.allow, *allowances)
    narrowed = request_from(
        "apply", providers=plan.providers, only=only, max_requests=max_requests, wait=wait, allowances=allowed
    )
    request = replace(narrowed, options=replace(narrowed.options, plan=plan, undo=plan.undo))

    def made(session: Any) -> None:
        from sync.cli.plan import standpoint_of

        plan.check(standpoint_of(session), session.clock.now())

    report, stopped = interruptible(
        lambda stop: one_cycle(settings, request, stop, quiet=logs.quiet, made=made, pending=exit_code)
    )
    return ended(report, stopped, reports, values=values, quiet=logs.quiet)


def _read(file: Path) -> bytes:
    from sync.errors import ConfigError
    from sync.plans import MAKE_ANOTHER

    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read ({error.strerror})", remedy=f"name a saved plan, or {MAKE_ANOTHER}"
        ) from error


def _parsed(raw: bytes, only: str | None, keyed_hash: Any) -> SavedPlan:
    from sync.plans import parse

    plan = parse(raw.decode("utf-8", "replace"), keyed_hash)
    if plan.only != (only and keyed_hash(only)):
        raise click.UsageError("The plan was made with another --only; repeat it as it was then.")
    return plan
