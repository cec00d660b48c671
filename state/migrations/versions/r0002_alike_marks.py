"""Marks by which records that may look alike are found without reading all of them."""

from __future__ import annotations

from alembic import op

from state.marks import mark_all

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    CREATE TABLE alike_mark (
        mark INTEGER NOT NULL,
        rid INTEGER NOT NULL,
        PRIMARY KEY (mark, rid),
        FOREIGN KEY(rid) REFERENCES record (rid) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    "CREATE INDEX alike_mark_rid ON alike_mark (rid)",
)


def upgrade() -> None:
    """The table exists and every record kept so far is marked."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
    mark_all(op.get_bind())
