"""The region to match again: what changed, and everything that keys, persons and judgements tie to it."""

from __future__ import annotations

from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from state import before_merges, decisions, generic_keys, once_one
from state.generic_keys import IS_GENERIC
from state.rows import from_json, from_time, to_json
from sync.identity.names import full_name
from sync.matching.values import GENERIC_AFTER
from sync.person import MatchRecord
from sync.record import RecordRef
from sync.store_port import Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from state.connection import Connection

MEMBERS_OF_PERSONS = """
    INSERT OR IGNORE INTO region
    SELECT m.rid, ? FROM (
        SELECT DISTINCT l.person_id FROM region AS g CROSS JOIN link AS l ON l.rid = g.rid WHERE g.step = ?
    ) AS p CROSS JOIN link AS m ON m.person_id = p.person_id
"""
HOLDERS_OF_KEYS = f"""
    INSERT OR IGNORE INTO region
    SELECT h.rid, ? FROM (
        SELECT DISTINCT k.kind, k.value FROM region AS g
        CROSS JOIN record_key AS k ON k.rid = g.rid WHERE g.step = ? AND NOT {IS_GENERIC}
    ) AS k CROSS JOIN record_key AS h ON h.kind = k.kind AND h.value = k.value
"""  # noqa: S608  # only our own words
HOLDERS_OF_GENERIC_PAIRS = """
    INSERT OR IGNORE INTO region
    SELECT h.rid, ? FROM (
        SELECT DISTINCT k.value AS profile, e.value AS email FROM region AS g
        CROSS JOIN record_key AS k ON k.rid = g.rid AND k.kind = 'linkedin'
        CROSS JOIN generic_key AS x ON x.kind = k.kind AND x.value = k.value
        CROSS JOIN record_key AS e ON e.rid = g.rid AND e.kind = 'email'
        CROSS JOIN generic_key AS y ON y.kind = e.kind AND y.value = e.value
        WHERE g.step = ?
    ) AS p CROSS JOIN record_key AS h ON h.kind = 'linkedin' AND h.value = p.profile
    CROSS JOIN record_key AS o ON o.kind = 'email' AND o.value = p.email AND o.rid = h.rid
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
GROWTH = (MEMBERS_OF_PERSONS, HOLDERS_OF_KEYS, HOLDERS_OF_GENERIC_PAIRS, JUDGED_WITH_FIRST, JUDGED_WITH_SECOND)
"""Each takes (new step, the step to grow from); CROSS JOIN keeps the order of the joins."""


class Keys(NamedTuple):
    """The keys of one record: shown ones by kind in the record's order, and former ones."""

    emails: tuple[str, ...] = ()
    linkedin: str | None = None
    aliases: frozenset[str] = frozenset()


def region(
    connection: Connection, around: Iterable[RecordRef] | None = None, generic_after: int = GENERIC_AFTER
) -> Region | None:
    """The region around all dirty records, or around some others; ``None`` when there are none."""
    start = dirty_rids(connection) if around is None else _rids(connection, around)
    if not start:
        return None
    grow(connection, start, generic_after)
    return _told(connection, start, frozenset(generic_keys.inside(connection)))


def part(connection: Connection, rids: Sequence[int]) -> Region:
    """Those records as a region, which nothing ties to others; who asks knows which keys are nobody's."""
    _begin(connection, rids)
    return _told(connection, frozenset(), frozenset())


def _told(connection: Connection, start: frozenset[int], generic: frozenset[str]) -> Region:
    former = _former(connection)
    found = Region(
        records=tuple(_records(connection)),
        decisions=tuple(decisions.inside(connection)),
        people=MappingProxyType(_people(connection)),
        former=MappingProxyType(former),
        earlier=MappingProxyType(before_merges.compositions(connection, former)),
        dirty=start,
        generic=generic,
        once_one=tuple(once_one.inside(connection)),
    )
    connection.exec_driver_sql("DROP TABLE temp.region")
    return found


def dirty_rids(connection: Connection) -> frozenset[int]:
    """The records that wait for matching."""
    return frozenset(row[0] for row in connection.exec_driver_sql("SELECT rid FROM dirty_record"))


def _rids(connection: Connection, refs: Iterable[RecordRef]) -> frozenset[int]:
    names = to_json([[ref.provider, ref.record_id] for ref in refs])
    rows = connection.exec_driver_sql(
        "SELECT r.rid FROM json_each(?) AS j CROSS JOIN record AS r"
        " ON r.provider = json_extract(j.value, '$[0]') AND r.record_id = json_extract(j.value, '$[1]')",
        (names,),
    )
    return frozenset(row[0] for row in rows)


def _begin(connection: Connection, start: Iterable[int]) -> int:
    """The temporary table ``region`` holds those records; how many."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.region")
    connection.exec_driver_sql("CREATE TEMP TABLE region (rid INTEGER PRIMARY KEY, step INTEGER NOT NULL)")
    return connection.exec_driver_sql(
        "INSERT INTO region SELECT value, 0 FROM json_each(?)", (to_json(sorted(start)),)
    ).rowcount


def grow(connection: Connection, start: Iterable[int], generic_after: int) -> bool:
    """The temporary table ``region`` holds those records and whoever is tied to them; whether that is all."""
    generic_keys.reopen(connection, generic_after)
    size = grown = _begin(connection, start)
    connection.exec_driver_sql("CREATE INDEX temp.region_step ON region (step)")
    step = 0
    while grown:
        if _is_everything(connection, size):
            return True
        grown = sum(connection.exec_driver_sql(grow, (step + 1, step)).rowcount for grow in GROWTH)
        size, step = size + grown, step + 1
    return False


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
        yield MatchRecord(
            rid=rid,
            ref=RecordRef(provider, record_id),
            name=full_name(flat.get("first_name"), flat.get("last_name")),
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
