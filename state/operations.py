"""Operations as they are kept, for whoever asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from state.operation_rows import from_changes, from_opt_out, from_record
from state.rows import from_contact, from_json, from_time, from_time_or_none, to_json, to_time, to_time_or_none
from sync.change import OPEN_STATES, OPT_OUT_KINDS, Operation
from sync.codes import StateReason
from sync.dossier import Sent
from sync.record import RecordRef
from sync.store_port import Standing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from state.connection import Connection
    from sync.change import Kind, State

COLUMNS = (
    "id, run_id, person_id, provider, kind, state, reason, record_id, contact, record, fields, effects, opt_out,"
    " attempt, digest, sent_at, until, entry_id, message, accepted_key"
)
"""Of an operation, in the order of ``_columns`` and ``_operation``."""
SELECT = f"SELECT {COLUMNS} FROM operation"  # noqa: S608  # our own names


def load(
    connection: Connection,
    states: Iterable[State] | None,
    kinds: Iterable[Kind] | None,
    reasons: Iterable[str] | None,
    provider: str | None,
    run_id: str | None,
    sent_since: datetime | None,
) -> list[Operation]:
    """Operations that are all of that, oldest first; ``None`` = whatever it is."""
    limits = {
        "state IN (SELECT value FROM json_each(?))": None if states is None else to_json(sorted(states)),
        "kind IN (SELECT value FROM json_each(?))": None if kinds is None else to_json(sorted(kinds)),
        "reason IN (SELECT value FROM json_each(?))": None if reasons is None else to_json(sorted(reasons)),
        "provider = ?": provider,
        "run_id = ?": run_id,
        "sent_at >= ?": to_time_or_none(sent_since),
    }
    wanted = {limit: value for limit, value in limits.items() if value is not None}
    where = f" WHERE {' AND '.join(wanted)}" if wanted else ""
    rows = connection.exec_driver_sql(f"{SELECT}{where} ORDER BY number", tuple(wanted.values()))
    return [_operation(row) for row in rows]


WRITES_AT = f"""
    {SELECT} WHERE kind IN ('update', 'variables') AND (provider, record_id) IN (
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)
    ) AND sent_at IS NOT NULL AND state NOT IN ('planned', 'blocked', 'refused') ORDER BY number
"""  # noqa: S608  # our own names


def writes_at(connection: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, list[Operation]]:
    """See ``Store.writes_at``."""
    found: dict[RecordRef, list[Operation]] = {}
    for row in connection.exec_driver_sql(WRITES_AT, (_names(refs),)):
        operation = _operation(row)
        found.setdefault(RecordRef(operation.provider, str(operation.record_id)), []).append(operation)
    return found


def _names(refs: Iterable[RecordRef]) -> str:
    return to_json([[ref.provider, ref.record_id] for ref in refs])


IN_DOUBT = """
    SELECT DISTINCT d.person_id FROM json_each(?) AS j
    CROSS JOIN record AS r ON r.provider = json_extract(j.value, '$[0]')
        AND r.record_id = json_extract(j.value, '$[1]')
    CROSS JOIN link AS l ON l.rid = r.rid CROSS JOIN dirty_person AS d ON d.person_id = l.person_id
    CROSS JOIN person AS p ON p.id = l.person_id OR p.successor = l.person_id
    CROSS JOIN operation AS o ON o.person_id = p.id AND o.provider = r.provider AND o.record_id = r.record_id
    WHERE o.kind IN ('update', 'variables') AND o.state IN ('unknown', 'failed') AND o.reason = ?
"""


def waiting_in_doubt(connection: Connection, refs: Iterable[RecordRef]) -> list[str]:
    """See ``Store.waiting_in_doubt``."""
    rows = connection.exec_driver_sql(IN_DOUBT, (_names(refs), StateReason.OUTCOME_UNKNOWN))
    return [row[0] for row in rows]


VALUELESS = "contact = '{}', record = NULL, message = NULL, accepted_key = NULL"
"""What to set in an operation, beside its fields, so that it knows nobody's values."""
OLD_VALUES = """
    FROM operation WHERE settled_at < ? AND kind NOT IN (SELECT value FROM json_each(?))
    AND (state = 'verified' OR state = 'acked' AND provider IN (SELECT value FROM json_each(?)))
    AND (contact <> '{}' OR record IS NOT NULL)
"""
DROP_VALUES = f"""
    UPDATE operation SET {VALUELESS}, fields = (
        SELECT json_group_object(key, json_set(value, '$[0]', NULL, '$[1]', NULL)) FROM json_each(operation.fields)
    ) WHERE number IN (SELECT number {OLD_VALUES})
"""  # noqa: S608  # our own words


def drop_values(connection: Connection, settled_before: datetime, never_read: Collection[str]) -> None:
    """See ``Store.drop_values``."""
    connection.exec_driver_sql(DROP_VALUES, _old(settled_before, never_read))


def have_old_values(connection: Connection, settled_before: datetime, never_read: Collection[str]) -> bool:
    """Whether ``drop_values`` would change anything."""
    row = connection.exec_driver_sql(f"SELECT 1 {OLD_VALUES} LIMIT 1", _old(settled_before, never_read)).first()
    return row is not None


def _old(settled_before: datetime, never_read: Collection[str]) -> tuple[object, ...]:
    return to_time(settled_before), to_json(sorted(OPT_OUT_KINDS)), to_json(sorted(never_read))


def standing(connection: Connection, states: Iterable[State]) -> list[Standing]:
    """The operations in these states, without their values.

    What was blocked for somebody who is merged into another one by now is no longer wished.
    """
    rows = connection.exec_driver_sql(
        "SELECT o.id, o.person_id, o.provider, o.kind, o.reason FROM operation AS o"
        " JOIN person AS p ON p.id = o.person_id"
        " WHERE o.state IN (SELECT value FROM json_each(?)) AND (o.state <> 'blocked' OR p.status = 'active')",
        (to_json(sorted(states)),),
    )
    return [Standing(*row) for row in rows]


def of_people(connection: Connection, ids: Iterable[str]) -> list[Sent]:
    """All operations of those persons with their times, oldest first."""
    rows = connection.exec_driver_sql(
        f"SELECT planned_at, settled_at, {COLUMNS} FROM operation"  # noqa: S608  # our own names
        " WHERE person_id IN (SELECT value FROM json_each(?)) ORDER BY number",
        (to_json(sorted(ids)),),
    )
    return [
        Sent(operation=_operation(row), planned_at=from_time(planned_at), settled_at=from_time_or_none(settled_at))
        for planned_at, settled_at, *row in rows
    ]


def open_creates(connection: Connection) -> dict[tuple[str, str], tuple[Operation, ...]]:
    """(person, provider) → the creates that are under way or whose outcome is open."""
    return creates(connection, OPEN_STATES - {"planned"})


def creates(connection: Connection, states: Iterable[State]) -> dict[tuple[str, str], tuple[Operation, ...]]:
    """Oldest first. A merged person's create is its successor's, who may so have several at one provider."""
    rows = connection.exec_driver_sql(
        SELECT + " WHERE kind = 'create' AND state IN (SELECT value FROM json_each(?)) ORDER BY number",  # noqa: S608  # our own names
        (to_json(sorted(states)),),
    )
    operations = [_operation(row) for row in rows]
    goes_on = _successors(connection, [o.person_id for o in operations])
    found: dict[tuple[str, str], tuple[Operation, ...]] = {}
    for operation in operations:
        own = replace(operation, person_id=goes_on.get(operation.person_id, operation.person_id))
        place = (own.person_id, own.provider)
        found[place] = (*found.get(place, ()), own)
    return found


def _successors(connection: Connection, people: list[str]) -> dict[str, str]:
    if not people:
        return {}
    rows = connection.exec_driver_sql(
        "SELECT p.id, p.successor FROM json_each(?) AS j CROSS JOIN person AS p ON p.id = j.value"
        " WHERE p.successor IS NOT NULL",
        (to_json(people),),
    )
    return {row[0]: row[1] for row in rows}


def _operation(row: Sequence[Any]) -> Operation:
    """An operation of ``COLUMNS``."""
    own, run_id, person_id, provider, kind, state, reason, record_id, contact, record, *rest = row
    changes, effects, opt_out, attempt, digest, sent_at, until, entry_id, message, accepted = rest
    return Operation(
        id=own,
        person_id=person_id,
        provider=provider,
        kind=kind,
        contact=from_contact(contact),
        reason=reason,
        record=None if record is None else from_record(record),
        record_id=record_id,
        fields=from_changes(changes),
        effects=tuple(from_json(effects)),
        opt_out=None if opt_out is None else from_opt_out(opt_out),
        state=state,
        attempt=attempt,
        digest=digest,
        run_id=run_id,
        sent_at=from_time_or_none(sent_at),
        until=from_time_or_none(until),
        entry_id=entry_id,
        message=message,
        accepted_key=accepted,
    )
