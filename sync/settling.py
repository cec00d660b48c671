"""What an operation's outcome means for what we remember: pure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.record import Link, Written

if TYPE_CHECKING:
    from datetime import datetime

    from sync.capabilities import Capabilities
    from sync.change import Operation, Outcome
    from sync.contact import Contact, Value

CLEARED = ""
"""Stands in ``Link.sent`` for a value that the provider acknowledged to have emptied."""
MOST_EARLIER = 9
"""Values remembered of one field: those of three writes while none of them is confirmed."""


def settled_operation(operation: Operation, outcome: Outcome) -> Operation:
    """The operation as its outcome leaves it."""
    return replace(
        operation,
        state=outcome.state,
        digest=None if outcome.state == "deferred" else operation.digest,
        reason=outcome.reason or operation.reason,
        message=outcome.message,
        record_id=outcome.record_id or operation.record_id,
        entry_id=outcome.entry_id or operation.entry_id,
    )


def link_after_create(
    operation: Operation, outcome: Outcome, caps: Capabilities, echo: Contact | None, at: datetime
) -> Link:
    """The tie of a record that an operation created, or met.

    A record that was there before takes part in a merge first (``met`` is false): it is nobody's echo.
    """
    link = Link(
        person_id=operation.person_id,
        evidence="existing" if outcome.existing else "our-create",
        linked_at=at,
        accepted_key=operation.accepted_key,
    )
    if outcome.existing:
        return link
    return replace(wrote(link, operation, caps, echo, at), ours=True, met=True)


def wrote(link: Link, operation: Operation, caps: Capabilities, echo: Contact | None, at: datetime) -> Link:
    """The link after an acknowledged write of the operation's fields.

    ``echo``: the contact as the acknowledgement showed it, ``None`` when it showed nothing. A provider that
    cannot be read holds, as far as anybody knows, what it acknowledged.
    """
    base, written = dict(link.base), dict(link.written)
    for name, change in operation.fields.items():
        earlier = _earlier(link, name)
        if not caps.readable:
            _put(base, name, change.after)
        elif caps.can(name, "read"):
            echoed = echo is not None and echo.get(name) is not None
            if echoed and echo is not None:
                _put(base, name, echo.get(name))
            written[name] = Written(
                before=change.before, echoed=echoed, at=at, earlier=earlier, since=_since(link, operation, name)
            )
    written |= _rendered_too(link, operation, caps, at)
    return replace(
        sent_unconfirmed(link, operation),
        base=MappingProxyType(base),
        written=MappingProxyType(written),
        accepted_key=operation.accepted_key or link.accepted_key,
    )


def _rendered_too(link: Link, operation: Operation, caps: Capabilities, at: datetime) -> dict[str, Written]:
    """Fields that were not meant and stand in one text with one that was: what they show next follows from it."""
    if not caps.readable or operation.fields.keys().isdisjoint(caps.one_text):
        return {}
    shown = operation.record.contact.to_fields() if operation.record else {}
    return {
        name: replace(link.written[name], echoed=False, seen=False, at=at)
        if name in link.written
        else Written(before=shown.get(name), echoed=False, at=at, since=_since(link, operation, name))
        for name in caps.one_text
        if name not in operation.fields and caps.can(name, "read")
    }


def sent_unconfirmed(link: Link, operation: Operation) -> Link:
    """The link after a write that was taken and perhaps not applied: it is not sent again, and what stood there
    before is no edit where it still shows.
    """
    sent = {name: CLEARED if change.after is None else change.after for name, change in operation.fields.items()}
    return replace(link, sent=MappingProxyType({**link.sent, **sent}))


def _earlier(link: Link, name: str) -> tuple[Value | None, ...]:
    """What a read may still show that lags behind the write before: what that one replaced, and what it wrote."""
    before = link.written.get(name)
    if before is None:
        return ()
    return (*before.earlier, before.before, link.base.get(name), link.sent.get(name))[-MOST_EARLIER:]


def _since(link: Link, operation: Operation, name: str) -> datetime | None:
    """While an earlier write is not confirmed, what it replaced is the last that was observed."""
    unconfirmed = link.written.get(name)
    if unconfirmed is not None:
        return unconfirmed.since
    return operation.record.updated_at if operation.record is not None else None


def observed_after(operation: Operation, before: Contact | None) -> dict[str, Value]:
    """The flat contact of a record nobody can read, after an acknowledged write."""
    flat = dict(before.to_fields()) if before is not None else {}
    for name, change in operation.fields.items():
        _put(flat, name, change.after)
    return flat


def _put(flat: dict[str, Value], name: str, value: Value | None) -> None:
    if value is None:
        flat.pop(name, None)
    else:
        flat[name] = value
