"""The trail of what was done: ids, field names and keyed digests of values, never the values.

A record's id counts as a value: where rows have none of their own, it is an email.

Each entry's hash covers the one before it, so a line that was changed or taken out shows.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from state.key import keyed_hash
from state.rows import to_json, to_time
from sync.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from state.connection import Connection
    from sync.change import Operation
    from sync.contact import Value

DIGEST_LENGTH = 32


def append(connection: Connection, operations: Iterable[Operation], at: datetime, key: bytes) -> None:
    """One entry an operation stands at the end of the trail."""
    before = _last_hash(connection)
    rows = []
    for operation in operations:
        entry = _entry(operation, at, key)
        before = _link(before, entry)
        rows.append((entry, before))
    if rows:
        connection.exec_driver_sql("INSERT INTO audit (entry, hash) VALUES (?, ?)", rows)


def check(connection: Connection) -> None:
    """The trail is unbroken; ``StateError`` names the first entry that does not follow."""
    before = ""
    for number, entry, chained in connection.exec_driver_sql(
        "SELECT number, entry, hash FROM audit ORDER BY number"
    ):
        before = _link(before, entry)
        if before != chained:
            raise StateError(f"entry {number} of the audit trail does not follow from the one before it")


def _last_hash(connection: Connection) -> str:
    row = connection.exec_driver_sql("SELECT hash FROM audit ORDER BY number DESC LIMIT 1").first()
    return "" if row is None else str(row[0])


def _link(before: str, entry: str) -> str:
    return hashlib.sha256(f"{before}\n{entry}".encode()).hexdigest()


def _entry(operation: Operation, at: datetime, key: bytes) -> str:
    return to_json(
        {
            "at": to_time(at),
            "operation": operation.id,
            "run": operation.run_id,
            "person": operation.person_id,
            "provider": operation.provider,
            "record": _digest(key, operation.record_id),
            "kind": operation.kind,
            "state": operation.state,
            "reason": operation.reason,
            "body": operation.digest,
            "fields": {
                name: [_digest(key, change.before), _digest(key, change.after)]
                for name, change in sorted(operation.fields.items())
            },
        }
    )


def _digest(key: bytes, value: Value | None) -> str | None:
    return None if value is None else keyed_hash(key, to_json(value))[:DIGEST_LENGTH]
