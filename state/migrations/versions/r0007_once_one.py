"""Records that were one person's until something they show parted them: what nothing else tells afterwards."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

STATEMENTS = (
    """
    CREATE TABLE once_one (
        a INTEGER NOT NULL,
        b INTEGER NOT NULL,
        reason VARCHAR NOT NULL,
        PRIMARY KEY (a, b),
        FOREIGN KEY(a) REFERENCES record (rid) ON DELETE CASCADE,
        FOREIGN KEY(b) REFERENCES record (rid) ON DELETE CASCADE
    ) WITHOUT ROWID
    """,
    "CREATE INDEX once_one_b ON once_one (b)",
    """
    INSERT INTO once_one SELECT a, b, reason FROM suspicion
    WHERE reason = 'their merge rested on a key that became generic'
    """,
)


def upgrade() -> None:
    """The table exists, with the pairs whose merge a generic key opened and on whom nobody judged yet."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
