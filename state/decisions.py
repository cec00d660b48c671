"""Human judgements on pairs of records; they outlive any rebuild because they go by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from state.rows import from_time, to_time
from sync.person import Decision
from sync.record import RecordRef

if TYPE_CHECKING:
    from sqlalchemy import Connection

ALL = """
    SELECT d.a_provider, d.a_record_id, d.b_provider, d.b_record_id, d.verdict, d.judge, d.at
    FROM decision AS d ORDER BY d.number
"""
INSIDE = """
    SELECT d.a_provider, d.a_record_id, d.b_provider, d.b_record_id, d.verdict, d.judge, d.at
    FROM decision AS d
    CROSS JOIN record AS a ON a.provider = d.a_provider AND a.record_id = d.a_record_id
    CROSS JOIN record AS b ON b.provider = d.b_provider AND b.record_id = d.b_record_id
    WHERE a.rid IN (SELECT rid FROM region) AND b.rid IN (SELECT rid FROM region)
    ORDER BY d.number
"""


def decide(connection: Connection, decision: Decision) -> None:
    """The judgement stands instead of any former one on the two records, which wait for matching."""
    a, b = _ordered(decision.a, decision.b)
    withdraw(connection, a, b)
    connection.exec_driver_sql(
        "INSERT INTO decision (a_provider, a_record_id, b_provider, b_record_id, verdict, judge, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (a.provider, a.record_id, b.provider, b.record_id, decision.verdict, decision.by, to_time(decision.at)),
    )


def withdraw(connection: Connection, a: RecordRef, b: RecordRef) -> None:
    """There is no judgement on the two records, which wait for matching."""
    a, b = _ordered(a, b)
    connection.exec_driver_sql(
        "DELETE FROM decision WHERE a_provider = ? AND a_record_id = ? AND b_provider = ? AND b_record_id = ?",
        (a.provider, a.record_id, b.provider, b.record_id),
    )
    connection.exec_driver_sql(
        "INSERT OR IGNORE INTO dirty_record SELECT rid FROM record WHERE provider = ? AND record_id = ?",
        [(ref.provider, ref.record_id) for ref in (a, b)],
    )


def _ordered(a: RecordRef, b: RecordRef) -> tuple[RecordRef, RecordRef]:
    return (a, b) if a <= b else (b, a)


def load(connection: Connection) -> list[Decision]:
    """All that stand, oldest first; the two records of each in order."""
    rows = connection.exec_driver_sql(ALL)
    return [_decision(*row) for row in rows]


def inside(connection: Connection) -> list[Decision]:
    """Those whose two records both lie in the temporary table ``region``, oldest first."""
    rows = connection.exec_driver_sql(INSIDE)
    return [_decision(*row) for row in rows]


def _decision(*row: Any) -> Decision:
    a_provider, a_record_id, b_provider, b_record_id, verdict, judge, at = row
    return Decision(
        a=RecordRef(a_provider, a_record_id),
        b=RecordRef(b_provider, b_record_id),
        verdict=verdict,
        by=judge,
        at=from_time(at),
    )
