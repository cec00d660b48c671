"""The marker beside the database: the newest run it has seen.

A database that knows of fewer runs than its marker is an older copy that was put back.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from state.files import replace_private
from state.points import point

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection


class Marker(NamedTuple):
    """``lineage`` names a database for life, ``serial`` grows with each run."""

    lineage: str
    serial: int


def marker_path(database: Path) -> Path:
    """Where the marker of a database is kept."""
    return database.with_name(database.name + ".marker")


def load_marker(database: Path) -> Marker | None:
    """The marker, or ``None`` when there is none that can be read."""
    try:
        told = json.loads(marker_path(database).read_text(encoding="ascii"))
        return Marker(str(told["lineage"]), int(told["serial"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save_marker(database: Path, marker: Marker) -> None:
    """The marker is on disk. Written after the commit: a marker behind its database never alarms."""
    point("marker.before_replace")
    replace_private(marker_path(database), json.dumps(marker._asdict()) + "\n")
    point("marker.after_replace")


def is_rolled_back(marker: Marker | None, own: Marker) -> bool:
    """Whether the database with marker ``own`` is older than, or another than, the one marked."""
    return marker is not None and (marker.lineage != own.lineage or marker.serial > own.serial)


def own(connection: Connection) -> tuple[int, Marker]:
    """The database's epoch and its own marker."""
    row = connection.exec_driver_sql("SELECT epoch, lineage, serial FROM store").one()
    return row[0], Marker(row[1], row[2])


def accept(connection: Connection, database: Path | None) -> Marker:
    """The database is the right one: nothing is noted against it, and it is ahead of its marker."""
    told = None if database is None else load_marker(database)
    connection.exec_driver_sql(
        "UPDATE store SET lost = 0, rolled_back = 0, serial = max(serial, ?) + 1", (told.serial if told else 0,)
    )
    return own(connection)[1]
