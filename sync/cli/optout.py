"""``optout``: the ledger of people who asked not to be written to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from sync.cli.common import config_option, format_option, log_options, wait_option
from sync.cli.deciding import deciding, judge, shows_values
from sync.clock import utc

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from sync.person import Person
    from sync.record import OptOutEntry

LISTED = 50
"""Entries that a text list shows, the latest ones."""


@click.group("optout")
def command() -> None:
    """People who asked not to be written to. The ledger also lives outside the database and loses nothing."""


@command.command("add")
@click.argument("key")
@click.option(
    "--reason",
    required=True,
    metavar="R",
    help="Why, in Topo's words (UNSUBSCRIBED, BOUNCED, ...) or in a word or a few of your own, "
    "which count as a plain no.",
)
@wait_option
@config_option
@log_options
def add(key: str, reason: str, wait: timedelta, config: Path | None) -> int:
    """Note that KEY (an email, a LinkedIn URL, a person's id or provider:id) opted out.

    An email or URL of nobody known is noted too, for the day somebody shows it.
    """
    from sync.engine import ledger

    known = _reason(reason)
    with deciding(config, wait.total_seconds()) as session:
        try:
            people = ledger.add(session, key, known, judge())
        except ledger.NoKey as error:
            raise click.UsageError(f"{error}; {error.remedy}") from error
    click.echo(f"Noted: {known} for {_whom(people)}.")
    click.echo(_follows(known))
    return 0


def _follows(reason: str) -> str:
    """What an opt-out of that reason brings about."""
    from sync.optouts import NO_ENROLMENT, ONLY_OUTREACH_TOOL, TIMED

    if reason in NO_ENROLMENT:
        return "It keeps the person out of outreach; records are created as before, and no provider is told."
    if reason in ONLY_OUTREACH_TOOL:
        return "Nobody covered is created anywhere but in the outreach tool; no provider is told."
    if reason in TIMED:
        return "Nobody covered is created until somebody releases it; no provider is told."
    return "`contact-sync run` tells every provider that can be told; nobody covered is created meanwhile."


def _reason(text: str) -> str:
    """The reason, one of Topo's words or somebody's own; no mistyped word of Topo's is taken for one's own."""
    from difflib import get_close_matches

    from sync.optouts import KNOWN_REASONS

    reason = text.strip().upper().replace("-", "_")
    if reason in KNOWN_REASONS:
        return reason
    near = get_close_matches(reason, KNOWN_REASONS, 1)
    if near:
        raise click.BadParameter(f"{text!r} is no reason. Did you mean {near[0]}?", param_hint="--reason")
    return _own_words(text, "--reason", f"Known are: {', '.join(sorted(KNOWN_REASONS))}")


def _own_words(text: str, option: str, hint: str) -> str:
    """The text as the ledger keeps it, in which no address, link or phone number fits."""
    from sync.optouts import REASON_FORM, kept_reason

    own = " ".join(text.split())
    if kept_reason(own) != own:
        raise click.BadParameter(
            f"must be {REASON_FORM}; the ledger keeps it for good, so it must not tell of whom. {hint}",
            param_hint=option,
        )
    return own


@command.command("release")
@click.argument("key")
@click.option("--by", required=True, metavar="NAME", help="Who releases it; a person answers for it.")
@click.option("--why", required=True, metavar="TEXT", help="On what grounds, in a few words.")
@wait_option
@config_option
@log_options
def release(key: str, by: str, why: str, wait: timedelta, config: Path | None) -> int:
    """End every opt-out of KEY, in somebody's name. The opt-out and its release both stay in the ledger."""
    from sync.engine import ledger

    by = _own_words(by, "--by", "Type who answers for it, as in 'Ann Lee'.")
    why = _own_words(why, "--why", "Type the grounds, as in 'asked to be written to again'.")
    with deciding(config, wait.total_seconds()) as session:
        try:
            ended, people = ledger.release(session, key, by, why)
        except ledger.NoKey as error:
            raise click.UsageError(f"{error}; {error.remedy}") from error
    if not ended:
        click.echo(f"No opt-out covers {_whom(people) if people else 'this key'}; nothing was done.")
        return 0
    click.echo(f"Released {ended} opt-out{'s' if ended > 1 else ''} of {_whom(people)}, by {by}.")
    click.echo("Where a provider still lists it nothing changes; remove it there by hand if it should end.")
    return 0


def _whom(people: list[Person]) -> str:
    if not people:
        return "nobody known yet"
    ids = ", ".join(person.id for person in people)
    return f"person {ids}" if len(people) == 1 else f"{len(people)} people: {ids}"


@command.command("list")
@format_option
@click.option("--values", is_flag=True, help="Show personal data in the reasons of releases.")
@config_option
@log_options
def list_entries(form: str, values: bool, config: Path | None) -> int:
    """List the ledger, latest first. It keeps keyed hashes, so it cannot tell anybody's name or address."""
    from sync.cli.places import is_made, looked_at
    from sync.wiring import load_settings

    settings = load_settings(config)
    entries: list[dict[str, Any]] = []
    if is_made(settings):
        with looked_at(settings) as store:
            shown = shows_values(values=values)
            entries = [_told(entry, values=shown) for entry in reversed(store.opt_outs())]
    if form == "json":
        click.echo(json.dumps({"schema": "contact-sync/optouts/1", "entries": entries}, indent=2))
        return 0
    click.echo("\n".join(_lines(entries)))
    return 0


def _told(entry: OptOutEntry, *, values: bool) -> dict[str, Any]:
    from sync.report.masking import sentence

    return {
        "at": utc(entry.at),
        "reason": entry.reason,
        "source": entry.source,
        "source_id": entry.source_id,
        "until": utc(entry.until),
        "keys": len(entry.keys),
        "released_by": entry.released_by,
        "released_why": sentence(entry.released_why, values=values) if entry.released_why else None,
    }


def _lines(entries: list[dict[str, Any]]) -> list[str]:
    from sync.redaction import visible

    if not entries:
        return ["The ledger is empty: nobody opted out as far as is known."]
    lines = []
    for entry in entries[:LISTED]:
        until = f", until {entry['until']}" if entry["until"] else ""
        released = f" by {entry['released_by']}: {entry['released_why']}" if entry["released_by"] else ""
        lines.append(visible(f"{entry['at']}  {entry['reason']:<19}  {entry['source']}{until}{released}"))
    if len(entries) > LISTED:
        lines.append(f"and {len(entries) - LISTED:,} earlier ones; --format json lists all")
    return lines
