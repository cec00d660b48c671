"""Marks for records that were kept before there were marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.rows import from_contact
from sync.batches import batched
from sync.identity.canonical import keys_of
from sync.matching import alike_marks
from sync.person import to_be_matched
from sync.record import RecordRef

if TYPE_CHECKING:
    from sqlalchemy import Connection

AT_ONCE = 10_000


def mark_all(connection: Connection) -> None:
    """Every record has its marks."""
    rows = connection.exec_driver_sql("SELECT rid, provider, record_id, fields FROM record").all()
    for some in batched(rows, AT_ONCE):
        marks = [(mark, rid) for rid, *row in some for mark in _marks(*row)]
        if marks:
            connection.exec_driver_sql("INSERT OR IGNORE INTO alike_mark VALUES (?, ?)", marks)


def _marks(provider: str, record_id: str, fields: str) -> tuple[int, ...]:
    contact = from_contact(fields)
    emails = tuple(key for kind, key in keys_of(contact) if kind == "email")
    return alike_marks(to_be_matched(RecordRef(provider, record_id), contact, emails))
