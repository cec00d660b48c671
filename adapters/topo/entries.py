"""A batch of contact entries: rendered into one request, and its answer told apart item by item."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from adapters.toolkit import strict_json
from adapters.topo import exchange, mapping
from adapters.topo.keys import contradicts, email_form, profile_form
from sync.change import Outcome
from sync.codes import StateReason

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.topo.wire import EntryItem, EntryRow, ItemError
    from sync.change import Operation, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One operation as an entry's fields."""

    operation: Operation
    fields: dict[str, str]

    @property
    def keys(self) -> frozenset[str]:
        """What the provider may find the person by; empty = the entry would be refused."""
        email, profile = self.fields.get("email"), self.fields.get("linkedin_url")
        found = [email_form(email)] if email else []
        return frozenset(found + ([profile_form(profile)] if profile else []))


def to_entry(operation: Operation) -> Entry:
    """A create carries the wanted contact, an update the observed row with the change, under its own keys."""
    if operation.kind == "update" and operation.record is not None:
        return Entry(operation=operation, fields=mapping.to_update(operation.record.contact, operation.fields))
    return Entry(operation=operation, fields=mapping.to_wire(operation.contact))


def cut(entries: Sequence[Entry], longest: int) -> list[list[Entry]]:
    """The entries in batches, order kept; no batch holds one key twice.

    What a request with the same person twice does is not documented (2026-11).
    """
    batches: list[list[Entry]] = []
    taken: set[str] = set()
    for entry in entries:
        if not batches or len(batches[-1]) >= longest or taken & entry.keys:
            batches.append([])
            taken = set()
        batches[-1].append(entry)
        taken |= entry.keys
    return batches


def render(entries: Sequence[Entry], list_id: str) -> bytes:
    """The request body. Source: https://docs.topo.io/api-reference/contacts/create-contact-entries."""
    return strict_json.dumps({"items": [{"contact_list_id": list_id, **entry.fields} for entry in entries]})


def outcomes(entries: Sequence[Entry], items: Sequence[EntryItem]) -> tuple[Outcome, ...]:
    """One outcome an entry; what the answer does not tell beyond doubt is ``unknown``."""
    told = _assign(entries, items)
    return tuple(_outcome(entry, told.get(position)) for position, entry in enumerate(entries))


def _assign(entries: Sequence[Entry], items: Sequence[EntryItem]) -> dict[int, EntryItem]:
    """Position → its item. Items without any index are taken in order when none is missing."""
    if items and all(item.index is None for item in items):
        return dict(enumerate(items)) if len(items) == len(entries) else {}
    base = _base(entries, items)
    if base is None:
        return {}
    counted = Counter(item.index for item in items)
    return {
        item.index - base: item
        for item in items
        if item.index is not None and counted[item.index] == 1 and 0 <= item.index - base < len(entries)
    }


def _base(entries: Sequence[Entry], items: Sequence[EntryItem]) -> int | None:
    """Whether indexes count from 0 or 1; ``None`` when the answer leaves it open.

    Counting from 0 is what the samples show, in words it is nowhere (2026-11).
    """
    indexes = {item.index for item in items if item.index is not None}
    if 0 in indexes:
        return 0
    if len(entries) in indexes:
        return 1
    fitting = [base for base in (0, 1) if _fits(entries, items, base)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(entries: Sequence[Entry], items: Sequence[EntryItem], base: int) -> bool:
    """Whether every echo stands beside the entry it echoes."""
    for item in items:
        position = (item.index or 0) - base
        if not 0 <= position < len(entries):
            return False
        if item.entry is not None and not _echoes(entries[position], item.entry):
            return False
    return True


def _echoes(entry: Entry, row: EntryRow) -> bool:
    sent_email, sent_url = entry.fields.get("email"), entry.fields.get("linkedin_url")
    return not contradicts(sent_email, sent_url, row.email, row.linkedin_url)


def _outcome(entry: Entry, item: EntryItem | None) -> Outcome:
    operation = entry.operation
    if item is None or not item.consistent or (item.entry is not None and not _echoes(entry, item.entry)):
        return Outcome(operation_id=operation.id, state="unknown", reason=StateReason.BATCH_INCONSISTENT)
    if item.error is not None:
        return _failed(operation, item.error)
    assert item.entry is not None  # noqa: S101  # a consistent item has one of both
    return _accepted(operation, item.entry)


FATES: Mapping[str, tuple[State, StateReason]] = MappingProxyType(
    {
        exchange.VALIDATION: ("refused", StateReason.REJECTED),
        exchange.CONFLICT: ("unknown", StateReason.OUTCOME_UNKNOWN),
    }
)
"""What an item's type of error leaves; after any other one the entry is tried again.

Source: https://docs.topo.io/api-reference/errors-rate-limits (of whole requests; items are not told of, 2026-11).
"""


def _failed(operation: Operation, error: ItemError) -> Outcome:
    message = ": ".join(filter(None, (exchange.scrubbed(error.type), exchange.scrubbed(error.message))))
    state, reason = FATES.get(error.type, ("deferred", StateReason.NOT_TAKEN_NOW))
    return Outcome(operation_id=operation.id, state=state, reason=reason, message=message or None)


def _accepted(operation: Operation, row: EntryRow) -> Outcome:
    """The entry is there; its contact may still be to come.

    The entry is echoed, not the contact that enrichment makes of it, so no record is told.
    """
    if operation.kind == "update":
        if row.contact_id is not None and operation.record_id not in {None, row.contact_id}:
            return Outcome(
                operation_id=operation.id, state="refused", entry_id=row.id, reason=StateReason.MATCH_DOUBTFUL
            )
        return Outcome(operation_id=operation.id, state="acked", record_id=operation.record_id, entry_id=row.id)
    if row.contact_id is None:
        return Outcome(
            operation_id=operation.id, state="pending", entry_id=row.id, reason=StateReason.PENDING_RESOLVE
        )
    return Outcome(operation_id=operation.id, state="acked", record_id=row.contact_id, entry_id=row.id)
