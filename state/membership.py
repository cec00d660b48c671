"""Which record belongs to whom: the membership that matching came to, kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from state import before_merges, decisions, findings, generic_keys, people
from state.rows import to_json, to_time
from sync.batches import batched
from sync.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from state.connection import Connection
    from sync.store_port import Matched, MembershipUpdate

Newcomer = tuple[str, Sequence[tuple[int, str]]]
"""A new person, and its records with their evidence."""

AT_ONCE = 2000

CREATE = """
    INSERT OR IGNORE INTO person (id, status, created_at, fields, choices, frozen, aliases, returns)
    VALUES (?, 'active', ?, '{}', '{}', '[]', '[]', '{}')
"""
TIE = """
    INSERT INTO link (rid, person_id, evidence, linked_at, base, sent, written, ours, met)
    VALUES (?, ?, ?, ?, '{}', '{}', '{}', 0, 0)
"""
JOIN = """
    INSERT INTO link (rid, person_id, evidence, linked_at, base, sent, written, ours, met)
    SELECT ?, person_id, ?, ?, '{}', '{}', '{}', 0, 0 FROM link WHERE rid = ?
"""
TELL = "UPDATE link SET evidence = ? WHERE rid = ?"
OWNERS_OF_CHANGED_WAIT = """
    INSERT OR IGNORE INTO dirty_person
    SELECT l.person_id FROM dirty_record AS d CROSS JOIN link AS l ON l.rid = d.rid
"""
NOBODY_IS_CHANGED = "DELETE FROM dirty_record WHERE rid IN (SELECT rid FROM dirty_record LIMIT ?)"
CHANGED_AT_ONCE = 100_000
"""SQLite keeps what one statement replaces in memory until it ends: 24 MB where a million records waited."""
LEAD = """
    WITH held AS (
        SELECT p.id, l.person_id AS owner, count(*) AS records, l.person_id = p.successor AS known
        FROM (
            SELECT DISTINCT f.person_id FROM json_each(?) AS j CROSS JOIN former_member AS f ON f.rid = j.value
        ) AS r CROSS JOIN person AS p ON p.id = r.person_id AND p.status = 'retired'
        CROSS JOIN former_member AS m ON m.person_id = p.id CROSS JOIN link AS l ON l.rid = m.rid
        GROUP BY p.id, l.person_id
    )
    SELECT id, owner FROM held ORDER BY id, records, known, owner
"""
BLOCKED_WAIT = """
    INSERT OR IGNORE INTO dirty_person SELECT p.id FROM operation AS o
    CROSS JOIN person AS p ON p.id = o.person_id WHERE o.state = 'blocked' AND p.status = 'active'
"""
BLOCKED_OF_REGION_WAIT = """
    INSERT OR IGNORE INTO dirty_person
    SELECT l.person_id FROM json_each(?) AS j CROSS JOIN link AS l ON l.rid = j.value
    CROSS JOIN operation AS o ON o.person_id = l.person_id AND o.state = 'blocked'
"""


def save(connection: Connection, update: MembershipUpdate, at: datetime) -> None:
    """Membership is kept as ``Store.save_membership`` says.

    A record that comes to another person meets it anew (``met`` is false); its base and sent stay, unless
    ``separated`` says what they are. Records that wait for matching wait on, and those that somebody judged wait,
    too: whom they are like without a common key is not looked for here.
    """
    moved = _keep(connection, update, at)
    region = to_json(list(update.members))
    generic_keys.keep(connection, update.generic, region)
    suspected = findings.replace_suspicions(connection, update.suspicions, region, around=False)
    _wait(connection, suspected, region, moved)
    decisions.judge(connection, update.decisions, update.withdrawn)


def save_matched(connection: Connection, matched: Matched, at: datetime) -> None:
    """What matching came to is kept as ``Store.save_matched`` says."""
    moved: set[str] = set()
    for update in matched.updates:
        moved |= _keep(connection, update, at)
    for batch in batched(matched.newcomers, AT_ONCE):
        _bring(connection, batch, to_time(at))
    connection.exec_driver_sql(
        JOIN, [(rid, evidence, to_time(at), near) for rid, near, evidence in matched.joined]
    )
    people.mark_owners_dirty(connection, [rid for rid, _, _ in matched.joined])
    connection.exec_driver_sql(TELL, [(evidence, rid) for rid, evidence in matched.told])
    region = None if matched.rids is None else to_json(list(matched.rids))
    generic_keys.keep(connection, matched.generic, region)
    suspected = findings.replace_suspicions(connection, matched.suspicions, region)
    _wait(connection, suspected, region, moved)
    if region is None:
        while connection.exec_driver_sql(NOBODY_IS_CHANGED, (CHANGED_AT_ONCE,)).rowcount:
            pass
    else:
        connection.exec_driver_sql(
            "DELETE FROM dirty_record WHERE rid IN (SELECT value FROM json_each(?))", (region,)
        )


def _wait(connection: Connection, suspected: Iterable[int], region: str | None, moved: set[str]) -> None:
    """People wait whose records changed, came or went or are ``suspected`` anew or no more, and of whom something
    is blocked that another one's record in ``region`` (a JSON list, ``None`` = all) may explain.
    """
    connection.exec_driver_sql(OWNERS_OF_CHANGED_WAIT)
    people.mark_owners_dirty(connection, suspected)
    if region is None:
        connection.exec_driver_sql(BLOCKED_WAIT)
    else:
        connection.exec_driver_sql(BLOCKED_OF_REGION_WAIT, (region,))
    mark_dirty(connection, moved)


def _keep(connection: Connection, update: MembershipUpdate, at: datetime) -> set[str]:
    """Whose records are of whom, with all that follows for persons; the persons for whom something is new."""
    before = {
        rid: (person, evidence)
        for rid, person, evidence in connection.exec_driver_sql(
            "SELECT l.rid, l.person_id, l.evidence FROM json_each(?) AS j CROSS JOIN link AS l ON l.rid = j.value",
            (to_json(list(update.members)),),
        )
    }
    _remember_members(connection, update.redirects)
    reached = {update.members[rid][0] for rid, (was, _) in before.items() if update.members[rid][0] != was}
    reached &= {was for was, _ in before.values()}  # others come back, and are kept as they were already
    before_merges.remember(
        connection, {*update.redirects, *update.redirects.values(), *update.split_from.values(), *reached}
    )
    _create(connection, update, at)
    _tie(connection, update, before, at)
    _redirect(connection, update)
    _lead(connection, [rid for rid, (was, _) in before.items() if update.members[rid][0] != was])
    people.save_merged(connection, (*update.separated, *update.inherited), at)
    before_merges.forget_undone(connection, [merged.person_id for merged in update.separated])
    moved = _moved(update, before)
    _empty(connection, moved)
    return moved


def _moved(update: MembershipUpdate, before: Mapping[int, tuple[str, str]]) -> set[str]:
    moved = {merged.person_id for merged in update.separated}
    for rid, (person, _) in update.members.items():
        left, _ = before.get(rid, (None, ""))
        if left != person:
            moved.update(owner for owner in (person, left) if owner is not None)
    return moved


def _bring(connection: Connection, newcomers: Sequence[Newcomer], at: int) -> None:
    """Persons who are new exist and own their records, which are new too."""
    connection.exec_driver_sql(CREATE, [(person, at) for person, _ in newcomers])
    connection.exec_driver_sql(
        TIE, [(rid, person, evidence, at) for person, records in newcomers for rid, evidence in records]
    )
    connection.exec_driver_sql("INSERT INTO dirty_person VALUES (?)", [(person,) for person, _ in newcomers])


def _remember_members(connection: Connection, retired: Iterable[str]) -> None:
    for person in retired:
        connection.exec_driver_sql("DELETE FROM former_member WHERE person_id = ?", (person,))
        connection.exec_driver_sql(
            "INSERT INTO former_member SELECT person_id, rid FROM link WHERE person_id = ?", (person,)
        )


def _create(connection: Connection, update: MembershipUpdate, at: datetime) -> None:
    """New persons exist; a former id that owns records again is active again, with its creation time."""
    if update.created:
        connection.exec_driver_sql(CREATE, [(person, to_time(at)) for person in update.created])
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
        connection.exec_driver_sql(TIE, fresh)
    if moved:
        connection.exec_driver_sql(
            "UPDATE link SET person_id = ?, evidence = ?, linked_at = ?, met = 0 WHERE rid = ?", moved
        )
    if told:
        connection.exec_driver_sql(TELL, told)


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


def _lead(connection: Connection, moved: Sequence[int]) -> None:
    """Retired ids lead to whoever has the records that they had, most of them, also after those were parted."""
    owners = connection.exec_driver_sql(LEAD, (to_json(list(moved)),)).all() if moved else []
    for person, owner in dict(map(tuple, owners)).items():
        connection.exec_driver_sql("UPDATE person SET successor = ? WHERE id = ?", (owner, person))


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
