"""Records that are named by their key: where nobody tells an id, the key is the id, and it is personal.

Ids that providers gave are shown as they are; a name made of an email or a profile is masked like one.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.report.masking import masked

if TYPE_CHECKING:
    from sync.change import Conflict, Operation
    from sync.report.model import Report

KEY_NAMES = ("email:", "linkedin:")


def masked_name(record_id: str) -> str:
    """``email:a…@a….com`` for a record named by its email; a provider's own id as it is."""
    for start in KEY_NAMES:
        if record_id.startswith(start):
            return start + masked(record_id.removeprefix(start))
    return record_id


def with_masked_names(report: Report) -> Report:
    """The report with every record that is named by its key under a masked name."""
    return replace(
        report,
        operations=tuple(_operation(o) for o in report.operations),
        conflicts=tuple(_conflict(c) for c in report.conflicts),
        holds=tuple(replace(h, record_id=masked_name(h.record_id)) for h in report.holds),
        twins=tuple(replace(t, records=tuple(map(masked_name, t.records))) for t in report.twins),
        parked=tuple(replace(p, operation=_operation(p.operation)) for p in report.parked),
    )


def _operation(operation: Operation) -> Operation:
    if operation.record_id is None or not operation.record_id.startswith(KEY_NAMES):
        return operation
    return replace(operation, record_id=masked_name(operation.record_id))


def _conflict(conflict: Conflict) -> Conflict:
    values = {}
    for source, value in conflict.values.items():
        provider, colon, record_id = source.partition(":")
        values[provider + colon + masked_name(record_id)] = value
    return replace(conflict, values=MappingProxyType(values))
