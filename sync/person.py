"""A person as the engine works on them: the canonical contact, its history and the records it owns."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sync.change import Choice, Conflict, Return
    from sync.contact import Contact
    from sync.record import Link, Record, RecordRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One record of a person with its link. ``gone``: absent from a proven sweep, or tombstoned.
    ``released``: gone, and a person allowed one create in its place. ``unseen``: we created it, and no export has
    shown it since.

    ``rid`` is the store's own number for the record; lower = first linked among twins.
    """

    rid: int
    record: Record
    link: Link
    gone: bool = False
    released: bool = False
    unseen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The canonical identity. ``choices``: flat field → why it holds its value. ``frozen``: fields braked
    because a provider keeps writing its own value back. ``returns``: field → when that happened lately.
    ``aliases``: joinable keys the person had before.
    """

    id: str
    contact: Contact
    members: tuple[Member, ...]
    created_at: datetime
    choices: Mapping[str, Choice] = field(default_factory=lambda: MappingProxyType({}))
    conflicts: tuple[Conflict, ...] = ()
    frozen: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    returns: Mapping[str, tuple[Return, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRecord:
    """What matching needs of one record. ``emails``: joinable ones. ``linkedin``: its profiles, by spaces."""

    rid: int
    ref: RecordRef
    name: str | None
    company: str | None
    domain: str | None
    phone: str | None
    emails: tuple[str, ...]
    linkedin: str | None
    person_id: str | None
    """The person it is linked to now; ``None`` = new."""
    aliases: frozenset[str] = frozenset()
    """Keys it joined by before and no longer shows; they go on joining unless they live on another person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A human judgement on two records: ``same`` or ``different``."""

    a: RecordRef
    b: RecordRef
    verdict: str
    by: str
    at: datetime


def to_be_matched(ref: RecordRef, contact: Contact, emails: tuple[str, ...]) -> MatchRecord:
    """What matching needs of a record that has no number yet; ``emails``: its joinable ones."""
    return MatchRecord(
        rid=0,
        ref=ref,
        name=contact.full_name,
        company=contact.company_name,
        domain=contact.company_domain,
        phone=contact.phone or contact.mobile_phone,
        emails=emails,
        linkedin=None,
        person_id=None,
    )
