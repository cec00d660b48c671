"""How things stand, as JSON values: gathered from the store, the locks and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sync.cli.places import database_file, is_made, ledger_entries, looked_at, was_lost
from sync.clock import utc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from state.store import SqliteStore
    from sync.change import Operation
    from sync.config import Settings
    from sync.store_port import ProviderState, RunRow

SCHEMA = "contact-sync/status/1"
RUNS = 5
FIRST = 5
"""How many of each kind are named; the counts are whole."""

LOST = "the database was lost and made anew although earlier runs left traces: runs only plan"
ROLLED_BACK = "an older copy of the database was put back, or its marker is gone: nothing runs"
GONE = "the database is gone although earlier runs left traces: restore a backup; runs make it anew and only plan"
MOVED = "the last run was on another machine: runs only plan here"
ACCEPT = "`contact-sync state check --accept` accepts it"


def gather(settings: Settings, *, values: bool) -> dict[str, Any]:
    """Everything that ``status`` tells. Raises ``StateError`` when the store cannot be read."""
    now = datetime.now(UTC)
    told: dict[str, Any] = {
        "schema": SCHEMA,
        "at": utc(now),
        "config": str(settings.path),
        "database": str(database_file(settings)),
        "locks": _locks(settings),
        "made": is_made(settings),
        "people": 0,
        "runs": [],
        "providers": {},
        "waiting": {},
        "warnings": [],
    }
    if told["made"]:
        with looked_at(settings) as store:
            told |= _from_store(settings, store, now, values=values)
    else:
        told["warnings"] = _ledger_alone(settings)
    return told


def _ledger_alone(settings: Settings) -> list[str]:
    """What to warn of where there is no database: what earlier runs left, which a first run has none of."""
    from sync.errors import StateError

    try:
        return [GONE] if was_lost(settings, ledger_entries(settings)) else []
    except StateError as error:
        return [str(error)]


def _locks(settings: Settings) -> dict[str, str]:
    """Who holds the lock of a run and the lock of the daemon; ``""`` = nobody."""
    from state.lock import RunLock, daemon_lock_path, run_lock_path

    path = database_file(settings)
    return {
        "run": RunLock(run_lock_path(path)).holder(),
        "daemon": RunLock(daemon_lock_path(path)).holder(),
    }


def _from_store(settings: Settings, store: SqliteStore, now: datetime, *, values: bool) -> dict[str, Any]:
    runs = store.recent_runs(RUNS)
    warnings = list(store.warnings)
    if store.lost_database:
        warnings.append(f"{LOST}; {ACCEPT}")
    if store.other_host:
        warnings.append(f"{MOVED}; {ACCEPT}")
    if store.rolled_back:
        warnings.append(f"{ROLLED_BACK}; {ACCEPT}")
    deferred = store.operations(states=("deferred",), run_id=runs[0].run_id) if runs else []
    return {
        "people": store.people_count(),
        "runs": [_run(row) for row in runs],
        "providers": {n: _provider(store, n, deferred, now) for n in sorted(settings.providers)},
        "waiting": _waiting(store, values=values),
        "warnings": warnings,
    }


def _run(row: RunRow) -> dict[str, Any]:
    return {
        "run_id": row.run_id,
        "mode": row.mode,
        "started_at": utc(row.started_at),
        "finished_at": utc(row.finished_at),
        "exit_code": row.exit_code,
        "counts": dict(row.summary),
    }


def _provider(store: SqliteStore, name: str, deferred: list[Operation], now: datetime) -> dict[str, Any]:
    state = store.provider_state(name)
    return {
        "records": store.live_records(name),
        "swept_at": utc(state.swept_at),
        "sweeping": state.sweep_id is not None,
        "has_cursor": state.cursor is not None,
        "export_as_of": utc(state.export_as_of),
        "limits": _limits(state, now),
        "not_before": _not_before(state.memory, now),
        "spent_today_usd": _spent(state.memory, now),
        "deferred": _deferred([o for o in deferred if o.provider == name]),
    }


def _limits(state: ProviderState, now: datetime) -> list[dict[str, Any]]:
    from adapters.toolkit.rates import parse_windows

    ends = ((w, w.opened_at + timedelta(seconds=w.seconds)) for w in parse_windows(state.memory))
    return [
        {"endpoint": w.endpoint, "seconds": w.seconds, "limit": w.limit, "left": max(w.limit - w.used, 0),
         "resets_at": utc(end)}
        for w, end in ends if end > now
    ]  # fmt: skip


def _not_before(memory: Mapping[str, object], now: datetime) -> dict[str, str]:
    """Endpoint → when it may be asked again, if that is still to come."""
    from adapters.toolkit.rates import parse_not_before

    return {endpoint: utc(moment) or "" for endpoint, moment in parse_not_before(memory).items() if moment > now}


def _spent(memory: Mapping[str, object], now: datetime) -> float | None:
    """Today's spend in US dollars, ``None`` when the provider notes none."""
    noted = memory.get("spend")
    if not isinstance(noted, dict) or not isinstance(noted.get("micros"), int):
        return None
    return float(noted["micros"]) / 1e6 if noted.get("day") == now.date().isoformat() else 0.0


def _deferred(operations: list[Operation]) -> list[dict[str, Any]]:
    groups: dict[tuple[str, str, str | None], int] = {}
    for operation in operations:
        group = (operation.kind, operation.reason, utc(operation.until))
        groups[group] = groups.get(group, 0) + 1
    return [{"kind": k, "reason": r, "until": u, "count": n} for (k, r, u), n in sorted(groups.items(), key=str)]


def _waiting(store: SqliteStore, *, values: bool) -> dict[str, Any]:
    """What waits for a person or is not settled: kind → whole count and the first few."""
    parked = store.operations(states=("parked",))
    unsettled = store.operations(states=("sending", "unknown", "pending"))
    actions = store.manual_actions()
    return {
        "conflicts": _some(store.conflicts(), lambda c: {"person": c.person_id, "field": c.field}),
        "suspected_duplicates": _some(
            store.suspicions(),
            lambda s: {
                "records": [_record(r.provider, r.record_id, values=values) for r in s.records],
                "score": round(s.score, 2),
                "reason": s.reason,
            },
        ),
        "holds": _some(
            store.holds(),
            lambda h: {
                "kind": h.kind,
                "person": h.person_id,
                "record": _record(h.provider, h.record_id, values=values),
            },
        ),
        "parked": _some(parked, _operation),
        "unsettled": _some(unsettled, _operation),
        "manual_actions": _some(
            actions, lambda a: {"person": a.person_id, "provider": a.provider, "action": a.action}
        ),
    }


def _some(findings: list[Any], told: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    return {"count": len(findings), "first": [told(finding) for finding in findings[:FIRST]]}


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "operation": operation.id,
        "person": operation.person_id,
        "provider": operation.provider,
        "kind": operation.kind,
        "state": operation.state,
    }


def _record(provider: str, record_id: str, *, values: bool) -> str:
    """``provider:id``; an id that is a key of the person itself is masked like the key."""
    from sync.report.masking import masked

    kind, colon, key = record_id.partition(":")
    if values or not colon or kind not in {"email", "linkedin"}:
        return f"{provider}:{record_id}"
    return f"{provider}:{kind}:{masked(key)}"
