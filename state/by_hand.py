"""What only a person can do, elsewhere: listed until it is ticked off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state.rows import from_time, to_json, to_time
from sync.change import ManualAction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from state.connection import Connection

LISTED = "SELECT person_id, provider, action, since FROM manual_action WHERE done_at IS NULL ORDER BY number"
LISTED_FOR = """
    SELECT m.person_id, m.provider, m.action, m.since FROM json_each(?) AS j
    CROSS JOIN manual_action AS m ON m.person_id = j.value WHERE m.done_at IS NULL ORDER BY m.number
"""


def note(connection: Connection, actions: Sequence[ManualAction], at: datetime) -> None:
    """The actions are listed; one already listed or ticked off is left as it is."""
    if actions:
        connection.exec_driver_sql(
            "INSERT OR IGNORE INTO manual_action (person_id, provider, action, since) VALUES (?, ?, ?, ?)",
            [(a.person_id, a.provider, a.action, to_time(at)) for a in actions],
        )


def drop(connection: Connection, people: Iterable[str], actions: Iterable[str]) -> None:
    """They are neither listed nor known as done."""
    connection.exec_driver_sql(
        "DELETE FROM manual_action WHERE person_id IN (SELECT value FROM json_each(?))"
        " AND action IN (SELECT value FROM json_each(?))",
        (to_json(sorted(people)), to_json(sorted(actions))),
    )


def withdraw(connection: Connection, actions: Sequence[ManualAction]) -> None:
    """They are neither listed nor known as done."""
    connection.exec_driver_sql(
        "DELETE FROM manual_action WHERE person_id = ? AND provider = ? AND action = ?",
        [(a.person_id, a.provider, a.action) for a in actions],
    )


def load(connection: Connection, people: list[str] | None = None) -> list[ManualAction]:
    """All that are not ticked off, or those of some persons, oldest first."""
    if people is None:
        rows = connection.exec_driver_sql(LISTED)
    else:
        rows = connection.exec_driver_sql(LISTED_FOR, (to_json(people),))
    return [
        ManualAction(person_id=person, provider=provider, action=action, since=from_time(since))
        for person, provider, action, since in rows
    ]


def tick_off(connection: Connection, action: ManualAction, at: datetime) -> None:
    """The action is done for good."""
    connection.exec_driver_sql(
        "UPDATE manual_action SET done_at = ? WHERE done_at IS NULL AND person_id = ? AND provider = ?"
        " AND action = ?",
        (to_time(at), action.person_id, action.provider, action.action),
    )
