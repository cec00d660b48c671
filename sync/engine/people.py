"""From changed records to people: match, tie, merge. Everything here decides with pure functions and keeps."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.guards import Facts, GuardPolicy, Limit, check
from sync.identity import email_key, linkedin_key
from sync.matching import MatchPolicy, match
from sync.membership import assign
from sync.merging import FieldPolicy, MergePolicy, merge
from sync.store_port import MembershipUpdate, Merged, Settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sync.change import Operation
    from sync.engine.session import Session
    from sync.matching import Partition
    from sync.membership import MembershipChange
    from sync.person import MatchRecord, Member, Person
    from sync.record import Record
    from sync.store_port import Region

CHUNK = 500
"""People held in memory at once."""


def match_and_merge(session: Session) -> None:
    """Changed records belong to people, and every person touched has its merged contact."""
    match_records(session)
    merge_people(session)


def match_records(session: Session) -> None:
    """Every dirty record is tied to a person; joins, splits and suspicions are kept."""
    region = session.store.region() if not session.held_joins else None
    if region is None:
        return
    settings = session.settings.match
    policy = MatchPolicy(
        names_must_agree=settings.names_must_agree,
        generic_after=settings.generic_after,
        suspect_score=settings.suspect_score,
    )
    partition = match(region.records, region.decisions, policy)
    change = assign(
        partition,
        {r.rid: r.person_id for r in region.records if r.person_id is not None},
        new_id=session.clock.new_id,
        created_at=region.people,
        former=region.former,
    )
    _count_joins(session, region, change)
    if _too_many_joins(session):
        session.held_joins = len(change.merged)
        return
    update = _update(region, partition, change)
    session.store.save_membership(update, at=session.clock.now())
    session.new_people += len(change.created)
    session.merged_people += len(change.merged)
    session.progress.advance("match", "", len(region.dirty), len(region.dirty))


def _update(region: Region, partition: Partition, change: MembershipChange) -> MembershipUpdate:
    ties = _ties(region, partition)
    return MembershipUpdate(
        members=MappingProxyType({rid: (person, ties[rid]) for rid, person in change.person_of.items()}),
        created=change.created,
        redirects=MappingProxyType({loser: winner for winner, loser in change.merged}),
        split_from=MappingProxyType({new: left for left, new in change.split}),
        suspicions=partition.suspicions,
    )


def _ties(region: Region, partition: Partition) -> dict[int, str]:
    """Record → what ties it to the others of its person: shared keys, or ``own`` for one that is alone."""
    by_rid = {r.rid: r for r in region.records}
    ties = {}
    for cluster in partition.clusters:
        counted = Counter(key for rid in cluster for key in _keys(by_rid[rid]))
        for rid in cluster:
            shared = sorted({key.partition(":")[0] for key in _keys(by_rid[rid]) if counted[key] > 1})
            ties[rid] = "+".join(shared) or ("own" if len(cluster) == 1 else "linked")
    return ties


def _keys(record: MatchRecord) -> set[str]:
    keys = {f"email:{key}" for key in map(email_key, record.emails) if key is not None}
    profile = linkedin_key(record.linkedin)
    return keys | ({f"linkedin:{profile}"} if profile is not None else set())


def _count_joins(session: Session, region: Region, change: MembershipChange) -> None:
    """Joins of people who both existed before, by the provider of the one that goes."""
    owners = {r.person_id: r.ref.provider for r in region.records if r.person_id is not None}
    for _, loser in change.merged:
        provider = owners.get(loser, "")
        session.merges[provider] = session.merges.get(provider, 0) + 1


def _too_many_joins(session: Session) -> bool:
    """Whether the ``merge`` guard will stop the run: then nobody is joined, and the next run asks again."""
    limit = session.settings.guards.merge
    facts = Facts(known={}, people=session.store.people_count(), merges=MappingProxyType(dict(session.merges)))
    policy = GuardPolicy(merge=Limit(limit.share, limit.floor))
    return bool(check((), facts, policy, session.options.allowances))


def merge_policy(session: Session) -> MergePolicy:
    """The configured policy."""
    settings = session.settings
    fields = {
        name: FieldPolicy(owner=f.owner or None, priority=tuple(f.priority))
        for name, f in settings.merge.fields.items()
    }
    return MergePolicy(
        priority=tuple(settings.merge.priority),
        fields=MappingProxyType(fields),
        blanks=settings.merge.blanks == "explicit",
        region=settings.sync.default_region,
        settle=settings.sync.settle,
    )


def merge_people(session: Session) -> None:
    """Every dirty person has its merged contact, with bases moved and conflicts kept."""
    policy = merge_policy(session)
    creates = session.store.open_creates()
    for people in chunks(session, session.store.dirty_people()):
        merged = []
        for found in people:
            person = _adopt(session, found, creates)
            result = merge(person, policy, session.clock.now())
            merged.append(
                Merged(
                    person_id=person.id,
                    contact=result.contact,
                    choices=result.choices,
                    conflicts=result.conflicts,
                    links=result.links,
                    frozen=person.frozen,
                    aliases=person.aliases,
                )
            )
        session.store.save_merged(merged, at=session.clock.now())


def chunks(session: Session, ids: Iterable[str]) -> Iterator[list[Person]]:
    """The persons of ``ids``, a bounded number at a time."""
    rest = list(ids)
    while rest:
        head, rest = rest[:CHUNK], rest[CHUNK:]
        yield session.store.people(head)


def _adopt(session: Session, person: Person, creates: Mapping[tuple[str, str], Operation]) -> Person:
    """A record that appears for a pending create is ours: its first values are the echo of our write."""
    members = []
    for member in person.members:
        operation = creates.get((person.id, member.record.ref.provider))
        if operation is None or member.link.met or member.gone:
            members.append(member)
        else:
            members.append(_adopted(session, person, member, operation))
    return replace(person, members=tuple(members))


def _adopted(session: Session, person: Person, member: Member, operation: Operation) -> Member:
    """The member as our own: what we know of the person is settled, what the provider adds is news."""
    record = member.record
    link = replace(
        member.link,
        base=MappingProxyType({n: v for n, v in record.contact.to_fields().items() if person.contact.get(n)}),
        sent=MappingProxyType(dict(operation.contact.to_fields())),
        ours=True,
        met=True,
        evidence="our-create",
    )
    settled = replace(operation, state="verified", record_id=record.ref.record_id)
    session.store.save_settled([Settled(operation=settled, link=link)], at=session.clock.now())
    if operation.id in session.operations:
        session.operations[operation.id] = settled
    return replace(member, link=link)


def records_of(people: Iterable[Person], provider: str) -> Iterator[tuple[Person, Record]]:
    """The live records at ``provider``, each with its person."""
    for person in people:
        for member in person.members:
            if member.record.ref.provider == provider and not member.gone:
                yield person, member.record
