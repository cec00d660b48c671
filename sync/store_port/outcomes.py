"""The door to what is sent, what became of it, and what waits for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from sync.change import CannotExpress, Conflict, Hold, Kind, ManualAction, Operation, State, Suspicion
    from sync.dossier import Dossier
    from sync.record import OptOutEntry, RecordRef
    from sync.store_port.values import Settled, Standing


class Outcomes(Protocol):
    """What was sent, and what is open."""

    # findings -----------------------------------------------------------------------------------------
    def conflicts(self) -> list[Conflict]:
        """All open conflicts, by person and field."""

    def suspicions(self) -> list[Suspicion]:
        """All open suspicions, best score first."""

    def suspected_pairs(self) -> list[tuple[str, str, Suspicion]]:
        """Two different persons and an open suspicion that they are one, best score first."""

    def suspected_count(self) -> int:
        """How many pairs that are."""

    def suspected_people(self, ids: Collection[str] | None = None) -> Mapping[str, frozenset[str]]:
        """Person id → the other persons of its open suspicions, held bridges and two-slug conflicts.

        Everybody's, or at least those of ``ids``.
        """

    def twins(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(person, provider, record ids in link order) wherever a person has several live records."""

    def holds(self) -> list[Hold]:
        """All open holds."""

    def close_holds(self, holds: Iterable[Hold]) -> None:
        """The holds are no longer open."""

    def release(self, ref: RecordRef, *, at: datetime) -> None:
        """A record that is gone no longer forbids one create of its person there."""

    def note_cannot_express(
        self, rows: Sequence[tuple[CannotExpress, str]], *, at: datetime
    ) -> list[CannotExpress]:
        """Rows with the digest of the wish; returns those that are new (or whose wish changed)."""

    def forget(self, person: str) -> None:
        """No value of the person is left, nor of whom was merged into them."""

    def note_manual_actions(self, actions: Sequence[ManualAction], *, at: datetime) -> None:
        """The actions are listed; one already listed or ticked off is left as it is."""

    def drop_manual_actions(self, people: Iterable[str], actions: Iterable[str]) -> None:
        """These things need not be done for the people any more; a new reason may list them again."""

    def withdraw_manual_actions(self, actions: Sequence[ManualAction]) -> None:
        """These very things need not be done any more; a new reason may list them again."""

    def manual_actions(self) -> list[ManualAction]:
        """All that are not ticked off."""

    def tick_off(self, action: ManualAction, *, at: datetime) -> None:
        """The action is done and never listed again unless it is dropped."""

    def dossier(self, person: str) -> Dossier:
        """What is known around one person; by indexes only."""

    # outbox -------------------------------------------------------------------------------------------
    def save_plan(
        self,
        run_id: str,
        operations: Sequence[Operation],
        *,
        at: datetime,
        planned_again: Sequence[str] = (),
    ) -> None:
        """The operations exist as they are (``planned``, ``blocked``, ``deferred``).

        What earlier runs planned and never sent is gone, except what was ``blocked`` for people other than
        ``planned_again``. What was ``deferred`` after it was sent stays until something like it is sent again.

        A second open create for a person and provider raises ``StateError``.
        """

    def drop_planned(self, run_id: str) -> None:
        """What other runs planned and never sent is not planned any more; its persons are still dirty.

        So is everybody with an operation of a run that never ended: what it was to note at its end is not known.
        """

    def mark_sending(self, operations: Sequence[Operation], *, run_id: str, at: datetime) -> None:
        """The operations (with digest, attempt and idempotency key set) are durably ``sending``."""

    def save_settled(self, settled: Sequence[Settled], *, at: datetime) -> None:
        """Outcomes are kept: operation state, observed row, link, audit, in one commit.

        A settled create whose record belongs to another person stays linked there (the caller asked
        ``person_of`` first). The persons concerned stay dirty only if their operation did not succeed.
        """

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
        """Operations that are all of that, oldest first; ``None`` = whatever it is.

        What was sent stays for ever, so whoever asks in every cycle asks for little.
        """

    def writes_at(self, refs: Iterable[RecordRef]) -> Mapping[RecordRef, list[Operation]]:
        """Record → the updates of it that were sent and may have arrived, oldest first."""

    def waiting_in_doubt(self, refs: Iterable[RecordRef]) -> list[str]:
        """Persons to be merged who own one of the records, where an update of it may still arrive."""

    def drop_values(self, *, settled_before: datetime, never_read: Collection[str]) -> None:
        """What writes replaced and wrote is no longer known of those that came to a good end before that time.

        They are ``verified``, or ``acked`` by one of the providers ``never_read``; the rest of each stays.
        Opt-outs keep their values, which say to whom they were told.
        """

    def standing(self, states: Iterable[State]) -> list[Standing]:
        """Every operation in these states, without its values; blocked ones of active persons only."""

    def open_creates(self) -> Mapping[tuple[str, str], tuple[Operation, ...]]:
        """(person, provider) → the open creates (``OPEN_STATES`` less ``planned``), oldest first.

        There are several where each of two people had one when they became one.
        """

    # opt-outs -----------------------------------------------------------------------------------------
    def opt_outs(self) -> list[OptOutEntry]:
        """The ledger, oldest first; releases included."""

    def opt_outs_with(self, keys: Iterable[str]) -> list[OptOutEntry]:
        """Entries that carry any of the hashed keys, and those that came in their place, oldest first."""

    def people_covered(self, emails: Iterable[str]) -> list[str]:
        """The active persons with an address, now or before, that an opt-out of one of ``emails`` covers."""

    def add_opt_outs(self, entries: Sequence[OptOutEntry]) -> None:
        """Entries are durable outside the database and then inside."""
