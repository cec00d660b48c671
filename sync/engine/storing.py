"""Rows that were read are kept: canonical values, keys, what tells a change, and what a row says of an opt-out."""

from __future__ import annotations

import hashlib
import marshal
from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from sync.contact import FIELD_NAMES, Contact
from sync.engine.attention import read_touched
from sync.engine.opt_out_lists import note_opt_outs
from sync.engine.people import merge_people
from sync.engine.recognising import same
from sync.identity.canonical import RULES, canonicalize, keys_of
from sync.items import erasures_of, told_id
from sync.matching import alike_marks
from sync.optouts import record_key, wide_keys_of
from sync.person import to_be_matched
from sync.record import OptOut, is_before
from sync.store_port import ReadRecord, Ready

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.engine.session import Seat, Session
    from sync.person import Member
    from sync.record import Link, OptOutEntry, Record, RecordRef, Written

_VALUES = attrgetter(*FIELD_NAMES)
_ENCODING = 2
"""The version of ``marshal`` in which equal values are equal bytes; a third of the time that ``repr`` takes."""


def ready_to_store(record: Record, *, region: str) -> ReadRecord:
    """The record with the digest that tells a change; canonical values and keys once somebody asks."""
    return ReadRecord(
        ref=record.ref,
        fingerprint=_fingerprint(record, region),
        make=lambda: _canonical(record, region),
        updated_at=record.updated_at,
    )


def _fingerprint(record: Record, region: str) -> str:
    """Of what was read, and of how it is understood: other rules or another region make every row a new one."""
    contact, labels, absent = record.contact, record.labels, record.absent
    unreadable = (sorted(record.unreadable),) if record.unreadable else ()
    marks = (sorted(labels) if labels else (), sorted(absent) if absent else (), *unreadable)
    variables = sorted(contact.variables.items()) if contact.variables else ()
    parts = (RULES, region, _VALUES(contact), record.opted_out, *marks, variables)
    return hashlib.blake2b(marshal.dumps(parts, _ENCODING), digest_size=16).hexdigest()


def _canonical(record: Record, region: str) -> Ready:
    contact = canonicalize(record.contact, default_region=region)
    keys = keys_of(contact)
    emails = tuple(key for kind, key in keys if kind == "email")
    return Ready(
        record=record if contact is record.contact else replace(record, contact=contact),
        keys=keys,
        marks=alike_marks(to_be_matched(record.ref, contact, emails)),
    )


def store_records(session: Session, seat: Seat, records: Iterable[Record]) -> None:
    """As ``keep_records``, and the sweep that is under way at the seat, if there is one, has shown them."""
    keep_records(session, seat, records, sweep_id=seat.state.sweep_id)


def keep_records(
    session: Session, seat: Seat, records: Iterable[Record], *, sweep_id: str | None, noted: bool = False
) -> None:
    """The records and the seat's cursor are kept in one commit; opt-outs on rows are in the ledger before, by
    others where they are ``noted``.

    ``sweep_id``: the reading of everything that showed them, ``None`` = none. Rows of whom somebody had erased
    are dropped. A late read is no sight of the record as it is.
    """
    records = _without_erased(session, seat, tuple(records))
    rows = [ready_to_store(r, region=session.settings.sync.default_region) for r in records]
    if not noted:
        note_noes(session, [row.record for row, r in zip(rows, records, strict=True) if r.opted_out])
    _merge_first(session, records)
    settle = session.settings.sync.settle
    counts = session.store.save_page(rows, seat.state, at=session.clock.now(), sweep_id=sweep_id, settle=settle)
    seat.seen.update(r.ref.record_id for r in rows if r.ref not in counts.late)
    seat.seen |= seat.erased
    seat.changed += counts.new + counts.changed
    if seat.provider.capabilities.detail_variables:
        read_touched(session, seat.name, {r.ref: r.updated_at for r in records if r.updated_at is not None})
    if counts.late:
        late = {row.ref: row.record for row in rows if row.ref in counts.late}
        _store_unseen(session, seat, late)


def _store_unseen(session: Session, seat: Seat, late: Mapping[RecordRef, Record]) -> None:
    """Of late reads only what stood where we have written since counts, where that is nothing we knew: it may be
    an edit that nobody had seen.
    """
    known, owners = session.store.records(late), session.store.owners(late)
    links = {m.record.ref: m.link for p in session.store.people(owners.values()) for m in p.members}
    rows = []
    for ref in sorted(late.keys() & links.keys()):
        news, shown = _unseen_in(session, links[ref], late[ref]), late[ref].contact.to_fields()
        kept = {name: value for name, value in known[ref].contact.to_fields().items() if name not in news}
        unseen = {name: value for name, value in shown.items() if name in news}
        contact = Contact.from_fields(kept | unseen)
        if contact != known[ref].contact:
            record = replace(known[ref], contact=contact)
            rows.append(ready_to_store(record, region=session.settings.sync.default_region))
    if rows:
        session.store.save_page(rows, seat.state, at=session.clock.now(), sweep_id=None)


def _unseen_in(session: Session, link: Link, late: Record) -> set[str]:
    """The fields in which the row shows neither what we wrote there lately nor what stood there before."""
    shown = late.contact.to_fields()
    return {
        name
        for name, written in link.written.items()
        if name not in late.absent
        and not _was_observed(written, late)
        and not written.is_known(shown.get(name), link.sent.get(name), partial(same, session, name))
    }


def _was_observed(written: Written, late: Record) -> bool:
    """Whether the row is older than what we had observed of the field before we wrote it."""
    return written.since is not None and late.updated_at is not None and is_before(late.updated_at, written.since)


def _merge_first(session: Session, records: Iterable[Record]) -> None:
    """What was read before and is not merged yet counts, before a late write of ours may be seen in its place."""
    refs = {record.ref for record in records}
    waiting = session.store.people(session.store.waiting_in_doubt(refs))
    if own := [p.id for p in waiting if any(m.record.ref in refs and _has_unmerged(m) for m in p.members)]:
        merge_people(session, own)


def _has_unmerged(member: Member) -> bool:
    """Whether the record shows something that no merge took into account; another one of the person may wait."""
    shown, base = member.record.contact.to_fields(), member.link.base
    return any(shown.get(name) != base.get(name) for name in (shown.keys() | base.keys()) - member.record.absent)


def _without_erased(session: Session, seat: Seat, records: tuple[Record, ...]) -> tuple[Record, ...]:
    """What may be kept; of every other row its removal at the provider is listed as something to do by hand."""
    if not session.opt_outs.forgets:
        return records
    keys = {r.ref: wide_keys_of(r.contact) | {record_key(r.ref)} for r in records}
    found = {ref: entry for ref, own in keys.items() if (entry := session.opt_outs.forgotten(own))}
    _mark_erased(session, found)
    erased: dict[str, list[RecordRef]] = {}
    for ref, entry in found.items():
        erased.setdefault(entry.source_id or "", []).append(ref)
    tasks = [task for person_id, refs in erased.items() for task in erasures_of(person_id, refs)]
    session.store.note_manual_actions(tasks, at=session.clock.now())
    seat.erased.update(ref.record_id for ref in found)
    return tuple(r for r in records if r.ref not in found)


def _mark_erased(session: Session, found: Mapping[RecordRef, OptOutEntry]) -> None:
    """Records that showed a key of somebody erased stay dropped once they show another one; not those that are
    known here, who were not erased.

    The mark stands with the keys of that erasure, so that whatever releases those releases it, too.
    """
    marks: dict[OptOutEntry, set[str]] = {}
    for ref in found.keys() - session.store.named(found).keys():
        if told_id(ref.record_id) == ref.record_id and not session.opt_outs.forgotten({record_key(ref)}):
            marks.setdefault(found[ref], set()).add(record_key(ref))
    now = session.clock.now()
    entries = [replace(e, keys=e.keys | session.opt_outs.hashed(own), at=now) for e, own in marks.items()]
    if entries:
        session.store.add_opt_outs(entries)
    for entry in entries:
        session.opt_outs.add(entry)


def note_noes(session: Session, records: Iterable[Record]) -> None:
    """What the records say of opt-outs is in the ledger."""
    saying_no = [record for record in records if record.opted_out]
    anew = _say_it_anew(session, saying_no)
    note_opt_outs(session, map(_row_opt_out, saying_no), anew={_source_id(ref) for ref in anew})


def _say_it_anew(session: Session, saying_no: list[Record]) -> list[RecordRef]:
    """Those that were last read without a no: what they say now is nothing that was released before."""
    known = session.store.records([record.ref for record in saying_no]) if saying_no else {}
    return [ref for ref, before in known.items() if before.opted_out is None]


def _row_opt_out(record: Record) -> OptOut:
    return OptOut(
        emails=record.contact.emails,
        linkedin_url=record.contact.linkedin_url,
        reason=record.opted_out or "",
        source=record.ref.provider,
        source_id=_source_id(record.ref),
    )


def _source_id(ref: RecordRef) -> str:
    return f"record:{ref.record_id}"


def keep_memory(session: Session, seat: Seat) -> None:
    """The adapter's notes (rate windows, spend) are kept for the next run."""
    if dict(seat.state.memory) != dict(seat.provider.memory):
        seat.state = replace(seat.state, memory=dict(seat.provider.memory))
        session.store.save_provider_state(seat.state)
