"""Records as they are read: pages, answers to writes, disappearances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from state import people
from state.findings import open_holds
from state.rows import (
    RECORD_COLUMNS,
    Carried,
    from_absent,
    from_json,
    from_time,
    record_of_row,
    to_absent,
    to_contact,
    to_json,
    to_set,
    to_time,
    to_time_or_none,
)
from sync.contact import Contact
from sync.identity.canonical import keys_of
from sync.record import Record, RecordRef, is_before
from sync.store_port import PageCounts, ReadRecord, Ready

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from state.connection import Connection
    from sync.change import Hold

DIRTY_RECORDS = "INSERT OR IGNORE INTO dirty_record SELECT value FROM json_each(?)"
MATCHED_BY = """
    SELECT kind, value FROM record_key WHERE rid = ? AND shown = 1
    UNION ALL SELECT 'mark', mark FROM alike_mark WHERE rid = ?
    UNION ALL SELECT json_extract(fields, '$.first_name'), json_extract(fields, '$.last_name')
    FROM record WHERE rid = ?
"""
LOAD = f"SELECT {RECORD_COLUMNS} FROM json_each(?) AS j CROSS JOIN record AS r ON r.rid = j.value"  # noqa: S608  # only our own column names


class Known(NamedTuple):
    """What the store knows of a record before a page."""

    rid: int
    fingerprint: str
    gone: bool
    updated_at: int | None
    changed_at: int


def save_page(
    connection: Connection, records: Sequence[ReadRecord], at: int, sweep_id: str | None, settle: int = 0
) -> PageCounts:
    """The records are kept; see ``Store.save_page``. Records that are there twice count once, the last one."""
    page = {read.ref: read for read in records}
    known = _known(connection, page)
    fresh = [read for ref, read in page.items() if ref not in known]
    others = [(was, page[ref]) for ref, was in known.items() if page[ref].fingerprint != was.fingerprint]
    late = frozenset(read.ref for was, read in others if _is_late(was, read, at, settle))
    changed = [(was, read) for was, read in others if read.ref not in late]
    back = [was.rid for was in known.values() if was.gone]
    rids = _insert(connection, fresh, at)
    people.mark_sharers_dirty(connection, [was.rid for was, _ in changed])
    _update(connection, changed, at)
    _return(connection, back)
    touched = [was.rid for was, _ in changed] + back
    connection.exec_driver_sql(DIRTY_RECORDS, (to_json(rids + touched),))
    people.mark_owners_dirty(connection, touched)
    if sweep_id is not None:
        _see(connection, rids + [was.rid for was in known.values()], sweep_id, at)
    return PageCounts(
        new=len(fresh),
        changed=len(changed),
        unchanged=len(page) - len(fresh) - len(changed),
        late=late,
    )


def _is_late(was: Known, read: ReadRecord, at: int, settle: int) -> bool:
    """Whether the row is older than what was stored just now; a wrong clock, ours or theirs, proves nothing."""
    if was.updated_at is None or read.updated_at is None:
        return False
    just_now = abs(at - was.changed_at) < settle and was.updated_at < at + settle
    return just_now and is_before(read.updated_at, from_time(was.updated_at))


def touched(connection: Connection, times: Mapping[RecordRef, int]) -> list[RecordRef]:
    """The known records whose last change that is known was before their time."""
    known = _known(connection, times)
    return [ref for ref, was in known.items() if (was.updated_at or 0) < times[ref]]


def take_touched(connection: Connection, times: Mapping[RecordRef, int]) -> None:
    """The records were touched at those times, which is known from now on; their people wait."""
    rids = {ref: known.rid for ref, known in _known(connection, times).items()}
    connection.exec_driver_sql(
        "UPDATE record SET updated_at = ? WHERE rid = ?", [(times[ref], rid) for ref, rid in rids.items()]
    )
    people.mark_owners_dirty(connection, list(rids.values()))


def save_echo(connection: Connection, read: ReadRecord, at: int) -> int:
    """The row is kept as observed; its rid. It waits for matching only if what that looks at changed."""
    known = _known(connection, [read.ref]).get(read.ref)
    if known is None:
        (rid,) = _insert(connection, [read], at)
        connection.exec_driver_sql(DIRTY_RECORDS, (to_json([rid]),))
        return rid
    before = _matched_by(connection, known.rid)
    _return(connection, [known.rid] if known.gone else [])
    people.mark_sharers_dirty(connection, [known.rid])
    # An answer to a write may be trimmed: that it says no "no" does not mean that there is none any more.
    _update(connection, [(known, read)], at, opted_out="coalesce(?, opted_out)")
    if known.gone or before != _matched_by(connection, known.rid):
        connection.exec_driver_sql(DIRTY_RECORDS, (to_json([known.rid]),))
    return known.rid


def _known(connection: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, Known]:
    wanted: dict[str, dict[str, RecordRef]] = {}
    for ref in refs:
        wanted.setdefault(ref.provider, {})[ref.record_id] = ref
    known: dict[RecordRef, Known] = {}
    for provider, ids in wanted.items():
        rows = connection.exec_driver_sql(
            "SELECT record_id, rid, fingerprint, gone_at IS NOT NULL, updated_at, changed_at"
            " FROM record WHERE provider = ? AND record_id IN (SELECT value FROM json_each(?))",
            (provider, to_json(list(ids))),
        )
        known.update((ids[record_id], Known(*row)) for record_id, *row in rows)
    return known


def _insert(connection: Connection, fresh: Sequence[ReadRecord], at: int) -> list[int]:
    if not fresh:
        return []
    last = connection.exec_driver_sql("SELECT coalesce(max(rid), 0) FROM record").scalar_one()
    rids = list(range(last + 1, last + 1 + len(fresh)))
    connection.exec_driver_sql(
        "INSERT INTO record (rid, provider, record_id, fingerprint, fields, absent, labels, opted_out,"
        " created_at, updated_at, first_seen, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(rid, read.ref.provider, read.ref.record_id, read.fingerprint),
                *(to_contact(read.record.contact), to_absent(Carried(read.record.absent, read.record.unreadable))),
                *(*_told(read.record), at, at),
            )
            for rid, read in zip(rids, fresh, strict=True)
        ],
    )
    rows = list(zip(rids, fresh, strict=True))
    _show(connection, rows, at)
    _mark(connection, rows)
    return rids


def _told(record: Record) -> tuple[object, ...]:
    times = (to_time_or_none(record.created_at), to_time_or_none(record.updated_at))
    return (to_set(record.labels), record.opted_out, *times)


def _update(
    connection: Connection, changed: Sequence[tuple[Known, ReadRecord]], at: int, *, opted_out: str = "?"
) -> None:
    if not changed:
        return
    rids = to_json([was.rid for was, _ in changed])
    rows = connection.exec_driver_sql(
        "SELECT rid, absent FROM record WHERE rid IN (SELECT value FROM json_each(?))", (rids,)
    )
    absent = {rid: from_absent(column) for rid, column in rows}
    connection.exec_driver_sql(
        f"UPDATE record SET fingerprint = ?, fields = ?, absent = ?, labels = ?, opted_out = {opted_out},"  # noqa: S608  # only our own words
        " created_at = ?, updated_at = ?, changed_at = ? WHERE rid = ?",
        [
            (
                read.fingerprint,
                *_observed(connection, was.rid, absent[was.rid], read.record),
                *_told(read.record),
                at,
                was.rid,
            )
            for was, read in changed
        ],
    )
    shown = [(was.rid, read) for was, read in changed]
    _hide(connection, changed)
    _show(connection, shown, at)
    connection.exec_driver_sql("DELETE FROM alike_mark WHERE rid = ?", [(rid,) for rid, _ in shown])
    _mark(connection, shown)


def _observed(connection: Connection, rid: int, before: Carried, record: Record) -> tuple[str, str]:
    """The columns of fields and of absent ones: what the row does not carry stays as it was observed."""
    carried = Carried(
        before.absent & record.absent,
        record.unreadable | (before.unreadable & record.absent),
        before.first | (before.absent - record.absent),
    )
    if not record.absent:
        return to_contact(record.contact), to_absent(carried)
    row = connection.exec_driver_sql("SELECT fields FROM record WHERE rid = ?", (rid,)).scalar_one()
    kept = {name: value for name, value in from_json(row).items() if name in record.absent}
    return to_json(kept | record.contact.to_fields()), to_absent(carried)


def _hide(connection: Connection, changed: Sequence[tuple[Known, ReadRecord]]) -> None:
    """Keys that the rows no longer show are aliases; a kind of key that a row did not carry stays shown."""
    connection.exec_driver_sql(
        "UPDATE record_key SET shown = 0 WHERE rid = ? AND shown = 1 AND kind IN (?, ?)",
        [(was.rid, *_carried(read.record.absent)) for was, read in changed],
    )


def _carried(absent: frozenset[str]) -> tuple[str, str]:
    email = "" if "emails" in absent else "email"
    linkedin = "" if absent & {"linkedin_url", "linkedin_id"} else "linkedin"
    return email, linkedin


def _show(connection: Connection, rows: Sequence[tuple[int, ReadRecord]], at: int) -> None:
    keys = [
        (kind, value, rid, place, at, at)
        for rid, read in rows
        for place, (kind, value) in enumerate(read.ready.keys)
    ]
    if keys:
        connection.exec_driver_sql(
            "INSERT INTO record_key (kind, value, rid, place, shown, first_seen, last_seen)"
            " VALUES (?, ?, ?, ?, 1, ?, ?) ON CONFLICT (kind, value, rid)"
            " DO UPDATE SET shown = 1, place = excluded.place, last_seen = excluded.last_seen",
            keys,
        )


def _mark(connection: Connection, rows: Sequence[tuple[int, ReadRecord]]) -> None:
    marks = [(mark, rid) for rid, read in rows for mark in read.ready.marks]
    if marks:
        connection.exec_driver_sql("INSERT OR IGNORE INTO alike_mark VALUES (?, ?)", marks)


def _matched_by(connection: Connection, rid: int) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.exec_driver_sql(MATCHED_BY, (rid, rid, rid))}


def _return(connection: Connection, rids: list[int]) -> None:
    """The records are live again and nothing waits for their absence any more."""
    if not rids:
        return
    connection.exec_driver_sql(
        "UPDATE record SET gone_at = NULL, released_at = NULL WHERE rid IN (SELECT value FROM json_each(?))",
        (to_json(rids),),
    )
    connection.exec_driver_sql(
        "DELETE FROM hold WHERE absence = 1 AND (provider, record_id) IN"
        " (SELECT r.provider, r.record_id FROM json_each(?) AS j JOIN record AS r ON r.rid = j.value)",
        (to_json(rids),),
    )


def _see(connection: Connection, rids: list[int], sweep_id: str, at: int) -> None:
    connection.exec_driver_sql(
        "INSERT INTO sighting (rid, sweep_id, seen_at) SELECT value, ?, ? FROM json_each(?) WHERE true"
        " ON CONFLICT (rid) DO UPDATE SET sweep_id = excluded.sweep_id, seen_at = excluded.seen_at",
        (sweep_id, at, to_json(rids)),
    )


def mark_gone(connection: Connection, refs: Iterable[RecordRef], at: datetime, holds: Sequence[Hold]) -> None:
    """The records are gone, the holds open; those about them until they are back."""
    gone = _known(connection, refs)
    rids = [known.rid for known in gone.values()]
    connection.exec_driver_sql(
        "UPDATE record SET gone_at = ? WHERE gone_at IS NULL AND rid IN (SELECT value FROM json_each(?))",
        (to_time(at), to_json(rids)),
    )
    people.mark_owners_dirty(connection, rids)
    absent = [hold for hold in holds if RecordRef(hold.provider, hold.record_id) in gone]
    open_holds(connection, absent, to_time(at), absence=True)
    open_holds(connection, holds, to_time(at))


def release(connection: Connection, ref: RecordRef, at: int) -> None:
    """The record, which is gone, no longer forbids that its person is created there."""
    connection.exec_driver_sql(
        "UPDATE record SET released_at = ? WHERE gone_at IS NOT NULL AND provider = ? AND record_id = ?",
        (at, ref.provider, ref.record_id),
    )


def load(connection: Connection, refs: Iterable[RecordRef]) -> dict[RecordRef, Record]:
    """The observed records that are known."""
    rids = to_json([known.rid for known in _known(connection, refs).values()])
    rows = connection.exec_driver_sql(LOAD, (rids,))
    return {record.ref: record for record in map(record_of_row, rows)}


def rid_of(connection: Connection, ref: RecordRef, at: int, written: Contact) -> int:
    """The record's number; one that was never read is kept as a blank one, with the keys ``written`` there."""
    known = _known(connection, [ref]).get(ref)
    if known is not None:
        return known.rid
    ready = Ready(Record(ref=ref, contact=Contact()), keys_of(written))
    blank = ReadRecord(ref=ref, fingerprint="", make=lambda: ready)
    (rid,) = _insert(connection, [blank], at)
    return rid
