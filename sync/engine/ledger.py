"""Opt-outs that people note or release; the ledger keeps both for good."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sync.engine.named import find_people
from sync.errors import ContactSyncError
from sync.identity import canonical_email, email_key
from sync.optouts import record_key, wide_keys
from sync.planning.opt_outs import BY_HAND, keys_of_person
from sync.record import OptOutEntry, RecordRef

if TYPE_CHECKING:
    from datetime import datetime

    from sync.engine.session import Session
    from sync.person import Person


class NoKey(ContactSyncError):
    """What was typed is neither an email nor a profile nor anybody known."""


def add(session: Session, key: str, reason: str, by: str, until: datetime | None = None) -> list[Person]:
    """The opt-out is in the ledger; returns the people it is about, who wait for planning.

    A KEY of somebody known covers every address that person ever had. Raises ``NoKey``.
    """
    keys, people = _covered(session, key)
    entry = OptOutEntry(
        keys=session.opt_outs.hashed(keys),
        reason=reason,
        source=f"person:{by}",
        at=session.clock.now(),
        until=until,
    )
    if not session.opt_outs.knows(entry):
        _note(session, entry, people)
    return people


def release(session: Session, key: str, by: str, why: str) -> tuple[int, list[Person]]:
    """How many opt-outs ended with this release, and the people they were about. Raises ``NoKey``.

    Nobody has to do anything by hand for them any more; a later opt-out asks for it anew.
    """
    keys, people = _covered(session, key, _erased_record(key))
    ended = session.opt_outs.entries(keys)
    if ended:
        entry = OptOutEntry(
            keys=session.opt_outs.released_with(keys),
            reason="RELEASED",
            source=f"person:{by}",
            at=session.clock.now(),
            released_by=by,
            released_why=why,
        )
        session.store.drop_manual_actions([person.id for person in people], BY_HAND)
        _note(session, entry, people)
    return len(ended), people


def _note(session: Session, entry: OptOutEntry, people: list[Person]) -> None:
    # marked before it is kept: a death in between must not leave a known opt-out that nobody was told of
    session.store.mark_people_dirty([person.id for person in people])
    session.store.add_opt_outs([entry])
    session.opt_outs.add(entry)


def _erased_record(key: str) -> frozenset[str]:
    """What an erasure that took the record ``provider:id`` with it is found by."""
    with suppress(ValueError):
        return frozenset({record_key(RecordRef.parse(key))})
    return frozenset()


def _covered(
    session: Session, key: str, also: frozenset[str] = frozenset()
) -> tuple[frozenset[str], list[Person]]:
    """The wide keys that KEY stands for, with ``also``, and the people who carry one of them.

    Who only shares a mailbox that is nobody's own is covered with it, but the other addresses are not.
    """
    named = find_people(session.store, key)
    joins_nobody = canonical_email(key) is not None and email_key(key) is None
    people = session.store.people(sorted(named | set(session.store.people_covered([key]))))
    keys = wide_keys((key,), key) if not people or "@" in key or "/" in key else frozenset()
    for person in people:
        keys |= frozenset() if joins_nobody else keys_of_person(person)
    keys |= also
    if not keys:
        raise NoKey(
            "this names nobody known and is neither an email nor a LinkedIn profile",
            remedy="type an email, a LinkedIn URL, a person's id or provider:id",
        )
    return keys, people
