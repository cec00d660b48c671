"""Everything a cycle found, put into one report with the exit code that a person must act on first."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.codes import StateReason
from sync.engine.people import chunks
from sync.items import item_id, look_for
from sync.matching import MAX_BLOCK
from sync.report.model import (
    DIFFERS,
    DeferredReport,
    ParkedReport,
    PeopleReport,
    Report,
    SuspicionReport,
    TwinReport,
)
from sync.report.words import count

if TYPE_CHECKING:
    from datetime import datetime

    from sync.change import Operation, State
    from sync.engine.session import Session

OK, PARTIAL, GUARDED, STALE, AUTH, QUOTA, DIFFERENT, UNREACHABLE = 0, 3, 5, 6, 8, 9, 10, 11
URGENCY = (STALE, GUARDED, AUTH, QUOTA, UNREACHABLE, PARTIAL, DIFFERENT)
"""Exit codes of a cycle, the one to act on first in front."""

NEEDS_A_PERSON = frozenset({"failed", "refused", "unknown", "parked"})
UNSETTLED: tuple[State, ...] = ("sending", "unknown", "pending")
WAITS_FOR_QUOTA = frozenset(
    {
        StateReason.QUOTA,
        StateReason.QUOTA_TOTAL,
        StateReason.PRICE,
        StateReason.MAX_REQUESTS,
        StateReason.RATE_LIMITED,
    }
)


def assemble(session: Session) -> Report:
    """The report of a finished cycle."""
    store = session.store
    told = [o for o in session.operations.values() if o.id not in session.told_before] + session.ended_late
    operations = tuple(sorted(_foreseen(session, told), key=lambda o: (o.provider, o.kind, o.person_id, o.id)))
    blocked = _still_blocked(session)
    lists = session.options.lists
    return Report(
        run_id=session.run_id,
        mode=session.options.mode,
        started_at=session.started_at,
        finished_at=session.clock.now(),
        exit_code=exit_code(session, operations),
        providers=MappingProxyType({name: seat.report() for name, seat in sorted(session.seats.items())}),
        people=PeopleReport(
            total=store.people_count(),
            new=session.new_people,
            merged=session.merged_people,
            excluded=len({person for _, person, reason in blocked if reason == StateReason.OPTED_OUT}),
        ),
        operations=operations,
        conflicts=tuple(store.conflicts()),
        suspected_duplicates=_suspected(session) if lists else (),
        unlisted=0 if lists else store.suspected_count(),
        twins=_twins(session) if lists else (),
        holds=tuple(store.holds()),
        parked=_parked(session),
        deferred=_deferred(session, operations),
        cannot_express=tuple(session.cannot_express),
        manual_actions=tuple(store.manual_actions()),
        guards=session.guards,
        bulk=tuple(session.bulk),
        still_blocked=len({op for op, _, _ in blocked} - {o.id for o in operations}),
        refused_before=session.refused_before,
        unsettled=len({o.operation_id for o in store.standing(UNSETTLED)} - {o.id for o in operations}),
        notes=(*session.notes, *_uncompared(session)),
        names=_names(session, operations),
    )


def _foreseen(session: Session, operations: list[Operation]) -> list[Operation]:
    """The operations as a run would put them off: limits that earlier runs met and that still stand.

    Of a dry run only that no guard stops. A plan that is saved holds them all the same, for it may be applied
    later; so does what an undo shows before it asks.
    """
    if session.options.mode != "dry-run" or session.guards or session.options.undo is not None:
        return operations
    met = session.store.operations(states=("deferred",), reasons=WAITS_FOR_QUOTA)
    limits = {(o.provider, o.kind): o for o in met if o.until is not None and o.until > session.clock.now()}
    return [
        replace(o, state="deferred", reason=limit.reason, until=limit.until)
        if o.state == "planned" and (limit := limits.get((o.provider, o.kind)))
        else o
        for o in operations
    ]


def _suspected(session: Session) -> tuple[SuspicionReport, ...]:
    pairs = session.store.suspected_pairs()
    return tuple(SuspicionReport(people=(one, other), suspicion=found) for one, other, found in pairs)


def _twins(session: Session) -> tuple[TwinReport, ...]:
    return tuple(TwinReport(person_id=p, provider=at, records=ids) for p, at, ids in session.store.twins())


def _uncompared(session: Session) -> tuple[str, ...]:
    if not session.uncompared:
        return ()
    groups = count(session.uncompared, "group", "groups")
    return (
        f"possible duplicates were not looked for in {groups} of more than {MAX_BLOCK} records that are alike",
    )


def _still_blocked(session: Session) -> list[tuple[str, str, str]]:
    """(operation, person, reason) of all that is blocked: what this run found, and for others what stands."""
    now = [(o.id, o.person_id, o.reason) for o in session.operations.values() if o.state == "blocked"]
    planned = set(session.planned_people)
    stands = [o for o in session.store.standing(("blocked",)) if o.person_id not in planned]
    return now + [(o.operation_id, o.person_id, o.reason) for o in stands]


def exit_code(session: Session, operations: tuple[Operation, ...]) -> int:
    """The code of the thing to act on first; 0 when nothing asks for anybody."""
    statuses = {seat.status for seat in session.seats.values()}
    reasons = {o.reason for o in operations if o.state == "deferred"}
    reasons |= {d.reason for d in session.deferred_reads}
    met = {
        STALE: session.stale,
        GUARDED: bool(session.guards),
        AUTH: "refused" in statuses,
        QUOTA: bool(reasons & WAITS_FOR_QUOTA) or any(seat.limited for seat in session.seats.values()),
        UNREACHABLE: "unreachable" in statuses,
        PARTIAL: "failed" in statuses
        or StateReason.NOT_TAKEN_NOW in reasons
        or any(o.state in NEEDS_A_PERSON for o in operations),
        DIFFERENT: session.options.mode == "verify" and any(o.state in DIFFERS for o in operations),
    }
    return next((code for code in URGENCY if met[code]), OK)


def _parked(session: Session) -> tuple[ParkedReport, ...]:
    return tuple(
        ParkedReport(
            operation=operation,
            look_for=MappingProxyType(look_for(operation)),
            decide=f"contact-sync review show {item_id(operation)}",
        )
        for operation in session.store.operations(states=("parked",))
    )


def _deferred(session: Session, operations: tuple[Operation, ...]) -> tuple[DeferredReport, ...]:
    counted: dict[tuple[str, str, datetime | None], int] = defaultdict(int)
    for operation in operations:
        if operation.state == "deferred":
            counted[operation.provider, operation.reason, operation.until] += 1
    rows = [
        DeferredReport(provider=provider, reason=reason, count=count, until=until)
        for (provider, reason, until), count in counted.items()
    ]
    met = {(row.provider, row.reason) for row in rows}
    reads = [d for d in session.deferred_reads if (d.provider, d.reason) not in met]
    return tuple(sorted((*reads, *rows), key=lambda d: (d.provider, d.reason)))


def _names(session: Session, operations: tuple[Operation, ...]) -> MappingProxyType[str, str]:
    """Display names of the people the report speaks of."""
    names = {}
    for people in chunks(session, sorted({o.person_id for o in operations})):
        for person in people:
            name = person.contact.full_name or person.contact.email
            if name:
                names[person.id] = name
    return MappingProxyType(names)
