"""Carrying an opt-out to every provider that can hold it, and naming the ones that cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.change import ManualAction, Operation
from sync.codes import Reason
from sync.contact import Contact
from sync.identity import canonical_email
from sync.optouts import NO_ENROLMENT, ONLY_OUTREACH_TOOL, REVIEWED, TIMED, in_force, person_keys, wide_keys
from sync.record import OptOut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from sync.change import Kind
    from sync.optouts import OptOutIndex
    from sync.person import Person
    from sync.planning import Side
    from sync.record import OptOutEntry, Record

OPT_OUT = "opt-out"
BY_HAND = (OPT_OUT, *(f"review {reason}" for reason in sorted(REVIEWED)))
"""Everything that an opt-out may ask somebody to do."""

PushedKey = tuple[str, str, str]
"""(provider, kind, address or profile) of an opt-out operation that was already sent."""


@dataclass(frozen=True, slots=True)
class OptOutPlan:
    """What one person's opt-outs need."""

    operations: tuple[Operation, ...] = ()
    manual_actions: tuple[ManualAction, ...] = ()


def plan_opt_outs(
    person: Person,
    entries: Iterable[OptOutEntry],
    index: OptOutIndex,
    sides: Iterable[Side],
    *,
    now: datetime,
    pushed: Mapping[PushedKey, datetime],
    new_id: Callable[[], str],
) -> OptOutPlan:
    """The entries and stage moves that make every provider know, for opt-outs that forbid contact; what only
    people can do or judge. ``entries``: those of ``index`` about the person.
    """
    entries = [e for e in entries if in_force(e, now) and _travels(e)]
    if not entries:
        return OptOutPlan()
    strongest = min(entries, key=lambda e: (e.reason != "UNSUBSCRIBED", e.at, e.source))
    operations: list[Operation] = []
    manual: list[ManualAction] = []
    for side in sides:
        has_record = any(m.record.ref.provider == side.name and not m.gone for m in person.members)
        if side.capabilities.excludes and side.scope.write:
            covered = frozenset(k for e in entries if e.source == side.name for k in e.keys)
            operations += _exclusions(person, side, strongest, index, covered, pushed=pushed, new_id=new_id)
        elif side.capabilities.stages and side.scope.write:
            operations += _stages(person, side, strongest, pushed, new_id)
        elif has_record and not any(e.source == side.name for e in entries):
            manual.append(ManualAction(person_id=person.id, provider=side.name, action=OPT_OUT))
    return OptOutPlan(tuple(operations), (*manual, *_reviews(person, entries)))


def _reviews(person: Person, entries: Iterable[OptOutEntry]) -> list[ManualAction]:
    """What somebody has to look at: such a reason casts doubt on the record itself."""
    places = sorted({m.record.ref.provider for m in person.members if not m.gone})
    sources = {e.reason: e.source if e.source in places else places[0] for e in entries if places}
    return [
        ManualAction(person_id=person.id, provider=sources[reason], action=f"review {reason}")
        for reason in sorted(REVIEWED & sources.keys())
    ]


def keys_of_person(person: Person) -> frozenset[str]:
    """The wide keys by which opt-outs find a person."""
    contacts = [person.contact, *(m.record.contact for m in person.members)]
    return person_keys(contacts, person.aliases)


def _travels(entry: OptOutEntry) -> bool:
    return entry.reason not in NO_ENROLMENT | ONLY_OUTREACH_TOOL | TIMED


def _exclusions(
    person: Person,
    side: Side,
    entry: OptOutEntry,
    index: OptOutIndex,
    covered: frozenset[str],
    *,
    pushed: Mapping[PushedKey, datetime],
    new_id: Callable[[], str],
) -> list[Operation]:
    """One entry for each email, the profile on the first; what the provider itself holds is not repeated.

    ``covered``: hashed keys of its own entries. They are wider than what it excludes, so only the address as it
    is counts.
    """
    url = person.contact.linkedin_url
    wanted: list[tuple[tuple[str, ...], str | None]] = []
    for number, email in enumerate(_emails(person)):
        wanted.append(((email,), url if number == 0 else None))
    if not wanted and url:
        wanted.append(((), url))
    operations = []
    for emails, profile in wanted:
        key = emails[0] if emails else str(profile)
        if _was_pushed(pushed, (side.name, "exclude", key), entry):
            continue
        if not index.hashed(_exact_keys(emails, profile)) & covered:
            operations.append(_operation(person, side.name, "exclude", entry, emails, profile, new_id=new_id))
    return operations


def _exact_keys(emails: tuple[str, ...], profile: str | None) -> frozenset[str]:
    if emails:
        return frozenset(f"email:{canonical_email(email)}" for email in emails)
    return wide_keys((), profile)


def _emails(person: Person) -> list[str]:
    found: dict[str, str] = {}
    for contact in (person.contact, *(m.record.contact for m in person.members)):
        for email in contact.emails:
            key = canonical_email(email)
            if key is not None:
                found.setdefault(key, email)
    return list(found.values())


def _stages(
    person: Person, side: Side, entry: OptOutEntry, pushed: Mapping[PushedKey, datetime], new_id: Callable[[], str]
) -> list[Operation]:
    operations = []
    for member in person.members:
        record = member.record
        if record.ref.provider != side.name or member.gone or record.opted_out:
            continue
        if not _was_pushed(pushed, (side.name, "stage", record.ref.record_id), entry):
            operation = _operation(
                person, side.name, "stage", entry, record.contact.emails, None, new_id=new_id, record=record
            )
            operations.append(operation)
    return operations


def _operation(
    person: Person,
    provider: str,
    kind: Kind,
    entry: OptOutEntry,
    emails: tuple[str, ...],
    profile: str | None,
    *,
    new_id: Callable[[], str],
    record: Record | None = None,
) -> Operation:
    opt_out = OptOut(
        emails=emails, linkedin_url=profile, reason=entry.reason, source=entry.source, until=entry.until
    )
    return Operation(
        id=new_id(),
        person_id=person.id,
        provider=provider,
        kind=kind,
        contact=Contact(emails=emails, linkedin_url=profile),
        reason=Reason.OPT_OUT,
        opt_out=opt_out,
        record=record,
        record_id=record.ref.record_id if record is not None else None,
    )


def _was_pushed(pushed: Mapping[PushedKey, datetime], key: PushedKey, entry: OptOutEntry) -> bool:
    """Whether this very no was sent there; one said again after a release is sent again."""
    return key in pushed and pushed[key] >= entry.at


def pushed_key(operation: Operation) -> PushedKey:
    """How a sent opt-out operation is remembered."""
    if operation.kind == "stage":
        return (operation.provider, "stage", operation.record_id or "")
    contact = operation.contact
    return (operation.provider, "exclude", contact.emails[0] if contact.emails else contact.linkedin_url or "")
