"""The door to the state store: what the engine asks of it, in values only.

Every method that writes is one transaction, durable when it returns. No method waits on the network. Times
are aware UTC. The store compares and decides nothing: it keeps what it is given.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from sync.change import (
        CannotExpress,
        Choice,
        Conflict,
        Hold,
        Kind,
        ManualAction,
        Operation,
        Return,
        State,
        Suspicion,
    )
    from sync.contact import Contact
    from sync.dossier import Dossier
    from sync.matching import Parts
    from sync.merging import Met, Shown
    from sync.person import Decision, MatchRecord, Person
    from sync.record import Link, OptOutEntry, Record, RecordRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """What is kept of one provider between runs.

    ``fingerprint``: digest of mapping, filter and target that was last accepted. ``cursor``: incremental
    cursor. ``sweep_id`` / ``sweep_cursor`` / ``sweep_total``: the sweep under way (all ``None`` when none is).
    ``swept_at``: end of the last sweep proven complete for ``account_id``; ``None`` = never.
    ``peak``: the largest number of live records a proven sweep showed. ``memory``: the adapter's own notes.
    ``export_digest`` / ``export_as_of``: the last export taken in, whether as a complete one.
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
    """A record to be stored. ``fingerprint``: digest of what was read, which tells a change.

    ``make``: gives what is to be kept. It is called once, and only for a record that changed: reading most pages
    shows nothing new.
    """

    ref: RecordRef
    fingerprint: str
    make: Callable[[], Ready]

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
    """What a page changed in the store."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Everything matching needs around the records that changed, closed under shared keys and persons.

    ``dirty``: rids whose change opened the region. ``people``: person id → creation time, for the persons
    that own a record in it. ``former``: retired person id → the rids it owned when it was merged away.
    """

    records: tuple[MatchRecord, ...]
    decisions: tuple[Decision, ...]
    people: Mapping[str, datetime]
    former: Mapping[str, frozenset[int]]
    dirty: frozenset[int]
    suspicions: tuple[Suspicion, ...] = ()
    """Open ones between two of its records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipUpdate:
    """New membership for the rids of one region. ``members``: rid → (person id, evidence).

    ``created``: new person ids. ``redirects``: retired id → the id that goes on. ``split_from``: id → the
    id it left. ``suspicions`` replace every open suspicion whose two records both lie in the region;
    ``holds`` are added. ``decisions`` stand from now on, ``withdrawn`` ones no more. ``separated``: what people
    who were parted are now, instead of what they were together. ``inherited``: what people decided about somebody
    who is merged, taken over by who goes on.
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
    holds: tuple[Hold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What matching everything around the dirty records came to.

    ``updates``: of parts resolved by every rule. ``newcomers``: new person id → its records with their evidence.
    ``joined``: (record, record whose person it comes to, evidence). ``told``: (record, evidence) where only that
    changed. ``suspicions`` replace every open one between two records of the region. ``rids``: the records of
    the region, ``None`` = all that there are.
    """

    updates: Sequence[MembershipUpdate]
    newcomers: Iterable[tuple[str, Sequence[tuple[int, str]]]]
    joined: Sequence[tuple[int, int, str]]
    told: Sequence[tuple[int, str]]
    suspicions: Sequence[Suspicion]
    rids: Sequence[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A person's merge, to be kept. ``links``: rid → link with its new base and sent (only changed ones).

    ``conflicts`` and ``frozen`` replace what was kept. ``aliases``: keys the person keeps joining by.
    """

    person_id: str
    contact: Contact
    choices: Mapping[str, Choice]
    conflicts: tuple[Conflict, ...]
    links: Mapping[int, Link]
    frozen: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()
    returns: Mapping[str, tuple[Return, ...]] = field(default_factory=lambda: MappingProxyType({}))

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


class Store(Protocol):
    """The state store as the engine sees it."""

    # runs ---------------------------------------------------------------------------------------------
    def begin_run(self, run_id: str, mode: str, at: datetime) -> None:
        """A run row exists; the epoch is one higher."""

    def finish_run(self, run_id: str, *, at: datetime, exit_code: int, summary: Mapping[str, object]) -> None:
        """The run row is complete."""

    def recent_runs(self, limit: int) -> list[RunRow]:
        """Newest first."""

    def keyed_hash(self, text: str) -> str:
        """HMAC-SHA256 of ``text`` under the installation's key, hex; the key is not in the database."""

    # providers ----------------------------------------------------------------------------------------
    def provider_state(self, provider: str) -> ProviderState:
        """What is kept of a provider; a blank state when it was never seen."""

    def save_provider_state(self, state: ProviderState) -> None:
        """``state`` is kept."""

    # reading ------------------------------------------------------------------------------------------
    def save_page(
        self, records: Sequence[ReadRecord], state: ProviderState, *, at: datetime, sweep_id: str | None
    ) -> PageCounts:
        """Records and cursor are kept in one commit.

        A record whose fingerprint is unchanged is only marked as seen (in ``sweep_id`` when given). A new or
        changed one is dirty for matching, its person (if any) dirty for merging. ``Record.absent`` fields
        keep their former observed value. Keys the record no longer shows stay as its aliases.
        """

    def seen_in_sweep(self, provider: str, sweep_id: str) -> int:
        """Distinct records seen in that sweep."""

    def unseen_in_sweep(self, provider: str, sweep_id: str, *, settle: timedelta = timedelta()) -> list[RecordRef]:
        """Live records that the sweep did not show and that were stored more than ``settle`` before it began."""

    def live_records(self, provider: str) -> int:
        """Records not marked gone."""

    def mark_gone(self, refs: Iterable[RecordRef], *, at: datetime, holds: Sequence[Hold]) -> None:
        """The records are gone, ``holds`` are open, their persons are dirty."""

    def records(self, refs: Iterable[RecordRef]) -> dict[RecordRef, Record]:
        """The observed records that are known."""

    # matching -----------------------------------------------------------------------------------------
    def region(self, around: Iterable[RecordRef] | None = None) -> Region | None:
        """The region around all dirty records (see ``Region``), or around some; ``None`` when there are none."""

    def parts(self) -> Parts | None:
        """The region around all dirty records in parts, read and not sorted out; ``None`` when there are none."""

    def alike(self, rids: Sequence[int] | None) -> tuple[list[list[int]], int]:
        """Small groups of records with a mark in common, all of them or (``rids``) those with one of these; and
        how many such groups are too large.
        """

    def heads(self, rids: Sequence[int]) -> Mapping[int, int]:
        """Record to the lowest record of its person."""

    def full_names(self, rids: Sequence[int]) -> Mapping[int, str | None]:
        """The full names of those records."""

    def part(self, rids: Sequence[int]) -> Region:
        """Those records as a region; the caller knows that nothing ties them to others."""

    def save_matched(self, matched: Matched, *, at: datetime) -> None:
        """As ``save_membership``, for the whole region around the dirty records at once."""

    def save_membership(self, update: MembershipUpdate, *, at: datetime) -> None:
        """Membership is kept, dirty marks of those records are cleared, every person touched is dirty."""

    def decisions(self, about: Iterable[RecordRef] | None = None) -> list[Decision]:
        """Judgements that stand, all or about some records, oldest first; the two records of each in order."""

    # merging and planning -----------------------------------------------------------------------------
    def dirty_people(self) -> list[str]:
        """Ids of persons to merge and plan again, sorted."""

    def mark_all_people_dirty(self) -> None:
        """Every active person is dirty (policy or settings changed)."""

    def mark_people_dirty(self, ids: Iterable[str]) -> None:
        """Those persons are dirty."""

    def people(self, ids: Iterable[str]) -> list[Person]:
        """The active persons of those ids in id order; a retired id resolves to its successor, once."""

    def person_of(self, ref: RecordRef) -> str | None:
        """The person a record is linked to."""

    def owners(self, refs: Iterable[RecordRef]) -> Mapping[RecordRef, str]:
        """Record → the person it is linked to, of those that are linked."""

    def places(self, ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """Person → the providers where they have a live record, of those persons that have one."""

    def people_with_key(self, kind: str, value: str) -> list[str]:
        """The active persons one of whose records carries that joinable key."""

    def shared_keys(self, ids: Iterable[str]) -> set[str]:
        """Keys that records of those persons show and a record of another active person shows too."""

    def shared_mailboxes(self) -> set[str]:
        """Addresses that join nobody and are shown by records of several persons; looks at every record."""

    def people_before(self, ids: Iterable[str]) -> list[Person]:
        """Those persons, retired ones too, as they were before merges, latest first.

        Members are the records they owned then, with their ties of then and what is observed now.
        """

    def save_merged(self, merged: Sequence[Merged], *, at: datetime) -> None:
        """Contacts, choices, links and conflicts are kept; the persons stay dirty until ``settle_people``."""

    def take_strangers(
        self, meet: Callable[[Sequence[Shown]], Met | None], *, but: Iterable[str], at: datetime
    ) -> list[str]:
        """Dirty persons who were never merged, all of whose records are live and were not met, hold what ``meet``
        makes of them; a single record's values stand as they are.

        Those of ``but``, and those for whom ``meet`` gives ``None``, are left out. It keeps what ``save_merged``
        would keep of a merge of each, in one step for all; they stay dirty. Returns the others that are dirty.
        """

    def settle_people(self, ids: Iterable[str]) -> None:
        """The persons are no longer dirty (nothing about them waits)."""

    def people_count(self) -> int:
        """Distinct persons that own at least one record."""

    def people_at(self, provider: str) -> int:
        """Distinct persons with a live record at the provider."""

    # findings -----------------------------------------------------------------------------------------
    def conflicts(self) -> list[Conflict]:
        """All open conflicts, by person and field."""

    def suspicions(self) -> list[Suspicion]:
        """All open suspicions, best score first."""

    def suspected_pairs(self) -> list[tuple[str, str, Suspicion]]:
        """Two different persons and an open suspicion that they are one, best score first."""

    def suspected_people(self) -> Mapping[str, frozenset[str]]:
        """Person id → the other persons of its open suspicions, held bridges and two-slug conflicts."""

    def twins(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(person, provider, record ids in link order) wherever a person has several live records."""

    def holds(self) -> list[Hold]:
        """All open holds."""

    def close_holds(self, holds: Iterable[Hold]) -> None:
        """The holds are no longer open."""

    def release(self, ref: RecordRef, *, at: datetime) -> None:
        """A record that is gone no longer forbids one create of its person there."""

    def note_cannot_express(
        self, rows: Sequence[tuple[CannotExpress, str]], *, at: datetime
    ) -> list[CannotExpress]:
        """Rows with the digest of the wish; returns those that are new (or whose wish changed)."""

    def standpoint(self) -> tuple[str, int]:
        """The database's name for life, and how many runs it has seen."""

    def forget(self, person: str) -> list[RecordRef]:
        """No value of the person is left, nor of whom was merged into them; returns the records that they had."""

    def note_manual_actions(self, actions: Sequence[ManualAction], *, at: datetime) -> None:
        """The actions are listed; one already listed or ticked off is left as it is."""

    def drop_manual_actions(self, people: Iterable[str], actions: Iterable[str]) -> None:
        """These things need not be done for the people any more; a new reason may list them again."""

    def manual_actions(self) -> list[ManualAction]:
        """All that are not ticked off."""

    def tick_off(self, action: ManualAction, *, at: datetime) -> bool:
        """The action is done and never listed again unless it is dropped; false when it was not listed."""

    def dossier(self, person: str) -> Dossier:
        """What is known around one person; by indexes only."""

    # outbox -------------------------------------------------------------------------------------------
    def save_plan(
        self,
        run_id: str,
        operations: Sequence[Operation],
        *,
        at: datetime,
        planned_again: Sequence[str] = (),
    ) -> None:
        """The operations exist as they are (``planned``, ``blocked``, ``deferred``).

        What earlier runs planned and never sent is gone, except what was ``blocked`` for people other than
        ``planned_again``. What was ``deferred`` after it was sent stays until something like it is sent again.

        A second open create for a person and provider raises ``StateError``.
        """

    def drop_planned(self, run_id: str) -> None:
        """What other runs planned and never sent is not planned any more; its persons are still dirty.

        So is everybody with an operation of a run that never ended: what it was to note at its end is not known.
        """

    def mark_sending(self, operations: Sequence[Operation], *, run_id: str, at: datetime) -> None:
        """The operations (with digest, attempt and idempotency key set) are durably ``sending``."""

    def save_settled(self, settled: Sequence[Settled], *, at: datetime) -> None:
        """Outcomes are kept: operation state, observed row, link, audit, in one commit.

        A settled create whose record belongs to another person stays linked there (the caller asked
        ``person_of`` first). The persons concerned stay dirty only if their operation did not succeed.
        """

    def operations(
        self,
        *,
        states: Iterable[State] | None = None,
        kinds: Iterable[Kind] | None = None,
        reasons: Iterable[str] | None = None,
        provider: str | None = None,
        run_id: str | None = None,
        sent_since: datetime | None = None,
    ) -> list[Operation]:
        """Operations that are all of that, oldest first; ``None`` = whatever it is.

        What was sent stays for ever, so whoever asks in every cycle asks for little.
        """

    def drop_values(self, *, settled_before: datetime, never_read: Iterable[str]) -> None:
        """What writes replaced and wrote is no longer known of those that came to a good end before that time.

        They are ``verified``, or ``acked`` by one of the providers ``never_read``; the rest of each stays.
        Opt-outs keep their values, which say to whom they were told.
        """

    def standing(self, states: Iterable[State]) -> list[Standing]:
        """Every operation in these states, without its values; blocked ones of active persons only."""

    def open_creates(self) -> Mapping[tuple[str, str], Operation]:
        """(person, provider) → the open create (``OPEN_STATES`` less ``planned``)."""

    # opt-outs -----------------------------------------------------------------------------------------
    def opt_outs(self) -> list[OptOutEntry]:
        """The ledger, oldest first; releases included."""

    def opt_outs_with(self, keys: Iterable[str]) -> list[OptOutEntry]:
        """Entries that carry any of the hashed keys, and those that came in their place, oldest first."""

    def people_covered(self, emails: Iterable[str]) -> list[str]:
        """The active persons with an address, now or before, that an opt-out of one of ``emails`` covers."""

    def add_opt_outs(self, entries: Sequence[OptOutEntry]) -> None:
        """Entries are durable outside the database and then inside."""
