"""People, records and links in as few words as a test needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sync.change import Choice
from sync.contact import Contact, Value
from sync.merging import MergePolicy, MergeResult, merge
from sync.person import Member, Person
from sync.record import Link, Record, RecordRef, Written

if TYPE_CHECKING:
    from sync.capabilities import Capabilities

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
PERSON_ID = "p1"
RECORD_FIELDS = frozenset({"updated_at", "absent", "opted_out"})

Fields = Mapping[str, Value | None]


def flat(**fields: Value | None) -> dict[str, Value]:
    """The known ones of ``fields``; ``email="a@b.co"`` is short for one address."""
    if "email" in fields:
        email = fields.pop("email")
        fields["emails"] = (email,) if isinstance(email, str) else None
    return {name: value for name, value in fields.items() if value}


def contact(**fields: Value | None) -> Contact:
    return Contact.from_fields(flat(**fields))


def taken_at_create(contact: Contact, able: Capabilities) -> dict[str, Value]:
    """What the abilities say that a create takes of the contact."""
    taken = {name: able.at_create(name, value) for name, value in contact.to_fields().items()}
    return {name: value for name, value in taken.items() if value is not None}


def record(where: str, **fields: Value | None) -> Record:
    """A row at ``provider`` or ``provider:id``."""
    provider, _, record_id = where.partition(":")
    return Record(ref=RecordRef(provider, record_id or "1"), contact=contact(**fields))


def newcomer(rid: int, where: str, **fields: Value | None) -> Member:
    """A record that is met for the first time."""
    return Member(rid=rid, record=record(where, **fields), link=link())


def member(
    rid: int, where: str, now: Fields, base: Fields | None = None, *, gone: bool = False, **of_link: Any
) -> Member:
    """A record that took part before; without ``base`` nothing changed since."""
    known = flat(**(now if base is None else base))
    row = replace(record(where, **now), **{n: of_link.pop(n) for n in RECORD_FIELDS & of_link.keys()})
    return Member(rid=rid, record=row, link=link(base=known, met=True, **of_link), gone=gone)


def link(**given: Any) -> Link:
    return Link(**{"person_id": PERSON_ID, "evidence": "email", "linked_at": LONG_AGO, **given})


def written(
    before: Value | None, *, echoed: bool = False, ago: timedelta = timedelta(minutes=1), seen: bool = False
) -> Written:
    return Written(before=before, echoed=echoed, at=NOW - ago, seen=seen)


def choice(source: str = "topo:1", rule: str = "first-contact", **given: Any) -> Choice:
    return Choice(source=source, rule=rule, at=LONG_AGO, **given)


def person(*members: Member, known: Fields | None = None, **given: Any) -> Person:
    """Somebody with these records, whose canonical contact is ``known``, each value chosen at first contact."""
    fields = flat(**(known or {}))
    choices = {name: choice(str(members[0].record.ref) if members else "topo:1") for name in fields}
    return Person(
        id=PERSON_ID,
        contact=Contact.from_fields(fields),
        members=members,
        created_at=LONG_AGO,
        choices={**choices, **given.pop("choices", {})},
        **given,
    )


def after(who: Person, result: MergeResult) -> Person:
    """The person with a merge's result applied, as the store keeps it."""
    members = tuple(replace(m, link=result.links.get(m.rid, m.link)) for m in who.members)
    return replace(result.on(who), members=members)


def shows(who: Person, rid: int, **fields: Value | None) -> Person:
    """The person after the record of that number was read with these fields changed."""
    return replace(who, members=tuple(_showing(m, fields) if m.rid == rid else m for m in who.members))


def _showing(one: Member, fields: Fields) -> Member:
    changed = {**one.record.contact.to_fields(), **dict.fromkeys(fields), **flat(**fields)}
    values = Contact.from_fields({n: v for n, v in changed.items() if v is not None})
    return replace(one, record=replace(one.record, contact=values))


def merged(who: Person, policy: MergePolicy | None = None, *, at: datetime = NOW) -> Person:
    """The person after a merge."""
    return after(who, merge(who, policy or MergePolicy(priority=("topo", "apollo", "datananas")), at))
