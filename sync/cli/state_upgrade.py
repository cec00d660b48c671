"""``state upgrade``: the store gets the schema of this program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sync.cli.common import config_option, log_options, pass_logs, wait_option

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from sync.cli.common import Logs
    from sync.config import Settings


@click.command("upgrade")
@wait_option
@config_option
@log_options
@pass_logs
def upgrade(logs: Logs, wait: timedelta, config: Path | None) -> int:
    """Bring the state database to the schema of this program, after a backup; runs do the same by themselves."""
    from sync.wiring import load_settings

    said = _upgrade(load_settings(config), wait_s=wait.total_seconds())
    if not logs.quiet:
        click.echo(said)
    return 0


def _upgrade(settings: Settings, *, wait_s: float) -> str:
    from sync.cli.places import is_made
    from sync.wiring import opened_store

    if not is_made(settings):
        return "There is no state store yet; the first `contact-sync run` makes it with the newest schema."
    before = _version(settings)
    with opened_store(settings, wait_s=wait_s):
        after = _version(settings)
    if before == after:
        return f"Nothing to do: the state store has schema {after}, the newest this program knows."
    return f"Upgraded from schema {before} to {after}; the copy made before is in {settings.state.backups}."


def _version(settings: Settings) -> int:
    from contextlib import closing

    from state.connection import open_raw, pragma, translated
    from sync.cli.places import database_file

    where = database_file(settings)
    with translated("the state database cannot be read"), closing(open_raw(where, "ro")) as raw:
        return int(pragma(raw, "user_version"))
