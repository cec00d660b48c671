"""The report for programs: one JSON document, or one JSON event a line. Pure."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC
from typing import TYPE_CHECKING, Any

from sync.redaction import visible_in_json
from sync.report.masking import in_report_order, masked, masked_value, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from sync.change import BulkTotals, CannotExpress, Conflict, GuardReport, Hold, ManualAction, Operation
    from sync.report.model import (
        DeferredReport,
        ParkedReport,
        ProviderReport,
        Report,
        SuspicionReport,
        TwinReport,
    )

SCHEMA = "contact-sync/report/1"
Counts = dict[str, dict[str, dict[str, int]]]


def to_dict(report: Report, *, values: bool) -> dict[str, Any]:
    """The report as JSON values; every key is always there. Personal values are masked unless ``values``."""
    return {
        **_header(report),
        "finished_at": utc(report.finished_at),
        "exit_code": report.exit_code,
        "providers": {n: _provider(p, values) for n, p in report.providers.items()},
        "people": _people(report),
        "operations": [_operation(o, values) for o in report.operations],
        "counts": counts(report.operations),
        **{name: list(entries) for name, entries in _findings(report, values)},
        **({"notes": _notes(report, values)} if report.notes else {}),
    }


def to_json(report: Report, *, values: bool) -> str:
    """``to_dict`` as text that is safe to print: one line a key, and one line an entry of each list."""
    document = to_dict(report, values=values)
    lines = (f"  {json.dumps(key)}: {_block(value)}" for key, value in document.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def to_ndjson(report: Report, *, values: bool) -> str:
    """One JSON object a line, each with its ``event``: header, providers, operations, findings, notes, footer."""
    return "".join(_line(event) for event in _events(report, values))


def counts(operations: Iterable[Operation]) -> Counts:
    """How many operations there are: provider → kind → state → number, sorted by name."""
    found = Counter((o.provider, o.kind, o.state) for o in operations)
    nested: Counts = {}
    for provider, kind, state in sorted(found):
        nested.setdefault(provider, {}).setdefault(kind, {})[state] = found[provider, kind, state]
    return nested


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC, written with ``Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _events(report: Report, values: bool) -> Iterator[dict[str, Any]]:
    yield {"event": "header", **_header(report)}
    for name, provider in report.providers.items():
        yield {"event": "provider", "provider": name, **_provider(provider, values)}
    for operation in report.operations:
        yield {"event": "operation", **_operation(operation, values)}
    for name, entries in _findings(report, values):
        for entry in entries:
            yield {"event": EVENT_NAMES[name], **entry}
    for note in _notes(report, values):
        yield {"event": "note", "text": note}
    yield {
        "event": "footer",
        "finished_at": utc(report.finished_at),
        "exit_code": report.exit_code,
        "people": _people(report),
        "counts": counts(report.operations),
    }


EVENT_NAMES = {
    "conflicts": "conflict",
    "suspected_duplicates": "suspected_duplicate",
    "twins": "twins",
    "holds": "hold",
    "parked": "parked",
    "deferred": "deferred",
    "cannot_express": "cannot_express",
    "manual_actions": "manual_action",
    "guards": "guard",
    "bulk": "bulk",
}
"""List of the document → name of its events."""


def _findings(report: Report, values: bool) -> Iterator[tuple[str, Iterable[dict[str, Any]]]]:
    yield "conflicts", (_conflict(c, values) for c in report.conflicts)
    yield "suspected_duplicates", (_suspicion(s, values) for s in report.suspected_duplicates)
    yield "twins", (_twins(t) for t in report.twins)
    yield "holds", (_hold(h) for h in report.holds)
    yield "parked", (_parked(p, values) for p in report.parked)
    yield "deferred", (_deferred(d) for d in report.deferred)
    yield "cannot_express", (_cannot(c) for c in report.cannot_express)
    yield "manual_actions", (_action(a) for a in report.manual_actions)
    yield "guards", (_guard(g) for g in report.guards)
    yield "bulk", (_bulk(b) for b in report.bulk)


def _notes(report: Report, values: bool) -> list[str]:
    return [sentence(note, values=values) for note in report.notes]


def _header(report: Report) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run_id": report.run_id,
        "mode": report.mode,
        "started_at": utc(report.started_at),
    }


def _provider(provider: ProviderReport, values: bool) -> dict[str, Any]:
    return {
        "status": provider.status,
        "read": {
            "records": provider.records,
            "requests": provider.read_requests,
            "complete": provider.complete,
        },
        "write": {"requests": provider.write_requests},
        "problems": [sentence(problem, values=values) for problem in provider.problems],
    }


def _people(report: Report) -> dict[str, int]:
    people = report.people
    return {"total": people.total, "new": people.new, "merged": people.merged, "excluded": people.excluded}


def _operation(operation: Operation, values: bool) -> dict[str, Any]:
    return {
        "id": operation.id,
        "person": operation.person_id,
        "provider": operation.provider,
        "kind": operation.kind,
        "record_id": operation.record_id,
        "state": operation.state,
        "reason": operation.reason,
        "effects": list(operation.effects),
        "fields": {
            name: {
                "before": masked_value(name, change.before, values=values),
                "after": masked_value(name, change.after, values=values),
                "source": change.source,
                "rule": change.rule,
            }
            for name, change in in_report_order(operation.fields)
        },
    }


def _conflict(conflict: Conflict, values: bool) -> dict[str, Any]:
    return {
        "person": conflict.person_id,
        "field": conflict.field,
        "values": {
            record: masked_value(conflict.field, value, values=values) for record, value in conflict.values.items()
        },
        "since": utc(conflict.since),
    }


def _suspicion(found: SuspicionReport, values: bool) -> dict[str, Any]:
    suspicion = found.suspicion
    return {
        "people": list(found.people),
        "score": suspicion.score,
        "reason": sentence(suspicion.reason, values=values),
        "features": [
            {"name": f.name, "score": f.score, "detail": sentence(f.detail, values=values)}
            for f in suspicion.features
        ],
    }


def _twins(twins: TwinReport) -> dict[str, Any]:
    return {"person": twins.person_id, "provider": twins.provider, "records": list(twins.records)}


def _hold(hold: Hold) -> dict[str, Any]:
    return {
        "kind": hold.kind,
        "person": hold.person_id,
        "provider": hold.provider,
        "record_id": hold.record_id,
    }


def _parked(parked: ParkedReport, values: bool) -> dict[str, Any]:
    return {
        "operation": parked.operation.id,
        "person": parked.operation.person_id,
        "provider": parked.operation.provider,
        "look_for": {k: v if values else masked(v) for k, v in parked.look_for.items()},
        "decide": sentence(parked.decide, values=values),
    }


def _deferred(deferred: DeferredReport) -> dict[str, Any]:
    return {
        "provider": deferred.provider,
        "reason": deferred.reason,
        "count": deferred.count,
        "until": utc(deferred.until) if deferred.until else None,
    }


def _cannot(cannot: CannotExpress) -> dict[str, Any]:
    return {
        "person": cannot.person_id,
        "provider": cannot.provider,
        "field": cannot.field,
        "reason": cannot.reason,
    }


def _action(action: ManualAction) -> dict[str, Any]:
    return {"person": action.person_id, "provider": action.provider, "action": action.action}


def _guard(guard: GuardReport) -> dict[str, Any]:
    return {
        "provider": guard.provider,
        "kind": guard.kind,
        "planned": guard.planned,
        "limit": guard.limit,
        "allow": guard.allow,
    }


def _bulk(bulk: BulkTotals) -> dict[str, Any]:
    return {"uuid": bulk.uuid, "sent": bulk.sent, "created": bulk.created, "updated": bulk.updated}


def _line(event: dict[str, Any]) -> str:
    return _compact(event) + "\n"


def _compact(value: Any) -> str:
    return visible_in_json(json.dumps(value, ensure_ascii=False, separators=(", ", ": ")))


def _block(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return _compact(value)
    return "[\n" + ",\n".join(f"    {_compact(entry)}" for entry in value) + "\n  ]"
