"""What exports tell of records that are named by their key: that they are there, and by which id."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = (
    """
    CREATE TABLE told (
        rid INTEGER NOT NULL,
        provider VARCHAR NOT NULL,
        record_id VARCHAR,
        PRIMARY KEY (rid),
        UNIQUE (provider, record_id),
        FOREIGN KEY(rid) REFERENCES record (rid) ON DELETE CASCADE
    )
    """,
    "UPDATE provider SET export_digest = NULL",
)


def upgrade() -> None:
    """The table exists, empty; the last export is taken in once more, which fills it."""
    for statement in STATEMENTS:
        op.execute(statement)
