"""The brakes: a change set that is larger than it should be stops the whole run before anything is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.change import ENROLMENT, GuardReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.change import Operation

EVERY = "all"
"""What stands for the provider where a guard is about all of them."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A change set stops when it is larger than ``floor`` and than ``share`` of the people known there."""

    share: float
    floor: int

    def of(self, known: int) -> int:
        """The largest change set that passes."""
        # The product of a decimal share and a count falls a hair short of the whole number it should be.
        return max(self.floor, int(round(self.share * known, 6)))


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardPolicy:
    """The configured limits."""

    create: Limit = Limit(0.25, 50)
    update: Limit = Limit(0.20, 50)
    blank: Limit = Limit(0.01, 5)
    merge: Limit = Limit(0.02, 10)


@dataclass(frozen=True, slots=True)
class Allowances:
    """What ``--allow KIND=PROVIDER:COUNT`` let through for this one command.

    ``counts``: (kind, provider) → ceiling. ``fingerprints``: (provider, fingerprint) accepted.
    """

    counts: Mapping[tuple[str, str], int] = field(default_factory=lambda: MappingProxyType({}))
    fingerprints: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Allowances:
        """The allowances written on the command line. Raises ValueError naming the one that is not well formed."""
        counts: dict[tuple[str, str], int] = {}
        fingerprints = set()
        for text in texts:
            kind, equals, rest = text.partition("=")
            provider, colon, amount = rest.partition(":")
            if not (kind and equals and provider and colon and amount):
                raise ValueError(f"{text!r} is not KIND=PROVIDER:COUNT")
            if kind == "config":
                fingerprints.add((provider, amount))
            elif kind not in KINDS:
                raise ValueError(f"{text!r}: unknown kind; known are {', '.join(sorted(KINDS | {'config'}))}")
            elif not amount.isdecimal():
                raise ValueError(f"{text!r}: the count must be a whole number")
            else:
                counts[kind, provider] = max(counts.get((kind, provider), 0), int(amount))
        return cls(MappingProxyType(counts), frozenset(fingerprints))

    @property
    def providers(self) -> frozenset[str]:
        """Every provider named, and what stands for all of them where it is."""
        return frozenset(p for _, p in self.counts) | {p for p, _ in self.fingerprints}

    def ceiling(self, kind: str, provider: str) -> int:
        """The allowed count, 0 when nothing was allowed."""
        return self.counts.get((kind, provider), 0)


KINDS = frozenset({"create", "update", "blank", "replace", "merge", "emptied", "outreach"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a run is about to do, beside its operations.

    ``known``: provider → people known there, wherever something is planned. ``people``: all people, where some
    became one or the database is lost. ``merges``: provider → joins of people who both existed before.
    ``vanished``: provider → (records gone from a proven sweep, live before). ``changed_config``: provider → (new
    fingerprint, what changed). ``lost_database``: the store is empty though earlier runs left traces.
    ``other_host``: the store's last run was on another machine.
    """

    known: Mapping[str, int]
    people: int = 0
    merges: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    vanished: Mapping[str, tuple[int, int]] = field(default_factory=lambda: MappingProxyType({}))
    changed_config: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    lost_database: bool = False
    other_host: bool = False


def check(
    operations: Iterable[Operation], facts: Facts, policy: GuardPolicy, allowances: Allowances
) -> tuple[GuardReport, ...]:
    """The guards that stop this run, in a fixed order; none = it may go on."""
    planned = [o for o in operations if o.state == "planned"]
    return (
        *_lost(facts),
        *_second_writer(facts),
        *_config(facts, allowances),
        *_vanished(facts, allowances),
        *_outreach(planned, allowances),
        *_merges(facts, policy, allowances),
        *_sizes(planned, facts, policy, allowances),
        *_blanks(planned, facts, policy, allowances),
        *_replacements(planned, facts, policy, allowances),
    )


def _stop(kind: str, provider: str, planned: int, limit: int, detail: str) -> GuardReport:
    allow = f"{kind}={provider}:{planned}"
    return GuardReport(provider=provider, kind=kind, planned=planned, limit=limit, allow=allow, detail=detail)


def _sizes(
    planned: list[Operation], facts: Facts, policy: GuardPolicy, allowances: Allowances
) -> list[GuardReport]:
    stops = []
    kinds = {"create": ("create", policy.create), "update": ("update", policy.update)}
    kinds["variables"] = kinds["update"]
    counted = Counter((kinds[o.kind][0], o.provider) for o in planned if o.kind in kinds)
    for (kind, provider), count in sorted(counted.items()):
        limit = kinds[kind][1].of(facts.known.get(provider, 0))
        if count > max(limit, allowances.ceiling(kind, provider)):
            detail = f"{count} {kind}s planned at {provider}; more than {limit} stop a run"
            stops.append(_stop(kind, provider, count, limit, detail))
    return stops


def _blanks(
    planned: list[Operation], facts: Facts, policy: GuardPolicy, allowances: Allowances
) -> list[GuardReport]:
    counted = Counter((o.provider, name) for o in planned for name, c in o.fields.items() if c.after is None)
    worst: dict[str, tuple[int, str]] = {}
    for (provider, name), count in sorted(counted.items()):
        worst[provider] = max(worst.get(provider, (0, "")), (count, name))
    stops = []
    for provider, (count, name) in worst.items():
        limit = policy.blank.of(facts.known.get(provider, 0))
        if count > max(limit, allowances.ceiling("blank", provider)):
            detail = f"{name} would be emptied for {count} people at {provider}; more than {limit} stop a run"
            stops.append(_stop("blank", provider, count, limit, detail))
    return stops


def _replacements(
    planned: list[Operation], facts: Facts, policy: GuardPolicy, allowances: Allowances
) -> list[GuardReport]:
    """One field replaced (not filled) for most people looks like a broken mapping."""
    counted = Counter(
        (o.provider, name)
        for o in planned
        for name, c in o.fields.items()
        if c.before is not None and c.after is not None
    )
    stops = []
    for (provider, name), count in sorted(counted.items()):
        limit = max(policy.update.floor, facts.known.get(provider, 0) // 2)
        if count > max(limit, allowances.ceiling("replace", provider)):
            detail = f"{name} would be replaced for {count} people at {provider}, more than half of them"
            stops.append(_stop("replace", provider, count, limit, detail))
    return stops


def _merges(facts: Facts, policy: GuardPolicy, allowances: Allowances) -> list[GuardReport]:
    count = sum(facts.merges.values())
    limit = policy.merge.of(facts.people)
    if count <= max(limit, allowances.ceiling("merge", EVERY)):
        return []
    detail = f"{count} pairs of people who were separate before would become one; more than {limit} stop a run"
    return [_stop("merge", EVERY, count, limit, detail)]


def emptied(gone: int, before: int) -> bool:
    """Whether a provider that showed ``before`` records and misses ``gone`` of them is not believed.

    All of them, or more than half once there are enough to speak of halves.
    """
    return gone == before > 0 or (gone * 2 > before >= 10)


def _vanished(facts: Facts, allowances: Allowances) -> list[GuardReport]:
    """A provider that suddenly shows fewer than half of its known records is not believed."""
    stops = []
    for provider, (gone, before) in sorted(facts.vanished.items()):
        if emptied(gone, before) and gone > allowances.ceiling("emptied", provider):
            detail = f"{gone} of {before} known records are missing at {provider}: another account, or emptied?"
            stops.append(_stop("emptied", provider, gone, before // 2, detail))
    return stops


def _lost(facts: Facts) -> list[GuardReport]:
    """Without its database the engine cannot know whom it created; only a person may declare a new start."""
    if not facts.lost_database:
        return []
    detail = (
        "the state database is gone though earlier runs left a ledger or a marker; restore a backup, "
        "or accept a new start with `contact-sync state check --accept`"
    )
    return [GuardReport(provider=EVERY, kind="lost", planned=facts.people, limit=0, allow="", detail=detail)]


def _second_writer(facts: Facts) -> list[GuardReport]:
    """No provider can tell two engines apart; only a person knows that the other one runs no more."""
    if not facts.other_host:
        return []
    detail = (
        "the last run on this state was on another machine; make sure that nothing runs there any more, "
        "then accept this one with `contact-sync state check --accept`"
    )
    return [GuardReport(provider=EVERY, kind="second-writer", planned=1, limit=0, allow="", detail=detail)]


def _config(facts: Facts, allowances: Allowances) -> list[GuardReport]:
    stops = []
    for provider, (fingerprint, detail) in sorted(facts.changed_config.items()):
        if (provider, fingerprint) not in allowances.fingerprints:
            allow = f"config={provider}:{fingerprint}"
            stops.append(
                GuardReport(provider=provider, kind="config", planned=1, limit=0, allow=allow, detail=detail)
            )
    return stops


def _outreach(planned: list[Operation], allowances: Allowances) -> list[GuardReport]:
    counted = Counter(o.provider for o in planned if ENROLMENT in o.effects)
    return [
        _stop("outreach", provider, count, 0, f"{count} entries at {provider} would be enrolled in outreach")
        for provider, count in sorted(counted.items())
        if count > allowances.ceiling("outreach", provider)
    ]
