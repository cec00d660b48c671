"""Who may be one with whom, by suspicions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.rows import to_json

if TYPE_CHECKING:
    from collections.abc import Collection

    from state.connection import Connection

FEW = 10_000
"""Persons up to whom each is looked up; for more of them all suspicions are read."""

PAIRS = """
    SELECT a.person_id, b.person_id FROM suspicion AS s JOIN link AS a ON a.rid = s.a
    JOIN link AS b ON b.rid = s.b WHERE a.person_id <> b.person_id
"""
PAIRS_OF = """
    SELECT l.person_id, o.person_id FROM (
        SELECT l.person_id, s.a AS own, s.b AS other FROM json_each(?) AS j
        CROSS JOIN link AS l ON l.person_id = j.value CROSS JOIN suspicion AS s ON s.a = l.rid
        UNION ALL SELECT l.person_id, s.b, s.a FROM json_each(?) AS j
        CROSS JOIN link AS l ON l.person_id = j.value CROSS JOIN suspicion AS s ON s.b = l.rid
    ) AS l CROSS JOIN link AS o ON o.rid = l.other WHERE o.person_id <> l.person_id
"""


def count(connection: Connection) -> int:
    """Pairs of people under suspicion."""
    return int(connection.exec_driver_sql("SELECT count(*) FROM suspicion").scalar_one())


def suspected_people(connection: Connection, ids: Collection[str] | None) -> dict[str, frozenset[str]]:
    """Person → the other persons it may be one with, at least of those ``ids`` (``None`` = of everybody)."""
    found: dict[str, set[str]] = {}
    for person, other in _suspected_pairs(connection, ids):
        found.setdefault(person, set()).add(other)
    return {person: frozenset(others) for person, others in found.items()}


def _suspected_pairs(connection: Connection, ids: Collection[str] | None) -> list[tuple[str, str]]:
    """Both ways round; pairs that came to one person are left out."""
    if ids is None or len(ids) > FEW:
        rows = connection.exec_driver_sql(PAIRS)
    else:
        names = to_json(sorted(ids))
        rows = connection.exec_driver_sql(PAIRS_OF, (names, names))
    return [pair for a, b in rows for pair in ((a, b), (b, a))]
