"""``import``: an export taken in as a provider's records, without asking any provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sync.cli.common import check_configured, config_option, log_options, pass_logs, wait_option

if TYPE_CHECKING:
    from sync.cli.common import Logs
    from sync.config import Settings
    from sync.engine.imports import Imported
    from sync.engine.session import Session
    from sync.record import Export
    from sync.wiring import Request

SHOWN_ROWS = 20
AHEAD = timedelta(minutes=10)
"""A file's time may be this far ahead of our clock."""


class MomentType(click.ParamType[datetime]):
    """A moment such as ``2026-11-20`` or ``2026-11-20T18:34+01:00``; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """The moment in UTC, or a usage error."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value).strip())
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write it like 2026-11-20 or 2026-11-20T18:34Z", param, ctx)


@click.command("import")
@click.argument("provider")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as-of", type=MomentType(), metavar="TIME", help="The time it speaks for (UTC unless it has a "
              "zone); otherwise when the file was last written.")  # fmt: skip
@click.option("--complete", is_flag=True, help="It shows every record: known ones that it lacks are "
              "held as gone, unless rows are left out.")  # fmt: skip
@click.option("--allow", "allowances", multiple=True, metavar="emptied=PROVIDER:COUNT",
              help="Let so many known records be gone, this once.")  # fmt: skip
@wait_option
@config_option
@log_options
@pass_logs
def command(
    logs: Logs,
    provider: str,
    file: Path,
    as_of: datetime | None,
    complete: bool,
    allowances: tuple[str, ...],
    wait: timedelta,
    config: Path | None,
) -> int:
    """Take in FILE (CSV or JSON Lines) as the records of PROVIDER; no provider is contacted.

    The header holds canonical field names or the provider's own, and may hold record_id and opted_out. Bad rows
    are listed and end the command with 3; the good ones go in.
    """
    from sync.cli.run import request_from
    from sync.wiring import load_settings

    request = request_from("run", providers=(), only=None, max_requests=(), wait=wait, allowances=allowances)
    settings = load_settings(config)
    check_configured(settings, [provider], "PROVIDER")
    export = _read(settings, provider, file, as_of)
    imported, session = _taken_in(settings, provider, export, request, complete=complete)
    if not logs.quiet:
        _tell(provider, file, export, imported, session)
        _tell_columns(export)
    _tell_missing(provider, imported)
    _tell_bad_rows(imported.bad_rows)
    return 3 if imported.bad_rows or imported.missing else 0


def _read(settings: Settings, provider: str, file: Path, as_of: datetime | None) -> Export:
    from sync.errors import ConfigError, Rejected
    from sync.exports import read_for

    try:
        export = read_for(settings, provider, file, as_of)
    except Rejected as error:
        raise ConfigError(f"{file}: {error.message}") from error
    if export.as_of > datetime.now(UTC) + AHEAD:
        whose = "--as-of" if as_of else f"the time of {file}"
        raise ConfigError(
            f"{whose} lies in the future ({export.as_of:%Y-%m-%d %H:%M} UTC); later exports would be refused",
            remedy="say with --as-of when the export was made",
        )
    return export


def _taken_in(
    settings: Settings, provider: str, export: Export, request: Request, *, complete: bool
) -> tuple[Imported, Session]:
    """What the export brought, and the session that found out who its people are."""
    from sync.clock import SystemClock
    from sync.engine.imports import take_in
    from sync.engine.people import match_and_meet
    from sync.errors import ConfigError, Rejected
    from sync.wiring import check_accepted, opened_store, session_for

    with opened_store(settings, wait_s=request.wait_s) as store:
        check_accepted(store)
        session = session_for(settings, request, store, SystemClock())
        try:
            imported = take_in(session, session.seats[provider], export, complete=complete)
        except Rejected as error:
            remedy = "import the newest export, or say with --as-of when this one was really made"
            raise ConfigError(str(error), remedy=remedy) from error
        match_and_meet(session)
        return imported, session


def _tell(provider: str, file: Path, export: Export, imported: Imported, session: Session) -> None:
    if imported.known:
        click.echo(f"{file} was taken in before and has not changed since; nothing was done.")
        return
    click.echo(f"Taken in from {file} as {provider} of {export.as_of:%Y-%m-%d %H:%M} UTC:")
    for amount, one, many in (
        (imported.records, "record", "records"),
        (imported.changed, "of them new or changed", "of them new or changed"),
        (imported.older, "record left as its provider showed it later",
         "records left as their provider showed them later"),
        (imported.opt_outs, "new opt-out", "new opt-outs"),
        (session.new_people, "new person", "new people"),
        (session.merged_people, "person joined with another", "people joined with another"),
        (session.held_joins, "join of known people left to the next run and its guard",
         "joins of known people left to the next run and its guard"),
        (imported.gone, "known record no longer shown, held until you judge",
         "known records no longer shown, held until you judge"),
    ):  # fmt: skip
        if amount or one == "record":
            click.echo(f"  {amount:>7,} {one if amount == 1 else many}")
    if imported.unsure:
        click.echo("Nothing counts as gone: the rows left out may be those of records that it does not show.")
    if imported.changed or imported.opt_outs:
        click.echo("`contact-sync run` brings this to the other providers.")


def _tell_columns(export: Export) -> None:
    from sync.exports import columns_told

    for said in columns_told(export):
        click.echo(said, err=True)


def _tell_missing(provider: str, imported: Imported) -> None:
    if imported.missing is not None:
        gone, live = imported.missing
        click.echo(
            f"Nothing counts as gone: {gone} of {live} known records are missing, which is not believed. If they "
            f"are gone on purpose, repeat the command with --allow emptied={provider}:{gone}",
            err=True,
        )


def _tell_bad_rows(rows: tuple[tuple[int, str], ...]) -> None:
    from sync.redaction import redacted, visible

    if not rows:
        return
    click.echo(f"Left out {len(rows)} bad row{'s' if len(rows) > 1 else ''}:", err=True)
    for line, why in rows[:SHOWN_ROWS]:
        click.echo(f"  line {line}: {visible(redacted(why))}", err=True)
    if len(rows) > SHOWN_ROWS:
        click.echo(f"  and {len(rows) - SHOWN_ROWS} more", err=True)
