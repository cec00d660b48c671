"""Whom a KEY of the command line names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.identity import canonical_email, email_key, keys_of, linkedin_key
from sync.record import RecordRef

if TYPE_CHECKING:
    from sync.store_port import Store


def find_people(store: Store, key: str) -> set[str]:
    """The persons a KEY names: email, profile address, person id or ``provider:id``."""
    found = {p.id for p in store.people([key])}
    if (ref := _record_named(key)) and (owner := store.person_of(ref)) is not None:
        found.add(owner)
    for kind, value in (("email", canonical_email(key)), ("linkedin", linkedin_key(key))):
        if value is not None:
            found |= set(store.people_with_key(kind, value))
    return found or _people_showing(store, canonical_email(key))


def _record_named(key: str) -> RecordRef | None:
    """The record of ``provider:id``, ``None`` for another kind of key."""
    provider, colon, record_id = key.partition(":")
    return RecordRef(provider, record_id) if provider and colon and record_id and "/" not in key else None


def _people_showing(store: Store, email: str | None) -> set[str]:
    """The persons with a record that shows an address which joins nobody and so is no key."""
    if email is None or email_key(email) is not None:
        return set()
    near = store.people(store.people_covered([email]))
    return {p.id for p in near if any(email in map(canonical_email, m.record.contact.emails) for m in p.members)}


def records_named(store: Store, key: str) -> set[RecordRef]:
    """The records a KEY names: one by ``provider:id``, those that carry an email or profile, or a person's.

    The id of somebody who was merged names the records that person had.
    """
    people = store.people(find_people(store, key))
    found = {m.record.ref: m.record for p in people for m in p.members}
    if (name := _record_named(key)) and (own := found.keys() & {store.named([name]).get(name, name)}):
        return own
    keys = {("email", canonical_email(key)), ("linkedin", linkedin_key(key))}
    carrying = {ref for ref, record in found.items() if keys & set(keys_of(record.contact))}
    former = {m.record.ref for p in store.people_before([key])[:1] for m in p.members}
    retired = former if all(p.id != key for p in people) else set()
    return carrying or retired or set(found)
