"""What exports told of records that are named by their key here: that they are there, and by which id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state import people
from state.rows import to_json
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from state.connection import Connection

NAMED = """
    SELECT t.provider, t.record_id, r.record_id FROM json_each(?) AS j CROSS JOIN told AS t
    ON t.provider = json_extract(j.value, '$[0]') AND t.record_id = json_extract(j.value, '$[1]')
    CROSS JOIN record AS r ON r.rid = t.rid
    UNION ALL SELECT r.provider, r.record_id, r.record_id FROM json_each(?) AS j CROSS JOIN record AS r
    ON r.provider = json_extract(j.value, '$[0]') AND r.record_id = json_extract(j.value, '$[1]')
"""
IDS = """
    SELECT r.provider, r.record_id, t.record_id FROM json_each(?) AS j CROSS JOIN record AS r
    ON r.provider = json_extract(j.value, '$[0]') AND r.record_id = json_extract(j.value, '$[1]')
    CROSS JOIN told AS t ON t.rid = r.rid AND t.record_id IS NOT NULL
"""
NEW = """
    SELECT r.rid FROM json_each(?) AS j CROSS JOIN record AS r
    ON r.provider = json_extract(j.value, '$[0]') AND r.record_id = json_extract(j.value, '$[1]')
    WHERE NOT EXISTS (SELECT 1 FROM told AS t WHERE t.rid = r.rid)
"""
NOTE = """
    INSERT INTO told (rid, provider, record_id) SELECT rid, provider, ? FROM record
    WHERE (provider, record_id) = (?, ?) ON CONFLICT (rid)
    DO UPDATE SET record_id = excluded.record_id WHERE told.record_id IS NULL AND excluded.record_id IS NOT NULL
"""


def named(connection: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, RecordRef]:
    """Name or told id → the name of the record it stands for, of those that are known."""
    names = _names(refs)
    return _by_ref(connection.exec_driver_sql(NAMED, (names, names)))


def ids(connection: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, RecordRef]:
    """Record → its told id, of those that have one."""
    return _by_ref(connection.exec_driver_sql(IDS, (_names(refs),)))


def note(connection: Connection, told: Mapping[RecordRef, RecordRef]) -> None:
    """Exports showed the records (as what → record), which go by these ids, too; the first one told of each stays.

    Whoever owns one that was never shown before waits: more may be sent to it from now on.
    """
    new = connection.exec_driver_sql(NEW, (_names(told.values()),))
    people.mark_owners_dirty(connection, [row[0] for row in new])
    rows = [(own.record_id if own != ref else None, ref.provider, ref.record_id) for own, ref in told.items()]
    connection.exec_driver_sql(NOTE, rows)


def drop(connection: Connection, rid: int) -> None:
    """What was told of the record was about a row that is gone: another one was created in its place."""
    connection.exec_driver_sql("DELETE FROM told WHERE rid = ?", (rid,))


def _names(refs: Iterable[RecordRef]) -> str:
    return to_json([[ref.provider, ref.record_id] for ref in refs])


def _by_ref(rows: Iterable[Iterable[str]]) -> dict[RecordRef, RecordRef]:
    return {RecordRef(provider, one): RecordRef(provider, other) for provider, one, other in rows}
