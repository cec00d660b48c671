"""Human judgements on pairs of records; they outlive any rebuild because they go by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from state.rows import from_time, to_json, to_time
from sync.person import Decision
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from state.connection import Connection

NAMES = ("a_provider", "a_record_id", "b_provider", "b_record_id", "verdict", "judge", "at")
OWN = ", ".join(NAMES)
COLUMNS = ", ".join(f"d.{name}" for name in NAMES)
ALL = f"SELECT {COLUMNS} FROM decision AS d ORDER BY d.number"  # noqa: S608  # only our own column names
ABOUT = f"""
    SELECT {COLUMNS} FROM decision AS d WHERE d.number IN (
        SELECT o.number FROM json_each(?) AS j CROSS JOIN decision AS o
        ON o.a_provider = json_extract(j.value, '$[0]') AND o.a_record_id = json_extract(j.value, '$[1]')
        UNION SELECT o.number FROM json_each(?) AS j CROSS JOIN decision AS o
        ON o.b_provider = json_extract(j.value, '$[0]') AND o.b_record_id = json_extract(j.value, '$[1]')
    ) ORDER BY d.number
"""  # noqa: S608  # only our own column names
FROM_DECISIONS = f"""
    SELECT {COLUMNS} FROM decision AS d
    CROSS JOIN record AS a ON a.provider = d.a_provider AND a.record_id = d.a_record_id
    CROSS JOIN record AS b ON b.provider = d.b_provider AND b.record_id = d.b_record_id
    WHERE +a.rid IN (SELECT rid FROM region) AND +b.rid IN (SELECT rid FROM region)
    ORDER BY d.number
"""  # noqa: S608  # only our own column names
FROM_REGION = f"""
    SELECT {COLUMNS} FROM region AS g CROSS JOIN record AS a ON a.rid = g.rid
    CROSS JOIN decision AS d ON d.a_provider = a.provider AND d.a_record_id = a.record_id
    CROSS JOIN record AS b ON b.provider = d.b_provider AND b.record_id = d.b_record_id
    WHERE +b.rid IN (SELECT rid FROM region)
    ORDER BY d.number
"""  # noqa: S608  # only our own column names
"""The plus keeps SQLite from trying every record of the region for each decision: 37 s for 10,000 of each."""

OF_PAIR = "a_provider = ? AND a_record_id = ? AND b_provider = ? AND b_record_id = ?"
KEEP_REPLACED = f"""
    INSERT INTO replaced_decision ({OWN})
    SELECT {COLUMNS} FROM decision AS d WHERE {OF_PAIR} AND verdict <> ?
"""  # noqa: S608  # only our own words
LAST_REPLACED = f"SELECT {COLUMNS} FROM replaced_decision AS d WHERE {OF_PAIR} ORDER BY d.number DESC LIMIT 1"  # noqa: S608  # only our own words
FORGET_REPLACED = f"""
    DELETE FROM replaced_decision WHERE number = (SELECT max(number) FROM replaced_decision WHERE {OF_PAIR})
"""  # noqa: S608  # only our own words


def decide(connection: Connection, decision: Decision) -> None:
    """The judgement stands instead of another one on the two records, which is kept, and they wait for matching.

    One that says what stands already leaves it, with its time and its judge.
    """
    pair = _pair(decision.a, decision.b)
    connection.exec_driver_sql(KEEP_REPLACED, (*pair, decision.verdict))
    connection.exec_driver_sql(f"DELETE FROM decision WHERE {OF_PAIR} AND verdict <> ?", (*pair, decision.verdict))  # noqa: S608  # only our own words
    connection.exec_driver_sql(
        f"INSERT OR IGNORE INTO decision ({OWN}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # only our own column names
        (*pair, decision.verdict, decision.by, to_time(decision.at)),
    )
    _wait(connection, decision.a, decision.b)


def withdraw(connection: Connection, a: RecordRef, b: RecordRef) -> None:
    """The judgement on the two records does not stand, and they wait for matching.

    What it had replaced is forgotten with it: whoever withdraws decides it again (see ``replaced``).
    """
    pair = _pair(a, b)
    connection.exec_driver_sql(f"DELETE FROM decision WHERE {OF_PAIR}", pair)  # noqa: S608  # only our own words
    connection.exec_driver_sql(FORGET_REPLACED, pair)
    _wait(connection, a, b)


def _wait(connection: Connection, *records: RecordRef) -> None:
    connection.exec_driver_sql(
        "INSERT OR IGNORE INTO dirty_record SELECT rid FROM record WHERE provider = ? AND record_id = ?",
        [(ref.provider, ref.record_id) for ref in records],
    )


def replaced(connection: Connection, pairs: Iterable[tuple[RecordRef, RecordRef]]) -> list[Decision]:
    """What the judgement that stands on each pair replaced, of those that replaced one."""
    rows = (connection.exec_driver_sql(LAST_REPLACED, _pair(a, b)).first() for a, b in pairs)
    return [_decision(*row) for row in rows if row is not None]


def judge(
    connection: Connection, decided: Iterable[Decision], withdrawn: Iterable[tuple[RecordRef, RecordRef]]
) -> None:
    """Some judgements are withdrawn, then others stand."""
    for a, b in withdrawn:
        withdraw(connection, a, b)
    for decision in decided:
        decide(connection, decision)


def _pair(a: RecordRef, b: RecordRef) -> tuple[str, str, str, str]:
    return (*a, *b) if a <= b else (*b, *a)


def load(connection: Connection, about: Iterable[RecordRef] | None = None) -> list[Decision]:
    """All that stand, or those about some records, oldest first; the two records of each in order."""
    if about is None:
        return [_decision(*row) for row in connection.exec_driver_sql(ALL)]
    names = to_json([[ref.provider, ref.record_id] for ref in about])
    return [_decision(*row) for row in connection.exec_driver_sql(ABOUT, (names, names))]


def inside(connection: Connection) -> list[Decision]:
    """Those whose two records both lie in the temporary table ``region``, oldest first."""
    sizes = connection.exec_driver_sql("SELECT (SELECT count(*) FROM decision), (SELECT count(*) FROM region)")
    all_decisions, records = sizes.one()
    rows = connection.exec_driver_sql(FROM_DECISIONS if all_decisions < records else FROM_REGION)
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
