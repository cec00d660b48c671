"""What matching reads of a region: who is tied to whom, in a few passes over tables and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from state import generic_keys, once_one
from state.region import dirty_rids, grow
from state.rows import to_json
from sync.identity.names import full_name
from sync.matching import MAX_BLOCK, Parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from state.connection import Connection

LARGE = 20_000
"""Dirty records from which half of a store is taken as all of it: reading it is cheaper than growing a region."""
SPARSE = 8
"""A store that uses fewer than one in so many record numbers is not read into lists by number."""

RECORDS = """
    SELECT r.rid, json_extract(r.fields, '$.first_name'), json_extract(r.fields, '$.last_name')
    FROM {} ORDER BY r.rid
"""
HOLDERS = """
    SELECT k.value, group_concat(CASE WHEN k.shown THEN k.rid ELSE -k.rid END) FROM {}
    WHERE k.kind = ? GROUP BY k.value
"""
PEOPLE = "SELECT l.rid, l.person_id FROM {} ORDER BY l.person_id"
EVIDENCE = "SELECT l.rid, l.evidence FROM {}"
JUDGED = """
    SELECT a.rid, b.rid, d.verdict FROM {}
    CROSS JOIN record AS b ON b.provider = d.b_provider AND b.record_id = d.b_record_id
"""
ONCE_ONE = f"SELECT {once_one.COLUMNS} FROM {{}} {once_one.NAMES}"  # noqa: S608  # only our own words
WHOLE = {
    RECORDS: "record AS r",
    HOLDERS: "record_key AS k",
    PEOPLE: "link AS l",
    EVIDENCE: "link AS l",
    JUDGED: "decision AS d CROSS JOIN record AS a ON a.provider = d.a_provider AND a.record_id = d.a_record_id",
    ONCE_ONE: "once_one AS o",
}
REGION = {
    RECORDS: "region AS g CROSS JOIN record AS r ON r.rid = g.rid",
    HOLDERS: "region AS g CROSS JOIN record_key AS k ON k.rid = g.rid",
    PEOPLE: "region AS g CROSS JOIN link AS l ON l.rid = g.rid",
    EVIDENCE: "region AS g CROSS JOIN link AS l ON l.rid = g.rid",
    JUDGED: "region AS g CROSS JOIN record AS a ON a.rid = g.rid"
    " CROSS JOIN decision AS d ON d.a_provider = a.provider AND d.a_record_id = a.record_id",
    ONCE_ONE: "(SELECT o.* FROM region AS g CROSS JOIN once_one AS o ON o.a = g.rid"
    " UNION SELECT o.* FROM region AS g CROSS JOIN once_one AS o ON o.b = g.rid) AS o",
}
"""What each statement reads: the whole store, or the temporary table ``region``."""
NAMES = """
    SELECT j.value, json_extract(r.fields, '$.first_name'), json_extract(r.fields, '$.last_name')
    FROM json_each(?) AS j CROSS JOIN record AS r ON r.rid = j.value
"""


def parts(connection: Connection, generic_after: int) -> Parts | None:
    """The parts around all dirty records, not yet sorted out; ``None`` when there are none."""
    dirty: int = connection.exec_driver_sql("SELECT count(*) FROM dirty_record").scalar_one()
    if not dirty:
        return None
    whole = _is_nearly_all(connection, dirty) or grow(connection, dirty_rids(connection), generic_after)
    found = _empty(connection, dirty, generic_after, whole=whole)
    sources = WHOLE if whole else REGION

    def rows(statement: str, *values: str) -> Iterator[Any]:
        return connection.exec_driver_sql(statement.format(sources[statement]), values)

    found.read_records(rows(RECORDS))
    if not whole:
        found.read_generic(generic_keys.inside(connection))
    found.read_emails(rows(HOLDERS, "email"))
    found.read_profiles(rows(HOLDERS, "linkedin"))
    found.read_people(rows(PEOPLE))
    found.read_evidence(rows(EVIDENCE))
    found.read_judged(rows(JUDGED))
    found.read_once_one(once_one.pair_of(*row) for row in rows(ONCE_ONE))
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.region")
    return found


def _is_nearly_all(connection: Connection, dirty: int) -> bool:
    """Counting reads a whole index, so a few dirty records only ask whether there are more than theirs."""
    beyond = 2 * dirty if dirty > LARGE else dirty
    row = connection.exec_driver_sql("SELECT 1 FROM record LIMIT 1 OFFSET ?", (beyond,)).first()
    return row is None


def _empty(connection: Connection, dirty: int, generic_after: int, *, whole: bool) -> Parts:
    highest = connection.exec_driver_sql("SELECT max(rid) FROM record").scalar_one() if whole else None
    if highest is not None and highest > SPARSE * max(dirty, LARGE):
        highest = None
    return Parts(highest, generic_after=generic_after, whole=whole, dirty=dirty)


def full_names(connection: Connection, rids: Sequence[int]) -> dict[int, str | None]:
    """The full names of those records."""
    rows = connection.exec_driver_sql(NAMES, (to_json(list(rids)),))
    return {rid: full_name(first, last) for rid, first, last in rows}


GROUPS = """
    SELECT m.mark, CASE WHEN count(*) <= ? THEN group_concat(m.rid) END FROM {}
    GROUP BY m.mark HAVING count(*) > 1
"""
EVERYWHERE = "alike_mark AS m WHERE m.mark > ?"
AROUND = """
    (SELECT DISTINCT o.mark FROM json_each(?) AS j CROSS JOIN alike_mark AS o ON o.rid = j.value) AS d
    CROSS JOIN alike_mark AS m ON m.mark = d.mark
"""
GROUPS_AT_ONCE = 20_000
HEADS = """
    SELECT j.value, (SELECT min(m.rid) FROM link AS l JOIN link AS m ON m.person_id = l.person_id
                     WHERE l.rid = j.value) FROM json_each(?) AS j
"""


def alike(connection: Connection, after: float) -> list[tuple[int, list[int]]]:
    """The next marks beyond ``after`` that several records have, in their order, each with its records; with none
    where they are too many.
    """
    rows = connection.exec_driver_sql(GROUPS.format(EVERYWHERE) + " LIMIT ?", (MAX_BLOCK, after, GROUPS_AT_ONCE))
    return [(mark, _group(text)) for mark, text in rows]


def alike_around(connection: Connection, rids: Sequence[int]) -> list[list[int]]:
    """The groups of ``alike`` that one of ``rids`` is in, all of them."""
    rows = connection.exec_driver_sql(GROUPS.format(AROUND), (MAX_BLOCK, to_json(list(rids))))
    return [_group(text) for _, text in rows]


def _group(text: str | None) -> list[int]:
    return [int(rid) for rid in text.split(",")] if text else []


def heads(connection: Connection, rids: Sequence[int]) -> dict[int, int]:
    """Record to the lowest record of its person, itself where it is nobody's."""
    rows = connection.exec_driver_sql(HEADS, (to_json(list(rids)),))
    return {rid: head or rid for rid, head in rows}
