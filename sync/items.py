"""What waits for a person: short names, stable as long as the thing is the same, and what to look for. Pure."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from typing import TYPE_CHECKING

from sync.change import Conflict, Hold, ManualAction, Operation, Suspicion

if TYPE_CHECKING:
    from sync.record import RecordRef

Finding = Conflict | Hold | ManualAction | Operation | Suspicion
"""What may wait for a person. An operation does when it is parked."""

ERASE = "erase"
"""The manual action that an erasure asks for at every provider; what follows names the record."""

LENGTH = 8
"""Letters and digits of a name: 40 bits, so that two of a million findings hardly ever share one."""


def item_id(finding: Finding) -> str:
    """``field-…``, ``pair-…``, ``hold-…``, ``parked-…`` or ``todo-…``."""
    prefix, parts = _parts(finding)
    digest = hashlib.sha256("\x00".join((prefix, *parts)).encode("utf-8", "surrogatepass")).digest()
    return f"{prefix}-{b32encode(digest).decode().lower()[:LENGTH]}"


def look_for(operation: Operation) -> dict[str, str]:
    """By what a person finds the record of a parked write at its provider."""
    contact = operation.contact
    known = {"email": contact.email, "linkedin_url": contact.linkedin_url, "name": contact.full_name}
    return {name: value for name, value in known.items() if value}


def _parts(finding: Finding) -> tuple[str, tuple[str, ...]]:
    if isinstance(finding, Conflict):
        return "field", (finding.person_id, finding.field)
    if isinstance(finding, Suspicion):
        return "pair", tuple(sorted(map(str, finding.records)))
    if isinstance(finding, Hold):
        return "hold", (finding.kind, finding.person_id, finding.provider, told_id(finding.record_id))
    if isinstance(finding, ManualAction):
        return "todo", (finding.person_id, finding.provider, finding.action)
    return "parked", (finding.id,)


def erasure_of(ref: RecordRef) -> str:
    """What somebody has to do by hand, because no API here deletes."""
    told = told_id(ref.record_id)
    return f"{ERASE} {'the record' if told != ref.record_id else told}"


def is_erasure(action: ManualAction) -> bool:
    """Whether a record of somebody erased is to be removed."""
    return action.action.startswith(f"{ERASE} ")


def told_id(record_id: str) -> str:
    """The record's id as a report tells it to anybody: one that is a key of the person is only its kind there."""
    kind, colon, _ = record_id.partition(":")
    return kind if colon and kind in {"email", "linkedin"} else record_id
