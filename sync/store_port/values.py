"""What goes through the store's door, besides the values that the whole program knows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sync.change import Choice, Conflict, Kind, Operation, Return, Suspicion
    from sync.contact import Contact
    from sync.person import Decision, MatchRecord, Person
    from sync.record import Link, Record, RecordRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """What is kept of one provider between runs.

    ``fingerprint``: digest of mapping, filter and target that was last accepted. ``cursor``: incremental
    cursor. ``sweep_id`` / ``sweep_cursor`` / ``sweep_total``: the sweep under way (all ``None`` when none is).
    ``swept_at``: end of the last sweep proven complete for ``account_id``; ``None`` = never.
    ``peak``: the largest number of live records a proven sweep showed. ``memory``: the adapter's own notes.
    ``export_digest`` / ``export_as_of``: the last export taken in, whether as a complete one and whether in
    part.
    """

    provider: str
    account_id: str | None = None
    fingerprint: str | None = None
    cursor: str | None = None
    sweep_id: str | None = None
    sweep_cursor: str | None = None
    sweep_total: int | None = None
    swept_at: datetime | None = None
    peak: int = 0
    memory: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    export_digest: str | None = None
    export_as_of: datetime | None = None


class Ready(NamedTuple):
    """A record in canonical values. ``keys``: joinable ``(kind, key)`` pairs; ``marks``: of ``alike_marks``."""

    record: Record
    keys: tuple[tuple[str, str], ...]
    marks: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReadRecord:
    """A record to be stored. ``fingerprint``: digest of what was read, which tells a change. ``updated_at``: when
    its provider says that it changed last, where it does.

    ``make``: gives what is to be kept. It is called once, and only for a record that changed: reading most pages
    shows nothing new.
    """

    ref: RecordRef
    fingerprint: str
    make: Callable[[], Ready]
    updated_at: datetime | None = None

    @cached_property
    def ready(self) -> Ready:
        """What is to be kept."""
        return self.make()

    @property
    def record(self) -> Record:
        """In canonical values."""
        return self.ready.record


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCounts:
    """What a page changed in the store. ``late``: records that it showed as they were before what is known."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    late: frozenset[RecordRef] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Everything matching needs around the records that changed, closed under shared keys and persons.

    ``generic``: keys through which it is not closed, because they are nobody's. ``dirty``: rids whose change
    opened the region. ``people``: person id → creation time, for the persons that own a record in it. ``former``:
    retired person id → the rids it owned when it was merged away; ``earlier``: → those it owned before.
    """

    records: tuple[MatchRecord, ...]
    decisions: tuple[Decision, ...]
    people: Mapping[str, datetime]
    former: Mapping[str, frozenset[int]]
    dirty: frozenset[int]
    generic: frozenset[str] = frozenset()
    earlier: Mapping[str, tuple[frozenset[int], ...]] = field(default_factory=lambda: MappingProxyType({}))
    once_one: tuple[Suspicion, ...] = ()
    """Between two of its records that were one person's (``REMEMBERED``), whether somebody judged or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipUpdate:
    """New membership for the rids of one region. ``members``: rid → (person id, evidence).

    ``created``: new person ids. ``redirects``: retired id → the id that goes on. ``split_from``: id → the
    id it left. ``suspicions`` replace every open suspicion whose two records both lie in the region;
    ``generic``: which of its keys are nobody's. ``decisions`` stand from now on, and keep those that they
    replace; ``withdrawn`` ones stand no more, nor is kept what they replaced.
    ``separated``: what people who were parted are now, instead of what they were
    together. ``inherited``: what people decided about somebody who is merged, taken over by who goes on.
    """

    members: Mapping[int, tuple[str, str]]
    decisions: tuple[Decision, ...] = ()
    withdrawn: tuple[tuple[RecordRef, RecordRef], ...] = ()
    separated: tuple[Merged, ...] = ()
    inherited: tuple[Merged, ...] = ()
    created: tuple[str, ...] = ()
    redirects: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    split_from: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    suspicions: tuple[Suspicion, ...] = ()
    generic: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What matching everything around the dirty records came to.

    ``updates``: of parts resolved by every rule. ``newcomers``: new person id → its records with their evidence.
    ``joined``: (record, record whose person it comes to, evidence). ``told``: (record, evidence) where only that
    changed. ``suspicions`` replace every open one between two records of the region. ``generic``: which of its
    keys are nobody's. ``rids``: the records of the region, ``None`` = all that there are.
    """

    updates: Sequence[MembershipUpdate]
    newcomers: Iterable[tuple[str, Sequence[tuple[int, str]]]]
    joined: Sequence[tuple[int, int, str]]
    told: Sequence[tuple[int, str]]
    suspicions: Sequence[Suspicion]
    generic: Collection[str]
    rids: Sequence[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A person's merge, to be kept. ``links``: rid → link with its new base and sent (only changed ones).

    ``conflicts`` and ``frozen`` replace what was kept. ``aliases``: keys the person keeps joining by.
    ``carried``: rids whose fields that no row had carried before are taken into account now.
    """

    person_id: str
    contact: Contact
    choices: Mapping[str, Choice]
    conflicts: tuple[Conflict, ...]
    links: Mapping[int, Link]
    frozen: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    returns: Mapping[str, tuple[Return, ...]] = field(default_factory=lambda: MappingProxyType({}))
    carried: tuple[int, ...] = ()

    @classmethod
    def of(cls, person: Person) -> Merged:
        """The person as they are, every link included."""
        return cls(
            person_id=person.id,
            contact=person.contact,
            choices=person.choices,
            conflicts=person.conflicts,
            links=MappingProxyType({m.rid: m.link for m in person.members}),
            frozen=person.frozen,
            aliases=person.aliases,
            returns=person.returns,
        )

    def on(self, person: Person) -> Person:
        """The person as they are kept by this; ties as they were."""
        return replace(
            person,
            contact=self.contact,
            choices=self.choices,
            conflicts=self.conflicts,
            frozen=self.frozen,
            aliases=self.aliases,
            returns=self.returns,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An operation's outcome. ``read``: the row to keep as observed (``None``: leave as it is). ``link``:
    tie for ``operation.record_id`` (``None``: leave). Operation, record, link and audit are one commit.
    """

    operation: Operation
    read: ReadRecord | None = None
    link: Link | None = None


class Standing(NamedTuple):
    """An operation without its values."""

    operation_id: str
    person_id: str
    provider: str
    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run as it was recorded; ``exit_code`` and ``finished_at`` are ``None`` while it works or if it died.

    ``summary``: JSON-able counts.
    """

    run_id: str
    mode: str
    started_at: datetime
    finished_at: datetime | None
    exit_code: int | None
    summary: Mapping[str, object]
