"""People as they were before they were merged or parted, so that taking it back gives back what was."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from state import people
from state.rows import (
    RECORD_COLUMNS,
    from_choices,
    from_contact,
    from_json,
    from_returns,
    from_set,
    from_time,
    from_values,
    from_written,
    record_of_row,
    to_choices,
    to_contact,
    to_json,
    to_returns,
    to_set,
    to_time,
    to_values,
    to_written,
)
from sync.change import Conflict
from sync.person import Member, Person
from sync.record import Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from state.connection import Connection

RECORDS = (
    f"SELECT r.rid, r.gone_at IS NOT NULL, r.released_at IS NOT NULL, {RECORD_COLUMNS}"  # noqa: S608  # only our own column names
    " FROM json_each(?) AS j CROSS JOIN record AS r ON r.rid = j.value"
)


def remember(connection: Connection, ids: Iterable[str]) -> None:
    """Those persons are kept as they are now, instead of what they were with the same records before."""
    rows = [
        (person.id, to_json([m.rid for m in person.members]), to_json(_contents(person)))
        for person in people.load(connection, ids)
        if person.members
    ]
    if rows:
        connection.exec_driver_sql(
            "DELETE FROM before_merge WHERE person_id = ? AND rids = ?", [(own, rids) for own, rids, _ in rows]
        )
        connection.exec_driver_sql("INSERT INTO before_merge (person_id, rids, contents) VALUES (?, ?, ?)", rows)


def load(connection: Connection, ids: Iterable[str]) -> list[Person]:
    """Those persons as they were before merges and partings, latest first; the records show what is seen now."""
    rows = connection.exec_driver_sql(
        "SELECT p.id, p.created_at, b.contents FROM json_each(?) AS j"
        " CROSS JOIN before_merge AS b ON b.person_id = j.value CROSS JOIN person AS p ON p.id = b.person_id"
        " ORDER BY b.number DESC",
        (to_json(list(ids)),),
    )
    return [_person(connection, *row) for row in rows]


def compositions(connection: Connection, ids: Iterable[str]) -> dict[str, tuple[frozenset[int], ...]]:
    """Person → the numbers of the records that were theirs before merges and partings, latest last."""
    rows = connection.exec_driver_sql(
        "SELECT person_id, rids FROM before_merge WHERE person_id IN (SELECT value FROM json_each(?))"
        " ORDER BY person_id, number",
        (to_json(list(ids)),),
    )
    return {
        person_id: tuple(frozenset(from_json(rids)) for _, rids in own)
        for person_id, own in groupby(rows, key=itemgetter(0))
    }


def forget_undone(connection: Connection, ids: Iterable[str]) -> None:
    """Of those persons nothing is kept that they are again, with the very same records."""
    connection.exec_driver_sql(
        "DELETE FROM before_merge WHERE person_id IN (SELECT value FROM json_each(?)) AND rids ="
        " (SELECT json_group_array(rid) FROM (SELECT l.rid FROM link AS l"
        "  WHERE l.person_id = before_merge.person_id ORDER BY l.rid))",
        (to_json(list(ids)),),
    )


def _contents(person: Person) -> dict[str, Any]:
    return {
        "fields": to_contact(person.contact),
        "choices": to_choices(person.choices),
        "conflicts": [[c.field, to_json(dict(c.values)), to_time(c.since), c.reason] for c in person.conflicts],
        "frozen": to_set(person.frozen),
        "aliases": to_set(person.aliases),
        "returns": to_returns(person.returns),
        "links": {m.rid: _link(m.link) for m in person.members},
    }


def _link(link: Link) -> list[object]:
    flat = (to_values(link.base), to_values(link.sent), to_written(link.written))
    return [link.evidence, to_time(link.linked_at), *flat, link.ours, link.accepted_key, link.met]


def _person(connection: Connection, person_id: str, created_at: int, text: str) -> Person:
    parts = from_json(text)
    contact = from_contact(parts["fields"])
    return Person(
        id=person_id,
        contact=contact,
        members=_members(connection, person_id, parts["links"]),
        created_at=from_time(created_at),
        choices=from_choices(parts["choices"], contact),
        conflicts=tuple(_conflict(person_id, *conflict) for conflict in parts["conflicts"]),
        frozen=from_set(parts["frozen"]),
        aliases=from_set(parts["aliases"]),
        returns=from_returns(parts["returns"]),
    )


def _conflict(person_id: str, name: str, values: str, since: int, reason: str) -> Conflict:
    return Conflict(
        person_id=person_id, field=name, values=from_values(values), since=from_time(since), reason=reason
    )


def _members(connection: Connection, person_id: str, links: Mapping[str, list[Any]]) -> tuple[Member, ...]:
    rows = connection.exec_driver_sql(RECORDS, (to_json([int(rid) for rid in links]),)).all()
    return tuple(
        Member(
            rid=rid,
            record=record_of_row(record),
            link=_tie(person_id, *links[str(rid)]),
            gone=bool(gone),
            released=bool(released),
        )
        for rid, gone, released, *record in sorted(map(tuple, rows))
    )


def _tie(person_id: str, *parts: Any) -> Link:
    evidence, linked_at, base, sent, written, ours, accepted_key, met = parts
    return Link(
        person_id=person_id,
        evidence=evidence,
        linked_at=from_time(linked_at),
        base=from_values(base),
        sent=from_values(sent),
        written=from_written(written),
        ours=bool(ours),
        accepted_key=accepted_key,
        met=bool(met),
    )
