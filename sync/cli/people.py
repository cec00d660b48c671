"""``people``: people decide who is who."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from sync.cli.asking import agreed
from sync.cli.common import config_option, log_options, say, values_option, wait_option
from sync.cli.deciding import deciding, judge, one_person, shows_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from pathlib import Path

    from sync.engine.session import Session
    from sync.engine.tying import Judgement
    from sync.person import Person
    from sync.record import RecordRef

QUIET = "Nothing is sent now; `contact-sync run` brings what differs to the providers."


@click.group("people")
def command() -> None:
    """Decide who is who: split a person, join two, or keep two apart for good.

    Each shows what it will do and asks. Decisions stand above every key, outlive rebuilds, and --undo takes
    them back.
    """


def _options(function: Callable[..., int]) -> Callable[..., int]:
    for option in (
        log_options,
        config_option,
        wait_option,
        values_option,
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--undo", is_flag=True, help="Take the decision back."),
    ):
        function = option(function)
    return function


@command.command("split")
@click.argument("person")
@click.argument("records", nargs=-1, required=True, metavar="RECORD...")
@_options
def split(
    person: str,
    records: tuple[str, ...],
    undo: bool,
    yes: bool,
    values: bool,
    wait: timedelta,
    config: Path | None,
) -> int:
    """Take each RECORD (provider:id) out of PERSON: together they are somebody else.

    Who leaves gets a former id back or a new one. Values that came from a record leave with it, and what it
    held by itself is planned back.
    """
    from sync.engine import decisions

    with deciding(config, wait.total_seconds()) as session:
        if undo:
            near, far = _near_and_far(session, (person,), records)
            return _act(session, decisions.unsplit(session, near, far), yes=yes, values=values)
        whole, leaving = one_person(session.store, person), _records_of(session, person, records)
        judged = decisions.split(session, whole, leaving, judge())
        back = partial(_back, session, "split", whole.id, leaving[0])
        return _act(session, judged, yes=yes, values=values, back=back)


@command.command("join")
@click.argument("one")
@click.argument("other")
@_options
def join(
    one: str,
    other: str,
    undo: bool,
    yes: bool,
    values: bool,
    wait: timedelta,
    config: Path | None,
) -> int:
    """Make ONE and OTHER one person, under the older of the two ids."""
    from sync.engine import decisions

    with deciding(config, wait.total_seconds()) as session:
        if undo:
            judged = decisions.unjoin(session, *_near_and_far(session, (one,), (other,)))
            return _act(session, judged, yes=yes, values=values)
        a, b = _two(session, one, other)
        back = partial(_back, session, "join", a.id, b.id)
        return _act(session, decisions.join(session, a, b, judge()), yes=yes, values=values, back=back)


@command.command("never")
@click.argument("one")
@click.argument("other")
@_options
def never(
    one: str,
    other: str,
    undo: bool,
    yes: bool,
    values: bool,
    wait: timedelta,
    config: Path | None,
) -> int:
    """Keep ONE and OTHER apart for good, whatever keys they come to share."""
    from sync.engine import decisions

    with deciding(config, wait.total_seconds()) as session:
        if undo:
            judged = decisions.unnever(session, *_near_and_far(session, (one,), (other,)))
            return _act(session, judged, yes=yes, values=values)
        a, b = _two(session, one, other)
        back = partial(_back, session, "never", a.id, b.id)
        return _act(session, decisions.never(session, a, b, judge()), yes=yes, values=values, back=back)


def _two(session: Session, one: str, other: str) -> tuple[Person, Person]:
    a, b = one_person(session.store, one), one_person(session.store, other)
    if a.id == b.id:
        raise click.UsageError(
            f"Both are one person already, {a.id}. `contact-sync people split {a.id} RECORD...` parts them."
        )
    return a, b


def _records_of(session: Session, key: str, names: tuple[str, ...]) -> list[RecordRef]:
    """The records named, all of them the person's and not all of the person's; a usage error otherwise."""
    from sync.cli.people_text import record_list

    person = one_person(session.store, key)
    own = {str(m.record.ref): m.record.ref for m in person.members}
    strangers = [name for name in names if name not in own]
    known = record_list(list(own.values()), values=False)
    if strangers:
        from sync.cli.deciding import shown_key

        raise click.UsageError(f"{shown_key(strangers[0])} is no record of person {person.id}, who has {known}.")
    if len(set(names)) == len(own):
        raise click.UsageError(f"These are all the records of person {person.id}; leave at least one: {known}.")
    return [own[name] for name in names]


def _near_and_far(
    session: Session, near: tuple[str, ...], far: tuple[str, ...]
) -> tuple[set[RecordRef], set[RecordRef]]:
    from sync.engine.named import records_named

    sides = []
    for keys in (near, far):
        for key in keys:
            one_person(session.store, key)
        sides.append({ref for key in keys for ref in records_named(session.store, key)})
    return sides[0], sides[1]


def _back(session: Session, word: str, one: str, other: str | RecordRef) -> str:
    """How ``word`` is taken back, once it is done; ``other``: an id, or a record whose person has one by then."""
    from sync.engine.decisions import taking_back

    gone = other if isinstance(other, str) else session.store.person_of(other)
    return f"{taking_back(word, one, str(gone))}."


def _act(
    session: Session, judged: Judgement | None, *, yes: bool, values: bool, back: Callable[[], str] | None = None
) -> int:
    """The decision is shown, asked about and carried out; 0 also when there was nothing to do.

    ``back`` tells how to take it back afterwards.
    """
    from sync.cli.people_text import as_text
    from sync.engine import decisions

    foreseen = None if judged is None else decisions.foresee(session, judged)
    if foreseen is None:
        click.echo("No such decision stands; nothing was done.")
        return 0
    say(as_text(foreseen, values=shows_values(values=values)))
    if not agreed("Do it?", yes=yes):
        click.echo("Nothing was done.")
        return 0
    decisions.carry_out(session, foreseen)
    click.echo(f"Done and remembered. {QUIET}")
    if back is not None:
        click.echo(back())
    return 0
