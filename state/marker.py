"""The marker beside the database: the newest run it has seen, and on which machine.

A database that knows of fewer runs than its marker is an older copy that was put back; one that knows of runs and
has no marker may be. One whose marker names another machine was copied or moved here, and may still be written
there.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, NamedTuple

from state.connection import translated
from state.host import host
from state.points import point
from sync.private_files import replace_private

if TYPE_CHECKING:
    from pathlib import Path

    from state.connection import Connection


class Marker(NamedTuple):
    """``lineage`` names a database for life, ``serial`` grows with each run. ``host``: the machine of the last
    run, ``None`` where nothing told it.
    """

    lineage: str
    serial: int
    host: str | None = None


class Noted(NamedTuple):
    """What was found at an opening and not yet accepted by a person."""

    lost: bool
    rolled_back: bool


def marker_path(database: Path) -> Path:
    """Where the marker of a database is kept."""
    return database.with_name(database.name + ".marker")


def load_marker(database: Path) -> Marker | None:
    """The marker, or ``None`` when there is none that can be read."""
    try:
        told = json.loads(marker_path(database).read_text(encoding="ascii"))
        return Marker(str(told["lineage"]), int(told["serial"]), told.get("host"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save_marker(database: Path, marker: Marker) -> None:
    """The marker is on disk, with this machine. Written after the commit: a marker behind its database never
    alarms.

    Raises ``StateError`` when it cannot be written.
    """
    point("marker.before_replace")
    with translated("the marker beside the state database cannot be written"):
        replace_private(marker_path(database), json.dumps(marker._replace(host=host())._asdict()) + "\n")
    point("marker.after_replace")


def is_rolled_back(marker: Marker | None, own: Marker) -> bool:
    """Whether the database with marker ``own`` is older than, or another than, the one marked, or may be.

    A first run that dies before its marker is written has begun no run yet.
    """
    if marker is None:
        return own.serial > 0
    return marker.lineage != own.lineage or marker.serial > own.serial


def is_elsewhere(marker: Marker | None) -> bool:
    """Whether the last run was on another machine than this."""
    here = host()
    return marker is not None and None not in {marker.host, here} and marker.host != here


def own(connection: Connection) -> tuple[int, Marker]:
    """The database's epoch and its own marker; blank in a database that was never opened to the end."""
    row = connection.exec_driver_sql("SELECT epoch, lineage, serial FROM store").first()
    return (0, Marker("", 0)) if row is None else (row[0], Marker(row[1], row[2]))


def begin_lineage(connection: Connection, told: Marker | None) -> bool:
    """The database has a name for life; whether it was given now, which only happens to an empty one.

    Its runs are counted on from the marker that was ``told``, so that it still shows that there were some.
    """
    if connection.exec_driver_sql("SELECT count(*) FROM store").scalar_one():
        return False
    named = (secrets.token_hex(16), told.serial if told else 0)
    connection.exec_driver_sql("INSERT INTO store VALUES (1, ?, ?, 0, 0, 0)", named)
    return True


def note(connection: Connection, *, lost: bool, rolled_back: bool) -> Noted:
    """What was found now is noted beside what was noted before; writes in any case, so it needs the right to."""
    connection.exec_driver_sql(
        "UPDATE store SET lost = max(lost, ?), rolled_back = max(rolled_back, ?)", (lost, rolled_back)
    )
    return noted(connection)


def noted(connection: Connection) -> Noted:
    """What is noted; nothing in a database that was never opened to the end."""
    row = connection.exec_driver_sql("SELECT lost, rolled_back FROM store").first()
    return Noted(lost=False, rolled_back=False) if row is None else Noted(bool(row[0]), bool(row[1]))


def accept(connection: Connection, database: Path | None) -> Marker:
    """The database is the right one: nothing is noted against it, and it is ahead of its marker."""
    told = None if database is None else load_marker(database)
    connection.exec_driver_sql(
        "UPDATE store SET lost = 0, rolled_back = 0, serial = max(serial, ?) + 1", (told.serial if told else 0,)
    )
    return own(connection)[1]
