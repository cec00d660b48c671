"""Short ways to say what the tests keep."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from state.opening import Mode, open_store
from sync.change import FieldChange, Operation
from sync.contact import Contact
from sync.record import Link, Record, RecordRef
from sync.store_port import Matched, MembershipUpdate, ProviderState, ReadRecord, Ready

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from state.store import SqliteStore
    from sync.person import Decision

START = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Home:
    """One installation's folder."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "state.db"

    @property
    def ledger(self) -> Path:
        return self.root / "opt-outs.ledger"

    @property
    def key(self) -> Path:
        return self.root / "key"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    def open(self, mode: Mode = "write") -> SqliteStore:
        url = f"sqlite:///{self.database}"
        return open_store(url, ledger=self.ledger, key=self.key, backups=self.backups, mode=mode)


def later(minutes: float = 1) -> datetime:
    return START + timedelta(minutes=minutes)


def ref(name: str) -> RecordRef:
    return RecordRef.parse(name)


def read(name: str, *keys: str, mark: str = "1", absent: Sequence[str] = (), **fields: Any) -> ReadRecord:
    """A row ``provider:id`` that shows ``keys`` (emails, or profiles written ``in:…``)."""
    emails = tuple(key for key in keys if "@" in key)
    kinds = tuple(("email" if "@" in key else "linkedin", key) for key in keys)
    contact = Contact(emails=emails, **fields)
    record = Record(ref=ref(name), contact=contact, absent=frozenset(absent))
    return as_read(record, *kinds, mark=mark)


def as_read(record: Record, *keys: tuple[str, str], mark: str = "f") -> ReadRecord:
    """The record as a page carries it."""
    return ReadRecord(
        ref=record.ref, fingerprint=mark, make=lambda: Ready(record, keys), updated_at=record.updated_at
    )


def pull(store: SqliteStore, *rows: ReadRecord, at: datetime = START, sweep: str | None = None) -> None:
    """Pages, one a provider, as a run would store them."""
    for provider in sorted({row.record.ref.provider for row in rows}):
        own = [row for row in rows if row.record.ref.provider == provider]
        store.save_page(own, ProviderState(provider=provider), at=at, sweep_id=sweep)


def rid(store: SqliteStore, name: str) -> int:
    statement = "SELECT rid FROM record WHERE provider = ? AND record_id = ?"
    wanted = ref(name)
    row = store.database.raw.execute(statement, (wanted.provider, wanted.record_id)).fetchone()
    return int(row[0])


def keep(store: SqliteStore, update: MembershipUpdate, at: datetime = START) -> None:
    """What matching came to is kept, and those records wait no longer."""
    matched = Matched(updates=[update], newcomers=(), joined=(), told=(), suspicions=update.suspicions,
                      generic=update.generic, rids=list(update.members))  # fmt: skip
    store.save_matched(matched, at=at)


def assign(store: SqliteStore, **members: Sequence[str]) -> None:
    """Each person owns the records named; unknown persons are created."""
    known = {row[0] for row in store.database.raw.execute("SELECT id FROM person")}
    tied = {rid(store, name): (person, "email") for person, names in members.items() for name in names}
    created = tuple(person for person in members if person not in known)
    keep(store, MembershipUpdate(members=tied, created=created))


def decide(store: SqliteStore, decision: Decision) -> None:
    store.save_membership(MembershipUpdate(members={}, decisions=(decision,)), at=START)


def create(name: str, person: str = "ann", provider: str = "apollo", **others: Any) -> Operation:
    contact = Contact(emails=("ann@example.com",), first_name="Ann")
    return Operation(
        id=name, person_id=person, provider=provider, kind="create", contact=contact, reason="new", **others
    )


def update(name: str, record: str, person: str = "ann", **others: Any) -> Operation:
    place = ref(record)
    change = FieldChange(before="Anne", after="Ann", source="topo", rule="changed")
    return Operation(
        id=name,
        person_id=person,
        provider=place.provider,
        kind="update",
        contact=Contact(first_name="Ann"),
        reason="changed",
        record_id=place.record_id,
        fields={"first_name": change},
        **others,
    )


def tie(person: str, **others: Any) -> Link:
    return Link(person_id=person, evidence="created", linked_at=START, **others)
