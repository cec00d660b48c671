"""Taking in an export: it speaks for its own time, is read once, and never turns the clock back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.contact import Contact
from sync.engine.absence import is_believable, mark_gone
from sync.engine.export_noes import noes_of, said_before
from sync.engine.opt_out_lists import note_opt_outs
from sync.engine.storing import keep_records
from sync.errors import Rejected
from sync.identity.canonical import keys_of
from sync.record import OPTED_OUT, RecordRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sync.engine.export_noes import Noes
    from sync.engine.session import Seat, Session
    from sync.record import Export, Record
    from sync.store_port import ProviderState


COMPLETE = " complete"
"""Ends the digest of an export that was taken in as a complete one."""
IN_PART = " in part"
"""Ends the digest of an export of which something was withheld: the same rows, made later, may tell it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an export brought. ``known``: it was taken in before, so nothing was done; bad rows are told again.

    ``unsure``: rows that were left out may be those of records it does not show, so none counts as gone.
    ``missing``: so many known records of how many it lacks, which is not believed, so none counts as gone.
    ``older``: rows about records that the provider itself showed later, which stay as they are.
    """

    records: int = 0
    changed: int = 0
    opt_outs: int = 0
    bad_rows: tuple[tuple[int, str], ...] = ()
    gone: int = 0
    known: bool = False
    unsure: bool = False
    missing: tuple[int, int] | None = None
    older: int = 0


def take_in(session: Session, seat: Seat, export: Export, *, complete: bool = False) -> Imported:
    """The export's rows are that provider's records as of its time.

    ``complete``: records it does not show are held as disappeared, unless rows were left out, or so many are
    missing that nobody said it is true. Raises ``Rejected`` for an export older than the last one; one that was
    taken in before another one is that, too.
    """
    state = seat.state
    noes = noes_of(session, seat, export)
    bad_rows = _bad_rows(seat, export, noes)
    digest = f"{export.digest}{COMPLETE if complete else ''}"
    if _is_known(state, export, digest):
        if state.export_as_of is not None and export.as_of > state.export_as_of:
            seat.state = replace(state, export_as_of=export.as_of)  # so it was then, too
            session.store.save_provider_state(seat.state)
        return Imported(known=True, bad_rows=bad_rows)
    _refuse_older(session, seat, export)
    before = seat.changed
    opt_outs = note_opt_outs(session, noes.opt_outs, anew=noes.anew)
    outdated = _outdated(session, seat, export)
    rows, withheld = _rows(session, seat, export, outdated | noes.nobodys)
    sweep_id = session.clock.new_id() if complete else None  # one of its own: the provider's may be under way
    keep_records(session, seat, rows, sweep_id=sweep_id, noted=True)
    gone = _lacking(session, seat, export, sweep_id) if sweep_id is not None and not bad_rows else []
    if missing := _not_believed(session, seat, gone):
        # not known as a complete one, so that it is taken in once more when somebody says that this is true
        gone, digest = [], export.digest
    mark_gone(session, gone)
    # known only now: after a death in between it is taken in once more
    digest += IN_PART if withheld else ""
    seat.state = replace(seat.state, export_digest=digest, export_as_of=export.as_of)
    session.store.save_provider_state(seat.state)
    return Imported(
        records=len(rows),
        changed=seat.changed - before,
        opt_outs=opt_outs,
        bad_rows=bad_rows,
        gone=len(gone),
        unsure=complete and bool(bad_rows),
        missing=missing,
        older=len(outdated),
    )


def _not_believed(session: Session, seat: Seat, gone: list[RecordRef]) -> tuple[int, int] | None:
    """How many of how many records would be gone where nobody said that so many are; ``None`` = it may be true."""
    live = session.store.live_records(seat.name)
    return None if is_believable(session, seat.name, len(gone), live) else (len(gone), live)


def _is_known(state: ProviderState, export: Export, digest: str) -> bool:
    """Whether the last export was this one, and nothing of it was withheld that it may speak of by now."""
    last = state.export_digest or ""
    if last.removesuffix(IN_PART) not in {digest, f"{export.digest}{COMPLETE}"}:
        return False
    return not last.endswith(IN_PART) or (state.export_as_of is not None and export.as_of <= state.export_as_of)


def _refuse_older(session: Session, seat: Seat, export: Export) -> None:
    """One that was taken in before is older than the last one, whatever time somebody says."""
    state = seat.state
    if state.export_as_of is not None and export.as_of < state.export_as_of:
        raise Rejected(
            seat.name,
            f"this export speaks for {_exactly(export.as_of)}, an older time than the last one "
            f"({_exactly(state.export_as_of)})",
            code="older-export",
        )
    is_last = (state.export_digest or "").startswith(export.digest)
    if not is_last and session.store.took_export(seat.name, export.digest):
        raise Rejected(
            seat.name,
            "this very export was taken in before, and another one since; if everything is as it was then, "
            "export it anew with its rows or columns in another order",
            code="older-export",
        )


def _exactly(moment: datetime) -> str:
    """The moment so fine that files written one after the other can be told apart."""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _lacking(session: Session, seat: Seat, export: Export, sweep_id: str) -> list[RecordRef]:
    """Known records that the export does not show although they were there at its time, as far as is known."""
    if _read_since(seat, export):
        return []
    later = _sent_after(session, seat.name, export.as_of)
    readable = seat.provider.capabilities.readable
    since = session.clock.now() - export.as_of if readable else timedelta()  # an earlier export makes none old
    unseen = session.store.unseen_in_sweep(seat.name, sweep_id, settle=max(since, timedelta()))
    shown = {record.ref for record in export.records}
    return [ref for ref in unseen if ref.record_id not in later and ref not in shown]


def _read_since(seat: Seat, export: Export) -> bool:
    """Whether the provider itself was read completely after the export was made."""
    return seat.state.swept_at is not None and export.as_of < seat.state.swept_at


def _outdated(session: Session, seat: Seat, export: Export) -> frozenset[RecordRef]:
    """Records of which the provider itself told later than the export does; who is not shown any more is gone."""
    if not seat.provider.capabilities.readable:
        return frozenset()
    refs = [record.ref for record in export.records]
    if _read_since(seat, export):
        return frozenset(refs)
    known = session.store.records(refs)
    return frozenset(ref for ref, row in known.items() if row.updated_at and export.as_of < row.updated_at)


def _named_by_key(record: Record) -> bool:
    return record.ref.record_id.startswith(("email:", "linkedin:"))


def _bad_rows(seat: Seat, export: Export, noes: Noes) -> tuple[tuple[int, str], ...]:
    return tuple(sorted((*export.bad_rows, *_nameless(seat, export), *_nobodys(export, noes))))


def _nameless(seat: Seat, export: Export) -> list[tuple[int, str]]:
    """Line and reason of rows that cannot be told from records which the provider itself shows."""
    if not seat.provider.capabilities.readable:
        return []
    why = f"needs a record_id, because {seat.name} can be read itself"
    return [(n, why) for n, record in zip(export.lines, export.records, strict=True) if _named_by_key(record)]


def _nobodys(export: Export, noes: Noes) -> list[tuple[int, str]]:
    """Line and reason of rows whose opt-out is nobody's."""
    why = "an opt-out without an email or profile that can be read, of a record that is not known here by one"
    lines = zip(export.lines, export.records, strict=True)
    return [(line, why) for line, record in lines if record.ref in noes.nobodys]


def _rows(
    session: Session, seat: Seat, export: Export, left_out: frozenset[RecordRef]
) -> tuple[list[Record], bool]:
    """The rows as records we can keep, newer knowledge of ours left alone; whether any value was for that."""
    later = _sent_after(session, seat.name, export.as_of - session.settings.sync.settle)
    readable = seat.provider.capabilities.readable
    rows = [r for r in export.records if r.ref not in left_out and not (readable and _named_by_key(r))]
    names = _known_names(session, rows)
    key = {seat.provider.capabilities.match_key}
    newer = [
        # only a create sends the key, and this row is known to be what that made: another key is a later edit
        later.get(ref.record_id, frozenset()) - (key if ref != row.ref else set())
        for row, ref in zip(rows, names, strict=True)
    ]
    silent = {ref for row, ref in zip(rows, names, strict=True) if readable or OPTED_OUT in row.absent}
    said = said_before(session, silent)
    kept = [_without(*parts, said) for parts in zip(rows, names, newer, strict=True)]
    return kept, any(fields - row.absent for row, fields in zip(rows, newer, strict=True))


def _without(row: Record, ref: RecordRef, newer: frozenset[str], said: Mapping[RecordRef, str | None]) -> Record:
    """The row as the record ``ref``, without the values of fields it must not speak for; ``said``: what records
    of which it tells no opt-out said of one before.
    """
    absent = (row.absent | newer) - {OPTED_OUT}
    kept = {n: v for n, v in row.contact.to_fields().items() if n not in absent}
    opted_out = said.get(ref, row.opted_out)
    return replace(row, ref=ref, contact=Contact.from_fields(kept), absent=absent, opted_out=opted_out)


def _known_names(session: Session, rows: list[Record]) -> list[RecordRef]:
    """What the rows' records are called here.

    A record we created is named by its key, and stays so. The id that an export first tells together with that
    key is remembered: from then on the id is what it is known by, whatever its key is by then, and another id
    with that key is another record.
    """
    keyed = {row.ref: [] if _named_by_key(row) else _key_names(row) for row in rows}
    named = dict(session.store.named([ref for row, keys in keyed.items() for ref in (row, *keys)]))
    taken = {*session.store.told_ids(named.values())}
    told = {row.ref: row.ref for row in rows if _named_by_key(row) and row.ref in named}
    for ref, keys in keyed.items():
        if ref not in named:
            free = (key for key in keys if key in named and key not in taken)
            if (name := next(free, None)) is not None:
                told[ref] = named[ref] = name
                taken.add(name)
    session.store.note_told(told)
    return [named.get(row.ref, row.ref) for row in rows]


def _key_names(record: Record) -> list[RecordRef]:
    return [RecordRef(record.ref.provider, f"{kind}:{key}") for kind, key in keys_of(record.contact)]


def _sent_after(session: Session, provider: str, since: datetime) -> dict[str, frozenset[str]]:
    """Record id → fields that were acknowledged after the export's time."""
    found: dict[str, set[str]] = {}
    sent = session.store.operations(states=("acked", "verified"), provider=provider, sent_since=since)
    for operation in sent:
        if operation.record_id:
            found.setdefault(operation.record_id, set()).update(operation.fields)
    return {record: frozenset(fields) for record, fields in found.items()}
