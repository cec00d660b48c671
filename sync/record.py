"""What providers hold and how it is tied to people: records, pages, opt-outs, links, exports."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sync.contact import Contact, Value

PullMode = Literal["incremental", "sweep"]

OPTED_OUT = "opted_out"
"""What the opt-out on a row is called, in exports as in ``Record``."""


class RecordRef(NamedTuple):
    """One provider's row, by name; ``str()`` gives the form people type: ``provider:id``.

    A tuple, whose hash and order cost a third of a dataclass's: every page, match and plan asks for them.
    """

    provider: str
    record_id: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.record_id}"

    @classmethod
    def parse(cls, text: str) -> RecordRef:
        """The reference written ``provider:id``; ValueError when it has no colon or an empty side."""
        provider, colon, record_id = text.partition(":")
        if not (provider and colon and record_id):
            raise ValueError(text)
        return cls(provider, record_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One provider's row for a person, as it was read.

    ``absent``: canonical fields that this row did not carry at all (a trimmed row): what was observed before
    stays. The rows of an export hold ``opted_out`` there, too, where they say nothing of it. ``unreadable``:
    those among them, and ``opted_out``, that stand there in a form that nobody can read.
    ``first_carried``: fields that no row carried before and that took part in no merge yet.
    ``created_at`` and ``updated_at`` are the provider's own times, aware UTC, ``None`` when it tells
    none. ``opted_out``: an opt-out reason (Topo's vocabulary) the row itself carries, or ``None``.
    ``labels``: the provider's list or label ids on the row.
    """

    ref: RecordRef
    contact: Contact
    absent: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    first_carried: frozenset[str] = frozenset()
    created_at: datetime | None = None
    updated_at: datetime | None = None
    opted_out: str | None = None
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a pull; committed together with ``cursor``.

    ``cursor``: opaque text of the provider's adapter from which the next run goes on after this page.
    ``last``: nothing follows in this pull. ``total_before`` / ``total_after``: the provider's own count of
    records before the sweep's first page and after its last one (``None`` = not told); only in sweeps.
    ``complete``: the adapter saw no sign of cut or partial results. ``bad_rows``: rows that broke the
    documented shape, by record id or position, already left out.
    """

    records: tuple[Record, ...]
    cursor: str
    last: bool = False
    total_before: int | None = None
    total_after: int | None = None
    complete: bool = True
    bad_rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """Somebody said no. ``reason``: Topo's vocabulary, kept as it came when unknown.

    ``until``: a timed opt-out's end, ``None`` = permanent. ``source``: provider name, ``import`` or
    ``person:<name>``; ``source_id``: the provider's id of the entry, or what names the row that says it, ``None``
    when it has none.
    """

    emails: tuple[str, ...]
    linkedin_url: str | None
    reason: str
    source: str
    source_id: str | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutEntry:
    """One line of the ledger. ``keys``: keyed hashes (``Store.keyed_hash``) of everything it matches.

    ``source_id`` is the provider's id of the entry. ``released_by`` / ``released_why``: set on a release.
    """

    keys: frozenset[str]
    reason: str
    source: str
    at: datetime
    source_id: str | None = None
    until: datetime | None = None
    released_by: str | None = None
    released_why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutPage:
    """One page of a provider's opt-out list; ``last`` ends it, ``complete`` says that nothing was cut."""

    opt_outs: tuple[OptOut, ...]
    last: bool
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who a provider says we are: ``account_id`` is stable per workspace (``None`` when it tells nothing)."""

    account_id: str | None
    scopes: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    """Sentences for the report: missing scopes, read-only notice, and the like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a write to the provider's configured target would set off beyond storing a row.

    ``exists``: there is one to write to. ``starts_outreach``: entries put there are enrolled in outreach.
    ``outreach_allowed``: the settings say that creates may do so. ``reason``: a sentence for the report. ``id``:
    which target it is, where records stay in the one that they were put into.
    """

    exists: bool = True
    starts_outreach: bool = False
    outreach_allowed: bool = False
    reason: str = ""
    id: str = ""

    @property
    def needs_allowance(self) -> bool:
        """Whether a create there waits for somebody to allow the outreach that it starts."""
        return self.starts_outreach and not self.outreach_allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWindow:
    """One of a provider's rate windows for one endpoint; counts are the provider's where it tells them.

    ``told_at``: when it last told one, ``None`` = never. ``others_per_s``: requests a second that other callers
    of the same window made, as far as two tellings show.
    """

    endpoint: str
    seconds: float
    limit: int
    used: int
    opened_at: datetime
    told_at: datetime | None = None
    others_per_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Our last acknowledged write of one field, remembered while reads may still show what it replaced.

    ``before``: what was observed before it. ``echoed``: the acknowledgement showed the stored value. ``seen``:
    a read has shown it since. ``earlier``: what writes before it replaced and wrote; late reads may show it, too.
    ``since``: the row's own time when ``before`` was observed, ``None`` when it tells none. Whatever the row was
    before that time was observed, or was replaced by somebody there.
    """

    before: Value | None
    echoed: bool
    at: datetime
    seen: bool = False
    earlier: tuple[Value | None, ...] = ()
    since: datetime | None = None

    def stood_earlier(
        self, shown: Value | None, sent: Value | None, same: Callable[[Value | None, Value | None], bool]
    ) -> bool:
        """Whether ``shown`` stood before an earlier write than this one, which wrote ``sent``.

        ``same``: whether two values are one.
        """
        return not same(shown, sent) and any(same(shown, value) for value in self.earlier)

    def is_known(
        self, shown: Value | None, sent: Value | None, same: Callable[[Value | None, Value | None], bool]
    ) -> bool:
        """Whether ``shown`` is what this write or an earlier one put there, or replaced; see ``stood_earlier``."""
        return any(same(shown, value) for value in (sent, self.before, *self.earlier))


def is_before(shown: datetime, known: datetime) -> bool:
    """Whether a row that tells the time ``shown`` is surely older than when it told ``known``.

    One read of a provider may tell whole seconds or milliseconds where another one tells more.
    """
    grain = next(grain for grain in (1_000_000, 1000, 1) if shown.microsecond % grain == 0)
    return shown < known.replace(microsecond=known.microsecond - known.microsecond % grain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Person ↔ record. ``base`` and ``sent`` are flat fields in canonical spelling.

    ``base``: the value last taken into account. ``sent``: the value the provider last acknowledged, whether
    it shows it or not. ``written``: fields whose write no read has confirmed yet. ``ours``: the record was
    created by an operation of ours. ``accepted_key``: the match key under which an upsert provider accepted
    it.
    """

    person_id: str
    evidence: str
    linked_at: datetime
    base: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    sent: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    written: Mapping[str, Written] = field(default_factory=lambda: MappingProxyType({}))
    ours: bool = False
    accepted_key: str | None = None
    met: bool = False
    """The record's values took part in a merge before; false = first contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A provider's export file, read. ``bad_rows``: (line number, why) of rows left out.

    ``lines``: where each record stands, in their order. ``opt_outs``: their ``source_id`` is the record's id.
    ``as_of``: the time it speaks for. ``digest``: SHA-256 of its bytes, hex. ``unknown``: columns nobody here
    understands. ``repeated``: columns named more than once. ``reworded``: lines whose opt-out gave a reason in
    words that are not kept.
    """

    records: tuple[Record, ...]
    lines: tuple[int, ...]
    opt_outs: tuple[OptOut, ...]
    bad_rows: tuple[tuple[int, str], ...]
    digest: str
    as_of: datetime
    unknown: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    reworded: tuple[int, ...] = ()
