"""``doctor``: everything a run needs, checked one by one, with the remedy for what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sync.cli.checks import tell
from sync.cli.common import check_configured, config_option, log_options, pass_logs

if TYPE_CHECKING:
    from pathlib import Path

    from sync.cli.common import Logs


@click.command("doctor")
@config_option
@click.option("--provider", "providers", multiple=True, metavar="NAME", help="Only these; repeatable.")
@click.option("--offline", is_flag=True, help="Contact no provider; secrets are looked up.")
@log_options
@pass_logs
def command(logs: Logs, config: Path | None, providers: tuple[str, ...], offline: bool) -> int:
    """Check configuration, state store, credentials, scopes, reachability, clocks and effects.

    Nothing is written anywhere. Warnings end with 0; otherwise 2 configuration, 8 credentials or scope, 9 a limit
    of requests, 11 unreachable, 12 state store.
    """
    from sync.cli.diagnosis import diagnosed
    from sync.wiring import load_settings

    settings = load_settings(config, to_act=True)
    check_configured(settings, providers, "--provider")
    names = providers or tuple(sorted(settings.providers))
    return tell(diagnosed(settings, names, offline=offline), quiet=logs.quiet)
