"""Reading every provider: what changed, or everything, page by page with their cursor."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.contact import VARIABLE_PREFIX
from sync.engine.absence import conclude_sweep
from sync.engine.attention import left_unread, note_unread, settings_since
from sync.engine.opt_out_lists import NOBODY_IS_CREATED
from sync.engine.people import chunks, records_of
from sync.engine.storing import keep_memory, note_noes, store_records
from sync.engine.together import together
from sync.errors import ContactSyncError, MappingError, Missing, StateError
from sync.record import RecordRef
from sync.report.words import count

if TYPE_CHECKING:
    from sync.engine.session import Seat, Session
    from sync.ports import Reader
    from sync.record import Page, PullMode, Record

WORST_SHARE_OF_BAD_ROWS = 0.05
"""More broken rows than this in a page of some size means that the API itself changed."""


async def pull_all(session: Session) -> None:
    """Every readable provider is read as far as it answers; one that fails stops alone."""
    seats = session.seats.values()
    await together(_pull_seat(session, seat) for seat in seats if seat.reads)
    await together(_pull_noes(session, seat) for seat in seats if seat.tells_noes and not seat.active)
    for seat in seats:
        if seat.tells_noes and not _was_read_once(seat):
            session.optouts_readable = False
            seat.note(NOBODY_IS_CREATED)


async def _pull_seat(session: Session, seat: Seat) -> None:
    reader = seat.provider.reader
    if reader is None:
        return
    if session.options.mode == "verify":
        seat.state = replace(
            seat.state, cursor=None, sweep_id=None, sweep_cursor=None
        )  # all of it, from its start
    try:
        if _sweep_is_due(session, seat):
            await _sweep(session, seat, reader)
        else:
            _, whole = await _walk(session, seat, reader, "incremental")
            if whole and not seat.provider.capabilities.edits_need_sweep:
                seat.read_until = session.clock.now()
    except ContactSyncError as error:
        session.fail(seat, error)
    finally:
        keep_memory(session, seat)


async def _pull_noes(session: Session, seat: Seat) -> None:
    """Of a provider that does not take part, only what its changed records say of opt-outs is kept."""
    reader = seat.provider.reader
    if reader is None or not seat.up or not _was_read_once(seat):
        return
    overlap_s = session.settings.sync.cursor_overlap.total_seconds()
    try:
        async for page in reader.pull("incremental", seat.state.cursor, overlap_s=overlap_s):
            note_noes(session, page.records)
    except ContactSyncError as error:
        session.fail(seat, error)
    finally:
        keep_memory(session, seat)


def _was_read_once(seat: Seat) -> bool:
    """Whether a read of everything came to its end at some time."""
    state = seat.state
    return state.swept_at is not None or (state.cursor is not None and state.sweep_id is None)


def _sweep_is_due(session: Session, seat: Seat) -> bool:
    state = seat.state
    if state.sweep_id is not None or state.swept_at is None or state.cursor is None:
        return True
    if session.options.allowances.ceiling("emptied", seat.name):
        return True  # what is to be accepted shows in a full read only
    if state.swept_at < settings_since(session).get(seat.name, state.swept_at) <= session.clock.now():
        return True  # what rows mean, and whose opt-outs they tell, may be another thing by now
    every = seat.settings.full_sweep_every or session.settings.sync.full_sweep_every
    return not timedelta() <= session.clock.now() - state.swept_at < every  # ahead of us: the clock was wrong


async def _sweep(session: Session, seat: Seat, reader: Reader) -> None:
    """Everything is read; what the sweep proves about absence is drawn only when it is complete.

    One that an earlier run began goes on where that stopped, or begins anew where it had come to no page: the
    later it begins, the more of those whom it does not show are known long enough to be missed.

    Rows that changed behind its back, while it was read or since an earlier run began it, are read after it. What
    changed since the only page of a short one shows in the look before each write.
    """
    resumed = seat.state.sweep_cursor is not None
    if not resumed:
        start = await reader.newest()
        seat.state = replace(
            seat.state,
            sweep_id=session.clock.new_id(),
            sweep_cursor=None,
            sweep_total=None,
            cursor=start.cursor,
        )
        _save(session, seat, start)
    seat.complete = False
    last, _ = await _walk(session, seat, reader, "sweep")
    if last is None:
        return
    sweep_id = seat.state.sweep_id or ""
    await conclude_sweep(session, seat, reader, last)
    whole = True
    if resumed or seat.seen - {record.ref.record_id for record in last.records}:
        _, whole = await _walk(session, seat, reader, "incremental", overlap_s=0.0)
    if whole and seat.complete:
        since = resumed and seat.provider.capabilities.edits_need_sweep
        seat.read_until = session.store.sweep_began(sweep_id) if since else session.clock.now()


async def _walk(
    session: Session, seat: Seat, reader: Reader, mode: PullMode, overlap_s: float | None = None
) -> tuple[Page | None, bool]:
    """The last page, ``None`` where the walk was stopped before it, and whether all pages to it were whole.

    ``overlap_s``: how far behind the cursor an incremental read begins; ``None`` = as configured.
    """
    if overlap_s is None:
        overlap_s = session.settings.sync.cursor_overlap.total_seconds()
    cursor = seat.state.sweep_cursor if mode == "sweep" else seat.state.cursor
    last, whole = None, True
    async for page in reader.pull(mode, cursor, overlap_s=overlap_s):
        if mode == "sweep":
            total = seat.state.sweep_total if seat.state.sweep_total is not None else page.total_before
            seat.state = replace(seat.state, sweep_cursor=page.cursor, sweep_total=total)
        else:
            seat.state = replace(seat.state, cursor=page.cursor)
        _save(session, seat, page)
        whole = whole and page.complete
        session.progress.advance("pull", seat.name, len(seat.seen), page.total_before)
        if page.last:
            last = page
        if session.stopping.is_set():
            break
    return last, whole and last is not None


def _save(session: Session, seat: Seat, page: Page) -> None:
    _judge_bad_rows(seat, page)
    store_records(session, seat, page.records)


def _judge_bad_rows(seat: Seat, page: Page) -> None:
    """Rows of which not even id and time can be read are left out; the others are kept without what cannot be."""
    in_part = [record.ref.record_id for record in page.records if record.unreadable]
    bad = len(page.bad_rows) + len(in_part)
    seat.bad_rows.update(page.bad_rows)
    total = len(page.bad_rows) + len(page.records)
    if bad > max(1, total * WORST_SHARE_OF_BAD_ROWS):
        raise MappingError(seat.name, "records", "the documented shape", f"{bad} of {total} broken")
    if page.bad_rows:
        rows = count(len(page.bad_rows), "broken row", "broken rows")
        seat.note(f"left out {rows}: {', '.join(page.bad_rows[:5])}")
    if in_part:
        rows = count(len(in_part), "record", "records")
        seat.note(f"some of {rows} cannot be read, and is not written over: {', '.join(in_part[:5])}")
    seat.status = "partial" if bad else seat.status


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
        seat.note("what was written could not be read back")
        session.tell(seat, error)
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
            session.fail(seat, error)


async def _read_details(session: Session, seat: Seat, reader: Reader) -> None:
    """Records never read singly come first; who is not reached waits for the next cycle.

    One that is gone, or that nobody can make sense of, is left out; the next full read tells which is gone.
    """
    never, again = _worth_reading(session, seat)
    wanted, most = [*never, *again], seat.provider.capabilities.details_per_cycle - len(seat.singly)
    note_unread(session, seat.name, wanted, again)  # none of them is forgotten over a failure or a death
    left_out: list[str] = []
    for _, record in wanted[:most]:
        seat.singly.add(record.ref.record_id)
        try:
            row = await reader.details(record)
        except (Missing, MappingError) as error:
            if isinstance(error, Missing) and not error.definite:
                raise
            left_out.append(record.ref.record_id)
            continue
        if record.absent or row.contact.variables != record.contact.variables:
            store_records(session, seat, [row])
    if left_out:
        records = count(len(left_out), "record", "records")
        seat.note(f"the variables of {records} could not be read: {', '.join(left_out[:5])}")
    note_unread(session, seat.name, wanted[most:], again[max(0, most - len(never)) :])


def _worth_reading(session: Session, seat: Seat) -> tuple[list[tuple[str, Record]], list[tuple[str, Record]]]:
    """Records of people who wait, each with its person: never read singly, and shown since they were.

    Those that an earlier cycle did not come to are first among the latter.
    """
    left = left_unread(session, seat.name)
    never: list[tuple[str, Record]] = []
    again: list[tuple[str, Record]] = []
    for people in chunks(session, session.store.dirty_people()):
        for person, record in records_of(people, seat.name):
            if record.ref.record_id in seat.singly:
                continue
            if any(name.startswith(VARIABLE_PREFIX) for name in record.absent):
                never.append((person.id, record))
            elif record.ref.record_id in seat.seen or record.ref.record_id in left:
                again.append((person.id, record))
    return never, sorted(again, key=lambda pair: pair[1].ref.record_id not in left)
