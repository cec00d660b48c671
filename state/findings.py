"""What waits for a person: conflicts, suspicions, holds, twins, wishes that cannot be held."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from state import once_one
from state.rows import from_features, from_time, from_values, to_features, to_json, to_time
from sync.batches import batched
from sync.change import Conflict, Hold, Suspicion
from sync.codes import HoldKind
from sync.matching.values import ALIKE, ONE_MAILBOX, REMEMBERED
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from state.connection import Connection
    from sync.change import CannotExpress

NOT_TIED = (ALIKE, ONE_MAILBOX, *REMEMBERED)
"""Reasons of suspicions about people whom nothing ties, or nothing any more."""


def conflicts(connection: Connection, people: Iterable[str] | None = None) -> list[Conflict]:
    """Open conflicts by person and field, of all persons or of some."""
    every = "SELECT person_id, field, contents, since, reason FROM field_conflict ORDER BY person_id, field"
    some = (
        "SELECT c.person_id, c.field, c.contents, c.since, c.reason FROM json_each(?) AS j"
        " CROSS JOIN field_conflict AS c ON c.person_id = j.value ORDER BY c.person_id, c.field"
    )
    rows = (
        connection.exec_driver_sql(every)
        if people is None
        else connection.exec_driver_sql(some, (to_json(list(people)),))
    )
    return [
        Conflict(person_id=person, field=name, values=from_values(contents), since=from_time(since), reason=reason)
        for person, name, contents, since, reason in rows
    ]


def replace_conflicts(connection: Connection, conflicts: Mapping[str, Sequence[Conflict]]) -> None:
    """For each person of the mapping exactly these conflicts are open."""
    connection.exec_driver_sql(
        "DELETE FROM field_conflict WHERE person_id IN (SELECT value FROM json_each(?))",
        (to_json(list(conflicts)),),
    )
    rows = [
        (person, conflict.field, to_json(dict(conflict.values)), to_time(conflict.since), conflict.reason)
        for person, found in conflicts.items()
        for conflict in found
    ]
    if rows:
        connection.exec_driver_sql("INSERT INTO field_conflict VALUES (?, ?, ?, ?, ?)", rows)


SUSPICION_COLUMNS = "a.provider, a.record_id, b.provider, b.record_id, s.score, s.reason, s.features"
SUSPICIONS = f"""
    SELECT {SUSPICION_COLUMNS}
    FROM suspicion AS s JOIN record AS a ON a.rid = s.a JOIN record AS b ON b.rid = s.b
    ORDER BY s.score DESC, s.a, s.b
"""  # noqa: S608  # only our own column names
SUSPECTED_PAIRS = f"""
    SELECT one.person_id, other.person_id, {SUSPICION_COLUMNS} FROM suspicion AS s
    JOIN link AS one ON one.rid = s.a
    JOIN link AS other ON other.rid = s.b AND other.person_id <> one.person_id
    JOIN record AS a ON a.rid = s.a JOIN record AS b ON b.rid = s.b ORDER BY s.score DESC, s.a, s.b
"""  # noqa: S608  # only our own column names
SUSPICIONS_OF = f"""
    SELECT {SUSPICION_COLUMNS} FROM (
        SELECT s.* FROM link AS l CROSS JOIN suspicion AS s ON s.a = l.rid WHERE l.person_id = ?
        UNION SELECT s.* FROM link AS l CROSS JOIN suspicion AS s ON s.b = l.rid WHERE l.person_id = ?
    ) AS s JOIN record AS a ON a.rid = s.a JOIN record AS b ON b.rid = s.b ORDER BY s.score DESC, s.a, s.b
"""  # noqa: S608  # only our own column names


def suspicions(connection: Connection, person: str | None = None) -> list[Suspicion]:
    """Open suspicions, of all persons or of one, best score first."""
    if person is None:
        rows = connection.exec_driver_sql(SUSPICIONS)
    else:
        rows = connection.exec_driver_sql(SUSPICIONS_OF, (person, person))
    return [suspicion_of(*row) for row in rows]


def suspected_pairs(connection: Connection) -> list[tuple[str, str, Suspicion]]:
    """Two persons and why they may be one, best score first."""
    rows = connection.exec_driver_sql(SUSPECTED_PAIRS)
    return [(one, other, suspicion_of(*rest)) for one, other, *rest in rows]


def suspicion_of(
    a_provider: str, a_record_id: str, b_provider: str, b_record_id: str, score: float, reason: str, features: str
) -> Suspicion:
    """A suspicion from its row."""
    return Suspicion(
        records=(RecordRef(a_provider, a_record_id), RecordRef(b_provider, b_record_id)),
        score=score,
        reason=reason,
        features=from_features(features),
    )


SUSPECT = """
    INSERT OR REPLACE INTO suspicion SELECT a.rid, b.rid, ?, ?, ? FROM record AS a, record AS b
    WHERE a.provider = ? AND a.record_id = ? AND b.provider = ? AND b.record_id = ?
"""
AT_ONCE = 2000
"""Suspicions made into rows at once; a million records have more than 40,000."""


def replace_suspicions(
    connection: Connection, found: Sequence[Suspicion], rids: str | None = None, *, around: bool = True
) -> frozenset[int]:
    """Among the records ``rids`` (a JSON list, ``None`` = all) exactly these suspicions are open.

    ``around``: of those whom nothing ties, also where one record is another than ``rids``. Returns the records
    whose suspicions came or went.
    """
    before = _open_pairs(connection, rids)
    _close_suspicions(connection, rids, NOT_TIED if around else ())
    for some in batched(found, AT_ONCE):
        connection.exec_driver_sql(
            SUSPECT, [(s.score, s.reason, to_features(s.features), *s.records[0], *s.records[1]) for s in some]
        )
    once_one.remember(connection, found)
    return frozenset(rid for pair in before ^ _open_pairs(connection, rids) for rid in pair)


def _open_pairs(connection: Connection, rids: str | None) -> set[tuple[int, int]]:
    """Pairs under suspicion, one of them at least among ``rids``."""
    if rids is None:
        rows = connection.exec_driver_sql("SELECT a, b FROM suspicion")
    else:
        rows = connection.exec_driver_sql(
            "SELECT a, b FROM suspicion WHERE a IN (SELECT value FROM json_each(?))"
            " UNION SELECT a, b FROM suspicion WHERE b IN (SELECT value FROM json_each(?))",
            (rids, rids),
        )
    return {(a, b) for a, b in rows}


def _close_suspicions(connection: Connection, rids: str | None, around: Iterable[str]) -> None:
    """Those between two of the records; for the reasons ``around`` those of one of them, too."""
    if rids is None:
        connection.exec_driver_sql("DELETE FROM suspicion")
        return
    # The plus keeps SQLite from trying every pair of the two lists in the index: 15 s instead of 2 ms.
    connection.exec_driver_sql(
        "DELETE FROM suspicion WHERE a IN (SELECT value FROM json_each(?))"
        " AND +b IN (SELECT value FROM json_each(?))",
        (rids, rids),
    )
    for side, reason in product(("a", "b"), around):
        connection.exec_driver_sql(
            f"DELETE FROM suspicion WHERE {side} IN (SELECT value FROM json_each(?)) AND reason = ?",  # noqa: S608  # one of our two columns
            (rids, reason),
        )


def twins(connection: Connection) -> list[tuple[str, str, tuple[str, ...]]]:
    """(person, provider, live record ids, first linked first) wherever there are several."""
    rows = connection.exec_driver_sql(
        "SELECT l.person_id, r.provider, json_group_array(r.rid) FROM link AS l JOIN record AS r ON r.rid = l.rid"
        " WHERE r.gone_at IS NULL GROUP BY l.person_id, r.provider HAVING count(*) > 1"
        " ORDER BY l.person_id, r.provider"
    ).all()
    return [(person, provider, _ids(connection, rids)) for person, provider, rids in rows]


def _ids(connection: Connection, rids: str) -> tuple[str, ...]:
    rows = connection.exec_driver_sql(
        "SELECT record_id FROM record WHERE rid IN (SELECT value FROM json_each(?)) ORDER BY rid", (rids,)
    )
    return tuple(row[0] for row in rows)


WHOSE = f"""
    coalesce(
        (SELECT l.person_id FROM record AS r JOIN link AS l ON l.rid = r.rid
        WHERE h.kind = '{HoldKind.DISAPPEARED}' AND r.provider = h.provider AND r.record_id = h.record_id),
        p.successor, h.person_id
    )
"""  # noqa: S608  # our own word
"""Whom a hold is about: a record that is gone is its owner's, who may have parted from whom it was held for."""
HOLDS = f"""
    SELECT h.kind, {WHOSE}, h.provider, h.record_id FROM hold AS h
    LEFT JOIN person AS p ON p.id = h.person_id ORDER BY h.number
"""  # noqa: S608  # our own words
HOLDS_OF = f"""
    SELECT h.kind, {WHOSE}, h.provider, h.record_id FROM (
        SELECT h.* FROM person AS p CROSS JOIN hold AS h ON h.person_id = p.id WHERE p.id = ? OR p.successor = ?
        UNION SELECT h.* FROM link AS l CROSS JOIN record AS r ON r.rid = l.rid
        CROSS JOIN hold AS h ON h.provider = r.provider AND h.record_id = r.record_id WHERE l.person_id = ?
    ) AS h LEFT JOIN person AS p ON p.id = h.person_id ORDER BY h.number
"""  # noqa: S608  # our own words


def holds(connection: Connection, person: str | None = None) -> list[Hold]:
    """Open holds, all or those about one person, oldest first; a merged person's holds are its successor's."""
    if person is None:
        rows = connection.exec_driver_sql(HOLDS)
    else:
        rows = connection.exec_driver_sql(HOLDS_OF, (person, person, person))
    found = (
        Hold(kind=kind, person_id=person, provider=provider, record_id=record_id)
        for kind, person, provider, record_id in rows
    )
    about = (h for h in found if h.kind != HoldKind.DISAPPEARED or person in {None, h.person_id})
    return list(dict.fromkeys(about))


def open_holds(connection: Connection, holds: Iterable[Hold], at: int, *, absence: bool = False) -> None:
    """The holds are open; one that was open stays as it is."""
    rows = [(h.kind, h.person_id, h.provider, h.record_id, absence, at) for h in holds]
    if rows:
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO hold (kind, person_id, provider, record_id, absence, since)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )


def close_holds(connection: Connection, holds: Iterable[Hold]) -> None:
    """The holds are no longer open, also where they were opened for a person merged or parted since."""
    rows = [
        (h.kind, h.provider, h.record_id, h.kind == HoldKind.DISAPPEARED, h.person_id, h.person_id) for h in holds
    ]
    if rows:
        connection.exec_driver_sql(
            "DELETE FROM hold WHERE kind = ? AND provider = ? AND record_id = ?"
            " AND (? OR person_id = ? OR person_id IN (SELECT id FROM person WHERE successor = ?))",
            rows,
        )


def note_cannot_express(
    connection: Connection, rows: Sequence[tuple[CannotExpress, str]], at: datetime
) -> list[CannotExpress]:
    """The wishes are kept with their digests; those that are new or changed."""
    wishes = dict(rows)
    kept = connection.exec_driver_sql(
        "SELECT c.person_id, c.provider, c.field, c.reason, c.digest FROM json_each(?) AS j"
        " CROSS JOIN cannot_express AS c ON c.person_id = j.value",
        (to_json(sorted({wish.person_id for wish in wishes})),),
    )
    known = {tuple(row[:4]): row[4] for row in kept}
    fresh = [wish for wish, digest in wishes.items() if known.get(_wish(wish)) != digest]
    if fresh:
        connection.exec_driver_sql(
            "INSERT OR REPLACE INTO cannot_express VALUES (?, ?, ?, ?, ?, ?)",
            [(*_wish(wish), wishes[wish], to_time(at)) for wish in fresh],
        )
    return fresh


def _wish(wish: CannotExpress) -> tuple[str, str, str, str]:
    return wish.person_id, wish.provider, wish.field, wish.reason
