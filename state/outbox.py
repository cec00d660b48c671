"""Operations: planned, durably about to be sent, settled."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from state import audit, membership, reading, told
from state.operation_rows import to_changes, to_opt_out, to_record
from state.operations import COLUMNS, creates
from state.rows import link_columns, to_contact, to_json, to_time, to_time_or_none
from sync.change import OPEN_STATES, Operation
from sync.errors import StateError
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from state.connection import Connection
    from sync.record import Link
    from sync.store_port import Settled

DONE = ("acked", "verified", "pending")
"""States that count as success; a pending create waits for nothing that planning could add."""

INSERT = f"INSERT INTO operation ({COLUMNS}, planned_at) VALUES ({', '.join('?' * 21)})"  # noqa: S608  # our own names

KEEP_LINK = """
    INSERT INTO link (rid, person_id, evidence, linked_at, base, sent, written, ours, accepted_key, met)
    VALUES (?, (SELECT coalesce(successor, id) FROM person WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (rid) DO UPDATE SET base = excluded.base, sent = excluded.sent, written = excluded.written,
        ours = excluded.ours, accepted_key = excluded.accepted_key, met = excluded.met
    WHERE link.person_id = excluded.person_id
"""


SUPERSEDED = """
    DELETE FROM operation WHERE run_id IS NOT ? AND (state = 'planned'
    OR state = 'blocked' AND person_id IN (SELECT value FROM json_each(?))
    OR state = 'deferred' AND (sent_at IS NULL OR EXISTS (SELECT 1 FROM operation AS l
     WHERE (l.person_id, l.provider, l.kind) = (operation.person_id, operation.provider, operation.kind)
     AND l.sent_at > operation.sent_at)))
"""


def save_plan(
    connection: Connection,
    run_id: str,
    operations: Sequence[Operation],
    at: datetime,
    planned_again: Sequence[str],
) -> None:
    """The operations exist; what earlier runs planned and never sent does not any more.

    What was ``blocked`` for a person who was not ``planned_again`` still holds and stays. So does what was put off
    after it was sent, until something like it is sent again: it may have been applied in part.

    Raises ``StateError`` for a second open create for a person and provider.
    """
    connection.exec_driver_sql(SUPERSEDED, (run_id, to_json(list(planned_again))))
    _refuse_second_create(connection, operations)
    rows = [_columns(replace(operation, run_id=run_id), to_time(at)) for operation in operations]
    if rows:
        connection.exec_driver_sql(INSERT, rows)


OF_DEAD_RUNS = """
    SELECT DISTINCT o.person_id FROM run AS r CROSS JOIN operation AS o ON o.run_id = r.run_id
    WHERE r.finished_at IS NULL AND r.run_id <> ?
    AND r.number > (SELECT coalesce(max(number), 0) FROM run WHERE finished_at IS NOT NULL)
"""


def drop_planned(connection: Connection, run_id: str) -> None:
    """Nothing is planned but by that run; whoever a run that never ended had operations for waits."""
    connection.exec_driver_sql("DELETE FROM operation WHERE state = 'planned' AND run_id IS NOT ?", (run_id,))
    membership.mark_dirty(connection, [row[0] for row in connection.exec_driver_sql(OF_DEAD_RUNS, (run_id,))])


def _refuse_second_create(connection: Connection, operations: Sequence[Operation]) -> None:
    """The unique index would refuse it too, but not for a person merged since the first one."""
    taken = set(creates(connection, OPEN_STATES))
    for operation in operations:
        place = (operation.person_id, operation.provider)
        if operation.kind != "create" or operation.state not in OPEN_STATES:
            continue
        if place in taken:
            raise StateError(f"{operation.provider}: a create for person {operation.person_id} is still open")
        taken.add(place)


def _columns(operation: Operation, at: int) -> tuple[object, ...]:
    record, opt_out = operation.record, operation.opt_out
    return (
        operation.id,
        operation.run_id,
        operation.person_id,
        operation.provider,
        operation.kind,
        operation.state,
        operation.reason,
        operation.record_id,
        to_contact(operation.contact),
        None if record is None else to_record(record),
        to_changes(operation.fields),
        to_json(operation.effects),
        None if opt_out is None else to_opt_out(opt_out),
        operation.attempt,
        operation.digest,
        to_time_or_none(operation.sent_at),
        to_time_or_none(operation.until),
        operation.entry_id,
        operation.message,
        operation.accepted_key,
        at,
    )


def mark_sending(connection: Connection, operations: Sequence[Operation], run_id: str, at: datetime) -> None:
    """The operations are ``sending``; ``StateError`` when one was never planned."""
    if not operations:
        return
    changed = connection.exec_driver_sql(
        "UPDATE operation SET state = 'sending', run_id = ?, sent_at = ?, digest = ?, attempt = ? WHERE id = ?",
        [(run_id, to_time(at), o.digest, o.attempt, o.id) for o in operations],
    )
    if changed.rowcount != len(operations):
        raise StateError("an operation that was never planned cannot be sent")


def save_settled(connection: Connection, settled: Sequence[Settled], at: datetime, key: bytes) -> None:
    """Operation, record, link and audit entry of each outcome are kept.

    Raises ``StateError`` for an operation that was never planned.
    """
    operations = [s.operation for s in settled]
    if not operations:
        return
    changed = connection.exec_driver_sql(
        "UPDATE operation SET state = ?, reason = ?, record_id = ?, attempt = ?, digest = ?, until = ?,"
        " entry_id = ?, message = ?, accepted_key = ?, effects = ?, settled_at = ?"
        " WHERE id = ?",
        [
            (
                *(o.state, o.reason, o.record_id, o.attempt, o.digest, to_time_or_none(o.until)),
                *(o.entry_id, o.message, o.accepted_key),
                *(to_json(o.effects), to_time(at), o.id),
            )
            for o in operations
        ],
    )
    if changed.rowcount != len(operations):
        raise StateError("an operation that was never planned cannot be settled")
    for outcome in settled:
        _keep_record(connection, outcome, to_time(at))
    audit.append(connection, operations, at, key)
    _settle_people(connection, operations)


def _keep_record(connection: Connection, outcome: Settled, at: int) -> None:
    if outcome.read is not None:
        reading.save_echo(connection, outcome.read, at)
    operation = outcome.operation
    if outcome.link is not None and operation.record_id is not None:
        ref = RecordRef(operation.provider, operation.record_id)
        rid = reading.rid_of(connection, ref, at, operation.contact)
        if operation.kind == "create":
            told.drop(connection, rid)
        _keep_link(connection, rid, outcome.link)


def _keep_link(connection: Connection, rid: int, link: Link) -> None:
    """The link is kept, unless the record belongs to another person already."""
    connection.exec_driver_sql(KEEP_LINK, (rid, *link_columns(link)))


def _settle_people(connection: Connection, operations: Sequence[Operation]) -> None:
    """Whoever had an operation that did not succeed waits; others only if more of the same run is open.

    What is ``verified`` was a success before, and what an earlier run planned was planned with less than is known
    now; whatever its person waits for by then is something else.
    """
    failed = {o.person_id for o in operations if o.state not in DONE}
    membership.mark_dirty(connection, failed)
    run = connection.exec_driver_sql("SELECT run_id FROM run ORDER BY number DESC LIMIT 1").first()
    if run is None:
        return
    ours = {o.person_id for o in operations if o.state != "verified" and o.run_id == run[0]}
    connection.exec_driver_sql(
        "DELETE FROM dirty_person WHERE person_id IN (SELECT value FROM json_each(?)) AND NOT EXISTS"
        " (SELECT 1 FROM operation AS o WHERE o.person_id = dirty_person.person_id AND o.state NOT IN (?, ?, ?)"
        " AND o.run_id = ?)",
        (to_json(sorted(ours - failed)), *DONE, run[0]),
    )
