"""The ids that exports tell of records which are named by their key."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENT = """
    CREATE TABLE told (
        rid INTEGER NOT NULL,
        provider VARCHAR NOT NULL,
        record_id VARCHAR NOT NULL,
        PRIMARY KEY (rid),
        UNIQUE (provider, record_id),
        FOREIGN KEY(rid) REFERENCES record (rid) ON DELETE CASCADE
    )
"""


def upgrade() -> None:
    """The table exists, empty: the next export tells them again."""
    op.execute(STATEMENT)
