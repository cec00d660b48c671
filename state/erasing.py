"""Forgetting a person: every value about them leaves the database; their id and what was done stay."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from state import by_hand, generic_keys, people, told
from state.key import keyed_hash
from state.operations import VALUELESS
from state.rows import RECORD_COLUMNS, from_json, record_of_row, to_json
from sync.codes import HoldKind
from sync.items import erasures_of
from sync.optouts import OptOutIndex, own_keys, record_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from state.connection import Connection
    from sync.contact import Contact
    from sync.record import OptOutEntry, Record, RecordRef

BLANK = f"UPDATE operation SET {VALUELESS}, record_id = NULL, fields = '{{}}', opt_out = NULL"  # noqa: S608  # our own words
NOBODY = """
    UPDATE person SET fields = '{}', choices = '{}', frozen = '[]', aliases = '[]', returns = '{}',
        status = CASE status WHEN 'active' THEN 'empty' ELSE status END
"""
OF_RECORDS = (
    *(
        f"""
        DELETE FROM {judged} WHERE EXISTS (
            SELECT 1 FROM json_each(?) AS j JOIN record AS r ON r.rid = j.value
            WHERE r.provider = a_provider AND r.record_id = a_record_id
            OR r.provider = b_provider AND r.record_id = b_record_id
        )
        """  # noqa: S608  # only our own words
        for judged in ("decision", "replaced_decision")
    ),
    """
    DELETE FROM hold WHERE EXISTS (
        SELECT 1 FROM json_each(?) AS j JOIN record AS r ON r.rid = j.value
        WHERE r.provider = hold.provider AND r.record_id = hold.record_id
    )
    """,
    """
    DELETE FROM operation WHERE state IN ('planned', 'blocked', 'deferred') AND EXISTS (
        SELECT 1 FROM json_each(?) AS j JOIN record AS r ON r.rid = j.value
        WHERE r.provider = operation.provider AND r.record_id = operation.record_id
    )
    """,
    f"""
    {BLANK} WHERE EXISTS (
        SELECT 1 FROM json_each(?) AS j JOIN record AS r ON r.rid = j.value
        WHERE r.provider = operation.provider AND r.record_id = operation.record_id
    )
    """,  # noqa: S608  # only our own words
    """
    DELETE FROM before_merge WHERE EXISTS (
        SELECT 1 FROM json_each(?) AS j JOIN json_each(before_merge.rids) AS k ON k.value = j.value
    )
    """,
    f"""
    {NOBODY} WHERE status = 'retired' AND id IN (
        SELECT f.person_id FROM json_each(?) AS j JOIN former_member AS f ON f.rid = j.value
    )
    """,  # noqa: S608  # only our own words
    "DELETE FROM record WHERE rid IN (SELECT value FROM json_each(?))",
)
"""In this order: a record's id may itself be an email, so nothing that names it stays, whoever it was of then."""

OF_PEOPLE = (
    "DELETE FROM field_conflict WHERE person_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM before_merge WHERE person_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM dirty_person WHERE person_id IN (SELECT value FROM json_each(?))",
    f"""
    DELETE FROM hold WHERE kind <> '{HoldKind.DISAPPEARED}' AND person_id IN (SELECT value FROM json_each(?))
    """,  # noqa: S608  # our own word; who is gone went with the record
    "DELETE FROM cannot_express WHERE person_id IN (SELECT value FROM json_each(?))",
    """
    DELETE FROM operation
    WHERE state IN ('planned', 'blocked', 'deferred') AND person_id IN (SELECT value FROM json_each(?))
    """,
    f"{BLANK} WHERE person_id IN (SELECT value FROM json_each(?))",  # noqa: S608  # only our own words
    f"{NOBODY} WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608  # only our own words
)


LOOSE = f"""
    SELECT r.rid, {RECORD_COLUMNS} FROM record AS r WHERE NOT EXISTS (SELECT 1 FROM link AS l WHERE l.rid = r.rid)
"""  # noqa: S608  # only our own column names
"""Records that are nobody's yet."""

AT_ONCE = 500
"""People held in memory at once."""


def forget(connection: Connection, person: str) -> None:
    """No value of the person is left.

    Operations that were sent keep id and state, so that nothing open is forgotten about.
    """
    them = connection.exec_driver_sql("SELECT id FROM person WHERE id = ? OR successor = ?", (person, person))
    ids = [row[0] for row in them]
    people = to_json(ids)
    owned = connection.exec_driver_sql("SELECT rid FROM link WHERE person_id = ? ORDER BY rid", (person,))
    _forget_records(connection, [row[0] for row in owned])
    for statement in OF_PEOPLE:
        connection.exec_driver_sql(statement, (people,))
    for gone in ids:
        _forget_typed(connection, gone)


def _forget_records(connection: Connection, rids: list[int]) -> None:
    records = to_json(rids)
    generic_keys.forget(connection, records)
    for statement in OF_RECORDS:
        connection.exec_driver_sql(statement, (records,))


def _forget_typed(connection: Connection, gone: str) -> None:
    """What people had typed for them stands nowhere among what lost, not even at who was one with them once."""
    mark = f" for {gone}"
    rows = connection.exec_driver_sql(
        "SELECT id, choices FROM person WHERE instr(choices, ?)", (f'{mark}"',)
    ).all()
    for person, text in rows:
        choices = from_json(text)
        for choice in choices.values():
            choice[3] = {source: value for source, value in choice[3].items() if not source.endswith(mark)}
        connection.exec_driver_sql("UPDATE person SET choices = ? WHERE id = ?", (to_json(choices), person))


def forget_again(connection: Connection, entries: Iterable[OptOutEntry], key: bytes) -> int:
    """How many were erased, because by ``entries`` they had been and are here all the same: an older copy of the
    database brought them back. Their records are to be erased by hand, whatever was ticked off since that copy.
    """
    index = OptOutIndex(entries, partial(keyed_hash, key))
    if not index.forgets:
        return 0
    active = connection.exec_driver_sql("SELECT id FROM person WHERE status = 'active' ORDER BY id").all()
    again: set[str | None] = set()
    for start in range(0, len(active), AT_ONCE):
        for person in people.load(connection, [row[0] for row in active[start : start + AT_ONCE]]):
            records = [member.record for member in person.members]
            refs = _known_as(connection, records)
            entry = _erased(index, [person.contact, *(r.contact for r in records)], person.aliases, refs)
            if entry is not None:
                forget(connection, person.id)
                _note_tasks(connection, entry, refs)
                again.add(entry.source_id)
    for rid, *row in connection.exec_driver_sql(LOOSE).all():
        record = record_of_row(row)
        refs = _known_as(connection, [record])
        entry = _erased(index, [record.contact], (), refs)
        if entry is not None:
            _forget_records(connection, [rid])
            _note_tasks(connection, entry, refs)
            again.add(entry.source_id)
    return len(again)


def _known_as(connection: Connection, records: list[Record]) -> list[RecordRef]:
    """What their providers call the records, as far as these told."""
    ids = told.ids(connection, [record.ref for record in records])
    return [ids.get(record.ref, record.ref) for record in records]


def _erased(
    index: OptOutIndex, contacts: list[Contact], aliases: Iterable[str], refs: list[RecordRef]
) -> OptOutEntry | None:
    return index.forgotten(own_keys(contacts, aliases) | set(map(record_key, refs)))


def _note_tasks(connection: Connection, entry: OptOutEntry, refs: list[RecordRef]) -> None:
    by_hand.note(connection, erasures_of(entry.source_id or "", refs), entry.at)
