"""Keys that are nobody's, and how many people there are, each known without reading everything again."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    CREATE TABLE generic_key (
        kind VARCHAR NOT NULL,
        value VARCHAR NOT NULL,
        PRIMARY KEY (kind, value)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE counted (
        name VARCHAR NOT NULL,
        total VARCHAR NOT NULL,
        amount INTEGER NOT NULL,
        PRIMARY KEY (name)
    ) WITHOUT ROWID
    """,
)


def upgrade() -> None:
    """The tables exist, empty: what is not known is found out when it is asked for."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
