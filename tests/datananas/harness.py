"""Opening the provider against its sandbox, and making operations by hand."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.datananas.provider import SPEC, Datananas
from adapters.datananas.settings import DatananasSettings
from adapters.spec import Opening
from sync.change import BatchResult, FieldChange, Operation
from sync.contact import Contact
from sync.record import Record, RecordRef
from sync.secrets import Secret
from tests.clocks import RealClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from adapters.datananas.sandbox import DatananasSandbox
    from sync.contact import Value

QUICK: Mapping[str, object] = {
    "start_timeout": "4s",
    "stall_timeout": "4s",
    "stall_per_contact": "1ms",
    "request_timeout": "5s",
    "reconnect_wait": "5ms",
}
"""Patience that outlasts a busy machine; tests of impatience set their own."""


class Seen:
    """Progress, remembered."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, int, int | None]] = []

    def advance(self, stage: str, provider: str, done: int, total: int | None) -> None:
        self.calls.append((stage, provider, done, total))


class StepClock(RealClock):
    """Time that only the test moves, in seconds."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now_s + seconds, woken))
        await woken

    async def step(self, seconds: float) -> None:
        """Time goes on, and everybody who waited for it acts."""
        self._now_s += seconds
        for at, woken in self._sleepers:
            if at <= self._now_s and not woken.done():
                woken.set_result(None)
        for _ in range(10):
            await asyncio.sleep(0)


def settings(**changes: Any) -> DatananasSettings:
    """Settings that need no server."""
    table: dict[str, Any] = {"base_url": "http://127.0.0.1:9", "stream_url": "ws://127.0.0.1:9"}
    return DatananasSettings.model_validate(table | {"list": {"_id": "5f0c"}} | changes)


def opening(secrets: Mapping[str, str], directory: Path | None = None, **more: Any) -> Opening:
    def secret(reference: str) -> Secret:
        return Secret(secrets[reference.partition(":")[2]])

    more.setdefault("clock", RealClock())
    return Opening(secret=secret, directory=directory or Path("/nowhere"), **more)


@asynccontextmanager
async def opened(
    box: DatananasSandbox,
    *,
    directory: Path | None = None,
    memory: Mapping[str, object] | None = None,
    clock: RealClock | None = None,
    **changes: Any,
) -> AsyncIterator[Datananas]:
    """The provider, opened against ``box`` with quick patience."""
    table = SPEC.settings.model_validate(dict(box.settings) | dict(QUICK) | changes)
    provider = Datananas(table, opening(box.secrets, directory, memory=memory or {}, clock=clock or RealClock()))  # type: ignore[arg-type]  # ours
    await provider.open()
    try:
        yield provider
    finally:
        await provider.close()


def person(i: int = 0, **fields: Any) -> Contact:
    return Contact(**({"emails": (f"p{i}@example.org",), "first_name": f"P{i}"} | fields))


def create(contact: Contact, name: str = "op") -> Operation:
    return Operation(
        id=f"{name}-{contact.email}", person_id="p", provider="datananas", kind="create", contact=contact,
        reason="new-person",
    )  # fmt: skip


def creates(count: int, start: int = 0) -> list[Operation]:
    return [create(person(i)) for i in range(start, start + count)]


def update(held: Contact, **changes: Value | None) -> Operation:
    """An update of the record that shows ``held``."""
    flat = {**held.to_fields(), **{name: value for name, value in changes.items() if value}}
    fields = {
        name.replace("__", "."): FieldChange(
            before=held.to_fields().get(name), after=value, source="topo", rule="fill"
        )
        for name, value in changes.items()
    }
    flat = {name.replace("__", "."): value for name, value in flat.items()}
    return Operation(
        id=f"up-{held.email or held.linkedin_url}", person_id="p", provider="datananas", kind="update",
        contact=Contact.from_fields(flat), reason="fill", fields=fields, record_id="r1",
        record=Record(ref=RecordRef("datananas", "r1"), contact=held),
    )  # fmt: skip


async def sent(provider: Datananas, operations: Sequence[Operation], progress: Seen | None = None) -> BatchResult:
    """The operations sent as the one batch they make."""
    (batch,) = provider.batches(operations)
    return await provider.send(batch, progress or Seen())


def row_of(box: DatananasSandbox, i: int = 0) -> dict[str, Any]:
    """What the server received as row ``i`` of the last bulk request."""
    received = [r for r in box.traffic.received if r.path == "/contacts/bulk"][-1]
    row: dict[str, Any] = received.body["contacts"][i]
    return row
