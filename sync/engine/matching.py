"""From changed records to people: what changes tie together is matched again, part by part.

Plain parts are told from a few numbers a record; of the others as many as fit are loaded and tied at a time.
Nothing is written before everything is decided.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.batches import batched
from sync.engine.notes import noted_of_providers
from sync.engine.policies import match_policy
from sync.engine.tying import tie
from sync.garbage import uncollected
from sync.guards import Facts, GuardPolicy, Limit, check
from sync.matching import Likeliest, likeness, may_be_alike, pairs_of
from sync.store_port import Matched

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sync.engine.session import Session
    from sync.engine.tying import Tied
    from sync.matching import MatchPolicy, Parts
    from sync.membership import MembershipChange
    from sync.store_port import Region

AT_ONCE = 2000
"""Records held in memory at once, more only where a single part is larger."""


JOINS = "joins"
"""Provider → how many known people were joined since the guards last let a run through."""


def recall_joins(session: Session) -> None:
    """What imports joined since the guards last let a run through counts in this session, too."""
    session.merges = noted_of_providers(session, JOINS)


def match_records(session: Session) -> None:
    """Every dirty record is tied to a person; joins, splits and suspicions are kept."""
    if session.held_joins:
        return
    with uncollected():
        policy = match_policy(session)
        parts = session.store.parts(policy.generic_after)
        if parts is not None:
            _match(session, parts, policy)


def _match(session: Session, parts: Parts, policy: MatchPolicy) -> None:
    parts.sort_out(session.store.full_names)
    likeliest = Likeliest()
    updates = [tied.update for tied in _resolved(session, parts, policy, likeliest)]
    if _too_many_joins(session):
        session.held_joins = sum(len(update.redirects) for update in updates)
        return
    likeliest.settle((parts.owners[a], parts.owners[b]) for a, b in parts.judged)
    _look_for_alike(session, parts, policy, likeliest)
    _find_owners(session, parts, {rid for a, b, _ in parts.once_one for rid in (a, b)})
    for a, b, suspicion in parts.once_one:
        likeliest.add(parts.owners[a], parts.owners[b], suspicion)
    matched = Matched(
        updates=updates,
        newcomers=((session.clock.new_id(), records) for records in parts.newcomers()),
        joined=parts.joined,
        told=parts.told,
        suspicions=likeliest.suspicions(),
        generic=parts.generic,
        rids=None if parts.whole else parts.rids,
    )
    session.store.save_matched(matched, at=session.clock.now())
    session.new_people += parts.new_people + sum(len(update.created) for update in updates)
    session.merged_people += sum(len(update.redirects) for update in updates)
    session.progress.advance("match", "", parts.dirty, parts.dirty)


def _resolved(session: Session, parts: Parts, policy: MatchPolicy, likeliest: Likeliest) -> Iterator[Tied]:
    """Every part that is not plain, by every rule; ``parts.owners`` knows whose its records are now."""
    careful, generic = replace(policy, look_for_alike=False), frozenset(parts.generic)
    for batch in _batches(parts.careful):
        region = replace(session.store.part([rid for part in batch for rid in part]), generic=generic)
        tied = tie(session, region, policy=careful)
        _count_joins(session, region, tied.change)
        lowest: dict[str, int] = {}
        for rid, person_id in tied.change.person_of.items():
            lowest[person_id] = min(rid, lowest.get(person_id, rid))
        for rid, person_id in tied.change.person_of.items():
            parts.owners[rid] = lowest[person_id]
        owners = {r.ref: parts.owners[r.rid] for r in region.records}
        for suspicion in tied.update.suspicions:
            a, b = suspicion.records
            likeliest.add(owners[a], owners[b], suspicion)
        yield tied


def _batches(groups: Iterable[list[int]]) -> Iterator[list[list[int]]]:
    batch: list[list[int]] = []
    size = 0
    for group in groups:
        if batch and size + len(group) > AT_ONCE:
            yield batch
            batch, size = [], 0
        batch.append(group)
        size += len(group)
    if batch:
        yield batch


def _look_for_alike(session: Session, parts: Parts, policy: MatchPolicy, likeliest: Likeliest) -> None:
    """People without a common key who look alike are suspicions; names first, the rest of few."""
    if not policy.look_for_alike or policy.suspect_score > 1:
        return
    for some in batched(_pairs(session, parts), AT_ONCE):
        names = session.store.full_names(_inside(some))
        alike = [(a, b) for a, b in some if may_be_alike(names[a], names[b], policy.suspect_score)]
        records = {record.rid: record for record in session.store.part(_inside(alike)).records}
        for a, b in alike:
            if suspicion := likeness(records[a], records[b], policy.suspect_score):
                likeliest.add(parts.owners[a], parts.owners[b], suspicion)


def _pairs(session: Session, parts: Parts) -> Iterator[tuple[int, int]]:
    """Records of different people to be compared; one of them at least is of the region."""
    if parts.whole:
        return pairs_of(_small(session, session.store.alike(None)), parts.owners)
    groups = list(_small(session, session.store.alike(parts.rids)))
    inside = set(parts.rids)
    _find_owners(session, parts, {rid for group in groups for rid in group})
    return ((a, b) for a, b in pairs_of(groups, parts.owners) if a in inside or b in inside)


def _small(session: Session, groups: Iterable[Sequence[int]]) -> Iterator[Sequence[int]]:
    too_large = 0
    for group in groups:
        if group:
            yield group
        else:
            too_large += 1
    session.uncompared = max(session.uncompared, too_large)


def _find_owners(session: Session, parts: Parts, rids: set[int]) -> None:
    """``parts.owners`` knows whose those records are, also where they are none of the region."""
    if parts.whole:
        return
    for rid, head in session.store.heads(sorted(rids.difference(parts.rids))).items():
        parts.owners[rid] = head


def _inside(pairs: Iterable[tuple[int, int]]) -> list[int]:
    return sorted({rid for pair in pairs for rid in pair})


def _count_joins(session: Session, region: Region, change: MembershipChange) -> None:
    """Joins of people who both existed before, by the provider of the one that goes."""
    owners = {r.person_id: r.ref.provider for r in region.records if r.person_id is not None}
    for _, loser in change.merged:
        provider = owners.get(loser, "")
        session.merges[provider] = session.merges.get(provider, 0) + 1


def _too_many_joins(session: Session) -> bool:
    """Whether the ``merge`` guard will stop the run: then nobody is joined, and the next run asks again."""
    if not session.merges or session.options.mode == "verify":
        return False
    limit = session.settings.guards.merge
    facts = Facts(known={}, people=session.store.people_count(), merges=MappingProxyType(dict(session.merges)))
    policy = GuardPolicy(merge=Limit(limit.share, limit.floor))
    return bool(check((), facts, policy, session.options.allowances))
