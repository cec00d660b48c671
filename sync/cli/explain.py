"""``explain``: everything known of one person, or why two are one or two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from sync.cli.common import config_option, format_option, log_options, say, say_json, values_option
from sync.cli.deciding import one_person, shows_values

if TYPE_CHECKING:
    from pathlib import Path


@click.command("explain")
@click.argument("key")
@click.argument("other", required=False)
@format_option
@values_option
@config_option
@log_options
def command(key: str, other: str | None, form: str, values: bool, config: Path | None) -> int:
    """Everything known of the person KEY names: each value, whose it is, which rule chose it and what lost,
    what was sent and what came back. With OTHER: why the two are one person, or two.

    A KEY is an email, a LinkedIn URL, a person's id or provider:id.
    """
    from sync.cli.explain_text import pair_text, person_text
    from sync.cli.places import looked_at
    from sync.engine.explaining import Explainer
    from sync.wiring import load_settings

    with looked_at(load_settings(config)) as store:
        explainer = Explainer(store, datetime.now(UTC), values=shows_values(values=values))
        person = one_person(store, key)
        second = None if other is None else one_person(store, other)
        pair = second is not None and second.id != person.id
        told = explainer.pair(person, second) if second is not None and pair else explainer.person(person)
    if form == "json":
        say_json(told)
        return 0
    if second is not None and not pair:
        click.echo(f"Both keys name one person, {person.id}.\n")
    say(pair_text(told) if pair else person_text(told))
    return 0
