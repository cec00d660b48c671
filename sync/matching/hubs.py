"""Which records a key, a link or a judgement ties together: the raw material of clustering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sync.change import Feature, Suspicion
from sync.identity.emails import email_key
from sync.identity.linkedin import is_profile, linkedin_key
from sync.identity.names import names_agree
from sync.matching.generic import generic_pairs, is_generic
from sync.matching.key_names import group_names
from sync.matching.values import DISPUTED, SAME_EMAIL, UNTOLD, every_two

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from sync.matching.values import Findings, MatchPolicy
    from sync.person import Decision, MatchRecord


@dataclass(slots=True)
class Entry:
    """One record with its joinable keys read; ``at``: its place in canonical order inside its component.

    ``slugs``: the keys of the public profiles that it shows.
    """

    record: MatchRecord
    keys: tuple[str, ...]
    aliases: tuple[str, ...]
    at: int = 0
    slugs: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.slugs = {key for key in self.keys if key.startswith("in:")}

    @property
    def order(self) -> tuple[str, str]:
        """Canonical order: by reference, which no import order or clock can change."""
        return self.record.ref.provider, self.record.ref.record_id

    def differs_in_profile(self, other: Entry) -> bool:
        """Whether both show public profiles, and none in common."""
        return bool(self.slugs and other.slugs) and self.slugs.isdisjoint(other.slugs)


@dataclass(slots=True)
class Hub:
    """Members that one key or link ties together, in canonical order."""

    key: str
    members: list[int]


@dataclass(slots=True)
class Hubs:
    """Everything that ties the records of one component, by strength."""

    same: list[tuple[int, int]] = field(default_factory=list)
    different: list[tuple[int, int]] = field(default_factory=list)
    profiles: list[Hub] = field(default_factory=list)
    emails: list[Hub] = field(default_factory=list)
    aliases: list[Hub] = field(default_factory=list)
    """Keys that only new records show now: they come to the person who had the key, if to nobody else."""
    generic: frozenset[str] = frozenset()


def entry_of(record: MatchRecord) -> Entry:
    """``record`` with its joinable keys, each once; an alias that is shown again is no alias.

    ``record.linkedin`` is a key or an address, or several with a blank between (slug and opaque id).
    """
    keys = [key for key in map(email_key, record.emails) if key]
    if record.linkedin:
        keys += [key for key in map(profile_key, record.linkedin.split()) if key]
    if not record.aliases:
        return Entry(record, tuple(dict.fromkeys(keys)), ())
    # Aliases were keys once; they are read again because the lists of role and disposable hosts grow.
    read = {profile_key(alias) if is_profile(alias) else email_key(alias) for alias in record.aliases}
    former = {key for key in read if key} - set(keys)
    return Entry(record, tuple(dict.fromkeys(keys)), tuple(sorted(former)))


def profile_key(linkedin: str) -> str | None:
    """The key of a profile, of an address or of a key: that one is read again."""
    kind, _, name = linkedin.partition(":")
    return linkedin_key(
        f"/in/{name}" if kind == "in" else name if kind == "urn" and not name.startswith("li:") else linkedin
    )


def ties_of(entry: Entry, generic: Collection[str]) -> Iterator[str]:
    """What ties ``entry`` to whoever shares it: its keys but ``generic`` ones, and pairs of these."""
    keys = (*entry.keys, *entry.aliases)
    yield from (key for key in keys if key not in generic)
    yield from generic_pairs(keys, generic)


def holders_of(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Key → who shows it or had it, in the order of ``entries``."""
    holders: dict[str, list[Entry]] = {}
    for entry in entries:
        for key in (*entry.keys, *entry.aliases):
            holders.setdefault(key, []).append(entry)
    return holders


def hubs_of(
    entries: Sequence[Entry],
    decisions: Iterable[Decision],
    policy: MatchPolicy,
    findings: Findings,
    generic: frozenset[str],
) -> Hubs:
    """What ties ``entries`` (one component, canonical order); disagreements are noted.

    ``generic``: those of its keys that are nobody's.
    """
    holders = holders_of(entries)
    hubs = Hubs(generic=generic)
    _read_decisions(entries, decisions, hubs)
    for key in sorted(holders):
        if len(holders[key]) > 1:
            _read_key(key, holders[key], policy, hubs, findings)
    return hubs


def _read_decisions(entries: Sequence[Entry], decisions: Iterable[Decision], hubs: Hubs) -> None:
    places = {entry.record.ref: entry.at for entry in entries}
    for decision in decisions:
        pair = tuple(sorted((places.get(decision.a, -1), places.get(decision.b, -1))))
        if pair[0] >= 0 and pair[0] != pair[1]:
            (hubs.same if decision.verdict == "same" else hubs.different).append((pair[0], pair[1]))
    hubs.same.sort()
    hubs.different.sort()


def _read_key(key: str, holding: list[Entry], policy: MatchPolicy, hubs: Hubs, findings: Findings) -> None:
    if key in hubs.generic:
        hubs.profiles += _equal_on_both(key, holding, policy) if is_profile(key) else []
        return
    names = group_names((entry.record.name or "" for entry in holding), policy.generic_after)
    strict = policy.names_must_agree and names.count > 1
    groups = names.group_of if strict else None
    ties = hubs.profiles if is_profile(key) else hubs.emails
    showing = [entry for entry in holding if key in entry.keys]
    ties += _tied(key, showing, None if is_profile(key) else groups)
    if len(showing) < len(holding):
        _read_aliases(key, holding, groups, hubs)
    if strict and not is_profile(key):
        findings.suspicions += _disagreements(key, holding, names.group_of)


def _read_aliases(key: str, holding: list[Entry], groups: dict[str, int] | None, hubs: Hubs) -> None:
    """An alias ties to new records unless another person shows the key; a profile also inside its person.

    Inside a person the link does what a former email could do; only a replaced slug needs more than that. A slug
    that was given up is free for somebody else, so it ties newcomers of the person's ``groups`` of names alone.
    """
    living = {entry.record.person_id for entry in holding if key in entry.keys} - {None}
    for person_id in sorted(living, key=str) if is_profile(key) else ():
        hubs.profiles += _tied(key, [entry for entry in holding if entry.record.person_id == person_id], None)
    had = {entry.record.person_id for entry in holding if key not in entry.keys} - {None}
    near = living or had
    if len(living) < 2:
        # Who joined nobody yet has no former keys: of new records only those count that show it.
        joining = [
            entry
            for entry in holding
            if entry.record.person_id in near or (entry.record.person_id is None and key in entry.keys)
        ]
        hubs.aliases += _tied(key, joining, groups)


def _tied(key: str, joining: list[Entry], group_of: dict[str, int] | None) -> list[Hub]:
    """``joining`` as one hub, or one for each group of names; who fits no single group is in none."""
    groups: dict[int, list[int]] = {}
    for entry in joining:
        number = 0 if group_of is None else group_of.get(entry.record.name or "")
        if number is not None:
            groups.setdefault(number, []).append(entry.at)
    return [Hub(key, members) for members in groups.values() if len(members) > 1]


def _equal_on_both(profile: str, holding: list[Entry], policy: MatchPolicy) -> list[Hub]:
    """Holders of a generic profile key who also share an email, unless that pair is generic as well."""
    shared: dict[str, list[Entry]] = {}
    for entry in holding:
        for key in entry.keys:
            if profile in entry.keys and not is_profile(key):
                shared.setdefault(key, []).append(entry)
    hubs = []
    for email, members in sorted(shared.items()):
        if len(members) > 1 and not is_generic((entry.record.name for entry in members), policy.generic_after):
            hubs.append(Hub(f"{profile} {email}", [entry.at for entry in members]))
    return hubs


def _disagreements(key: str, holding: list[Entry], group_of: dict[str, int]) -> list[Suspicion]:
    """Every two of the groups of names, of which what fits several or has no name is one, are a suspicion."""
    first: dict[int, Entry] = {}
    for entry in holding:
        first.setdefault(group_of.get(entry.record.name or "", -1), entry)
    sides = sorted(first.values(), key=lambda entry: entry.order)
    return [same_email(key, one, other) for one, other in every_two(sides)]


def same_email(key: str, one: Entry, other: Entry) -> Suspicion:
    """The two show or had an address, and their names do not tell that they are one."""
    name = names_agree(one.record.name, other.record.name)
    show = key in one.keys and key in other.keys
    detail = "They have the same email." if show else "They have the same email, or had it before."
    features = (
        Feature(name="email", score=1.0, detail=detail),
        Feature(name="name", score=name.score, detail=name.reason),
    )
    reason = SAME_EMAIL if name.agree is False else UNTOLD
    return Suspicion(records=(one.record.ref, other.record.ref), score=DISPUTED, reason=reason, features=features)
