"""Keys that were nobody's when their holders were last matched: a change reaches nobody through them.

What a record that waits for matching shows may have changed that, so its generic keys are judged again before a
region is drawn; one that is somebody's by now is reopened, and reaches all who hold it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.identity.linkedin import is_profile
from sync.identity.names import full_name
from sync.matching.generic import is_generic

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from state.connection import Connection

IS_GENERIC = """
    EXISTS (
        SELECT 1 FROM generic_key AS x WHERE x.kind = k.kind AND x.value = k.value
        AND NOT EXISTS (SELECT 1 FROM reopened AS o WHERE o.kind = x.kind AND o.value = x.value)
    )
"""
"""Of a row ``k`` of ``record_key``, once ``reopen`` made its temporary table."""
HELD_BY_DIRTY = """
    SELECT DISTINCT x.kind, x.value FROM dirty_record AS d CROSS JOIN record_key AS k ON k.rid = d.rid
    CROSS JOIN generic_key AS x ON x.kind = k.kind AND x.value = k.value
"""
NAMES = """
    SELECT json_extract(r.fields, '$.first_name'), json_extract(r.fields, '$.last_name')
    FROM record_key AS k CROSS JOIN record AS r ON r.rid = k.rid WHERE k.kind = ? AND k.value = ?
"""
INSIDE = f"""
    SELECT DISTINCT k.value FROM region AS g CROSS JOIN record_key AS k ON k.rid = g.rid WHERE {IS_GENERIC}
"""  # noqa: S608  # only our own words
HELD = """
    SELECT DISTINCT x.value FROM json_each(?) AS j CROSS JOIN record_key AS k ON k.rid = j.value
    CROSS JOIN generic_key AS x ON x.kind = k.kind AND x.value = k.value
"""
OF_PERSON = """
    SELECT DISTINCT x.kind, x.value FROM link AS l CROSS JOIN record_key AS k ON k.rid = l.rid
    CROSS JOIN generic_key AS x ON x.kind = k.kind AND x.value = k.value WHERE l.person_id = ?
"""
FORGET = """
    DELETE FROM generic_key WHERE (kind, value) IN (
        SELECT k.kind, k.value FROM json_each(?) AS j CROSS JOIN record_key AS k ON k.rid = j.value
    )
"""


def reopen(connection: Connection, generic_after: int) -> None:
    """The temporary table ``reopened`` holds the kept keys that are somebody's by what dirty records show."""
    connection.exec_driver_sql("DROP TABLE IF EXISTS temp.reopened")
    connection.exec_driver_sql(
        "CREATE TEMP TABLE reopened (kind TEXT, value TEXT, PRIMARY KEY (kind, value)) WITHOUT ROWID"
    )
    held = connection.exec_driver_sql(HELD_BY_DIRTY).all()
    reopened = [tuple(key) for key in held if not is_generic(_names(connection, *key), generic_after)]
    if reopened:
        connection.exec_driver_sql("INSERT INTO reopened VALUES (?, ?)", reopened)


def _names(connection: Connection, kind: str, value: str) -> Iterator[str | None]:
    rows = connection.exec_driver_sql(NAMES, (kind, value))
    return (full_name(first, last) for first, last in rows)


def inside(connection: Connection) -> list[str]:
    """The keys of the temporary table ``region`` through which it did not grow."""
    return [row[0] for row in connection.exec_driver_sql(INSIDE)]


def of_person(connection: Connection, person: str) -> frozenset[tuple[str, str]]:
    """Those (kind, value) that a record of the person shows or had."""
    return frozenset((kind, value) for kind, value in connection.exec_driver_sql(OF_PERSON, (person,)))


def keep(connection: Connection, generic: Collection[str], region: str | None) -> None:
    """Of the keys that the records ``region`` hold (a JSON list, ``None`` = all) exactly these are nobody's."""
    if region is None:
        kept = connection.exec_driver_sql("SELECT value FROM generic_key").all()
    else:
        kept = connection.exec_driver_sql(HELD, (region,)).all()
    known = {row[0] for row in kept}
    gone, new = map(_key, known.difference(generic)), map(_key, set(generic) - known)
    connection.exec_driver_sql("DELETE FROM generic_key WHERE kind = ? AND value = ?", sorted(gone))
    connection.exec_driver_sql("INSERT OR IGNORE INTO generic_key (kind, value) VALUES (?, ?)", sorted(new))


def _key(value: str) -> tuple[str, str]:
    return "linkedin" if is_profile(value) else "email", value


def forget(connection: Connection, records: str) -> None:
    """What those records (a JSON list) hold stands here no more; who else holds it is asked again."""
    connection.exec_driver_sql(FORGET, (records,))
