"""Which record belongs to whom: the region to match again, and the membership that comes out of it."""

from __future__ import annotations

from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from state import before_merges, decisions, findings, people
from state.rows import from_json, from_time, to_json, to_time
from sync.errors import StateError
from sync.person import MatchRecord
from sync.record import RecordRef
from sync.store_port import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sqlalchemy import Connection

    from sync.store_port import MembershipUpdate

MEMBERS_OF_PERSONS = """
    INSERT OR IGNORE INTO region
    SELECT m.rid, ? FROM (
        SELECT DISTINCT l.person_id FROM region AS g CROSS JOIN link AS l ON l.rid = g.rid WHERE g.step = ?
    ) AS p CROSS JOIN link AS m ON m.person_id = p.person_id
"""
HOLDERS_OF_KEYS = """
    INSERT OR IGNORE INTO region
    SELECT h.rid, ? FROM (
        SELECT DISTINCT k.kind, k.value FROM region AS g
        CROSS JOIN record_key AS k ON k.rid = g.rid WHERE g.step = ?
    ) AS k CROSS JOIN record_key AS h ON h.kind = k.kind AND h.value = k.value
"""
JUDGED_WITH_FIRST = """
    INSERT OR IGNORE INTO region
    SELECT o.rid, ? FROM region AS g CROSS JOIN record AS r ON r.rid = g.rid
    CROSS JOIN decision AS d ON d.a_provider = r.provider AND d.a_record_id = r.record_id
    CROSS JOIN record AS o ON o.provider = d.b_provider AND o.record_id = d.b_record_id WHERE g.step = ?
"""
JUDGED_WITH_SECOND = """
    INSERT OR IGNORE INTO region
    SELECT o.rid, ? FROM region AS g CROSS JOIN record AS r ON r.rid = g.rid
    CROSS JOIN decision AS d ON d.b_provider = r.provider AND d.b_record_id = r.record_id
    CROSS JOIN record AS o ON o.provider = d.a_provider AND o.record_id = d.a_record_id WHERE g.step = ?
"""
GROWTH = (MEMBERS_OF_PERSONS, HOLDERS_OF_KEYS, JUDGED_WITH_FIRST, JUDGED_WITH_SECOND)
"""Each takes (new step, the step to grow from); CROSS JOIN keeps the order of the joins."""


class Keys(NamedTuple):
    """The keys of one record: shown ones by kind in the record's order, and former ones."""

    emails: tuple[str, ...] = ()
    linkedin: str | None = None
    aliases: frozenset[str] = frozenset()


def region(connection: Connection, around: Iterable[RecordRef] | None = None) -> Region | None:
    """The region around all dirty records, or around some others; ``None`` when there are none."""
    start = _dirty(connection) if around is None else _rids(connection, around)
    if not start:
        return None
    _grow(connection, start)
    found = Region(
        records=tuple(_records(connection)),
        decisions=tuple(decisions.inside(connection)),
        people=MappingProxyType(_people(connection)),
        former=MappingProxyType(_former(connection)),
        dirty=start,
    )
    connection.exec_driver_sql("DROP TABLE temp.region")
    return found


def _dirty(connection: Connection) -> frozenset[int]:
    return frozenset(row[0] for row in connection.exec_driver_sql("SELECT rid FROM dirty_record"))


def _rids(connection: Connection, refs: Iterable[RecordRef]) -> frozenset[int]:
    names = to_json([[ref.provider, ref.record_id] for ref in refs])
    rows = connection.exec_driver_sql(
        "SELECT r.rid FROM json_each(?) AS j CROSS JOIN record AS r"
        " ON r.provider = json_extract(j.value, '$[0]') AND r.record_id = json_extract(j.value, '$[1]')",
        (names,),
    )
    return frozenset(row[0] for row in rows)


def _grow(connection: Connection, start: Iterable[int]) -> None:
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.region")
    connection.exec_driver_sql("CREATE TEMP TABLE region (rid INTEGER PRIMARY KEY, step INTEGER NOT NULL)")
    connection.exec_driver_sql("CREATE INDEX temp.region_step ON region (step)")
    grown = connection.exec_driver_sql(
        "INSERT INTO region SELECT value, 0 FROM json_each(?)", (to_json(sorted(start)),)
    ).rowcount
    size, step = grown, 0
    while grown and not _is_everything(connection, size):
        grown = sum(connection.exec_driver_sql(grow, (step + 1, step)).rowcount for grow in GROWTH)
        size, step = size + grown, step + 1


def _is_everything(connection: Connection, size: int) -> bool:
    """Counting reads a whole index, so small regions ask first whether there is one record more than theirs."""
    row = connection.exec_driver_sql("SELECT 1 FROM record LIMIT 1 OFFSET ?", (size,)).first()
    return row is None


def _records(connection: Connection) -> Iterator[MatchRecord]:
    keys = _keys(connection)
    rows = connection.exec_driver_sql(
        "SELECT r.rid, r.provider, r.record_id, r.fields, l.person_id FROM region AS g"
        " CROSS JOIN record AS r ON r.rid = g.rid LEFT JOIN link AS l ON l.rid = g.rid ORDER BY g.rid"
    )
    for rid, provider, record_id, fields, person_id in rows:
        flat = from_json(fields)
        own = keys.get(rid, Keys())
        names = (flat.get("first_name"), flat.get("last_name"))
        yield MatchRecord(
            rid=rid,
            ref=RecordRef(provider, record_id),
            name=" ".join(part for part in names if part) or None,
            company=flat.get("company_name"),
            domain=flat.get("company_domain"),
            phone=flat.get("phone") or flat.get("mobile_phone"),
            emails=own.emails,
            linkedin=own.linkedin,
            person_id=person_id,
            aliases=own.aliases,
        )


def _keys(connection: Connection) -> dict[int, Keys]:
    rows = connection.exec_driver_sql(
        "SELECT k.rid, k.kind, k.value, k.shown FROM region AS g CROSS JOIN record_key AS k ON k.rid = g.rid"
        " ORDER BY k.rid, k.place"
    )
    return {rid: _keys_of(list(own)) for rid, own in groupby(rows, key=lambda row: row[0])}


def _keys_of(rows: list[Any]) -> Keys:
    """Keys that the record shows, several profile keys with a blank between, and those it showed before."""
    emails = tuple(value for _, kind, value, shown in rows if shown and kind == "email")
    profiles = [value for _, kind, value, shown in rows if shown and kind == "linkedin"]
    former = frozenset(value for _, _, value, shown in rows if not shown)
    return Keys(emails, " ".join(profiles) or None, former)


def _people(connection: Connection) -> dict[str, datetime]:
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT p.id, p.created_at FROM region AS g CROSS JOIN link AS l ON l.rid = g.rid"
        " CROSS JOIN person AS p ON p.id = l.person_id"
    )
    return {person: from_time(created_at) for person, created_at in rows}


def _former(connection: Connection) -> dict[str, frozenset[int]]:
    rows = connection.exec_driver_sql(
        "SELECT person_id, rid FROM former_member WHERE person_id IN (SELECT f.person_id FROM region AS g"
        " CROSS JOIN former_member AS f ON f.rid = g.rid) ORDER BY person_id, rid"
    )
    return {person: frozenset(row[1] for row in own) for person, own in groupby(rows, key=lambda row: row[0])}


def save(connection: Connection, update: MembershipUpdate, at: datetime) -> None:
    """Membership is kept as ``Store.save_membership`` says.

    A record that comes to another person meets it anew (``met`` is false); its base and sent stay, unless
    ``separated`` says what they are.
    """
    rids = to_json(list(update.members))
    before = {
        rid: (person, evidence)
        for rid, person, evidence in connection.exec_driver_sql(
            "SELECT l.rid, l.person_id, l.evidence FROM json_each(?) AS j CROSS JOIN link AS l ON l.rid = j.value",
            (rids,),
        )
    }
    decisions.judge(connection, update.decisions, update.withdrawn)
    _remember_members(connection, update.redirects)
    before_merges.remember(connection, {*update.redirects, *update.redirects.values()})
    _create(connection, update, at)
    _tie(connection, update, before, at)
    _redirect(connection, update)
    people.save_merged(connection, update.separated, at)
    before_merges.forget_undone(connection, [merged.person_id for merged in update.separated])
    touched = {person for person, _ in before.values()} | {person for person, _ in update.members.values()}
    _empty(connection, touched)
    findings.replace_suspicions(connection, rids, update.suspicions)
    findings.open_holds(connection, update.holds, to_time(at))
    connection.exec_driver_sql("DELETE FROM dirty_record WHERE rid IN (SELECT value FROM json_each(?))", (rids,))
    mark_dirty(connection, touched)


def _remember_members(connection: Connection, retired: Iterable[str]) -> None:
    for person in retired:
        connection.exec_driver_sql("DELETE FROM former_member WHERE person_id = ?", (person,))
        connection.exec_driver_sql(
            "INSERT INTO former_member SELECT person_id, rid FROM link WHERE person_id = ?", (person,)
        )


def _create(connection: Connection, update: MembershipUpdate, at: datetime) -> None:
    """New persons exist; a former id that owns records again is active again, with its creation time."""
    if update.created:
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO person (id, status, created_at, fields, choices, frozen, aliases, returns)"
            " VALUES (?, 'active', ?, '{}', '{}', '[]', '[]', '{}')",
            [(person, to_time(at)) for person in update.created],
        )
    owners = to_json(sorted({person for person, _ in update.members.values()}))
    connection.exec_driver_sql(
        "DELETE FROM former_member WHERE person_id IN (SELECT p.id FROM json_each(?) AS j"
        " CROSS JOIN person AS p ON p.id = j.value WHERE p.status <> 'active')",
        (owners,),
    )
    connection.exec_driver_sql(
        "UPDATE person SET status = 'active', successor = NULL"
        " WHERE status <> 'active' AND id IN (SELECT value FROM json_each(?))",
        (owners,),
    )
    for person, left in update.split_from.items():
        connection.exec_driver_sql("UPDATE person SET split_from = ? WHERE id = ?", (left, person))


def _tie(
    connection: Connection, update: MembershipUpdate, before: dict[int, tuple[str, str]], at: datetime
) -> None:
    fresh = [(rid, *tie, to_time(at)) for rid, tie in update.members.items() if rid not in before]
    moved = [
        (*tie, to_time(at), rid)
        for rid, tie in update.members.items()
        if rid in before and before[rid][0] != tie[0]
    ]
    told = [
        (tie[1], rid)
        for rid, tie in update.members.items()
        if rid in before and before[rid][0] == tie[0] and before[rid][1] != tie[1]
    ]
    if fresh:
        connection.exec_driver_sql(
            "INSERT INTO link (rid, person_id, evidence, linked_at, base, sent, written, ours, met)"
            " VALUES (?, ?, ?, ?, '{}', '{}', '{}', 0, 0)",
            fresh,
        )
    if moved:
        connection.exec_driver_sql(
            "UPDATE link SET person_id = ?, evidence = ?, linked_at = ?, met = 0 WHERE rid = ?", moved
        )
    if told:
        connection.exec_driver_sql("UPDATE link SET evidence = ? WHERE rid = ?", told)


def _redirect(connection: Connection, update: MembershipUpdate) -> None:
    """Retired ids lead to their successor in one hop; what was open about them is the successor's."""
    for person in update.redirects:
        last = _active(connection, _end(update, person))
        connection.exec_driver_sql(
            "UPDATE person SET status = 'retired', successor = ?"
            " WHERE id = ? OR (status = 'retired' AND successor = ?)",
            (last, person, person),
        )
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO field_conflict SELECT ?, field, contents, since, reason FROM field_conflict"
            " WHERE person_id = ?",
            (last, person),
        )
        connection.exec_driver_sql("DELETE FROM field_conflict WHERE person_id = ?", (person,))
        connection.exec_driver_sql("DELETE FROM dirty_person WHERE person_id = ?", (person,))


def _end(update: MembershipUpdate, person: str) -> str:
    seen = {person}
    while (following := update.redirects.get(person)) is not None:
        if following in seen:
            raise StateError(f"person {person} would lead back to itself")
        seen.add(following)
        person = following
    return person


def _active(connection: Connection, person: str) -> str:
    """Who goes on for a person that was merged before."""
    row = connection.exec_driver_sql("SELECT coalesce(successor, id) FROM person WHERE id = ?", (person,)).first()
    if row is None:
        raise StateError(f"person {person}, who is to go on for another, does not exist")
    return str(row[0])


def _empty(connection: Connection, touched: Iterable[str]) -> None:
    """Persons who own no record any more, and were not merged, stay as tombstones with nothing open."""
    rows = connection.exec_driver_sql(
        "SELECT p.id FROM json_each(?) AS j CROSS JOIN person AS p ON p.id = j.value"
        " WHERE p.status = 'active' AND NOT EXISTS (SELECT 1 FROM link AS l WHERE l.person_id = p.id)",
        (to_json(list(touched)),),
    ).all()
    for (person,) in rows:
        connection.exec_driver_sql("UPDATE person SET status = 'empty' WHERE id = ?", (person,))
        connection.exec_driver_sql("DELETE FROM field_conflict WHERE person_id = ?", (person,))
        connection.exec_driver_sql("DELETE FROM dirty_person WHERE person_id = ?", (person,))


def mark_dirty(connection: Connection, touched: Iterable[str]) -> None:
    """The persons, or those who go on for them, wait for merging."""
    connection.exec_driver_sql(
        "INSERT OR IGNORE INTO dirty_person SELECT a.id FROM json_each(?) AS j"
        " CROSS JOIN person AS p ON p.id = j.value CROSS JOIN person AS a ON a.id = coalesce(p.successor, p.id)"
        " WHERE a.status = 'active'",
        (to_json(list(touched)),),
    )
