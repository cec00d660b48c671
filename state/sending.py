"""The store's fourth door: what is to be sent, what was, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state import operations, outbox
from sync.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from state.database import Database
    from sync.change import Kind, Operation, State
    from sync.record import RecordRef
    from sync.store_port import Settled, Standing


class Sending:
    """The outbox; a part of ``SqliteStore``."""

    database: Database
    _key: bytes | None

    def _secret(self) -> bytes:
        if self._key is None:
            raise StateError("there is no key file yet", remedy="`contact-sync run` makes it")
        return self._key

    def save_plan(
        self,
        run_id: str,
        operations: Sequence[Operation],
        *,
        at: datetime,
        planned_again: Sequence[str] = (),
    ) -> None:
        with self.database.write("plan") as connection:
            outbox.save_plan(connection, run_id, operations, at, planned_again)

    def drop_planned(self, run_id: str) -> None:
        with self.database.write("plan") as connection:
            outbox.drop_planned(connection, run_id)

    def mark_sending(self, operations: Sequence[Operation], *, run_id: str, at: datetime) -> None:
        with self.database.write("sending") as connection:
            outbox.mark_sending(connection, operations, run_id, at)

    def save_settled(self, settled: Sequence[Settled], *, at: datetime) -> None:
        with self.database.write("settled") as connection:
            outbox.save_settled(connection, settled, at, self._secret())

    def operations(
        self,
        *,
        states: Iterable[State] | None = None,
        kinds: Iterable[Kind] | None = None,
        reasons: Iterable[str] | None = None,
        provider: str | None = None,
        run_id: str | None = None,
        sent_since: datetime | None = None,
    ) -> list[Operation]:
        with self.database.read() as connection:
            return operations.load(connection, states, kinds, reasons, provider, run_id, sent_since)

    def writes_at(self, refs: Iterable[RecordRef]) -> Mapping[RecordRef, list[Operation]]:
        with self.database.read() as connection:
            return operations.writes_at(connection, refs)

    def waiting_in_doubt(self, refs: Iterable[RecordRef]) -> list[str]:
        with self.database.read() as connection:
            return operations.waiting_in_doubt(connection, refs)

    def drop_values(self, *, settled_before: datetime, never_read: Collection[str]) -> None:
        with self.database.read() as connection:
            if not operations.have_old_values(connection, settled_before, never_read):
                return
        with self.database.write("values") as connection:
            operations.drop_values(connection, settled_before, never_read)

    def standing(self, states: Iterable[State]) -> list[Standing]:
        with self.database.read() as connection:
            return operations.standing(connection, states)

    def open_creates(self) -> Mapping[tuple[str, str], tuple[Operation, ...]]:
        with self.database.read() as connection:
            return operations.open_creates(connection)
