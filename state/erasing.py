"""Forgetting a person: every value about them leaves the database; their id and what was done stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state import generic_keys
from state.operations import VALUELESS
from state.rows import from_json, to_json

if TYPE_CHECKING:
    from state.connection import Connection

BLANK = f"UPDATE operation SET {VALUELESS}, record_id = NULL, fields = '{{}}', opt_out = NULL"  # noqa: S608  # our own words
NOBODY = """
    UPDATE person SET fields = '{}', choices = '{}', frozen = '[]', aliases = '[]', returns = '{}',
        status = CASE status WHEN 'active' THEN 'empty' ELSE status END
"""
OF_RECORDS = (
    """
    DELETE FROM decision WHERE EXISTS (
        SELECT 1 FROM json_each(?) AS j JOIN record AS r ON r.rid = j.value
        WHERE r.provider = a_provider AND r.record_id = a_record_id
        OR r.provider = b_provider AND r.record_id = b_record_id
    )
    """,
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
    "DELETE FROM hold WHERE person_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM cannot_express WHERE person_id IN (SELECT value FROM json_each(?))",
    """
    DELETE FROM operation
    WHERE state IN ('planned', 'blocked', 'deferred') AND person_id IN (SELECT value FROM json_each(?))
    """,
    f"{BLANK} WHERE person_id IN (SELECT value FROM json_each(?))",  # noqa: S608  # only our own words
    f"{NOBODY} WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608  # only our own words
)


def forget(connection: Connection, person: str) -> None:
    """No value of the person is left.

    Operations that were sent keep id and state, so that nothing open is forgotten about.
    """
    them = connection.exec_driver_sql("SELECT id FROM person WHERE id = ? OR successor = ?", (person, person))
    ids = [row[0] for row in them]
    people = to_json(ids)
    owned = connection.exec_driver_sql("SELECT rid FROM link WHERE person_id = ? ORDER BY rid", (person,))
    records = to_json([row[0] for row in owned])
    generic_keys.forget(connection, records)
    for statement in OF_RECORDS:
        connection.exec_driver_sql(statement, (records,))
    for statement in OF_PEOPLE:
        connection.exec_driver_sql(statement, (people,))
    for gone in ids:
        _forget_typed(connection, gone)


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
