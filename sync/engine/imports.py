"""Taking in an export: it speaks for its own time, is read once, and never turns the clock back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.contact import Contact
from sync.engine.absence import mark_gone
from sync.engine.opt_out_lists import note_opt_outs
from sync.engine.storing import store_records
from sync.errors import Rejected
from sync.identity.canonical import keys_of
from sync.record import RecordRef

if TYPE_CHECKING:
    from datetime import datetime

    from sync.engine.session import Seat, Session
    from sync.record import Export, Record


COMPLETE = " complete"
"""Ends the digest of an export that was taken in as a complete one."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an export brought. ``known``: it was taken in before, so nothing was done; bad rows are told again.

    ``unsure``: rows that were left out may be those of records it does not show, so none counts as gone.
    ``older``: rows about records that the provider itself showed later, which stay as they are.
    """

    records: int = 0
    changed: int = 0
    opt_outs: int = 0
    bad_rows: tuple[tuple[int, str], ...] = ()
    gone: int = 0
    known: bool = False
    unsure: bool = False
    older: int = 0


def take_in(session: Session, seat: Seat, export: Export, *, complete: bool = False) -> Imported:
    """The export's rows are that provider's records as of its time.

    ``complete``: records it does not show are held as disappeared, unless rows were left out. Raises ``Rejected``
    for an export older than the last one.
    """
    state = seat.state
    bad_rows = tuple(sorted((*export.bad_rows, *_nameless(seat, export))))
    digest = f"{export.digest}{COMPLETE if complete else ''}"
    if state.export_digest in {digest, f"{export.digest}{COMPLETE}"}:
        return Imported(known=True, bad_rows=bad_rows)
    if state.export_as_of is not None and export.as_of < state.export_as_of:
        raise Rejected(
            seat.name,
            f"this export speaks for {_exactly(export.as_of)}, an older time than the last one "
            f"({_exactly(state.export_as_of)})",
            code="older-export",
        )
    before = seat.changed
    opt_outs = note_opt_outs(session, export.opt_outs)
    outdated = _outdated(session, seat, export)
    rows = _rows(session, seat, export, outdated)
    seat.state = replace(state, sweep_id=session.clock.new_id() if complete else None)
    store_records(session, seat, rows)
    gone = _lacking(session, seat, export) if complete and not bad_rows else []
    mark_gone(session, gone)
    # known only now: after a death in between it is taken in once more
    seat.state = replace(seat.state, export_digest=digest, export_as_of=export.as_of, sweep_id=None)
    session.store.save_provider_state(seat.state)
    return Imported(
        records=len(rows),
        changed=seat.changed - before,
        opt_outs=opt_outs,
        bad_rows=bad_rows,
        gone=len(gone),
        unsure=complete and bool(bad_rows),
        older=len(outdated),
    )


def _exactly(moment: datetime) -> str:
    """The moment so fine that files written one after the other can be told apart."""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _lacking(session: Session, seat: Seat, export: Export) -> list[RecordRef]:
    """Known records that the export does not show although they were there at its time, as far as is known."""
    if _read_since(seat, export):
        return []
    later = _sent_after(session, seat.name, export.as_of)
    readable = seat.provider.capabilities.readable
    since = session.clock.now() - export.as_of if readable else timedelta()  # an earlier export makes none old
    unseen = session.store.unseen_in_sweep(seat.name, seat.state.sweep_id or "", settle=max(since, timedelta()))
    shown = {record.ref for record in export.records}
    return [ref for ref in unseen if ref.record_id not in later and ref not in shown]


def _read_since(seat: Seat, export: Export) -> bool:
    """Whether the provider itself was read completely after the export was made."""
    return seat.state.swept_at is not None and export.as_of < seat.state.swept_at


def _outdated(session: Session, seat: Seat, export: Export) -> frozenset[RecordRef]:
    """Records that the provider itself showed later than the export does."""
    if not seat.provider.capabilities.readable:
        return frozenset()
    known = session.store.records([record.ref for record in export.records])
    if _read_since(seat, export):
        return frozenset(known)
    return frozenset(ref for ref, row in known.items() if row.updated_at and export.as_of < row.updated_at)


def _named_by_key(record: Record) -> bool:
    return record.ref.record_id.startswith(("email:", "linkedin:"))


def _nameless(seat: Seat, export: Export) -> list[tuple[int, str]]:
    """Line and reason of rows that cannot be told from records which the provider itself shows."""
    if not seat.provider.capabilities.readable:
        return []
    why = f"needs a record_id, because {seat.name} can be read itself"
    return [(n, why) for n, record in zip(export.lines, export.records, strict=True) if _named_by_key(record)]


def _rows(session: Session, seat: Seat, export: Export, outdated: frozenset[RecordRef]) -> list[Record]:
    """The rows as records we can keep, newer knowledge of ours left alone."""
    later = _sent_after(session, seat.name, export.as_of - session.settings.sync.settle)
    readable = seat.provider.capabilities.readable
    rows: list[Record] = []
    for record in export.records:
        named_by_key = _named_by_key(record)
        if record.ref in outdated or (readable and named_by_key):
            continue
        ref = record.ref if named_by_key else _known_by_key(session, record)
        newer = later.get(ref.record_id, frozenset())
        rows.append(
            replace(record, ref=ref, absent=record.absent | newer) if newer or ref != record.ref else record
        )
    return [_without(r) for r in rows]


def _without(record: Record) -> Record:
    """The record without the values of fields it must not speak for; its opt-out is told by the export."""
    kept = {n: v for n, v in record.contact.to_fields().items() if n not in record.absent}
    return replace(record, contact=Contact.from_fields(kept), opted_out=None)


def _known_by_key(session: Session, record: Record) -> RecordRef:
    """A record we created is named by its key until an export tells its id; the first name stays."""
    names = [RecordRef(record.ref.provider, f"{kind}:{key}") for kind, key in keys_of(record.contact)]
    known = session.store.records([record.ref, *names])
    if record.ref in known:
        return record.ref
    return next((n for n in names if n in known), record.ref)


def _sent_after(session: Session, provider: str, since: datetime) -> dict[str, frozenset[str]]:
    """Record id → fields that were acknowledged after the export's time."""
    found: dict[str, set[str]] = {}
    sent = session.store.operations(states=("acked", "verified"), provider=provider, sent_since=since)
    for operation in sent:
        if operation.record_id:
            found.setdefault(operation.record_id, set()).update(operation.fields)
    return {record: frozenset(fields) for record, fields in found.items()}
