"""Records that were one person's until something they show parted them.

Nothing in the records tells it afterwards, so it is kept for as long as both are there: they are in question while
they are of two people on whom nobody judged, and again once a judgement is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import Suspicion
from sync.matching.values import DISPUTED, REMEMBERED
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from state.connection import Connection

COLUMNS = "o.a, o.b, a.provider, a.record_id, b.provider, b.record_id, o.reason"
NAMES = "CROSS JOIN record AS a ON a.rid = o.a CROSS JOIN record AS b ON b.rid = o.b"
INSIDE = f"""
    SELECT {COLUMNS} FROM region AS g CROSS JOIN once_one AS o ON o.a = g.rid {NAMES}
    WHERE o.b IN (SELECT rid FROM region)
"""  # noqa: S608  # only our own words
REMEMBER = """
    INSERT OR IGNORE INTO once_one SELECT a.rid, b.rid, ? FROM record AS a, record AS b
    WHERE a.provider = ? AND a.record_id = ? AND b.provider = ? AND b.record_id = ?
"""


def remember(connection: Connection, found: Sequence[Suspicion]) -> None:
    """Those of the suspicions that are about who was one person are told again from now on."""
    rows = [(s.reason, *s.records[0], *s.records[1]) for s in found if s.reason in REMEMBERED]
    if rows:
        connection.exec_driver_sql(REMEMBER, rows)


def inside(connection: Connection) -> list[Suspicion]:
    """Those whose two records both lie in the temporary table ``region``, whether somebody judged or not."""
    return [pair_of(*row)[2] for row in connection.exec_driver_sql(INSIDE)]


def pair_of(
    a: int, b: int, a_provider: str, a_record_id: str, b_provider: str, b_record_id: str, reason: str
) -> tuple[int, int, Suspicion]:
    """A row of ``COLUMNS``: both numbers, and what is in question about them."""
    records = (RecordRef(a_provider, a_record_id), RecordRef(b_provider, b_record_id))
    return a, b, Suspicion(records=records, score=DISPUTED, reason=reason)
