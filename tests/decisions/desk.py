"""Somebody at the command line of a house: the same store and settings, no provider asked."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sync.engine import decisions, disputes, review
from sync.engine.named import find_people
from sync.record import RecordRef
from sync.wiring import Request, load_settings, opened_store, session_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sync.engine.review import Item
    from sync.engine.session import Session
    from sync.person import Person
    from tests.engine.house import House

JUDGE = "ann"


@contextmanager
def desk(home: House) -> Iterator[Session]:
    settings = load_settings(home.config, home.environ)
    with opened_store(settings) as store:
        yield session_for(settings, Request(), store, home.clock, environ=home.environ)


def waiting(home: House) -> list[Item]:
    """Everything that waits for a person."""
    with desk(home) as session:
        return review.items(session.store)


def only_item(home: House) -> Item:
    (item,) = waiting(home)
    return item


def accept(home: House, item: Item) -> str:
    with desk(home) as session:
        return review.accept(session, item, JUDGE)


def reject(home: House, item: Item) -> str:
    with desk(home) as session:
        return review.reject(session, item, JUDGE)


def take(home: House, item: Item, provider: str) -> str:
    with desk(home) as session:
        return disputes.take(session, item, provider)


def set_value(home: House, item: Item, value: str) -> str:
    with desk(home) as session:
        return disputes.set_value(session, item, value)


def whole(home: House, key: str) -> Person:
    """The person KEY names."""
    with desk(home) as session:
        (person,) = session.store.people(find_people(session.store, key))
        return person


def split(home: House, key: str, *names: str) -> None:
    with desk(home) as session:
        (person,) = session.store.people(find_people(session.store, key))
        refs = [m.record.ref for m in person.members if str(m.record.ref) in names]
        foreseen = decisions.foresee(session, decisions.split(session, person, refs, JUDGE))
        assert foreseen is not None
        decisions.carry_out(session, foreseen)


def join(home: House, one: str, other: str) -> None:
    with desk(home) as session:
        a, b = (session.store.people(find_people(session.store, key))[0] for key in (one, other))
        foreseen = decisions.foresee(session, decisions.join(session, a, b, JUDGE))
        assert foreseen is not None
        decisions.carry_out(session, foreseen)


def unsplit(home: House, near: str, far: str) -> None:
    """The split between the two records is taken back."""
    with desk(home) as session:
        judged = decisions.unsplit(session, {RecordRef.parse(near)}, {RecordRef.parse(far)})
        foreseen = decisions.foresee(session, judged) if judged else None
        assert foreseen is not None
        decisions.carry_out(session, foreseen)
