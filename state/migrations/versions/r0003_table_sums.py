"""One sum a table over its rows, by which a row that changed by itself is found.

``state.migrating`` fills it after the last migration.
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENT = """
    CREATE TABLE table_sum (
        name VARCHAR NOT NULL,
        total VARCHAR NOT NULL,
        checked_at INTEGER NOT NULL,
        PRIMARY KEY (name)
    ) WITHOUT ROWID
"""


def upgrade() -> None:
    """The table exists, empty."""
    op.get_bind().exec_driver_sql(STATEMENT)
