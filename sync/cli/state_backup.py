"""``state backup``: a whole copy of the state store, made beside a run if there is one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.common import config_option, log_options, pass_logs

if TYPE_CHECKING:
    from sync.cli.common import Logs
    from sync.config import Settings


@click.command("backup")
@click.argument("path", required=False, type=click.Path(path_type=Path, dir_okay=False))
@config_option
@log_options
@pass_logs
def backup(logs: Logs, path: Path | None, config: Path | None) -> int:
    """Copy the state database to PATH, or to a dated file in the folder [state] backups.

    The copy is checked, and private; what stands at PATH is replaced only if it is an earlier one. A run may work
    meanwhile. Dated backups in that folder that are older than 30 days are removed then, except the newest one.
    """
    from sync.wiring import load_settings

    settings = load_settings(config)
    lines = list(_back_up(settings, path))
    if not logs.quiet:
        click.echo("\n".join(lines))
    return 0


def _back_up(settings: Settings, path: Path | None) -> list[str]:
    from state import backup as copies
    from sync.cli.places import check_spare, looked_at
    from sync.report.output import check_folder

    now = datetime.now(UTC)
    place = settings.state
    target = path.absolute() if path is not None else place.backups / copies.dated_name("state", now)
    check_spare(settings, target, "PATH", copy=True)
    if path is not None:  # the folder of dated ones is made
        check_folder(target, "PATH")
    with looked_at(settings) as store:
        warnings = copies.backup(store, target)
    lines = [f"{target}: whole, {target.stat().st_size // 1024} KiB", *warnings]
    lines += [f"removed {old}, which is out of date" for old in copies.expire(place.backups, now)]
    lines.append(f"Not in it: the key {settings.key_file} and the ledger {place.ledger}. Keep copies of both too,")
    lines.append("somewhere else: without that key no opt-out can be recognised.")
    return lines
