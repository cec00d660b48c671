"""What the schema is, one class a table; its second half is in ``outcome_tables``.

The classes are what the migrations are tested against; nothing is read or written through them, rows go by SQL.

Times are UTC microseconds since 1970, structured values are JSON text. Contents that change at different
times live apart: a record's payload (``RecordRow``), its tie to a person (``LinkRow``), its last sighting
(``SightingRow``) and the marks of what waits (``DirtyRecordRow``, ``DirtyPersonRow``), so that marking a
record as seen never rewrites its values.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel


def rid_column() -> Any:
    """A column of a primary key that is a record's number and goes with the record."""
    reference = ForeignKey("record.rid", ondelete="CASCADE")
    return Column(Integer, reference, primary_key=True, autoincrement=False)


class StoreRow(SQLModel, table=True):
    """The one row about the store itself.

    ``lineage`` names this database for life, ``serial`` grows with each run, ``epoch`` belongs to the one
    writer. ``lost`` / ``rolled_back``: what was found at an opening and not yet accepted by a person.
    """

    __tablename__ = "store"

    id: int = Field(primary_key=True)
    lineage: str
    serial: int
    epoch: int
    lost: bool
    rolled_back: bool


class TableSumRow(SQLModel, table=True):
    """The sum over the rows of a table, see ``digests``; ``checked_at``: when the rows last made that sum."""

    __tablename__ = "table_sum"
    __table_args__ = ({"sqlite_with_rowid": False},)

    name: str = Field(primary_key=True)
    total: str
    checked_at: int


class CountedRow(SQLModel, table=True):
    """What was counted among the rows of a table while their sum was ``total``."""

    __tablename__ = "counted"
    __table_args__ = ({"sqlite_with_rowid": False},)

    name: str = Field(primary_key=True)
    total: str
    amount: int


class RunTableRow(SQLModel, table=True):
    """One run; ``number`` gives the order."""

    __tablename__ = "run"

    number: int | None = Field(default=None, primary_key=True)
    run_id: str = Field(unique=True)
    mode: str
    started_at: int
    finished_at: int | None = None
    exit_code: int | None = None
    summary: str = Field(default="{}", sa_type=Text)


class ProviderRow(SQLModel, table=True):
    """What is kept of one provider."""

    __tablename__ = "provider"

    provider: str = Field(primary_key=True)
    account_id: str | None = None
    fingerprint: str | None = None
    cursor: str | None = None
    sweep_id: str | None = None
    sweep_cursor: str | None = None
    sweep_total: int | None = None
    swept_at: int | None = None
    peak: int = 0
    memory: str = Field(default="{}", sa_type=Text)
    export_digest: str | None = None
    export_as_of: int | None = None


class TakenExportRow(SQLModel, table=True):
    """An export that was taken in, by the digest of its bytes."""

    __tablename__ = "taken_export"
    __table_args__ = ({"sqlite_with_rowid": False},)

    provider: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)


class SweepRow(SQLModel, table=True):
    """When a sweep's first page was stored."""

    __tablename__ = "sweep"

    sweep_id: str = Field(primary_key=True)
    provider: str
    began_at: int


class RecordRow(SQLModel, table=True):
    """One provider's row as observed. ``fields``: flat contact; ``absent``: fields it never carried.

    ``released_at``: a person allowed one create in the place of the record, which is gone.
    """

    __tablename__ = "record"
    __table_args__ = (
        UniqueConstraint("provider", "record_id"),
        Index("record_live", "provider", sqlite_where=text("gone_at IS NULL")),
    )

    rid: int = Field(primary_key=True)
    provider: str
    record_id: str
    fingerprint: str
    fields: str = Field(sa_type=Text)
    absent: str = Field(sa_type=Text)
    labels: str = Field(sa_type=Text)
    opted_out: str | None = None
    created_at: int | None = None
    updated_at: int | None = None
    first_seen: int
    changed_at: int
    gone_at: int | None = None
    released_at: int | None = None


class ToldRow(SQLModel, table=True):
    """A record named by its key that an export showed, and the id by which it did, where it told one."""

    __tablename__ = "told"
    __table_args__ = (UniqueConstraint("provider", "record_id"),)

    rid: int = Field(sa_column=rid_column())
    provider: str
    record_id: str | None = None


class SightingRow(SQLModel, table=True):
    """When, and in which sweep, a record was last seen."""

    __tablename__ = "sighting"

    rid: int = Field(sa_column=rid_column())
    sweep_id: str
    seen_at: int


class KeyRow(SQLModel, table=True):
    """A key that a record shows (``shown``) or once showed. ``place`` is its order within the record."""

    __tablename__ = "record_key"
    __table_args__ = (Index("record_key_rid", "rid"), {"sqlite_with_rowid": False})

    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)
    rid: int = Field(sa_column=rid_column())
    place: int
    shown: bool
    first_seen: int
    last_seen: int


class GenericKeyRow(SQLModel, table=True):
    """A key that joined nobody when its holders were last matched, as too many names were seen with it."""

    __tablename__ = "generic_key"
    __table_args__ = ({"sqlite_with_rowid": False},)

    kind: str = Field(primary_key=True)
    value: str = Field(primary_key=True)


class AlikeMarkRow(SQLModel, table=True):
    """A mark of a record; records with a mark in common may look alike. See ``sync.matching.alike_marks``."""

    __tablename__ = "alike_mark"
    __table_args__ = (Index("alike_mark_rid", "rid"), {"sqlite_with_rowid": False})

    mark: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    rid: int = Field(sa_column=rid_column())


class PersonRow(SQLModel, table=True):
    """A person. ``status``: ``active``, ``retired`` (``successor`` goes on) or ``empty`` (owns no record)."""

    __tablename__ = "person"
    __table_args__ = (Index("person_successor", "successor", sqlite_where=text("successor IS NOT NULL")),)

    id: str = Field(primary_key=True)
    status: str
    successor: str | None = None
    split_from: str | None = None
    created_at: int
    merged_at: int | None = None
    fields: str = Field(sa_type=Text)
    choices: str = Field(sa_type=Text)
    frozen: str = Field(sa_type=Text)
    aliases: str = Field(sa_type=Text)
    returns: str = Field(default="{}", sa_type=Text)


class LinkRow(SQLModel, table=True):
    """The tie of a record to its person."""

    __tablename__ = "link"

    rid: int = Field(sa_column=rid_column())
    person_id: str = Field(foreign_key="person.id", index=True)
    evidence: str
    linked_at: int
    base: str = Field(sa_type=Text)
    sent: str = Field(sa_type=Text)
    written: str = Field(sa_type=Text)
    ours: bool
    accepted_key: str | None = None
    met: bool


class FormerMemberRow(SQLModel, table=True):
    """A record that a retired person owned when it was merged away."""

    __tablename__ = "former_member"
    __table_args__ = (Index("former_member_rid", "rid"), {"sqlite_with_rowid": False})

    person_id: str = Field(primary_key=True, foreign_key="person.id")
    rid: int = Field(sa_column=rid_column())


class BeforeMergeRow(SQLModel, table=True):
    """A person as they were before a merge, so that a split gives back what was: values, reasons and ties.

    ``rids``: the records they owned then, a sorted JSON list.
    """

    __tablename__ = "before_merge"

    number: int | None = Field(default=None, primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    rids: str = Field(sa_type=Text)
    contents: str = Field(sa_type=Text)


class _Judged(SQLModel):
    number: int | None = Field(default=None, primary_key=True)
    a_provider: str
    a_record_id: str
    b_provider: str
    b_record_id: str
    verdict: str
    judge: str
    at: int


class DecisionRow(_Judged, table=True):
    """A human judgement on two records, by name so that it survives a rebuilt store."""

    __tablename__ = "decision"
    __table_args__ = (
        UniqueConstraint("a_provider", "a_record_id", "b_provider", "b_record_id"),
        Index("decision_b", "b_provider", "b_record_id"),
    )


class ReplacedDecisionRow(_Judged, table=True):
    """A judgement that a later one replaced; the last of a pair stands again once that is taken back."""

    __tablename__ = "replaced_decision"
    __table_args__ = (Index("replaced_decision_pair", "a_provider", "a_record_id", "b_provider", "b_record_id"),)


class DirtyRecordRow(SQLModel, table=True):
    """A record that waits for matching."""

    __tablename__ = "dirty_record"

    rid: int = Field(sa_column=rid_column())


class DirtyPersonRow(SQLModel, table=True):
    """A person that waits for merging and planning."""

    __tablename__ = "dirty_person"
    __table_args__ = ({"sqlite_with_rowid": False},)

    person_id: str = Field(primary_key=True, foreign_key="person.id")
