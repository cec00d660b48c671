"""The store's second door: what people decide, what is left for them to do, and what they ask about one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from state import (
    before_merges,
    by_hand,
    decisions,
    dossiers,
    erasing,
    findings,
    optouts,
    people,
    reading,
    runs,
    told,
)
from state.rows import to_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from state.database import Database
    from sync.change import Hold, ManualAction
    from sync.dossier import Dossier
    from sync.person import Decision, Person
    from sync.record import OptOutEntry, RecordRef


class Asking:
    """What people decide, do and ask; the other half of ``SqliteStore``."""

    database: Database

    def decisions(self, about: Iterable[RecordRef] | None = None) -> list[Decision]:
        with self.database.read() as connection:
            return decisions.load(connection, about)

    def replaced_decisions(self, pairs: Iterable[tuple[RecordRef, RecordRef]]) -> list[Decision]:
        with self.database.read() as connection:
            return decisions.replaced(connection, pairs)

    def took_export(self, provider: str, digest: str) -> bool:
        with self.database.read() as connection:
            return runs.took_export(connection, provider, digest)

    def named(self, refs: Iterable[RecordRef]) -> Mapping[RecordRef, RecordRef]:
        with self.database.read() as connection:
            return told.named(connection, refs)

    def told_ids(self, refs: Iterable[RecordRef]) -> Mapping[RecordRef, RecordRef]:
        with self.database.read() as connection:
            return told.ids(connection, refs)

    def note_told(self, shown: Mapping[RecordRef, RecordRef]) -> None:
        if shown:
            with self.database.write("page") as connection:
                told.note(connection, shown)

    def people_before(self, ids: Iterable[str]) -> list[Person]:
        with self.database.read() as connection:
            return before_merges.load(connection, ids)

    def close_holds(self, holds: Iterable[Hold]) -> None:
        with self.database.write("findings") as connection:
            findings.close_holds(connection, holds)

    def release(self, ref: RecordRef, *, at: datetime) -> None:
        with self.database.write("findings") as connection:
            reading.release(connection, ref, to_time(at))

    def note_manual_actions(self, actions: Sequence[ManualAction], *, at: datetime) -> None:
        with self.database.write("findings") as connection:
            by_hand.note(connection, actions, at)

    def drop_manual_actions(self, people: Iterable[str], actions: Iterable[str]) -> None:
        with self.database.write("findings") as connection:
            by_hand.drop(connection, people, actions)

    def withdraw_manual_actions(self, actions: Sequence[ManualAction]) -> None:
        if actions:
            with self.database.write("findings") as connection:
                by_hand.withdraw(connection, actions)

    def manual_actions(self) -> list[ManualAction]:
        with self.database.read() as connection:
            return by_hand.load(connection)

    def tick_off(self, action: ManualAction, *, at: datetime) -> None:
        with self.database.write("findings") as connection:
            by_hand.tick_off(connection, action, at)

    def forget(self, person: str) -> None:
        """No value of the person is left in the file. Backups are not touched."""
        with self.database.write("forget") as connection:
            erasing.forget(connection, person)
        self.database.compact()

    def dossier(self, person: str) -> Dossier:
        with self.database.read() as connection:
            return dossiers.load(connection, person)

    def shared_mailboxes(self) -> set[str]:
        with self.database.read() as connection:
            return people.shared_mailboxes(connection)

    def people_covered(self, emails: Iterable[str]) -> list[str]:
        with self.database.read() as connection:
            return optouts.covered(connection, emails)

    def opt_outs_with(self, keys: Iterable[str]) -> list[OptOutEntry]:
        with self.database.read() as connection:
            return dossiers.opt_outs_with(connection, keys)
