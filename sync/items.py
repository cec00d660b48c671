"""What waits for a person: short names, stable as long as the thing is the same, and what to look for. Pure."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections import Counter
from typing import TYPE_CHECKING

from sync.change import CHANGE, Conflict, Hold, ManualAction, Operation, Suspicion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.record import RecordRef

Finding = Conflict | Hold | ManualAction | Operation | Suspicion
"""What may wait for a person. An operation does when it is parked."""

DELETE = "delete"
"""The manual action that follows an accepted disappearance at every other provider."""
ERASE = "erase"
"""The manual action that an erasure asks for at every provider; what follows names the record."""

ONE_BY_KEY = "the record that `forget` named by its key"

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
        asked = (finding.person_id, finding.provider, finding.action)
        # a change to another value is another thing to do, so that nobody ticks off what they have not done
        since = finding.since if finding.action.startswith(CHANGE) else None
        return "todo", asked if since is None else (*asked, since.isoformat())
    return "parked", (finding.id,)


def erasures_of(person_id: str, refs: Sequence[RecordRef]) -> list[ManualAction]:
    """What somebody has to do by hand, because no API here deletes.

    Records named by a key of the person are only counted, a task a provider: who erased them was told the names.
    """
    named = [(ref.provider, ref.record_id) for ref in refs if told_id(ref.record_id) == ref.record_id]
    keyed = Counter(ref.provider for ref in refs if told_id(ref.record_id) != ref.record_id)
    counted = [
        (provider, f"the {amount} records that `forget` named by their keys" if amount > 1 else ONE_BY_KEY)
        for provider, amount in keyed.items()
    ]
    return [ManualAction(person_id=person_id, provider=at, action=f"{ERASE} {it}") for at, it in named + counted]


def is_erasure(action: ManualAction) -> bool:
    """Whether a record of somebody erased is to be removed."""
    return action.action.startswith(f"{ERASE} ")


def told_id(record_id: str) -> str:
    """The record's id as a report tells it to anybody: one that is a key of the person is only its kind there."""
    kind, colon, _ = record_id.partition(":")
    return kind if colon and kind in {"email", "linkedin"} else record_id
