"""Which messages the sandbox's stream sends for one import, and in what form and order.

Source: https://docs.datananas.com/reference/post_contacts-bulk (three events and their payloads)
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.datananas.sandbox_switches import Switches

Message = str | bytes

ENVELOPES: dict[str, Callable[[str, dict[str, Any]], Any]] = {
    "type-data": lambda name, payload: {"type": name, "data": payload},
    "event-payload": lambda name, payload: {"event": name, "payload": payload},
    "name-args": lambda name, payload: {"name": name, "args": [payload]},
    "flat": lambda name, payload: {"type": name} | payload,
    "array": lambda name, payload: [name, payload],
    "socket.io": lambda name, payload: [name, payload],
    "typed": lambda name, payload: {"type": "event", "event": name, "data": payload},
    "short": lambda name, payload: {"type": name, "data": payload},
}


@dataclass(slots=True)
class Plan:
    """The messages of one import, cut at the HTTP answer."""

    switches: Switches
    uuid: str
    before_answer: list[Message] = field(default_factory=list)
    after_answer: list[Message] = field(default_factory=list)
    _foreign_end: list[Message] = field(default_factory=list)

    def settle(self, created: int, updated: int) -> None:
        """The ending is added with these totals."""
        s = self.switches
        self.after_answer += [*s.noise, *self._foreign_end]
        if s.ending == "never":
            return
        counts: dict[str, Any] = {"created": created, "updated": updated}
        bad: dict[str, Any] = {"too-many": created + updated + 1, "negative": -1, "text": str(created)}
        if s.zero == "null":
            counts = {name: count or None for name, count in counts.items()}
        elif s.zero == "missing":
            counts = {name: count for name, count in counts.items() if count}
        if s.bad_totals:
            counts["created"] = bad[s.bad_totals]
        ending = message(s, "ending", {"uuid": self.uuid} | counts)
        self.after_answer += [ending] * (2 if s.duplicate else 1)
        if s.second_ending:
            self.after_answer.append(message(s, "ending", {"uuid": self.uuid, "created": 0, "updated": 0}))


def plan(switches: Switches, uuid: str, list_id: str, size: int) -> Plan:
    """Everything but the ending, which ``settle`` adds."""
    s = switches
    made = Plan(s, uuid)
    starting = _starting(s, uuid, list_id)
    foreign = _starting(s, f"foreign-{uuid}", list_id if s.foreign_same_list else "5f0cffff") if s.foreign else []
    starts = [*foreign, *starting] if s.foreign_first else [*starting, *foreign]
    if s.starting == "before":
        made.before_answer += starts
    elif s.starting == "after":
        made.after_answer += starts
    else:
        made.before_answer += foreign
    made.after_answer += _running(s, f"foreign-{uuid}", s.foreign) + _running(s, uuid, size)
    if s.foreign and s.foreign_ends:
        made._foreign_end.append(  # noqa: SLF001  # its own module
            message(s, "ending", {"uuid": f"foreign-{uuid}", "created": s.foreign, "updated": 0})
        )
    return made


def message(switches: Switches, event: str, payload: dict[str, Any]) -> Message:
    """One event in the form that the switches name."""
    name = f"_{event}" if switches.envelope == "short" else f"contact_bulk_create_{event}"
    text = json.dumps(ENVELOPES[switches.envelope](name, payload))
    text = f"42{text}" if switches.envelope == "socket.io" else text
    return f"\ufeff{text}" if switches.byte_order_mark else text


def _starting(s: Switches, uuid: str, list_id: str) -> list[Message]:
    payload: dict[str, Any] = {"listId": list_id, "uuid": uuid} if s.list_id_known else {"uuid": uuid}
    return [message(s, "starting", payload)] * (2 if s.duplicate else 1)


def _running(s: Switches, uuid: str, size: int) -> list[Message]:
    if s.drop_running:
        return []
    total = size + s.total_off
    told = [
        message(s, "running", {"uuid": uuid, "i": i + s.running_base, "total": total})
        for i in range(0, size, s.running_every)
    ]
    told *= 2 if s.duplicate else 1
    if s.shuffle:
        random.Random(size).shuffle(told)
    return told
