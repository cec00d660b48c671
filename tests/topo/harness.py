"""A Topo adapter opened against its running sandbox, and operations to send through it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from adapters.spec import Opening
from adapters.topo.provider import Topo
from adapters.topo.sandbox import sandbox
from adapters.topo.settings import TopoSettings
from sync.change import FieldChange, Operation
from sync.contact import Contact
from sync.record import OptOut, Record, RecordRef
from sync.secrets import Secret
from tests.clocks import HastyClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from adapters.topo.sandbox import TopoSandbox
    from sync.change import BatchResult, Kind, Outcome
    from sync.contact import Value
    from sync.record import OptOutPage, Page, PullMode


START = datetime(2026, 1, 1, 8, tzinfo=UTC)


class Silent:
    """Progress that nobody watches."""

    def advance(self, stage: str, provider: str, done: int, total: int | None) -> None:
        pass


def made(
    box: TopoSandbox,
    *,
    memory: Mapping[str, object] | None = None,
    max_requests: int | None = None,
    **settings: Any,
) -> Topo:
    """An unopened adapter that points at the sandbox."""
    table = dict(box.settings) | {"request_timeout": "2s"} | settings
    opening = Opening(
        clock=HastyClock(),
        secret=lambda ref: Secret(box.secrets.get(ref.removeprefix("env:"), "topo_wrong_key")),
        directory=Path(),
        memory=memory or {},
        max_requests=max_requests,
    )
    return Topo(TopoSettings.model_validate(table), opening)


@contextlib.asynccontextmanager
async def running(
    settings: Mapping[str, Any] | None = None, **switches: Any
) -> AsyncIterator[tuple[TopoSandbox, Topo]]:
    """A sandbox with these switches and an adapter that points at it and retries without waiting."""
    async with sandbox(**switches) as box:
        topo = made(box, **settings or {})
        try:
            yield box, topo
        finally:
            await topo.close()


async def pages(
    topo: Topo, mode: PullMode = "sweep", cursor: str | None = None, overlap_s: float = 600.0
) -> list[Page]:
    """A whole pull."""
    assert topo.reader is not None
    return [page async for page in topo.reader.pull(mode, cursor, overlap_s=overlap_s)]


async def opt_out_pages(topo: Topo) -> list[OptOutPage]:
    """The whole opt-out list."""
    assert topo.opt_out_list is not None
    return [page async for page in topo.opt_out_list.read()]


def ids(found: list[Page]) -> list[str]:
    """Record ids of the pages, in order."""
    return [record.ref.record_id for page in found for record in page.records]


def create(name: str, **fields: Any) -> Operation:
    """A create of a person with this email name, or with exactly these fields."""
    contact = Contact(**fields) if fields else Contact(emails=(f"{name}@corp.com",), first_name=name.title())
    return Operation(
        id=f"op-{name}", person_id=f"person-{name}", provider="topo", kind="create", contact=contact,
        reason="new-person",
    )  # fmt: skip


def change(kind: Kind, record: Record, /, **fields: Value | None) -> Operation:
    """An update (or variables) operation of one record; ``__`` in a name stands for a dot."""
    changes = {
        name.replace("__", "."): FieldChange(before=None, after=after, source="apollo:1", rule="only-changer")
        for name, after in fields.items()
    }
    return Operation(
        id=f"op-{record.ref.record_id}", person_id="person", provider="topo", kind=kind, contact=record.contact,
        reason="only-changer", record=record, record_id=record.ref.record_id, fields=changes,
    )  # fmt: skip


def opt_out(*emails: str, **fields: Any) -> OptOut:
    """An opt-out pushed from elsewhere."""
    return OptOut(
        **{"emails": emails, "linkedin_url": None, "reason": "UNSUBSCRIBED", "source": "apollo"} | fields
    )


def exclude(wanted: OptOut, contact: Contact | None = None) -> Operation:
    """The operation that pushes an opt-out."""
    return Operation(
        id="op-exclude", person_id="person", provider="topo", kind="exclude", contact=contact or Contact(),
        reason="opt-out", opt_out=wanted,
    )  # fmt: skip


def record(record_id: str, **fields: Any) -> Record:
    """A record as it was observed."""
    return Record(ref=RecordRef("topo", record_id), contact=Contact(**fields))


async def send(topo: Topo, *operations: Operation) -> list[Outcome]:
    """The outcomes of the operations, all batches sent."""
    results: list[BatchResult] = [await topo.send(batch, Silent()) for batch in topo.batches(operations)]
    return [outcome for result in results for outcome in result.outcomes]


def people(box: TopoSandbox, count: int, *, apart_s: float = 60.0) -> list[str]:
    """Contacts first and last seen one after the other."""
    rows = []
    for number in range(count):
        seen = START + timedelta(seconds=apart_s * number)
        rows.append(box.add(email=f"p{number}@corp.com", first_seen_at=seen, last_seen_at=seen))
    return [str(row["id"]) for row in rows]


async def raw(box: TopoSandbox, method: str, path: str, **rest: Any) -> httpx.Response:
    headers = {"authorization": f"Bearer {next(iter(box.secrets.values()))}"} | rest.pop("headers", {})
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.request(method, box.base_url + path, headers=headers, **rest)
