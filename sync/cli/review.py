"""``review``: the queue of what waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sync.cli.common import (
    config_option,
    format_option,
    log_options,
    say,
    say_json,
    values_option,
    wait_option,
)
from sync.cli.deciding import deciding, judge, shows_values

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta
    from pathlib import Path

    from sync.engine.review import Item
    from sync.engine.session import Session
    from sync.store_port import Store


class _Queue(click.Group):
    """The queue itself where no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As ``list`` with the same options, but ``--help`` tells of all commands."""
        asks = {"--help", "-h"} & set(args)
        named = any(arg in self.commands for arg in args) or (args and not args[0].startswith("-"))
        return super().parse_args(ctx, args if asks or named else ["list", *args])


@click.group("review", cls=_Queue)
def command() -> None:
    """What waits for you: people who may be one, fields with several values, records that are gone, writes
    whose outcome nobody knows, and things to do by hand.
    """


def _answer_options(function: Callable[..., int]) -> Callable[..., int]:
    for option in (log_options, config_option, wait_option):
        function = option(function)
    return function


@command.command("list")
@format_option
@values_option
@config_option
@log_options
def list_items(form: str, values: bool, config: Path | None) -> int:
    """List everything that waits, each with the name to type."""
    from sync.cli.places import is_made, looked_at
    from sync.cli.review_text import Told
    from sync.engine.review import items
    from sync.wiring import load_settings

    settings = load_settings(config)
    shown = shows_values(values=values)
    listed: list[dict[str, object]] = []
    if is_made(settings):
        with looked_at(settings) as store:
            listed = [Told(store, values=shown).item(item) for item in items(store)]
    if form == "json":
        say_json({"schema": "contact-sync/review/1", "items": listed})
        return 0
    from sync.cli.review_text import as_list

    say(as_list(listed))
    return 0


@command.command("show")
@click.argument("item")
@format_option
@values_option
@config_option
@log_options
def show(item: str, form: str, values: bool, config: Path | None) -> int:
    """Show ITEM with everything needed to decide, side by side where it is about two people."""
    from sync.cli.places import looked_at
    from sync.cli.review_text import Told, as_page
    from sync.wiring import load_settings

    with looked_at(load_settings(config)) as store:
        told = Told(store, values=shows_values(values=values)).page(_item(store, item))
    if form == "json":
        say_json(told)
    else:
        say(as_page(told))
    return 0


@command.command("accept")
@click.argument("item")
@_answer_options
def accept(item: str, wait: timedelta, config: Path | None) -> int:
    """ITEM is so: the two are one, the record is gone for good, the write did arrive, the thing is done."""
    from sync.engine import review

    return _answered(config, wait, item, lambda session, found: review.accept(session, found, judge()))


@command.command("reject")
@click.argument("item")
@_answer_options
def reject(item: str, wait: timedelta, config: Path | None) -> int:
    """ITEM is not so: the two are not one, the person may be created there once, the write did not arrive."""
    from sync.engine import review

    return _answered(config, wait, item, lambda session, found: review.reject(session, found, judge()))


@command.command("take")
@click.argument("item")
@click.argument("provider")
@_answer_options
def take(item: str, provider: str, wait: timedelta, config: Path | None) -> int:
    """The field of ITEM holds what PROVIDER shows, everywhere; provider:id names one of several records there, and
    "human" a value that was decided by hand before.
    """
    from sync.engine import disputes

    return _answered(config, wait, item, lambda session, found: disputes.take(session, found, provider))


@command.command("set")
@click.argument("item")
@click.argument("value")
@_answer_options
def set_value(item: str, value: str, wait: timedelta, config: Path | None) -> int:
    """The field of ITEM holds VALUE, everywhere."""
    from sync.engine import disputes

    return _answered(config, wait, item, lambda session, found: disputes.set_value(session, found, value))


def _answered(config: Path | None, wait: timedelta, name: str, answer: Callable[[Session, Item], str]) -> int:
    from sync.engine.review import CannotAnswer

    with deciding(config, wait.total_seconds()) as session:
        found = _item(session.store, name)
        try:
            click.echo(answer(session, found))
        except CannotAnswer as error:
            raise click.UsageError(f"{error}; {error.remedy}") from error
    return 0


def _item(store: Store, name: str) -> Item:
    from sync.cli.deciding import shown_key
    from sync.engine.review import find_item

    found = find_item(store, name)
    if found is None:
        raise click.UsageError(
            f"Nothing called {shown_key(name)} waits; it may be settled by now. "
            "`contact-sync review list` shows what does."
        )
    return found
