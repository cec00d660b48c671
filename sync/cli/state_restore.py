"""``state restore``: a backup takes the place of the state database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.asking import agreed
from sync.cli.common import config_option, log_options, wait_option

if TYPE_CHECKING:
    from datetime import timedelta

    from sync.config import Settings

AFTERWARDS = (
    "What later runs wrote will then be seen as edits made at the providers, and people whom they created are\n"
    "recognised by email and profile only. Opt-outs are all known from the ledger. Nothing runs until\n"
    "`contact-sync state check --accept`."
)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@config_option
@log_options
def restore(file: Path, yes: bool, wait: timedelta, config: Path | None) -> int:
    """Put the backup FILE in the place of the state database; the present one is kept beside it.

    FILE is checked first; when it is damaged or not ours nothing is touched (12).
    """
    from state.lock import RunLock, run_lock_path
    from sync.cli.places import database_file
    from sync.wiring import load_settings, opened_store

    settings = load_settings(config)
    with RunLock(run_lock_path(database_file(settings))).acquire(wait.total_seconds()) as lock:
        if _restore(settings, file.absolute(), yes=yes):
            with opened_store(settings, held=lock) as store:  # opening erases whoever was erased since that backup
                click.echo("".join(f"{warning}\n" for warning in store.warnings), nl=False)
    return 0


def _restore(settings: Settings, file: Path, *, yes: bool) -> bool:
    from state.backup import check_backup
    from state.backup import restore as put_back
    from sync.cli.places import database_file

    database = database_file(settings)
    check_backup(file, database)
    click.echo(f"The backup         {file}: {_told(file)}")
    click.echo(f"takes the place of {database}: {_told(database)}\n{AFTERWARDS}")
    if not agreed("Restore it?", yes=yes):
        click.echo("Nothing was restored.")
        return False
    former = put_back(file, database)
    click.echo("Restored." + (f" The former database is {former}." if former else ""))
    return True


def _told(file: Path) -> str:
    """What a database knows, as far as it can be read."""
    from state.backup import extent
    from sync.errors import StateError

    if not file.exists():
        return "not there"
    try:
        people, last = extent(file)
    except StateError as error:
        return str(error)
    whom = "1 person" if people == 1 else f"{people} people"
    return f"{whom}, last run {f'{last:%Y-%m-%d %H:%M:%S} UTC' if last else 'never'}"
