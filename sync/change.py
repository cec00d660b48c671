"""What is to be changed and what became of it: operations, batches, outcomes, plans, findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sync.contact import Contact, Value
    from sync.record import OptOut, Record, RecordRef

Kind = Literal["create", "update", "variables", "exclude", "stage"]
OPT_OUT_KINDS: Final[frozenset[Kind]] = frozenset({"exclude", "stage"})
"""Kinds that tell a provider who said no."""
State = Literal[
    "planned", "sending", "acked", "pending", "verified", "refused", "unknown", "parked", "deferred",
    "blocked", "failed",
]  # fmt: skip

ENROLMENT = "enrolment"
"""The effect of a write that would start outreach."""
OPEN_STATES: frozenset[State] = frozenset({"planned", "sending", "unknown", "pending", "parked"})
"""States in which an operation is not settled; an open create forbids a second one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field of an operation. ``source``: provider whose value it is; ``rule``: code of ``sync.codes``."""

    before: Value | None
    after: Value | None
    source: str
    rule: str

    @property
    def is_kept(self) -> bool:
        """Whether the values are still known; see ``Store.drop_values``."""
        return self.before is not None or self.after is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One intended change of one record at one provider.

    ``contact``: the whole contact as it is wanted, shaped to what the provider can hold. ``fields``: what
    changes. ``record``: the record as last observed (``None`` for a create). ``opt_out``: only for kinds
    ``exclude`` and ``stage``. ``reason``: why it is planned, or once settled why it ended so (codes).
    ``attempt`` counts sends, from 1. ``repeats``: an earlier send may have been applied, so what a write sets off
    besides storing is not to be set off again. ``entry_id``: what the provider called it.
    """

    id: str
    person_id: str
    provider: str
    kind: Kind
    contact: Contact
    reason: str
    record: Record | None = None
    record_id: str | None = None
    fields: Mapping[str, FieldChange] = field(default_factory=lambda: MappingProxyType({}))
    effects: tuple[str, ...] = ()
    opt_out: OptOut | None = None
    state: State = "planned"
    attempt: int = 0
    repeats: bool = False
    digest: str | None = None
    run_id: str | None = None
    sent_at: datetime | None = None
    until: datetime | None = None
    entry_id: str | None = None
    message: str | None = None
    accepted_key: str | None = None

    @property
    def knows_values(self) -> bool:
        """Whether what it replaced and wrote is still kept."""
        return all(change.is_kept for change in self.fields.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Operations that go out in one request. ``digest``: SHA-256 of its body, committed before it is sent.

    ``way`` tells apart the calls of a provider that has several for one kind. ``wire`` is the adapter's own
    rendering; nobody else looks into it.
    """

    provider: str
    kind: Kind
    operations: tuple[Operation, ...]
    digest: str
    way: str = ""
    wire: object = field(repr=False)


PARTIAL_TOTALS = "partial-totals"
"""Between a provider and the engine, the reason of an outcome: the totals count fewer rows than were sent, and
nothing tells which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one operation of a batch.

    ``state``: ``acked``, ``pending``, ``refused``, ``failed``, ``unknown`` or, where it was surely not written
    and the next run tries again, ``deferred``. ``record_id``: the row it is now tied to; of a refusal that
    doubts a match, the row it met. ``record``: the row as echoed; ``None`` when the provider echoes nothing.
    ``unconfirmed``: it was taken, and nothing tells whether it was applied. ``existing``: a create met a record
    that was there before and was left untouched. ``entry_id``: what the provider calls the entry that it made.
    ``request_id``: its id of the call, if told. ``reason``: code; ``message``: the provider's own words, without
    personal data where it can be helped.
    """

    operation_id: str
    state: State
    record_id: str | None = None
    record: Record | None = None
    existing: bool = False
    unconfirmed: bool = False
    entry_id: str | None = None
    reason: str | None = None
    message: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """All outcomes of one batch, one an operation; ``bulk`` is the totals row of a bulk stream."""

    outcomes: tuple[Outcome, ...]
    bulk: BulkTotals | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkTotals:
    """What a bulk stream said at its end; ``uuid`` is ``None`` when it was never learnt."""

    uuid: str | None
    sent: int
    created: int | None
    updated: int | None


HUMAN: Final = "human"
"""The source of a value that no record holds: somebody typed it, or took nothing."""
LATER: Final = " later"
"""Ends the source of a value that a record showed when it had lost with another one already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Why a person's field holds its value: whose it is, which rule chose it, when, and what lost.

    ``source``: ``provider:record_id``, ``human`` or ``undo``. ``losers``: source → value not chosen; what was
    decided for somebody who was merged since has the source ``human for <person id>``, and what a record showed
    after it had lost once, perhaps as its rendering of our write, ``provider:record_id later``.
    ``replaced``: compared form of an earlier value → the value that a person put in its place; only for
    multi-valued fields.
    """

    source: str
    rule: str
    at: datetime
    losers: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    replaced: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """A record wrote its own ``value`` (compared form) back over one that it had acknowledged from us."""

    source: str
    value: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """One field that should hold different values at once; frozen everywhere until it is resolved.

    ``reason``: why (codes).
    """

    person_id: str
    field: str
    values: Mapping[str, Value | None]
    since: datetime
    reason: str = "disagree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One reason for or against two people being one; ``score`` 0..1. ``detail``: a sentence that names nobody."""

    name: str
    score: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """People who may be one. ``records``: one record of each side, ordered; ``score`` 0..1."""

    records: tuple[RecordRef, RecordRef]
    score: float
    reason: str
    features: tuple[Feature, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotExpress:
    """A wish that a provider cannot hold; reported once until the wish changes."""

    person_id: str
    provider: str
    field: str
    reason: str


CHANGE = "change-"
"""Begins the manual action that asks for a change which no API can make; the field's name follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManualAction:
    """A thing that no API can do and a person must; listed until it is ticked off.

    ``since``: when it was listed as it is, ``None`` = not yet.
    """

    person_id: str
    provider: str
    action: str
    since: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A finding that waits for a person: a disappearance or a doubtful match."""

    kind: str
    person_id: str
    provider: str
    record_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardReport:
    """A guard that stopped the run. ``allow`` is what follows ``--allow``; ``detail`` one sentence why."""

    provider: str
    kind: str
    planned: int
    limit: int
    allow: str
    detail: str
