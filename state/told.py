"""What exports told of records that are named by their key here: by which id their provider knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    CROSS JOIN told AS t ON t.rid = r.rid
"""
NOTE = """
    INSERT INTO told (rid, provider, record_id) SELECT rid, provider, ? FROM record
    WHERE (provider, record_id) = (?, ?) ON CONFLICT (rid) DO NOTHING
"""


def named(connection: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, RecordRef]:
    """Name or told id → the name of the record it stands for, of those that are known."""
    names = _names(refs)
    return _by_ref(connection.exec_driver_sql(NAMED, (names, names)))


def ids(connection: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, RecordRef]:
    """Record → its told id, of those that have one."""
    return _by_ref(connection.exec_driver_sql(IDS, (_names(refs),)))


def note(connection: Connection, told: Mapping[RecordRef, RecordRef]) -> None:
    """The records (told id → record) go by these ids, too; the first one told of a record stays."""
    rows = [(own.record_id, ref.provider, ref.record_id) for own, ref in told.items()]
    connection.exec_driver_sql(NOTE, rows)


def _names(refs: Iterable[RecordRef]) -> str:
    return to_json([[ref.provider, ref.record_id] for ref in refs])


def _by_ref(rows: Iterable[Iterable[str]]) -> dict[RecordRef, RecordRef]:
    return {RecordRef(provider, one): RecordRef(provider, other) for provider, one, other in rows}
