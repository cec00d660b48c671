"""Records to people: components first, then each component for itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.matching.generic import is_generic
from sync.matching.hubs import Entry, entry_of, holders_of, ties_of
from sync.matching.rounds import resolve
from sync.matching.suspicions import Likeliest, find_alike
from sync.matching.unions import find
from sync.matching.values import Findings, GenericKey, MatchPolicy, Partition, Twins

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from sync.change import Suspicion
    from sync.person import Decision, MatchRecord
    from sync.record import RecordRef

_CAREFUL = MatchPolicy()


def match(
    records: Iterable[MatchRecord],
    decisions: Iterable[Decision] = (),
    policy: MatchPolicy = _CAREFUL,
    generic: Collection[str] = (),
    once_one: Iterable[Suspicion] = (),
) -> Partition:
    """The people that ``records`` make, with everything held, refused or suspected; each rid in one cluster.

    ``decisions``: live judgements; of several on one pair the latest counts, and "different" on the same
    instant. ``generic``: keys known to be nobody's, some of whose holders may not be among ``records``; of every
    other key all holders are. ``once_one``: what is in question about ``records`` that were one person's. A
    function of the sets of all these.
    """
    entries = [entry_of(record) for record in records]
    judged = _latest(decisions)
    holders = holders_of(entries)
    nobodys = {key for key in holders if key in generic}
    told = _generic_keys(holders, policy, nobodys)
    nobodys.update(found.key for found in told)
    findings = Findings(suspicions=list(once_one))
    people: list[list[Entry]] = []
    for members, about in _components(entries, judged, nobodys):
        people += [members] if len(members) == 1 else resolve(members, about, policy, findings, nobodys)
    partition = _partition(people, judged, policy, findings)
    return replace(partition, generic_keys=tuple(sorted(told, key=lambda g: g.key)), generic=frozenset(nobodys))


def _generic_keys(
    holders: Mapping[str, Sequence[Entry]], policy: MatchPolicy, known: Collection[str]
) -> list[GenericKey]:
    """The keys besides those ``known`` that are nobody's."""
    enough = policy.generic_after
    return [
        GenericKey(key=key, names=enough, rids=tuple(e.record.rid for e in sorted(holding, key=lambda e: e.order)))
        for key, holding in holders.items()
        if len(holding) > 1 and key not in known and is_generic((e.record.name for e in holding), enough)
    ]


def _latest(decisions: Iterable[Decision]) -> list[Decision]:
    latest: dict[tuple[RecordRef, RecordRef], Decision] = {}
    for decision in decisions:
        pair = (decision.a, decision.b) if decision.a <= decision.b else (decision.b, decision.a)
        held = latest.get(pair)
        if held is None or _rank(decision) > _rank(held):
            latest[pair] = decision
    return list(latest.values())


def _rank(decision: Decision) -> tuple[object, int]:
    return decision.at, decision.verdict == "different"


def _components(
    entries: Sequence[Entry], judged: Sequence[Decision], generic: Collection[str]
) -> list[tuple[list[Entry], list[Decision]]]:
    """Entries that any chain of shared keys, links or "same" ties together, with the judgements inside."""
    parent = list(range(len(entries)))
    first: dict[str, int] = {}
    people: dict[str, int] = {}
    for at, entry in enumerate(entries):
        for tie in ties_of(entry, generic):
            _tie(parent, first.setdefault(tie, at), at)
        person_id = entry.record.person_id
        if person_id is not None:
            _tie(parent, people.setdefault(person_id, at), at)
    places = {entry.record.ref: at for at, entry in enumerate(entries)} if judged else {}
    about: dict[int, list[Decision]] = {}
    held = [d for d in judged if d.a in places and d.b in places]
    for decision in held:
        if decision.verdict == "same":
            _tie(parent, places[decision.a], places[decision.b])
    for decision in held:
        root = find(parent, places[decision.a])
        if root == find(parent, places[decision.b]):  # whom nothing ties need not be kept apart
            about.setdefault(root, []).append(decision)
    groups: dict[int, list[Entry]] = {}
    for at, entry in enumerate(entries):
        groups.setdefault(find(parent, at), []).append(entry)
    return [(members, about.get(root, [])) for root, members in groups.items()]


def _tie(parent: list[int], a: int, b: int) -> None:
    one, two = find(parent, a), find(parent, b)
    if one != two:
        parent[max(one, two)] = min(one, two)


def _partition(
    people: list[list[Entry]], judged: Sequence[Decision], policy: MatchPolicy, findings: Findings
) -> Partition:
    skipped = 0
    if policy.look_for_alike and policy.suspect_score <= 1:
        alike, skipped = find_alike(people, policy.suspect_score)
        findings.suspicions += alike
    return Partition(
        clusters=tuple(sorted((tuple(e.record.rid for e in part) for part in people), key=min)),
        suspicions=_open(findings.suspicions, people, judged),
        twins=tuple(sorted((t for part in people if len(part) > 1 for t in _twins(part)), key=lambda t: t.rids)),
        bridges=tuple(sorted(findings.bridges, key=lambda a: a.sides)),
        conflicts=tuple(sorted(findings.conflicts, key=lambda a: a.sides)),
        held_merges=tuple(sorted(findings.held_merges, key=lambda a: a.sides)),
        opened=tuple(sorted(findings.opened, key=lambda a: a.sides)),
        refused=tuple(sorted(findings.refused, key=lambda a: (a.sides, a.keys))),
        skipped_blocks=skipped,
        unchecked=findings.unchecked,
    )


def _twins(part: list[Entry]) -> list[Twins]:
    by_provider: dict[str, list[int]] = {}
    for entry in part:
        by_provider.setdefault(entry.record.ref.provider, []).append(entry.record.rid)
    return [Twins(provider=name, rids=tuple(rids)) for name, rids in by_provider.items() if len(rids) > 1]


def _open(
    suspicions: list[Suspicion], people: list[list[Entry]], judged: Sequence[Decision]
) -> tuple[Suspicion, ...]:
    """Suspicions between two people on whom nobody has judged yet, each pair once, most likely first."""
    if not suspicions:
        return ()
    person_of = {entry.record.ref: number for number, part in enumerate(people) for entry in part}
    likeliest = Likeliest()
    likeliest.settle((person_of.get(d.a, -1), person_of.get(d.b, -1)) for d in judged)
    for suspicion in suspicions:
        a, b = suspicion.records
        likeliest.add(person_of[a], person_of[b], suspicion)
    return likeliest.suspicions()
