"""The least that a stage can cost with what it keeps: its rows written by their statements alone.

They go into another store of the same schema, so indexes, references, durability and the sums over rows are what
they are in the product. Reading, deciding and making the rows are not timed.
"""

from __future__ import annotations

from itertools import islice
from time import process_time as clock
from typing import TYPE_CHECKING

from state.connection import open_raw
from state.membership import CREATE, TIE
from state.strangers import TAKE_MERGED

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from state.store import SqliteStore

AT_ONCE = 10_000

Copied = tuple[str, str]
"""What selects rows of the store, and what writes them into the other one."""

INGEST: Sequence[Copied] = (
    ("SELECT * FROM record ORDER BY rid", "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    ("SELECT * FROM record_key ORDER BY rid, place", "INSERT INTO record_key VALUES (?, ?, ?, ?, ?, ?, ?)"),
    ("SELECT mark, rid FROM alike_mark ORDER BY rid", "INSERT INTO alike_mark VALUES (?, ?)"),
)
MATCH: Sequence[Copied] = (
    ("SELECT id, created_at FROM person ORDER BY id", CREATE),
    ("SELECT rid, person_id, evidence, linked_at FROM link ORDER BY person_id", TIE),
)
MERGE: Sequence[Copied] = (
    ("SELECT merged_at, fields, choices, id FROM person ORDER BY id", TAKE_MERGED),
    ("SELECT met, base, rid FROM link ORDER BY person_id", "UPDATE link SET met = ?, base = ? WHERE rid = ?"),
)


def write_alone(source: Path, target: SqliteStore, copied: Sequence[Copied]) -> float:
    """Seconds of the processor for the rows alone, ten thousand of them a transaction."""
    raw = open_raw(source, "ro")
    try:
        return sum(_written(target, insert, raw.execute(select)) for select, insert in copied)
    finally:
        raw.close()


def _written(target: SqliteStore, statement: str, rows: sqlite3.Cursor) -> float:
    seconds = 0.0
    while batch := list(islice(rows, AT_ONCE)):
        begun = clock()
        with target.database.write("page") as connection:
            connection.exec_driver_sql(statement, batch)
        seconds += clock() - begun
    return seconds
