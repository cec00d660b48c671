"""One cycle, as one page.

Opt-outs are read first and completely; then every readable provider; records are matched to people and
merged; what differs is planned; guards may stop the whole of it; opt-outs, updates and creates are written;
what was written is read back; and everything is told in one report.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from sync.engine.attention import (
    TARGETS,
    after_changed_abilities,
    after_changed_settings,
    after_ended_opt_outs,
    after_missing_providers,
    after_unread_details,
    fully_planned,
    known_targets,
    provider_set,
)
from sync.engine.erasing import end_interrupted
from sync.engine.findings import assemble
from sync.engine.logbook import (
    of_operations,
    of_opt_outs,
    of_people,
    of_reads,
    phase,
    run_ended,
    tell_guards,
    whole_run,
)
from sync.engine.matching import JOINS, match_records, recall_joins
from sync.engine.moved_clock import look_at_clock
from sync.engine.opt_out_lists import read_opt_outs
from sync.engine.people import match_and_merge
from sync.engine.plan import as_reviewed, plan_all, stop_or_go
from sync.engine.pull import pull_all, read_details
from sync.engine.push import push_all
from sync.engine.read_until import all_is_merged
from sync.engine.resolve import recover, resolve_pending, resolve_unknown
from sync.engine.retention import drop_old_values
from sync.engine.storing import keep_memory
from sync.engine.together import together
from sync.engine.undoing import leave_as_they_were, take_back
from sync.engine.unlisted import unlisted_are_merged
from sync.engine.verify import look_again, verify_writes
from sync.errors import ContactSyncError
from sync.guards import EVERY

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.engine.session import Seat, Session
    from sync.report.model import Report


async def run_cycle(
    session: Session,
    take_in_exports: Callable[[Session], None] | None = None,
    ending: Callable[[Report], int] | None = None,
) -> Report:
    """One whole cycle; providers are closed afterwards, the store stays open.

    ``take_in_exports`` is called once the providers were read: files stand in for those that cannot be.
    ``ending``: the exit code that is told and kept of a report, ``None`` = its own.

    Raises ``StateError`` only; what goes wrong at a provider is in the report.
    """
    with whole_run(session):
        report = await _run(session, take_in_exports, ending)
        run_ended(report)
    return report


async def _run(
    session: Session,
    take_in_exports: Callable[[Session], None] | None,
    ending: Callable[[Report], int] | None,
) -> Report:
    session.store.begin_run(session.run_id, session.options.mode, session.started_at)
    try:
        await _work(session, take_in_exports)
        for seat in session.seats.values():
            keep_memory(session, seat)
        drop_old_values(session)
    finally:
        await asyncio.gather(*(seat.provider.close() for seat in session.seats.values()))
    report = assemble(session)
    if ending is not None:
        report = replace(report, exit_code=ending(report))
    session.store.finish_run(
        session.run_id,
        at=report.finished_at,
        exit_code=report.exit_code,
        summary={"operations": len(report.operations), "people": report.people.total},
    )
    return report


async def _work(session: Session, take_in_exports: Callable[[Session], None] | None) -> None:
    recover(session)
    end_interrupted(session)
    look_at_clock(session)
    after_changed_settings(session)
    recall_joins(session)
    if session.options.mode == "verify":
        session.store.mark_all_people_dirty()
    await _open_all(session)
    with phase("reading opt-outs", session, of_opt_outs):
        await read_opt_outs(session)
    await _look_at_targets(session)
    after_changed_abilities(session)
    await resolve_unknown(session)
    with phase("reading", session, of_reads):
        await pull_all(session)
    if take_in_exports is not None:
        take_in_exports(session)
    with phase("matching and merging", session, of_people):
        # Nobody is merged before all that may have changed is there: of two edits the later read one would win.
        match_records(session)
        await read_details(session)
        match_and_merge(session)
        await resolve_pending(session)
        match_records(session)
        await read_details(session)
        match_and_merge(session)
    look_again(session)
    after_ended_opt_outs(session)
    undone = [] if session.options.undo is None else take_back(session, session.options.undo)
    all_is_merged(session)
    unlisted_are_merged(session)
    with phase("planning", session, of_operations):
        quiet = plan_all(session)
    go = as_reviewed(session) and stop_or_go(session)
    tell_guards(session)
    if not go or session.dry:
        leave_as_they_were(session, undone)
        return
    await _write(session, quiet)


async def _write(session: Session, quiet: list[str]) -> None:
    """What is planned is kept, sent and read back. ``quiet``: people about whom nothing waits afterwards."""
    _accept_configuration(session)
    session.store.save_plan(
        session.run_id,
        list(session.operations.values()),
        at=session.clock.now(),
        planned_again=session.planned_people,
    )
    session.store.settle_people(fully_planned(session, quiet))
    with phase("writing", session, of_operations):
        await push_all(session)
    with phase("reading back", session, of_operations):
        await verify_writes(session)
    after_missing_providers(session)
    after_unread_details(session)


async def _open_all(session: Session) -> None:
    """Every provider answered its preflight, or is down with the reason in the report."""
    await together(_open(session, seat) for seat in session.seats.values())


async def _open(session: Session, seat: Seat) -> None:
    try:
        account = await seat.provider.open()
    except ContactSyncError as error:
        session.fail(seat, error)
        return
    for problem in account.problems:
        seat.note(problem)
    _compare_configuration(session, seat, account.account_id)


def _compare_configuration(session: Session, seat: Seat, account_id: str | None) -> None:
    """A provider seen for the first time is taken as it is; a change waits for ``--allow``."""
    state = seat.state
    other_account = None not in {state.account_id, account_id} and state.account_id != account_id
    changed = state.fingerprint is not None and state.fingerprint != seat.fingerprint
    if other_account:
        seat.changed_config = f"{seat.name} answers for another account than before"
    elif changed:
        seat.changed_config = f"mapping, filter or target of {seat.name} changed since the last run"
    allowed = (seat.name, seat.fingerprint) in session.options.allowances.fingerprints
    if other_account and not allowed:
        seat.active = False
        if session.options.mode == "verify":  # no guard speaks for it there
            seat.doubt(seat.changed_config or "", "`contact-sync run --dry-run` tells how to accept it")
    elif other_account:
        state = replace(
            state, cursor=None, sweep_id=None, sweep_cursor=None, sweep_total=None, swept_at=None, peak=0
        )
    if seat.changed_config is None or allowed:
        seat.state = replace(state, account_id=account_id or state.account_id)
        if allowed and changed:
            session.store.mark_all_people_dirty()


def _accept_configuration(session: Session) -> None:
    """The settings that just passed the guards are the ones later runs compare with."""
    state = session.store.provider_state(EVERY)
    memory = {**state.memory, TARGETS: known_targets(session), JOINS: {}}
    session.store.save_provider_state(replace(state, fingerprint=provider_set(session), memory=memory))
    for seat in session.seats.values():
        if seat.active and seat.up and seat.state.fingerprint != seat.fingerprint:
            seat.state = replace(seat.state, fingerprint=seat.fingerprint)
            session.store.save_provider_state(seat.state)


async def _look_at_targets(session: Session) -> None:
    """What a create would set off is known before anything is planned."""
    for seat in session.working():
        if seat.provider.capabilities.effects_at_target and seat.settings.write:
            try:
                seat.target = await seat.provider.target()
            except ContactSyncError as error:
                session.fail(seat, error)
