"""Persons whose records all meet for the first time, merged and kept in one step for all of them.

Two thirds of all persons at a first run have one record, which is copied inside the database; of the others no
object is made for person, member or link.
"""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from state.rows import from_values, to_choices, to_json, to_values
from sync.codes import Rule
from sync.merging import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from state.connection import Connection
    from sync.merging import Met

    Meet = Callable[[Sequence[Shown]], Met | None]

AT_ONCE = 2000
PORTION = 20_000
"""Persons of whom a temporary table is made at a time: all of a store's would take more memory than its cache."""

NEVER_MERGED = "CROSS JOIN person AS p ON p.id = d.person_id AND p.merged_at IS NULL AND p.fields = '{}'"
WAITING = "SELECT person_id FROM dirty_person WHERE person_id > ? ORDER BY person_id LIMIT ?"
TABLE = """
    CREATE TEMP TABLE stranger (person_id PRIMARY KEY, rid INTEGER, records INTEGER) WITHOUT ROWID
"""
STRANGERS = f"""
    INSERT INTO temp.stranger
    SELECT l.person_id, max(l.rid) AS rid, count(*) AS records
    FROM (SELECT value AS person_id FROM json_each(?)) AS d {NEVER_MERGED}
    CROSS JOIN link AS l ON l.person_id = d.person_id CROSS JOIN record AS r ON r.rid = l.rid
    WHERE NOT EXISTS (SELECT 1 FROM field_conflict AS c WHERE c.person_id = d.person_id)
    GROUP BY l.person_id HAVING max(l.met) = 0 AND count(r.gone_at) = 0
"""  # noqa: S608  # only our own tables
TAKE_FIELDS = """
    UPDATE person SET merged_at = ?, (fields, choices) =
        (SELECT r.fields, json_array(r.provider || ':' || r.record_id, ?, ?) FROM temp.stranger AS s
         CROSS JOIN record AS r ON r.rid = s.rid WHERE s.person_id = person.id)
    WHERE id IN (SELECT person_id FROM temp.stranger WHERE records = 1)
"""
SEVERAL = """
    SELECT s.person_id, r.rid, r.provider, r.record_id, r.fields FROM temp.stranger AS s
    CROSS JOIN link AS l ON l.person_id = s.person_id CROSS JOIN record AS r ON r.rid = l.rid
    WHERE s.records > 1 ORDER BY s.person_id
"""
TAKE_MERGED = "UPDATE person SET merged_at = ?, fields = ?, choices = ? WHERE id = ?"
TAKE_BASES = """
    UPDATE link SET met = 1, base = (SELECT r.fields FROM record AS r WHERE r.rid = link.rid)
    WHERE rid IN (SELECT l.rid FROM temp.stranger AS s CROSS JOIN link AS l ON l.person_id = s.person_id)
"""


def may_wait(connection: Connection) -> bool:
    """Whether anybody waits who was never merged. To be asked before ``take``: that makes a temporary table, after
    which SQLite prepares every statement anew.
    """
    statement = f"SELECT 1 FROM dirty_person AS d {NEVER_MERGED} LIMIT 1"  # noqa: S608  # only our own words
    return connection.exec_driver_sql(statement).first() is not None


def take(connection: Connection, meet: Meet, but: Iterable[str], at: int) -> list[str]:
    """Waiting persons who are new, and all of whose records are, hold what ``meet`` says; who else waits."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.stranger")
    connection.exec_driver_sql(TABLE)
    others, left, last = frozenset(but), [], ""
    while waiting := [row[0] for row in connection.exec_driver_sql(WAITING, (last, PORTION))]:
        last = waiting[-1]
        left += _take_some(connection, waiting, meet, others, at)
    connection.exec_driver_sql("DROP TABLE temp.stranger")
    return left


def _take_some(
    connection: Connection, waiting: Sequence[str], meet: Meet, but: AbstractSet[str], at: int
) -> list[str]:
    connection.exec_driver_sql("DELETE FROM temp.stranger")
    connection.exec_driver_sql(STRANGERS, (to_json([person for person in waiting if person not in but]),))
    closer = to_json(_take_several(connection, meet, at))
    connection.exec_driver_sql(
        "DELETE FROM temp.stranger WHERE person_id IN (SELECT value FROM json_each(?))", (closer,)
    )
    connection.exec_driver_sql(TAKE_FIELDS, (at, Rule.FIRST_CONTACT, at))
    connection.exec_driver_sql(TAKE_BASES)
    taken = {row[0] for row in connection.exec_driver_sql("SELECT person_id FROM temp.stranger")}
    return [person for person in waiting if person not in taken]


def _take_several(connection: Connection, meet: Meet, at: int) -> list[str]:
    """Strangers with several records hold what they come to; those who take a closer look."""
    left, taken = [], []
    for person, rows in groupby(connection.exec_driver_sql(SEVERAL), key=itemgetter(0)):
        met = meet(
            [
                Shown(rid, provider, f"{provider}:{record_id}", from_values(fields))
                for _, rid, provider, record_id, fields in rows
            ]
        )
        if met is None:
            left.append(person)
        else:
            taken.append((at, to_values(met.fields), to_choices(met.choices), person))
        if len(taken) == AT_ONCE:
            connection.exec_driver_sql(TAKE_MERGED, taken)
            taken = []
    connection.exec_driver_sql(TAKE_MERGED, taken)
    return left
