"""Persons with their records, and which of them wait."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from state import findings
from state.rows import (
    LINK_COLUMNS,
    RECORD_COLUMNS,
    from_choices,
    from_contact,
    from_returns,
    from_set,
    from_time,
    link_of_row,
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
from sync.codes import StateReason
from sync.errors import StateError
from sync.identity import canonical_email, email_key
from sync.person import Member, Person
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from state.connection import Connection
    from sync.change import Conflict
    from sync.store_port import Merged

MEMBERS = (
    f"SELECT {RECORD_COLUMNS}, {LINK_COLUMNS}, r.rid, r.gone_at IS NOT NULL, r.released_at IS NOT NULL,"  # noqa: S608  # only our own column names
    " l.ours AND NOT EXISTS (SELECT 1 FROM told AS t WHERE t.rid = r.rid)"
    " FROM json_each(?) AS j"
    " CROSS JOIN link AS l ON l.person_id = j.value CROSS JOIN record AS r ON r.rid = l.rid"
    " ORDER BY l.person_id, r.rid"
)
RECORD_WIDTH = RECORD_COLUMNS.count(",") + 1


def dirty(connection: Connection) -> list[str]:
    """Ids of persons that wait, sorted."""
    rows = connection.exec_driver_sql("SELECT person_id FROM dirty_person ORDER BY person_id")
    return [row[0] for row in rows]


def mark_all_dirty(connection: Connection) -> None:
    """Every active person waits."""
    connection.exec_driver_sql("INSERT OR IGNORE INTO dirty_person SELECT id FROM person WHERE status = 'active'")


def mark_owners_dirty(connection: Connection, rids: Iterable[int]) -> None:
    """Every person who owns one of those records waits."""
    connection.exec_driver_sql(
        "INSERT OR IGNORE INTO dirty_person"
        " SELECT l.person_id FROM json_each(?) AS j CROSS JOIN link AS l ON l.rid = j.value",
        (to_json(list(rids)),),
    )


NOBODYS = """
    NOT EXISTS (
        SELECT 1 FROM record_key AS k WHERE k.kind = 'email' AND k.value = lower(e.value) AND k.rid = r.rid
    )
"""
"""Of an address ``e`` that record ``r`` shows: it joins nobody."""

SHARERS_WAIT = f"""
    INSERT OR IGNORE INTO dirty_person
    SELECT p.id FROM operation AS o CROSS JOIN person AS p ON p.id = o.person_id
    WHERE o.state = 'blocked' AND o.reason = ? AND p.status = 'active' AND EXISTS (
        SELECT 1 FROM json_each(?) AS j CROSS JOIN record AS r ON r.rid = j.value
        CROSS JOIN json_each(r.fields, '$.emails') AS e WHERE {NOBODYS}
    )
"""  # noqa: S608  # only our own words


def mark_sharers_dirty(connection: Connection, rids: Sequence[int]) -> None:
    """Those records are about to change; where one shows a mailbox that joins nobody, whoever is blocked over a
    shared key waits: no match brings them together.
    """
    if rids:
        connection.exec_driver_sql(SHARERS_WAIT, (StateReason.SHARED_KEY, to_json(list(rids))))


def settle(connection: Connection, people: Iterable[str]) -> None:
    """The persons no longer wait."""
    connection.exec_driver_sql(
        "DELETE FROM dirty_person WHERE person_id IN (SELECT value FROM json_each(?))",
        (to_json(list(people)),),
    )


def load(connection: Connection, people: Iterable[str]) -> list[Person]:
    """The active persons of those ids, or who goes on for them, once each, in id order."""
    rows = connection.exec_driver_sql(
        "SELECT a.id, a.created_at, a.fields, a.choices, a.frozen, a.aliases, a.returns FROM person AS a"
        " WHERE a.status = 'active' AND a.id IN (SELECT coalesce(p.successor, p.id) FROM json_each(?) AS j"
        " CROSS JOIN person AS p ON p.id = j.value) ORDER BY a.id",
        (to_json(list(people)),),
    ).all()
    ids = [row[0] for row in rows]
    members = _members(connection, ids)
    conflicts = _conflicts(connection, ids)
    former = _former_keys(connection, ids)
    return [
        _person(row, members.get(row[0], ()), conflicts.get(row[0], ()), former.get(row[0], frozenset()))
        for row in rows
    ]


def _former_keys(connection: Connection, ids: list[str]) -> dict[str, frozenset[str]]:
    """Keys (``kind:value``) that records of the persons carried before and no longer show."""
    rows = connection.exec_driver_sql(
        "SELECT l.person_id, k.kind || ':' || k.value FROM json_each(?) AS j"
        " CROSS JOIN link AS l ON l.person_id = j.value"
        " CROSS JOIN record_key AS k ON k.rid = l.rid AND NOT k.shown ORDER BY l.person_id",
        (to_json(ids),),
    )
    return {p: frozenset(key for _, key in own) for p, own in groupby(rows, key=lambda row: str(row[0]))}


def _person(
    row: Any, members: tuple[Member, ...], conflicts: tuple[Conflict, ...], former: frozenset[str]
) -> Person:
    person_id, created_at, fields, choices, frozen, aliases, returns = row
    contact = from_contact(fields)
    return Person(
        id=person_id,
        contact=contact,
        members=members,
        created_at=from_time(created_at),
        choices=from_choices(choices, contact),
        conflicts=conflicts,
        frozen=from_set(frozen),
        aliases=from_set(aliases) | former,
        returns=from_returns(returns),
    )


def _members(connection: Connection, ids: list[str]) -> dict[str, tuple[Member, ...]]:
    rows = connection.exec_driver_sql(MEMBERS, (to_json(ids),))
    found = (_member(tuple(row)) for row in rows)
    return {person: tuple(own) for person, own in groupby(found, key=lambda member: member.link.person_id)}


def _member(row: tuple[Any, ...]) -> Member:
    *_, rid, gone, released, unseen = row
    record, link = row[:RECORD_WIDTH], row[RECORD_WIDTH:-4]
    return Member(
        rid=rid,
        record=record_of_row(record),
        link=link_of_row(link),
        gone=bool(gone),
        released=bool(released),
        unseen=bool(unseen),
    )


def _conflicts(connection: Connection, ids: list[str]) -> dict[str, tuple[Conflict, ...]]:
    found = findings.conflicts(connection, ids)
    return {person: tuple(own) for person, own in groupby(found, key=lambda conflict: conflict.person_id)}


OWNER = """
    SELECT l.person_id FROM record AS r JOIN link AS l ON l.rid = r.rid WHERE r.provider = ? AND r.record_id = ?
    UNION ALL
    SELECT l.person_id FROM told AS t JOIN link AS l ON l.rid = t.rid WHERE t.provider = ? AND t.record_id = ?
"""


def person_of(connection: Connection, ref: RecordRef) -> str | None:
    """The person a record is linked to; it may be named by an id that an export told."""
    row = connection.exec_driver_sql(OWNER, (ref.provider, ref.record_id) * 2).first()
    return None if row is None else str(row[0])


def owners(connection: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, str]:
    """The persons to whom those records are linked."""
    names = to_json([[ref.provider, ref.record_id] for ref in refs])
    rows = connection.exec_driver_sql(
        "SELECT r.provider, r.record_id, l.person_id FROM json_each(?) AS j CROSS JOIN record AS r"
        " ON r.provider = json_extract(j.value, '$[0]') AND r.record_id = json_extract(j.value, '$[1]')"
        " CROSS JOIN link AS l ON l.rid = r.rid",
        (names,),
    )
    return {RecordRef(provider, record_id): person for provider, record_id, person in rows}


def places(connection: Connection, ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Where those persons have a record, also one that is gone: there nobody makes them again unasked."""
    rows = connection.exec_driver_sql(
        "SELECT l.person_id, group_concat(DISTINCT r.provider) FROM json_each(?) AS j"
        " CROSS JOIN link AS l ON l.person_id = j.value CROSS JOIN record AS r ON r.rid = l.rid"
        " WHERE r.gone_at IS NULL OR r.released_at IS NULL GROUP BY l.person_id",
        (to_json(list(ids)),),
    )
    return {person: frozenset(providers.split(",")) for person, providers in rows}


def with_key(connection: Connection, kind: str, value: str) -> list[str]:
    """Active persons one of whose records carries the key, now or before."""
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT l.person_id FROM record_key AS k JOIN link AS l ON l.rid = k.rid"
        " JOIN person AS p ON p.id = l.person_id"
        " WHERE k.kind = ? AND k.value = ? AND p.status = 'active' ORDER BY l.person_id",
        (kind, value),
    )
    return [str(row[0]) for row in rows]


def shared_keys(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Keys shown by records of those persons and of somebody else as well."""
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT k.value FROM json_each(?) AS j CROSS JOIN link AS l ON l.person_id = j.value"
        " CROSS JOIN record_key AS k ON k.rid = l.rid AND k.shown"
        " CROSS JOIN record_key AS o ON o.kind = k.kind AND o.value = k.value AND o.shown"
        " CROSS JOIN link AS m ON m.rid = o.rid AND m.person_id <> l.person_id",
        (to_json(list(ids)),),
    )
    return {str(row[0]) for row in rows}


NO_KEYS = f"""
    SELECT e.value, l.person_id FROM record AS r CROSS JOIN json_each(r.fields, '$.emails') AS e
    CROSS JOIN link AS l ON l.rid = r.rid
    WHERE {NOBODYS}
"""  # noqa: S608  # only our own words


def shared_mailboxes(connection: Connection) -> set[str]:
    """Addresses that join nobody and are shown by records of several persons. Every record is looked at."""
    owners: dict[str, set[str]] = {}
    for address, person_id in connection.exec_driver_sql(NO_KEYS):
        email = canonical_email(address)
        if email is not None and email_key(email) is None:
            owners.setdefault(email, set()).add(person_id)
    return {email for email, people in owners.items() if len(people) > 1}


def save_merged(connection: Connection, merged: Sequence[Merged], at: datetime) -> None:
    """Contacts, choices, links and conflicts are kept; a link stays with the person it belongs to.

    Raises ``StateError`` for a person that does not exist.
    """
    if not merged:
        return
    changed = connection.exec_driver_sql(
        "UPDATE person SET fields = ?, choices = ?, frozen = ?, aliases = ?, returns = ?, merged_at = ?"
        " WHERE id = ?",
        [
            (
                *(to_contact(m.contact), to_choices(m.choices), to_set(m.frozen), to_set(m.aliases)),
                *(to_returns(m.returns), to_time(at), m.person_id),
            )
            for m in merged
        ],
    )
    if changed.rowcount != len(merged):
        raise StateError("a merge of a person who does not exist")
    findings.replace_conflicts(connection, {m.person_id: m.conflicts for m in merged})
    links = [
        (
            to_values(link.base),
            to_values(link.sent),
            to_written(link.written),
            link.ours,
            link.accepted_key,
            link.met,
            rid,
        )
        for m in merged
        for rid, link in m.links.items()
    ]
    if links:
        connection.exec_driver_sql(
            "UPDATE link SET base = ?, sent = ?, written = ?, ours = ?, accepted_key = ?, met = ? WHERE rid = ?",
            links,
        )
