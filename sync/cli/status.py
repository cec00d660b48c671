"""``status``: what the state store knows, without its lock; works while a run does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sync.cli.common import config_option, format_option, log_options, say, say_json, values_option

if TYPE_CHECKING:
    from pathlib import Path


@click.command("status")
@config_option
@format_option
@values_option
@log_options
def command(config: Path | None, form: str, values: bool) -> int:
    """Last runs, providers, what waits for a person, who holds the lock.

    Nothing is locked, written or asked of a provider, so it works while a run does.
    """
    from sync.cli.standing import gather
    from sync.wiring import load_settings

    told = gather(load_settings(config), values=values)
    if form == "json":
        say_json(told)
        return 0
    from sync.cli.standing_text import as_text

    say(as_text(told).split("\n"))
    return 0
