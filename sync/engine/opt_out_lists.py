"""Opt-out lists are read first and completely, and what they say is in the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.engine.attention import after_opt_outs
from sync.engine.together import together
from sync.errors import MappingError, ProviderError
from sync.guards import emptied
from sync.optouts import kept_reason, wide_keys
from sync.record import OptOutEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sync.engine.session import Seat, Session
    from sync.ports import OptOutList
    from sync.record import OptOut

NOBODY_IS_CREATED = "nobody is created anywhere until its opt-outs can be read"
FEWEST_OPT_OUTS = 10
"""A shorter list may lose any number of them without a doubt; the ledger keeps those that it held."""


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
        if seat.up:
            session.fail(seat, error)
        seat.note(NOBODY_IS_CREATED)


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


def note_opt_outs(session: Session, opt_outs: Iterable[OptOut], *, anew: Collection[str] = ()) -> int:
    """The opt-outs are in the ledger; returns how many were news.

    ``anew``: ids of those that say no once more, which is news also where the ledger has the same words.
    """
    news = []
    for opt_out in opt_outs:
        keys = wide_keys(opt_out.emails, opt_out.linkedin_url)
        entry = OptOutEntry(
            keys=session.opt_outs.hashed(keys),
            reason=kept_reason(opt_out.reason),
            source=opt_out.source,
            at=session.clock.now(),
            source_id=opt_out.source_id,
            until=opt_out.until,
        )
        if keys and (entry.source_id in anew or not session.opt_outs.knows(entry)):
            session.opt_outs.add(entry)
            news.append((opt_out, entry))
    if news:
        # marked before they are kept: a death in between must not leave a known opt-out that nobody was told of
        after_opt_outs(session, [opt_out for opt_out, _ in news])
        session.store.add_opt_outs([entry for _, entry in news])
    return len(news)
