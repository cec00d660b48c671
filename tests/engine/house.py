"""A house to test the engine in: three real local servers, a real store, and a clock that can be moved."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from adapters.registry import providers as known_providers
from adapters.toolkit.faults import Fault
from sync.clock import SystemClock
from sync.contact import Contact
from sync.engine.session import Options
from sync.guards import Allowances
from sync.wiring import Request, load_settings, run_once

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from pathlib import Path

    from sync.change import Operation
    from sync.report.model import Mode, Report

GENEROUS = ("create=topo:9999", "create=apollo:9999", "create=datananas:99999", "update=topo:9999",
            "update=apollo:9999", "update=datananas:99999")  # fmt: skip


class MovableClock(SystemClock):
    """The system's clock, moved on as far as a test likes; waiting is not real either. ``wrong_by``: how far the
    wall clock alone is ahead. ``meanwhile``: what happens in a wait of so many seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.offset = timedelta()
        self.wrong_by = timedelta()
        self.waited_s = 0.0
        self.meanwhile: Callable[[float], Awaitable[None]] | None = None

    def now(self) -> datetime:
        return self.true_now() + self.wrong_by

    def true_now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        return super().monotonic() + self.offset.total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.waited_s += seconds
        if self.meanwhile is not None:
            await self.meanwhile(seconds)
        await super().sleep(min(seconds, 0.001))

    def advance(self, **delta: float) -> None:
        self.offset += timedelta(**delta)


SEQUENCE = "0d6f0000-0000-4000-8000-000000000001"


@dataclass
class House:
    """Sandboxes by provider name, somebody at work in each, and the settings that point at them."""

    folder: Path
    boxes: dict[str, Any]
    actors: dict[str, Any]
    clock: MovableClock = field(default_factory=MovableClock)
    tables: dict[str, dict[str, object]] = field(default_factory=dict)
    sections: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def topo(self) -> Any:
        return self.boxes["topo"]

    @property
    def apollo(self) -> Any:
        return self.boxes["apollo"]

    @property
    def datananas(self) -> Any:
        return self.boxes["datananas"]

    def enrol(self, sequence: str | None = SEQUENCE) -> None:
        """Entries in Topo's lists are enrolled in ``sequence`` from now on; in none where it is ``None``."""
        for row in self.topo.lists.values():
            row["default_sequence_template_id"] = sequence

    def begins_to_enrol(self, look: int) -> Fault:
        """Topo's list tells from that look on that it enrols."""
        (listed,) = self.topo.lists.values()
        told = f'{{"id":"{listed["id"]}","default_sequence_template_id":"{SEQUENCE}"}}'
        return Fault.parse(f"GET /v1/contact-lists/*:{look}-99:body={told}")

    @property
    def writes(self) -> int:
        return sum(box.writes for box in self.boxes.values())

    def configure(self, provider: str, **settings: object) -> None:
        self.tables.setdefault(provider, {}).update(settings)

    def section(self, name: str, **settings: object) -> None:
        self.sections.setdefault(name, {}).update(settings)

    def without(self, *providers: str) -> None:
        for provider in providers:
            del self.boxes[provider]

    def export(self) -> None:
        self.configure("datananas", **self.actors["datananas"].export(self.folder))

    @property
    def config(self) -> Path:
        tables = {n: dict(b.settings) | self.tables.get(n, {}) for n, b in self.boxes.items()}
        state = {"url": "sqlite:///state/state.db", "ledger": "state/opt-outs.ledger", "key": "file:state/key",
                 "backups": "state/backups"}  # fmt: skip
        sections = self.sections | {"state": state | self.sections.get("state", {})}
        lines: list[str] = []
        for name, table in sections.items():
            lines += [f"[{name}]", *(f"{k} = {toml(v)}" for k, v in table.items())]
        for name, table in tables.items():
            lines += [f"[providers.{name}]", *(f"{k} = {toml(v)}" for k, v in table.items())]
        path = self.folder / "config.toml"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    @property
    def environ(self) -> Mapping[str, str]:
        return {k: v for box in self.boxes.values() for k, v in box.secrets.items()}

    async def run(
        self,
        mode: Mode = "run",
        *,
        allow: Sequence[str] = GENEROUS,
        providers: tuple[str, ...] = (),
        max_requests: Mapping[str, int] | None = None,
        only: str | None = None,
        undo: str | None = None,
        lists: bool = True,
        stopping: asyncio.Event | None = None,
    ) -> Report:
        for box in self.boxes.values():
            box.now = self.clock.true_now
        request = Request(
            options=Options(mode=mode, allowances=Allowances.parse(allow), undo=undo, lists=lists),
            providers=providers,
            max_requests=max_requests or {},
            only=only,
        )
        settings = load_settings(self.config, self.environ)
        return await run_once(settings, request, clock=self.clock, environ=self.environ, stopping=stopping)

    async def rest(self) -> None:
        """Everybody is everywhere, and everything written was read again; it is an hour later."""
        for _ in range(2):
            self.clock.advance(hours=1)
            await self.run()
        self.clock.advance(hours=1)


def toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    return json.dumps(value)


@asynccontextmanager
async def house(folder: Path, **switches: dict[str, object]) -> AsyncIterator[House]:
    """All sandboxes, empty, while entered; ``switches`` by provider name."""
    specs = known_providers()
    async with AsyncExitStack() as stack:
        boxes = {
            name: await stack.enter_async_context(spec.sandbox(**switches.get(name, {})))
            for name, spec in specs.items()
        }
        yield House(folder, boxes, {n: s.actor(boxes[n]) for n, s in specs.items()})


def person(name: str = "Ana Diaz", **values: Any) -> Contact:
    """Somebody with an email and a profile of their own, unless said otherwise."""
    first, _, last = name.partition(" ")
    slug = name.lower().replace(" ", "-")
    known: dict[str, Any] = {
        "first_name": first,
        "last_name": last or None,
        "emails": (f"{slug.replace('-', '.')}@oakmere-logistics.com",),
        "linkedin_url": f"https://www.linkedin.com/in/{slug}",
    }
    return Contact(**(known | values))


def crowd(count: int, **values: Any) -> list[Contact]:
    """Different people, enough of them; names that do not look alike."""
    return [
        Contact(
            first_name=f"{SYLLABLES[i % 20]}{SYLLABLES[i // 20 % 20].lower()}",
            last_name=f"{SYLLABLES[i // 400 % 20]}{SYLLABLES[i * 7 % 20].lower()}{SYLLABLES[i * 3 % 20].lower()}",
            emails=(f"person{i}@oakmere-logistics.com",),
            linkedin_url=f"https://www.linkedin.com/in/person-{i:06d}",
            **values,
        )
        for i in range(count)
    ]


SYLLABLES = ("Ba", "Ce", "Di", "Fo", "Gu", "Ha", "Je", "Ki", "Lo", "Mu", "Na", "Pe", "Qui", "Ro", "Su", "Ta", "Ve",
             "Wi", "Xo", "Zu")  # fmt: skip


def by_state(report: Report) -> dict[tuple[str, str, str], int]:
    """(provider, kind, state) → how many operations."""
    counted: dict[tuple[str, str, str], int] = {}
    for operation in report.operations:
        key = (operation.provider, operation.kind, operation.state)
        counted[key] = counted.get(key, 0) + 1
    return counted


def at(report: Report, provider: str, kind: str | None = None) -> list[Operation]:
    """The report's operations at one provider."""
    return [o for o in report.operations if o.provider == provider and kind in {None, o.kind}]
