"""The schema brought to the current version.

Alembic is imported only when there is something to do. Foreign keys are off while a migration runs: with them
on, rebuilding a parent table silently deletes its child rows. One transaction holds the whole step.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from state.checks import APPLICATION_ID, SCHEMA_VERSION, broken_references
from state.connection import make_engine, pragma
from state.digests import renew
from state.points import point
from sync.errors import StateError

if TYPE_CHECKING:
    import sqlite3

    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


def is_current(raw: sqlite3.Connection) -> bool:
    """Whether the database has the schema of this program."""
    return bool(pragma(raw, "user_version") == SCHEMA_VERSION)


def migrate(raw: sqlite3.Connection) -> None:
    """The database has the current schema, or is as it was; nothing else may use ``raw`` meanwhile.

    Raises ``StateError`` when a row refers to a missing one afterwards.
    """
    from sqlalchemy.exc import DBAPIError

    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        with make_engine(raw).begin() as connection:
            _upgrade(connection)
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
            renew(raw)
            if broken_references(connection):
                raise StateError("the migration left rows without their parent; it was rolled back")
            point("migration.before_commit")
    except DBAPIError as error:
        if error.orig is None:
            raise
        raise error.orig from error
    finally:
        raw.execute("PRAGMA foreign_keys=ON")
    point("migration.after_commit")


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
