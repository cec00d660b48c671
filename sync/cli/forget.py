"""``forget``: erasure of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sync.cli.asking import agreed
from sync.cli.common import config_option, log_options, say, values_option, wait_option
from sync.cli.deciding import deciding, one_person, shows_values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

    from sync.engine.erasing import Erasure


@click.command("forget")
@click.argument("key")
@click.option("--yes", is_flag=True, help="Do not ask.")
@values_option
@wait_option
@config_option
@log_options
def command(key: str, yes: bool, values: bool, wait: timedelta, config: Path | None) -> int:
    """Erase what is known here of the person KEY names; it cannot be undone.

    Keyed hashes of their email addresses, profiles and record ids stay in the opt-out ledger: rows that show one
    of these are not stored any more, and nobody is created from them. No API here deletes, so each record is
    listed as something to do by hand at its provider.
    """
    from state.backup import set_aside
    from sync.cli.places import database_file
    from sync.engine import erasing

    with deciding(config, wait.total_seconds()) as session:
        try:
            erasure = erasing.prepare(session, one_person(session.store, key))
        except erasing.NotSettled as error:
            raise click.UsageError(f"{error}; {error.remedy}") from error
        say(_told(erasure, set_aside(database_file(session.settings)), values=shows_values(values=values)))
        if not agreed("Erase them?", yes=yes):
            click.echo("Nothing was erased.")
            return 0
        erasing.forget(session, erasure)
    click.echo("Erased. `contact-sync review list` shows what is to be done by hand.")
    return 0


def _told(erasure: Erasure, kept: list[Path], *, values: bool) -> Iterator[str]:
    """What will be done; ``kept``: databases that nothing is erased in, because a backup took their place."""
    from sync.cli.people_text import record_list
    from sync.items import told_id
    from sync.report.masking import masked

    person = erasure.person
    name = person.contact.full_name or person.contact.email or ""
    yield f"Person {person.id}  {name if values else masked(name)}"
    yield f"  records, to be erased at their providers by hand: {record_list(erasure.records, values=values)}"
    if not values and any(told_id(ref.record_id) != ref.record_id for ref in erasure.records):
        yield "  Those named by a key are told in full with --values, and are not known any more afterwards."
    yield "  here: every value, in the database and its free pages, and again in a backup that is restored"
    yield "  not here: reports and logs that were kept, and what the providers hold"
    for path in kept:
        yield f"  not in {path}, which `contact-sync state restore` set aside: remove it once it is not needed"
    if not erasure.keys:
        yield "  Only these records tell them from others, so another one would be taken in as somebody new."
    elif erasure.shared:
        yield "  A key that somebody else's record shows as well is not kept: it stays that person's."
