"""One sum a table over the digests of its rows, so that a row that changed by itself shows.

SQLite does not notice when a bit of a stored value turns over. Temporary triggers tell this module of each row
that is written and of the one it replaces; the sums move by the difference and are stored by the same
transaction, so no statement has to know. A check reads every row and adds up anew: a row that changed, one that is
missing and one that is there twice all make a difference. The schema's own statements are summed up like a table.

Not summed up is what is derived from other rows (``alike_mark``, ``counted``), says only when something was seen
(``sighting``), or is empty between runs (``dirty_person``, ``dirty_record``).
"""

from __future__ import annotations

import sqlite3
from marshal import dumps
from typing import TYPE_CHECKING, Any
from zlib import crc32

from state.connection import RESTORE, pragma, transaction
from sync.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from state.connection import Connection

SUMMED = (
    "audit", "before_merge", "cannot_express", "decision", "field_conflict", "former_member", "generic_key",
    "hold", "link", "manual_action", "once_one", "operation", "opt_out", "person", "provider", "record",
    "record_key", "replaced_decision", "run", "store", "suspicion", "sweep", "taken_export", "told",
)  # fmt: skip
SINCE = {"generic_key": 4, "taken_export": 5, "told": 5, "replaced_decision": 6, "once_one": 7}
"""The version of the schema that brought a table; those that are not named came with the first sums."""
SCHEMA = "schema"
"""The name under which the sum over the schema is kept."""

STATEMENTS = "SELECT type, name, tbl_name, sql FROM main.sqlite_master WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'"
ROWS = {name: f"SELECT * FROM main.{name} NOT INDEXED" for name in SUMMED} | {SCHEMA: STATEMENTS}  # noqa: S608  # our own names
MODULUS = 1 << 64
ENCODING = 2
"""The version of ``marshal`` in which equal rows are equal bytes, whether they share values or not."""

NEVER = 0


def digest(row: tuple[Any, ...]) -> int:
    """The digest of a row: a checksum that any run of changed bits within 32 alters.

    It is squared, so that the same difference in two rows does not cancel out in their sum.
    """
    checksum = crc32(dumps(row, ENCODING))
    return checksum * checksum


def summed(raw: sqlite3.Connection) -> list[str]:
    """The tables over which a database of its schema keeps sums."""
    version = pragma(raw, "user_version")
    return [name for name in SUMMED if version >= SINCE.get(name, 0)]


class Sums:
    """The sums over what one connection writes."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw
        self._moved = dict.fromkeys(SUMMED, 0)
        self._checked_at = NEVER

    def follow(self) -> None:
        """From now on every row that is written over the connection counts."""
        for name in summed(self._raw):
            columns = _columns(self._raw, name)
            for event, told in self._told(name, len(columns)).items():
                self._raw.create_function(f"{name}_{event}", -1, told)
                self._raw.execute(_trigger(name, event, columns))

    def found_whole(self, at: int) -> None:
        """The next transaction notes that every row was checked."""
        self._checked_at = at

    def keep(self, connection: Connection) -> None:
        """The sums in the database take in what was written since the last time."""
        moved = [(name, by % MODULUS) for name, by in self._moved.items() if by % MODULUS]
        for name, by in moved:
            total = connection.exec_driver_sql("SELECT total FROM table_sum WHERE name = ?", (name,)).scalar_one()
            now = _text(int(total, 16) + by)
            connection.exec_driver_sql("UPDATE table_sum SET total = ? WHERE name = ?", (now, name))
        if self._checked_at != NEVER:
            connection.exec_driver_sql("UPDATE table_sum SET checked_at = ?", (self._checked_at,))
        self.drop()

    def drop(self) -> None:
        """What was written since the last time does not count: it is kept, or it was rolled back."""
        self._moved = dict.fromkeys(SUMMED, 0)
        self._checked_at = NEVER

    def _told(self, name: str, width: int) -> dict[str, Callable[..., None]]:
        """What is called with the former row, the new one, or both, by what happens to it."""

        def insert(*row: Any) -> None:
            self._moved[name] += digest(row)

        def update(*rows: Any) -> None:
            self._moved[name] += digest(rows[width:]) - digest(rows[:width])

        def delete(*row: Any) -> None:
            self._moved[name] -= digest(row)

        return {"INSERT": insert, "UPDATE": update, "DELETE": delete}


def are_kept(raw: sqlite3.Connection) -> bool:
    """Whether the database has sums; one of an older schema has none."""
    return raw.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'table_sum'").fetchone() is not None


def last_check(raw: sqlite3.Connection) -> int:
    """When every row was last checked, in microseconds since 1970; ``NEVER`` before the first time."""
    return int(raw.execute("SELECT min(checked_at) FROM table_sum").fetchone()[0] or NEVER)


def renew(raw: sqlite3.Connection) -> None:
    """The sums are those of what the tables hold now."""
    raw.execute("DELETE FROM table_sum")
    raw.executemany(
        "INSERT INTO table_sum (name, total, checked_at) VALUES (?, ?, ?)",
        [(name, _total(raw, name), NEVER) for name in (SCHEMA, *summed(raw))],
    )


def check(raw: sqlite3.Connection) -> None:
    """Every table holds the rows that were written. Raises ``StateError`` that names one that does not."""
    for name in (SCHEMA, *summed(raw)):
        with transaction(raw, "BEGIN"):  # one at a time, so that a writer waits for none of them long
            if not _is_whole(raw, name):
                raise StateError(
                    f"the state database is damaged: table {name} does not hold what was written", remedy=RESTORE
                )


def _is_whole(raw: sqlite3.Connection, name: str) -> bool:
    kept = raw.execute("SELECT total FROM table_sum WHERE name = ?", (name,)).fetchone()
    try:
        return kept is not None and kept[0] == _total(raw, name)
    except (sqlite3.OperationalError, UnicodeDecodeError):  # bytes that are no text, repeated in SQLite's words
        return False


def _total(raw: sqlite3.Connection, name: str) -> str:
    return _text(sum(map(digest, raw.execute(ROWS[name]))))


def _text(total: int) -> str:
    return f"{total % MODULUS:016x}"


def _columns(raw: sqlite3.Connection, name: str) -> list[str]:
    return [column[0] for column in raw.execute(f"SELECT * FROM main.{name} LIMIT 0").description]  # noqa: S608  # our own names


def _trigger(name: str, event: str, columns: Sequence[str]) -> str:
    sides = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}[event]
    rows = ", ".join(f"{side}.{column}" for side in sides for column in columns)
    return (
        f"CREATE TEMP TRIGGER {name}_{event} AFTER {event} ON main.{name} BEGIN SELECT {name}_{event}({rows}); END"
    )
