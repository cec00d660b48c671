"""What exports tell of records that are named by their key, and which exports were taken in."""

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
    """
    CREATE TABLE taken_export (
        provider VARCHAR NOT NULL,
        digest VARCHAR NOT NULL,
        PRIMARY KEY (provider, digest)
    ) WITHOUT ROWID
    """,
    "UPDATE provider SET export_digest = NULL",
)


def upgrade() -> None:
    """The tables exist, empty; the last export is taken in once more, which fills them."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
