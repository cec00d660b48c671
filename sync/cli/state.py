"""``state``: care of the state store."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import click

from sync.cli.asking import agreed
from sync.cli.checks import Check, failed, tell
from sync.cli.common import config_option, log_options, pass_logs, wait_option
from sync.cli.state_backup import backup
from sync.cli.state_restore import restore
from sync.cli.state_upgrade import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

    from state.store import SqliteStore
    from sync.cli.common import Logs
    from sync.config import Settings

LOST = (
    "The state database was lost: earlier runs left a ledger or a marker, and nothing else is known.\n"
    "While this stands, runs only plan. To accept it means that this empty database is the right one: who is who\n"
    "is learnt anew from the providers, and people whom earlier runs created are recognised by email and profile\n"
    "only. Opt-outs are all known from the ledger. A backup in [state] backups would keep more."
)
MOVED = (
    "The last run on this state was on another machine: the folder was copied or moved here.\n"
    "While this stands, runs only plan. To accept it means that nothing works on the other copy any more: two\n"
    "engines would undo each other's edits, and each would create people whom the other has created, too."
)
ROLLED_BACK = (
    "The state database is an older copy: it knows of fewer runs than the marker beside it, or that is gone.\n"
    "While this stands, nothing runs. To accept it means that this copy is the right one: what later runs wrote\n"
    "is seen as edits made at the providers, and creates that they sent are recognised by email and profile\n"
    "only, those that show in no list yet by nothing: wait until they do. Opt-outs are all known from the ledger."
)


@click.group("state")
def command() -> None:
    """Care of the state store."""


for part in (backup, restore, upgrade):
    command.add_command(part)


@command.command("check")
@click.option("--accept", is_flag=True, help="Accept a lost, restored or moved database as the right one.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@wait_option
@config_option
@log_options
@pass_logs
def check(logs: Logs, accept: bool, yes: bool, wait: timedelta, config: Path | None) -> int:
    """Check the whole database, its audit trail and the opt-out ledger; 12 when something is wrong.

    With --accept a lost, restored or moved database, which keeps runs from writing, is accepted as the right one.
    """
    from sync.wiring import load_settings

    settings = load_settings(config)
    with ExitStack() as stack:
        found = [*_roll_back(settings, stack), *checked(settings)]
    code = tell(found, quiet=logs.quiet)
    damaged = any(c.level == "FAIL" and c.what != "history" for c in found)
    if not accept or damaged:
        return code
    return _accept(settings, yes=yes, wait_s=wait.total_seconds())


def checked(settings: Settings, *, thorough: bool = True) -> Iterator[Check]:
    """Database, audit trail, ledger and history, without writing anything.

    ``thorough`` also compares every index with its rows.
    """
    from state.ledger import check_writable
    from sync.cli.places import database_file, is_made, ledger_entries, was_lost
    from sync.errors import StateError

    place = settings.state
    try:
        entries: int | None = ledger_entries(settings)
        check_writable(place.ledger)
        yield Check(
            "ok",
            "opt-out ledger",
            f"{place.ledger}: {entries} entr{'y' if entries == 1 else 'ies'}, each follows from the one before",
        )
    except StateError as error:
        entries = None
        yield failed("opt-out ledger", error)
    if not is_made(settings):
        yield _not_made(database_file(settings), lost=was_lost(settings, entries or 0))
        return
    yield from _database(settings, thorough=thorough, ledger=entries is not None)


def _not_made(path: Path, *, lost: bool) -> Check:
    if lost:
        return Check(
            "FAIL",
            "history",
            f"{path} is gone although earlier runs left a ledger or a marker",
            "restore a backup, or accept the loss with `contact-sync state check --accept`",
            12,
        )
    return Check("ok", "database", "not there yet; the first `contact-sync run` makes it")


def _database(settings: Settings, *, thorough: bool, ledger: bool) -> Iterator[Check]:
    """``ledger``: the opt-out ledger is sound, so what the database holds of it is compared with it."""
    from state.checks import check_whole
    from sync.cli.places import database_file, looked_at
    from sync.errors import StateError

    path = database_file(settings)
    try:
        with looked_at(settings) as store:
            check_whole(store.database.raw, thorough=thorough)
            yield Check("ok", "database", f"{path}: whole, {path.stat().st_size // 1024} KiB")
            yield from (Check("warn", "state folder", warning) for warning in store.warnings)
            store.check_audit()
            yield Check("ok", "audit trail", "each entry follows from the one before")
            if ledger:
                yield from _opt_outs(settings, store)
            yield _history(store)
    except StateError as error:
        yield failed("database", error)


def _opt_outs(settings: Settings, store: SqliteStore) -> Iterator[Check]:
    """What is wrong when the ledger is not that of the database, or does not hold all that the database does."""
    from state.key import load_key
    from state.optouts import compared
    from sync.errors import StateError

    try:
        with store.database.read() as connection:
            told, kept = compared(connection, settings.state.ledger, load_key(settings.key_file))
    except StateError as error:
        yield failed("opt-outs", error)
        return
    lacking = len(kept) - len(told.lines)
    if lacking > 0:
        found = f"{settings.state.ledger} lacks {lacking} of the lines that the database holds"
        yield Check("warn", "opt-outs", found, "the next run writes them there again")


def _history(store: SqliteStore) -> Check:
    code = 12
    if store.rolled_back:
        found, remedy = (
            "an older copy of the database was put back, or its marker is gone",
            "restore a newer backup, or",
        )
    elif store.lost_database:
        found, remedy = "the database was lost and made anew", "restore a backup, or"
    elif store.other_host:
        found, remedy, code = (
            "the last run was on another machine",
            "see that nothing runs there any more, then",
            5,
        )
    else:
        return Check("ok", "history", "the database is the newest one known")
    return Check("FAIL", "history", found, f"{remedy} accept it with `contact-sync state check --accept`", code)


def _roll_back(settings: Settings, stack: ExitStack) -> Iterator[Check]:
    """What a killed run left half written is rolled back, unless a run works now."""
    from state.checks import is_blank
    from state.connection import open_raw
    from state.lock import RunLock, run_lock_path
    from sync.cli.places import database_file, is_made
    from sync.errors import LockHeld, StateError

    if not is_made(settings):
        return
    path = database_file(settings)
    lock = RunLock(run_lock_path(path))
    try:
        lock.acquire()
        stack.callback(lock.release)
        with closing(open_raw(path, "rw")) as raw:
            is_blank(raw)  # SQLite does it at the first look
    except LockHeld as error:
        yield Check("ok", "lock", f"held by {error.holder or 'a run'}; its unfinished write is left alone")
    except StateError as error:
        yield failed("lock", error)
    except Exception as error:  # noqa: BLE001  # whatever SQLite says, the checks that follow say it better
        yield Check("warn", "database", f"could not be opened for writing ({type(error).__name__})")


def _accept(settings: Settings, *, yes: bool, wait_s: float) -> int:
    """A lost, restored or moved database is accepted if the user says so; else the code of what stops runs."""
    from sync.wiring import opened_store

    with opened_store(settings, wait_s=wait_s) as store:
        if not (store.lost_database or store.rolled_back or store.other_host):
            click.echo("There is nothing to accept: the database is the newest one known.")
            return 0
        click.echo("\n" + (ROLLED_BACK if store.rolled_back else LOST if store.lost_database else MOVED))
        if not agreed("Accept it?", yes=yes):
            click.echo("Nothing was accepted.")
            return _history(store).code
        store.accept()
    click.echo("Accepted. `contact-sync run --dry-run` shows what the next run would do.")
    return 0
