"""Habits of the commands by which people decide: one lock, one session, one way to name people."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sync.engine.session import Session
    from sync.person import Person
    from sync.store_port import Store


F = TypeVar("F", bound="Callable[..., Any]")


@contextmanager
def deciding(config: Path | None, wait_s: float) -> Iterator[Session]:
    """A session under the lock, while entered; no provider is asked anything.

    Raises ``StateError`` while a restored store is not accepted.
    """
    from sync.clock import SystemClock
    from sync.wiring import Request, check_accepted, load_settings, opened_store, session_for

    settings = load_settings(config)
    with opened_store(settings, wait_s=wait_s) as store:
        check_accepted(store)
        yield session_for(settings, Request(), store, SystemClock())


def shows_values(*, values: bool) -> bool:
    """Whether personal data is shown: on a terminal, or when asked for."""
    return values or sys.stdout.isatty()


def judge() -> str:
    """Who decides, as it is remembered: the name of the account that types."""
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):
        return "somebody"


def one_person(store: Store, key: str) -> Person:
    """The person that KEY names; a usage error that says what else to type otherwise."""
    from sync.engine.named import find_people

    found = store.people(find_people(store, key))
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(person.id for person in found)
        raise click.UsageError(f"{shown_key(key)} names {len(found)} people; type the id of one of them: {ids}")
    raise click.UsageError(
        f"{shown_key(key)} names nobody known here. "
        "A KEY is an email, a LinkedIn URL, a person's id or provider:id."
    )


def shown_key(key: str) -> str:
    """A KEY as a message may repeat it: masked unless it is an id."""
    from sync.redaction import visible
    from sync.report.masking import masked

    return visible(masked(key) if "@" in key or "/" in key else key)
