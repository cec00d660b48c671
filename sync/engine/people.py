"""From changed records to people: match, tie, merge. Everything here decides with pure functions and keeps."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.engine.matching import JOINS, match_records, recall_joins
from sync.engine.notes import note
from sync.engine.policies import merge_policy
from sync.engine.recognising import arrived, doubtful_updates, lacking, note_hidden, recognised, same
from sync.engine.relinking import close_relinked, relinked
from sync.garbage import uncollected
from sync.identity.canonical import keys_met
from sync.merging import meet, merge
from sync.store_port import Merged, Settled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sync.change import Choice, Operation
    from sync.engine.session import Session
    from sync.merging import MergePolicy, MergeResult
    from sync.person import Member, Person
    from sync.record import Link, Record, RecordRef

CHUNK = 500
"""People held in memory at once."""


def match_and_merge(session: Session) -> None:
    """Changed records belong to people, and every person touched has its merged contact."""
    match_records(session)
    merge_people(session)
    close_relinked(session)


def match_and_meet(session: Session) -> None:
    """Changed records belong to people, and whoever is new has a merged contact.

    What else changed waits for the next cycle: one that is merged before all providers were read would hide that
    somebody changed the same field elsewhere meanwhile.
    """
    recall_joins(session)
    match_records(session)
    if not session.held_joins:
        note(session, {JOINS: session.merges})
    merge_people(session, known=False)
    close_relinked(session)


@uncollected()
def merge_people(session: Session, ids: Iterable[str] | None = None, *, known: bool = True) -> None:
    """Every dirty person, or those of ``ids``, has its merged contact, with bases moved and conflicts kept.

    ``known``: also who took part in a merge before.
    """
    waiting = session.store.dirty_people() if ids is None else list(ids)
    if not waiting:
        return
    policy = merge_policy(session)
    creates = session.store.open_creates()
    doubtful = doubtful_updates(session)
    if ids is None:
        waiting.clear()  # a store's worth of ids is memory
        waiting += _take_strangers(session, policy, creates, doubtful)
    for people in chunks(session, waiting):
        merged, shown = [], []
        for found in people if known else filter(_is_new, people):
            shown += arrived(session, found, doubtful)
            person = recognised(session, relinked(_adopt(session, found, creates)), doubtful)
            result = merge(person, policy, session.clock.now())
            merged.append(to_merged(person, replace(result, links=_links(found, person, result))))
        session.store.save_merged(merged, at=session.clock.now())
        _keep_arrived(session, shown)


def _is_new(person: Person) -> bool:
    return not any(member.link.met for member in person.members)


def _keep_arrived(session: Session, shown: list[Operation]) -> None:
    """Those were applied; whoever waited to learn that is planned again."""
    if shown:
        people = {operation.person_id for operation in shown}
        session.store.save_settled([Settled(operation=o) for o in shown], at=session.clock.now())
        session.store.mark_people_dirty(sorted(people))
        session.unsettled_people |= people


def _take_strangers(
    session: Session,
    policy: MergePolicy,
    creates: Mapping[tuple[str, str], Sequence[Operation]],
    doubtful: Mapping[RecordRef, list[Operation]],
) -> list[str]:
    """Whoever is new is merged, all of them in one step: what ``merge`` would come to, in a quarter of the time.

    Returns who else waits.
    """
    waiting = {person_id for person_id, _ in creates} | set(session.store.owners(doubtful).values())
    at = session.clock.now()
    return session.store.take_strangers(lambda shown: meet(shown, policy, at), but=waiting, at=at)


def _links(before: Person, person: Person, result: MergeResult) -> dict[int, Link]:
    """The ties that are others than ``before``: by the merge, or by what was recognised ahead of it."""
    kept = {m.rid: m.link for m in before.members}
    return {m.rid: m.link for m in person.members if m.link != kept.get(m.rid)} | dict(result.links)


def to_merged(person: Person, result: MergeResult) -> Merged:
    """A merge as the store keeps it."""
    return Merged(
        person_id=person.id,
        contact=result.contact,
        choices=result.choices,
        conflicts=result.conflicts,
        links=result.links,
        frozen=result.frozen,
        aliases=person.aliases,
        returns=result.returns,
        carried=tuple(m.rid for m in person.members if m.record.first_carried and not m.gone),
    )


def chunks(session: Session, ids: Iterable[str]) -> Iterator[list[Person]]:
    """The persons of ``ids``, a bounded number at a time."""
    rest = list(ids)
    while rest:
        head, rest = rest[:CHUNK], rest[CHUNK:]
        yield session.store.people(head)


def _adopt(session: Session, person: Person, creates: Mapping[tuple[str, str], Sequence[Operation]]) -> Person:
    """A record that appears for a pending create is ours: its first values are the echo of our write."""
    if not creates:
        return person
    members = []
    choices = dict(person.choices)
    left: dict[str, list[Operation]] = {}
    for member in person.members:
        provider = member.record.ref.provider
        pending = left.setdefault(provider, list(creates.get((person.id, provider), ())))
        if not pending or member.link.met or member.gone:
            members.append(member)
        else:
            members.append(_adopted(session, person, member, _taken_from(pending, member)))
            _keep_others(session, person, member, choices)
    return replace(person, members=tuple(members), choices=MappingProxyType(choices))


def _taken_from(pending: list[Operation], member: Member) -> Operation:
    """The create that made the record: the first one of its keys, or of others where none has them."""
    shown = keys_met(member.record.contact)
    found = min(pending, key=lambda operation: shown.isdisjoint(keys_met(operation.contact)))
    pending.remove(found)
    return found


def _keep_others(session: Session, person: Person, member: Member, choices: dict[str, Choice]) -> None:
    """What the new record shows instead of what we sent is the provider's rendering, or somebody's edit that came
    before our first look: nobody can tell, so it does not stand, and it is not lost either.
    """
    source = str(member.record.ref)
    for name, value in member.record.contact.to_fields().items():
        stands, choice = person.contact.get(name), choices.get(name)
        if choice and not same(session, name, value, stands):
            choices[name] = replace(choice, losers=MappingProxyType({**choice.losers, source: value}))


def _adopted(session: Session, person: Person, member: Member, operation: Operation) -> Member:
    """The member as our own: what we know of the person is settled, what the provider adds is news.

    What it lacks although nobody acknowledged it may never have arrived, and is planned again.
    """
    record = member.record
    lacks = lacking(session, record, operation)
    sent = {name: value for name, value in operation.contact.to_fields().items() if name not in lacks}
    link = replace(
        member.link,
        base=MappingProxyType({n: v for n, v in record.contact.to_fields().items() if person.contact.get(n)}),
        sent=MappingProxyType(sent),
        ours=True,
        met=True,
        evidence="our-create",
    )
    settled = replace(operation, state="verified", record_id=record.ref.record_id)
    # Before it is settled, or a death in between would let it be forgotten.
    note_hidden(session, record, settled, but=lacks)
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
