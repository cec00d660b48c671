"""Judgements that later ones replaced, so that taking a later one back gives them back."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    """
    CREATE TABLE replaced_decision (
        number INTEGER NOT NULL,
        a_provider VARCHAR NOT NULL,
        a_record_id VARCHAR NOT NULL,
        b_provider VARCHAR NOT NULL,
        b_record_id VARCHAR NOT NULL,
        verdict VARCHAR NOT NULL,
        judge VARCHAR NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (number)
    )
    """,
    """
    CREATE INDEX replaced_decision_pair ON replaced_decision (a_provider, a_record_id, b_provider, b_record_id)
    """,
)


def upgrade() -> None:
    """The table exists, empty: what was replaced before is not known."""
    for statement in STATEMENTS:
        op.get_bind().exec_driver_sql(statement)
