"""Opens the provider against its sandbox, and builds the values that tests hand to it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapters.apollo.provider import SPEC
from adapters.apollo.settings import ApolloSettings
from adapters.spec import Opening
from adapters.toolkit.faults import Fault
from sync.change import FieldChange, Operation
from sync.contact import Contact
from sync.record import Record, RecordRef
from sync.secrets import Secret
from tests.clocks import RealClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from adapters.apollo.provider import Apollo
    from adapters.apollo.sandbox import ApolloSandbox
    from sync.change import Outcome
    from sync.record import Page, PullMode

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


class SteppingClock(RealClock):
    """A wall clock that moves only when told; sleeping moves it too."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def tick(self, seconds: float = 60.0) -> datetime:
        self.at += timedelta(seconds=seconds)
        return self.at


class Bench:
    """A provider joined to its sandbox, both on one clock."""

    def __init__(self, server: ApolloSandbox, clock: SteppingClock, table: Mapping[str, Any]) -> None:
        self.server = server
        self.clock = clock
        self.table = dict(table)
        self.opened: list[Apollo] = []
        self.provider: Apollo = self.reopened()

    def reopened(
        self,
        memory: Mapping[str, object] | None = None,
        *,
        key: str | None = None,
        max_requests: int | None = None,
        **more: Any,
    ) -> Apollo:
        opening = Opening(
            clock=self.clock,
            secret=lambda ref: Secret(key or self.server.secrets[ref.removeprefix("env:")]),
            max_requests=max_requests,
            directory=Path(),
            memory=memory or {},
        )
        provider: Apollo = SPEC.open(ApolloSettings(**(self.table | more)), opening)  # type: ignore[assignment]  # its own spec
        self.opened.append(provider)
        return provider

    def fault(self, text: str) -> None:
        method, _, rest = text.partition(" ")
        self.server.traffic.faults.append(Fault.parse(f"{method} {self.server.prefix}{rest}"))

    async def send(self, *operations: Operation) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for batch in self.provider.batches(operations):
            outcomes += (await self.provider.send(batch, Silent())).outcomes
        return outcomes

    async def pages(self, mode: PullMode, cursor: str | None = None, overlap_s: float = 600.0) -> list[Page]:
        return [page async for page in self.provider.reader.pull(mode, cursor, overlap_s=overlap_s)]

    def bodies(self, path: str) -> list[Any]:
        return [r.body for r in self.server.traffic.received if r.path.endswith(path)]


class Silent:
    def advance(self, stage: str, provider: str, done: int, total: int | None) -> None:
        pass


@contextlib.asynccontextmanager
async def bench(settings: Mapping[str, Any] | None = None, **switches: Any) -> AsyncIterator[Bench]:
    async with SPEC.sandbox(**switches) as server:
        clock = SteppingClock()
        server.now = clock.now
        joined = Bench(server, clock, {**server.settings, **(settings or {})})
        try:
            yield joined
        finally:
            for provider in joined.opened:
                await provider.close()


def ids(pages: list[Page]) -> list[str]:
    return [record.ref.record_id for page in pages for record in page.records]


def in_turn(pages: list[Page]) -> list[str]:
    """The ids that a full read met by creation: all but its first page, which is that of the newest changes."""
    return ids(pages[1:])


def person(number: int = 1, **fields: Any) -> Contact:
    given = {
        "emails": (f"lea{number}@exemple.fr",), "first_name": "Lea", "last_name": f"Martin{number}",
        "company_name": "Exemple SA",
    }  # fmt: skip
    return Contact(**(given | fields))


def create(number: int = 1, **fields: Any) -> Operation:
    return Operation(
        id=f"op{number}",
        person_id=f"person-{number}",
        provider="apollo",
        kind="create",
        contact=person(number, **fields),
        reason="new-person",
    )


def update(record_id: str, number: int = 1, *, wanted: Contact | None = None, **after: Any) -> Operation:
    contact = wanted or person(number, **{k: v for k, v in after.items() if not k.startswith("variables.")})
    return Operation(
        id=f"op{number}",
        person_id=f"person-{number}",
        provider="apollo",
        kind="update",
        contact=contact,
        reason="only-changer",
        record_id=record_id,
        record=Record(ref=RecordRef("apollo", record_id), contact=Contact()),
        fields={
            name: FieldChange(before=None, after=value, source="topo", rule="only-changer")
            for name, value in after.items()
        },
    )


def stage(record_id: str, number: int = 1) -> Operation:
    return Operation(
        id=f"op{number}",
        person_id=f"person-{number}",
        provider="apollo",
        kind="stage",
        contact=Contact(),
        reason="opt-out",
        record_id=record_id,
    )
