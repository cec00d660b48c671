"""What the schema is, second half: what was found, what was sent, what is to be remembered of it."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from state.tables import rid_column

OPEN_CREATE = "kind = 'create' AND state IN ('planned', 'sending', 'unknown', 'pending', 'parked')"


class ConflictRow(SQLModel, table=True):
    """An open conflict."""

    __tablename__ = "field_conflict"
    __table_args__ = ({"sqlite_with_rowid": False},)

    person_id: str = Field(primary_key=True, foreign_key="person.id")
    field: str = Field(primary_key=True)
    contents: str = Field(sa_type=Text)
    since: int
    reason: str = ""


class SuspicionRow(SQLModel, table=True):
    """An open suspicion; ``a`` and ``b`` are rids in the order they were given."""

    __tablename__ = "suspicion"
    __table_args__ = (Index("suspicion_b", "b"), {"sqlite_with_rowid": False})

    a: int = Field(sa_column=rid_column())
    b: int = Field(sa_column=rid_column())
    score: float
    reason: str
    features: str = Field(sa_type=Text)


class OnceOneRow(SQLModel, table=True):
    """Two records that were one person's until something they show parted them, for ``reason``."""

    __tablename__ = "once_one"
    __table_args__ = (Index("once_one_b", "b"), {"sqlite_with_rowid": False})

    a: int = Field(sa_column=rid_column())
    b: int = Field(sa_column=rid_column())
    reason: str


class HoldRow(SQLModel, table=True):
    """An open hold; ``absence``: opened because the record was gone, closed when it is back."""

    __tablename__ = "hold"

    number: int | None = Field(default=None, primary_key=True)
    kind: str
    person_id: str
    provider: str
    record_id: str
    absence: bool
    since: int

    __table_args__ = (
        UniqueConstraint("provider", "record_id", "kind", "person_id"),
        Index("hold_person", "person_id"),
    )


class CannotExpressRow(SQLModel, table=True):
    """A wish a provider cannot hold, with the digest under which it was reported."""

    __tablename__ = "cannot_express"
    __table_args__ = ({"sqlite_with_rowid": False},)

    person_id: str = Field(primary_key=True)
    provider: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    reason: str = Field(primary_key=True)
    digest: str
    since: int


class ManualActionRow(SQLModel, table=True):
    """Something a person must do elsewhere; ``done_at`` is set when it was ticked off."""

    __tablename__ = "manual_action"
    __table_args__ = (UniqueConstraint("person_id", "provider", "action"),)

    number: int | None = Field(default=None, primary_key=True)
    person_id: str
    provider: str
    action: str
    since: int
    done_at: int | None = None


class OperationRow(SQLModel, table=True):
    """One operation and what became of it; ``number`` gives the order."""

    __tablename__ = "operation"
    __table_args__ = (
        Index("open_create", "person_id", "provider", unique=True, sqlite_where=text(OPEN_CREATE)),
        Index("operation_state", "state", "provider"),
        Index("operation_run", "run_id", "person_id"),
        Index("operation_person", "person_id"),
        Index("operation_record", "provider", "record_id", sqlite_where=text("kind IN ('update', 'variables')")),
    )

    number: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    run_id: str | None = None
    person_id: str
    provider: str
    kind: str
    state: str
    reason: str
    record_id: str | None = None
    contact: str = Field(sa_type=Text)
    record: str | None = Field(default=None, sa_type=Text)
    fields: str = Field(sa_type=Text)
    effects: str = Field(sa_type=Text)
    opt_out: str | None = Field(default=None, sa_type=Text)
    attempt: int
    digest: str | None = None
    sent_at: int | None = None
    until: int | None = None
    entry_id: str | None = None
    message: str | None = None
    idempotency_key: str | None = None
    accepted_key: str | None = None
    planned_at: int
    settled_at: int | None = None


class AuditRow(SQLModel, table=True):
    """One settled operation: ids, field names and keyed digests of values, chained by ``hash``."""

    __tablename__ = "audit"

    number: int | None = Field(default=None, primary_key=True)
    entry: str = Field(sa_type=Text)
    hash: str = Field(sa_column=Column(String, nullable=False))


class OptOutRow(SQLModel, table=True):
    """The mirror of one ledger line, as it stands there."""

    __tablename__ = "opt_out"

    number: int = Field(primary_key=True)
    line: str = Field(sa_type=Text)
