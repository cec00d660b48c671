"""What was written at a record is found by the record, whoever it belonged to then."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

INDEX = """
    CREATE INDEX operation_record
    ON operation (provider, record_id)
    WHERE kind IN ('update', 'variables')
"""


def upgrade() -> None:
    """The index exists."""
    op.get_bind().exec_driver_sql(INDEX)
