"""What a read of everything proves about the records that it did not show."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sync.change import Hold
from sync.codes import HoldKind
from sync.engine.storing import store_records
from sync.errors import ContactSyncError, MappingError, Missing
from sync.guards import emptied
from sync.record import RecordRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.engine.session import Seat, Session
    from sync.ports import Reader
    from sync.record import Page


MOST_LOOKED_FOR = 100
"""Records that a sweep did not show and that are asked for one by one."""
MOST_FAILURES = 3
"""Answers in a row that tell nothing before nobody else is asked for."""


async def conclude_sweep(session: Session, seat: Seat, reader: Reader, last: Page) -> None:
    """The sweep is over with ``last``; unseen records are gone if it was complete and that is believable. Who is
    there all the same when asked for by id is read so (``unlisted``).
    """
    sweep_id = seat.state.sweep_id or ""
    distinct = session.store.seen_in_sweep(seat.name, sweep_id) + len(seat.bad_rows | seat.erased)
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
    seat.unsure = await _look_for(session, seat, reader)
    unseen = _unseen(session, seat)
    before = session.store.live_records(seat.name)
    seat.vanished = (len(unseen), before) if unseen else None
    if not is_believable(session, seat.name, len(unseen), before):
        seat.state = over
        if session.options.mode == "verify":  # no guard speaks for it there
            allow = f"--allow emptied={seat.name}:{len(unseen)}"
            seat.doubt(
                f"{len(unseen)} of {before} known records are missing, which is not believed",
                f"if they are gone on purpose, `contact-sync run {allow}` accepts it",
            )
    else:
        _mark_gone(session, seat)
        seat.state = replace(over, swept_at=session.clock.now(), peak=max(seat.state.peak, distinct))
    session.store.save_provider_state(seat.state)


def _unseen(session: Session, seat: Seat, settle: timedelta = timedelta()) -> list[RecordRef]:
    """Records known for ``settle`` that the sweep did not show; a row that cannot be read was shown all the same.

    One that does not even tell an id that we know may be any of them: then nobody counts as unseen.
    """
    bad = {RecordRef(seat.name, record_id) for record_id in seat.bad_rows}
    if bad and bad - session.store.records(bad).keys():
        return []
    unseen = session.store.unseen_in_sweep(seat.name, seat.state.sweep_id or "", settle=settle)
    return [ref for ref in unseen if ref.record_id not in seat.bad_rows]


def _told(totals: list[int]) -> str:
    return " then ".join(str(t) for t in totals) or "no total"


def is_believable(session: Session, provider: str, gone: int, before: int) -> bool:
    """Whether so many disappearances may be taken for true."""
    return not emptied(gone, before) or gone <= session.options.allowances.ceiling("emptied", provider)


async def _look_for(session: Session, seat: Seat, reader: Reader) -> set[str]:
    """Records that the sweep did not show, and those that wait as disappeared, are asked for by id; returns ids of
    those of which nobody can tell. In another order each time, lest always the same ones are not come to.
    """
    waiting = [RecordRef(h.provider, h.record_id) for h in session.store.holds() if h.kind == HoldKind.DISAPPEARED]
    unseen = [
        *_unseen(session, seat, session.settings.sync.settle),
        *(r for r in waiting if r.provider == seat.name),
    ]
    asked = sorted(dict.fromkeys(unseen), key=partial(_drawn, seat.state.sweep_id or ""))[:MOST_LOOKED_FOR]
    unsure: set[str] = set()
    for at, ref in enumerate(asked):
        if session.stopping.is_set() or len(unsure) == MOST_FAILURES:
            return unsure | {rest.record_id for rest in asked[at:]}
        try:
            record = await reader.fetch(ref.record_id)
        except (Missing, MappingError):
            continue
        except ContactSyncError as error:
            session.tell(seat, error)
            unsure.add(ref.record_id)
            continue
        store_records(session, seat, [record])
        seat.by_id[ref.record_id] = seat.state.swept_at
    return unsure


def _drawn(sweep_id: str, ref: RecordRef) -> bytes:
    return hashlib.blake2b(f"{sweep_id} {ref}".encode(), digest_size=8).digest()


def _mark_gone(session: Session, seat: Seat) -> None:
    """Unseen records are gone, unless they were met right before: those, as of our own write, may not show yet."""
    unseen = _unseen(session, seat, session.settings.sync.settle)
    mark_gone(session, [ref for ref in unseen if ref.record_id not in seat.unsure])


def mark_gone(session: Session, refs: Sequence[RecordRef]) -> None:
    """The records are gone, each a hold for a person, unless their keys live on under another id.

    One that is nobody's yet, as after a death or while a guard holds joins, is missed by the next full read: by
    then somebody can be asked about it.
    """
    owners = {ref: person for ref in refs if (person := session.store.person_of(ref)) is not None}
    holds = [
        Hold(kind=HoldKind.DISAPPEARED, person_id=person, provider=ref.provider, record_id=ref.record_id)
        for ref, person in owners.items()
    ]
    if holds:
        session.store.mark_gone([*owners], at=session.clock.now(), holds=holds)
