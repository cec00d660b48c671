"""Reading every provider: opt-outs first and completely, then records, page by page with their cursor."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from sync.change import Hold
from sync.codes import HoldKind
from sync.contact import FIELD_NAMES, VARIABLE_PREFIX
from sync.engine.attention import after_opt_outs
from sync.engine.people import chunks, records_of
from sync.engine.together import together
from sync.errors import ContactSyncError, MappingError, ProviderError, QuotaExhausted, RateLimited, StateError
from sync.guards import emptied
from sync.identity.canonical import RULES, canonicalize, keys_of
from sync.matching import alike_marks
from sync.optouts import wide_keys
from sync.person import to_be_matched
from sync.record import OptOutEntry, RecordRef
from sync.store_port import ReadRecord, Ready

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.engine.session import Seat, Session
    from sync.ports import OptOutList, Reader
    from sync.record import OptOut, Page, PullMode, Record

WORST_SHARE_OF_BAD_ROWS = 0.05
"""More broken rows than this in a page of some size means that the API itself changed."""

FEWEST_OPT_OUTS = 10
"""A shorter list may lose any number of them without a doubt; the ledger keeps those that it held."""


def ready_to_store(record: Record, *, region: str) -> ReadRecord:
    """The record with the digest that tells a change; canonical values and keys once somebody asks."""
    return ReadRecord(
        ref=record.ref, fingerprint=_fingerprint(record, region), make=lambda: _canonical(record, region)
    )


_VALUES = attrgetter(*FIELD_NAMES)


def _fingerprint(record: Record, region: str) -> str:
    """Of what was read, and of how it is understood: other rules or another region make every row a new one."""
    contact, marks = record.contact, (record.labels, record.absent)
    parts = (
        *(RULES, region, _VALUES(contact), record.opted_out, *(sorted(mark) if mark else () for mark in marks)),
        sorted(contact.variables.items()) if contact.variables else (),
    )
    return hashlib.blake2b(repr(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _canonical(record: Record, region: str) -> Ready:
    contact = canonicalize(record.contact, default_region=region)
    keys = keys_of(contact)
    emails = tuple(key for kind, key in keys if kind == "email")
    return Ready(
        record=record if contact is record.contact else replace(record, contact=contact),
        keys=keys,
        marks=alike_marks(to_be_matched(record.ref, contact, emails)),
    )


# opt-outs ---------------------------------------------------------------------------------------------
async def read_opt_outs(session: Session) -> None:
    """Every configured opt-out list is in the ledger; if one cannot be read, creates will wait."""
    seats = [s for s in session.seats.values() if s.provider.opt_out_list is not None]
    await together(_read_opt_out_list(session, seat) for seat in seats)


async def _read_opt_out_list(session: Session, seat: Seat) -> None:
    opt_out_list = seat.provider.opt_out_list
    if opt_out_list is None:
        return
    try:
        await _read_whole_list(session, seat, opt_out_list)
    except ProviderError as error:
        session.optouts_readable = False
        session.optouts_error = session.optouts_error or error
        if seat.up:
            seat.fail(error)
        seat.note("nobody is created anywhere until its opt-outs can be read")


async def _read_whole_list(session: Session, seat: Seat, opt_out_list: OptOutList) -> None:
    if not seat.up:
        raise ProviderError(seat.name, "its opt-outs could not be read because it does not answer")
    complete, lasting = True, 0
    async for page in opt_out_list.read():
        note_opt_outs(session, page.opt_outs)
        complete = complete and page.complete
        lasting += sum(opt_out.until is None for opt_out in page.opt_outs)
    if not complete:
        raise MappingError(seat.name, "opt-out list", "the whole list", "part of it")
    _judge_length(session, seat, lasting)


def _judge_length(session: Session, seat: Seat, lasting: int) -> None:
    """A list that suddenly holds less than half of its ``lasting`` entries is not taken for the whole one."""
    last = session.store.provider_state(f"{seat.name} opt-outs")
    gone = last.peak - lasting
    doubtful = last.peak >= FEWEST_OPT_OUTS and emptied(gone, last.peak)
    if doubtful and gone > session.options.allowances.ceiling("emptied", seat.name):
        raise ProviderError(
            seat.name,
            f"{gone} of {last.peak} opt-outs are missing from its list",
            remedy=f"if they were taken off on purpose, run once with --allow emptied={seat.name}:{gone}",
        )
    if last.peak != lasting:
        session.store.save_provider_state(replace(last, peak=lasting))


def note_opt_outs(session: Session, opt_outs: Iterable[OptOut]) -> int:
    """The opt-outs are in the ledger; returns how many were news."""
    news = []
    for opt_out in opt_outs:
        keys = wide_keys(opt_out.emails, opt_out.linkedin_url)
        entry = OptOutEntry(
            keys=session.opt_outs.hashed(keys),
            reason=opt_out.reason,
            source=opt_out.source,
            at=session.clock.now(),
            source_id=opt_out.source_id,
            until=opt_out.until,
        )
        if keys and not session.opt_outs.knows(entry):
            session.opt_outs.add(entry)
            news.append((opt_out, entry))
    if news:
        # marked before they are kept: a death in between must not leave a known opt-out that nobody was told of
        after_opt_outs(session, [opt_out for opt_out, _ in news])
        session.store.add_opt_outs([entry for _, entry in news])
    return len(news)


# records ----------------------------------------------------------------------------------------------
async def pull_all(session: Session) -> None:
    """Every readable provider is read as far as it answers; one that fails stops alone."""
    await together(_pull_seat(session, seat) for seat in session.seats.values() if seat.reads)


async def _pull_seat(session: Session, seat: Seat) -> None:
    reader = seat.provider.reader
    if reader is None:
        return
    try:
        if _sweep_is_due(session, seat):
            await _sweep(session, seat, reader)
        else:
            await _walk(session, seat, reader, "incremental")
    except (RateLimited, QuotaExhausted) as error:
        session.defer_read(seat, error)
        seat.fail(error)
    except ContactSyncError as error:
        seat.fail(error)
    finally:
        keep_memory(session, seat)


def keep_memory(session: Session, seat: Seat) -> None:
    """The adapter's notes (rate windows, spend) are kept for the next run."""
    if dict(seat.state.memory) != dict(seat.provider.memory):
        seat.state = replace(seat.state, memory=dict(seat.provider.memory))
        session.store.save_provider_state(seat.state)


def _sweep_is_due(session: Session, seat: Seat) -> bool:
    state = seat.state
    if state.sweep_id is not None or state.swept_at is None or state.cursor is None:
        return True
    every = seat.settings.full_sweep_every or session.settings.sync.full_sweep_every
    return not timedelta() <= session.clock.now() - state.swept_at < every  # ahead of us: the clock was wrong


async def _sweep(session: Session, seat: Seat, reader: Reader) -> None:
    """Everything is read; what the sweep proves about absence is drawn only when it is complete.

    Rows that changed behind its back, while it was read or since an earlier run began it, are read after it. What
    changed since the only page of a short one shows in the look before each write.
    """
    resumed = seat.state.sweep_cursor is not None
    if seat.state.sweep_id is None:
        start = await reader.newest()
        seat.state = replace(
            seat.state,
            sweep_id=session.clock.new_id(),
            sweep_cursor=None,
            sweep_total=None,
            cursor=start.cursor,
        )
        _save(session, seat, start)
    last = await _walk(session, seat, reader, "sweep")
    if last is not None:
        _conclude_sweep(session, seat, last)
        complete = seat.complete
        if resumed or seat.seen - {record.ref.record_id for record in last.records}:
            await _walk(session, seat, reader, "incremental", overlap_s=0.0)
        seat.complete = complete


async def _walk(
    session: Session, seat: Seat, reader: Reader, mode: PullMode, overlap_s: float | None = None
) -> Page | None:
    """``overlap_s``: how far behind the cursor an incremental read begins; ``None`` = as configured."""
    if overlap_s is None:
        overlap_s = session.settings.sync.cursor_overlap.total_seconds()
    cursor = seat.state.sweep_cursor if mode == "sweep" else seat.state.cursor
    last = None
    async for page in reader.pull(mode, cursor, overlap_s=overlap_s):
        if mode == "sweep":
            total = seat.state.sweep_total if seat.state.sweep_total is not None else page.total_before
            seat.state = replace(seat.state, sweep_cursor=page.cursor, sweep_total=total)
        else:
            seat.state = replace(seat.state, cursor=page.cursor)
        _save(session, seat, page)
        seat.complete = page.complete if seat.complete is None else seat.complete and page.complete
        session.progress.advance("pull", seat.name, len(seat.seen), page.total_before)
        if page.last:
            last = page
        if session.stopping.is_set():
            break
    return last


def _save(session: Session, seat: Seat, page: Page) -> None:
    _judge_bad_rows(seat, page)
    store_records(session, seat, page.records)


def store_records(session: Session, seat: Seat, records: Iterable[Record]) -> None:
    """The records and the seat's cursor are kept in one commit; opt-outs on rows are in the ledger before."""
    records = tuple(records)
    rows = [ready_to_store(r, region=session.settings.sync.default_region) for r in records]
    note_opt_outs(session, (_row_opt_out(row.record) for row, r in zip(rows, records, strict=True) if r.opted_out))
    counts = session.store.save_page(rows, seat.state, at=session.clock.now(), sweep_id=seat.state.sweep_id)
    seat.seen.update(r.ref.record_id for r in rows)
    seat.changed += counts.new + counts.changed


def _row_opt_out(record: Record) -> OptOut:
    from sync.record import OptOut

    return OptOut(
        emails=record.contact.emails,
        linkedin_url=record.contact.linkedin_url,
        reason=record.opted_out or "",
        source=record.ref.provider,
        source_id=f"record:{record.ref.record_id}",
    )


def _judge_bad_rows(seat: Seat, page: Page) -> None:
    if not page.bad_rows:
        return
    seat.bad_rows.update(page.bad_rows)
    total = len(page.bad_rows) + len(page.records)
    if len(page.bad_rows) > max(1, total * WORST_SHARE_OF_BAD_ROWS):
        raise MappingError(seat.name, "records", "the documented shape", f"{len(page.bad_rows)} of {total} broken")
    seat.note(f"left out {len(page.bad_rows)} broken rows: {', '.join(page.bad_rows[:5])}")
    seat.status = "partial"


def _conclude_sweep(session: Session, seat: Seat, last: Page) -> None:
    sweep_id = seat.state.sweep_id or ""
    distinct = session.store.seen_in_sweep(seat.name, sweep_id) + len(seat.bad_rows)
    totals = [t for t in (seat.state.sweep_total, last.total_after) if t is not None]
    proven = last.complete and bool(totals) and min(totals) <= distinct <= max(totals)
    seat.complete = proven
    over = replace(seat.state, sweep_id=None, sweep_cursor=None, sweep_total=None)
    if not proven:
        seat.note(
            f"the full read showed {distinct} records where {_told(totals)} were told; absence proves nothing"
        )
        seat.state = over
        session.store.save_provider_state(seat.state)
        return
    unseen = _unseen(session, seat)
    before = session.store.live_records(seat.name)
    seat.vanished = (len(unseen), before) if unseen else None
    if unseen and not _is_believable(session, seat):
        seat.state = over
    else:
        _mark_gone(session, seat)
        seat.state = replace(over, swept_at=session.clock.now(), peak=max(seat.state.peak, distinct))
    session.store.save_provider_state(seat.state)


def _unseen(session: Session, seat: Seat) -> list[RecordRef]:
    """Records the sweep did not show; a row that could not be read was shown all the same.

    One that does not even tell an id that we know may be any of them: then nobody counts as unseen.
    """
    bad = {RecordRef(seat.name, record_id) for record_id in seat.bad_rows}
    if bad and bad - session.store.records(bad).keys():
        return []
    unseen = session.store.unseen_in_sweep(seat.name, seat.state.sweep_id or "")
    return [ref for ref in unseen if ref.record_id not in seat.bad_rows]


def _told(totals: list[int]) -> str:
    return " then ".join(str(t) for t in totals) or "no total"


def _is_believable(session: Session, seat: Seat) -> bool:
    """Whether so many disappearances may be taken for true."""
    gone, before = seat.vanished or (0, 0)
    return not emptied(gone, before) or gone <= session.options.allowances.ceiling("emptied", seat.name)


def _mark_gone(session: Session, seat: Seat) -> None:
    """Unseen records are gone, each a hold for a person, unless their keys live on under another id."""
    unseen = _unseen(session, seat)
    holds = []
    for ref in unseen:
        person = session.store.person_of(ref)
        if person is not None:
            hold = Hold(
                kind=HoldKind.DISAPPEARED, person_id=person, provider=ref.provider, record_id=ref.record_id
            )
            holds.append(hold)
    if unseen:
        session.store.mark_gone(unseen, at=session.clock.now(), holds=holds)


async def read_back(session: Session, seat: Seat) -> set[RecordRef]:
    """What changed since the cursor is read once more, after a push; returns the records that were shown."""
    reader = seat.provider.reader
    if reader is None or seat.state.cursor is None:
        return set()
    before, seat.seen = seat.seen, set()
    try:
        await _walk(session, seat, reader, "incremental")
    except StateError:
        raise
    except ContactSyncError as error:
        seat.note(f"what was written could not be read back ({error})")
    shown = {RecordRef(seat.name, record_id) for record_id in seat.seen}
    seat.seen |= before
    return shown


async def read_details(session: Session) -> None:
    """Variables that only single reads show are read for changed, linked records, a bounded number a cycle."""
    for seat in session.seats.values():
        caps = seat.provider.capabilities
        reader = seat.provider.reader
        if not (seat.reads and caps.detail_variables) or reader is None:
            continue
        try:
            await _read_details(session, seat, reader)
        except ContactSyncError as error:
            seat.fail(error)


async def _read_details(session: Session, seat: Seat, reader: Reader) -> None:
    """Records never read singly come first; who is not reached waits for the next cycle."""
    never: list[tuple[str, Record]] = []
    again: list[tuple[str, Record]] = []
    for people in chunks(session, session.store.dirty_people()):
        for person, record in records_of(people, seat.name):
            if any(name.startswith(VARIABLE_PREFIX) for name in record.absent):
                never.append((person.id, record))
            elif record.ref.record_id in seat.seen:
                again.append((person.id, record))
    wanted = [*never, *again]
    most = seat.provider.capabilities.details_per_cycle
    for _, record in wanted[:most]:
        row = await reader.details(record)
        if record.absent or row.contact.variables != record.contact.variables:
            store_records(session, seat, [row])
    session.unread += [person_id for person_id, _ in wanted[most:]]
