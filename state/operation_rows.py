"""What an operation keeps whole, to columns and back: the record it meant, the opt-out it told, what it changes.

Pairs as in ``state.rows``.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from state.rows import REMEMBERED, from_json, from_time_or_none, from_value, to_json, to_time_or_none
from sync.change import FieldChange
from sync.contact import Contact
from sync.record import OptOut, Record, RecordRef

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_record(record: Record) -> str:
    """A whole record, as an operation keeps it."""
    return to_json(
        {
            "ref": [record.ref.provider, record.ref.record_id],
            "fields": record.contact.to_fields(),
            "absent": sorted(record.absent),
            "created_at": to_time_or_none(record.created_at),
            "updated_at": to_time_or_none(record.updated_at),
            "opted_out": record.opted_out,
            "labels": sorted(record.labels),
        }
    )


def from_record(text: str) -> Record:
    """The record an operation kept."""
    parts = from_json(text)
    return Record(
        ref=RecordRef(*parts["ref"]),
        contact=Contact.from_fields(parts["fields"]),
        absent=frozenset(parts["absent"]),
        created_at=from_time_or_none(parts["created_at"]),
        updated_at=from_time_or_none(parts["updated_at"]),
        opted_out=parts["opted_out"],
        labels=frozenset(parts["labels"]),
    )


def to_opt_out(opt_out: OptOut) -> str:
    """An opt-out, as an operation keeps it."""
    return to_json(
        {
            "emails": list(opt_out.emails),
            "linkedin_url": opt_out.linkedin_url,
            "reason": opt_out.reason,
            "source": opt_out.source,
            "source_id": opt_out.source_id,
            "until": to_time_or_none(opt_out.until),
        }
    )


def from_opt_out(text: str) -> OptOut:
    """The opt-out an operation kept; what earlier versions kept of it besides is passed over."""
    parts = from_json(text)
    return OptOut(
        emails=tuple(parts["emails"]),
        linkedin_url=parts["linkedin_url"],
        reason=parts["reason"],
        source=parts["source"],
        source_id=parts["source_id"],
        until=from_time_or_none(parts["until"]),
    )


def to_changes(changes: Mapping[str, FieldChange]) -> str:
    """What an operation changes, by flat field."""
    return to_json({name: [c.before, c.after, c.source, c.rule] for name, c in changes.items()})


@lru_cache(REMEMBERED)
def from_changes(text: str) -> Mapping[str, FieldChange]:
    """What an operation changes; not to be changed."""
    return MappingProxyType(
        {
            name: FieldChange(before=from_value(before), after=from_value(after), source=source, rule=rule)
            for name, (before, after, source, rule) in from_json(text).items()
        }
    )
