"""One seed played: three providers, other people at work in them, an engine that may die, and a witness."""

from __future__ import annotations

import asyncio
import contextvars
import math
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from adapters.registry import providers as known_providers
from sync.codes import HoldKind
from sync.engine.cycle import run_cycle
from sync.engine.session import Options
from sync.exports import take_in_exports
from sync.guards import Allowances
from sync.wiring import Request, session_for
from tests.simulation import storage
from tests.simulation.boxes import WORKING_ON, apps_of, make_boxes, tell_address
from tests.simulation.clock import START, SimClock
from tests.simulation.demon import Murmurs, wraps
from tests.simulation.draw import PROVIDERS, Aim, Cue, Draw
from tests.simulation.loop import VirtualLoop, silent
from tests.simulation.office import configure
from tests.simulation.oracle import judge
from tests.simulation.others import Others
from tests.simulation.people import crowd, slug_of
from tests.simulation.rest import ALLOW, rest
from tests.simulation.serving import served
from tests.simulation.witness import Made, Witness

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from state.store import SqliteStore
    from sync.config import Settings
    from sync.report.model import Report
    from tests.simulation.faults import Faults

OPT_OUT_AGE_S = 60.0
"""An opt-out that is older than this must be known to us before anything could create its person."""


@dataclass
class Scene:
    """Everything of one seed. ``cycle``: engine cycles begun so far; ``reports``: of those that ended.

    ``died_in``: cycles in which the process died; what it had learnt then and not kept, it may ask again.
    ``planned_at``: when this cycle's plan was kept, endless before; ``planned``: whether it was. ``unasked``:
    cycles in which nothing was allowed beyond the guards. ``sequence_in``: the first cycle that begins with a
    target list that enrols. ``emptied_in``: the cycle before which a provider lost everybody.
    ``unread_noes``: cycles in which an opt-out list was not read. ``insisted``: record → the title that a tool
    puts back. ``changed``: table of the configuration → what others changed in it.
    """

    draw: Draw
    folder: Path
    loop: VirtualLoop
    clock: SimClock
    faults: Faults
    witness: Witness = field(default_factory=Witness)
    boxes: dict[str, Any] = field(default_factory=dict)
    actors: dict[str, Any] = field(default_factory=dict)
    store: SqliteStore | None = None
    settings: Settings | None = None
    mode: str = "run"
    cycle: int = 0
    gates: int = 0
    twice: bool = False
    clock_moved: bool = False
    reports: list[Report] = field(default_factory=list)
    kills: list[tuple[str, int]] = field(default_factory=list)
    engine: asyncio.Task[Report] | None = None
    commits: int = 0
    died_in: set[int] = field(default_factory=set)
    quiet_from: int = 0
    others_blanked: bool = False
    planned_at: float = math.inf
    planned: bool = False
    states: dict[tuple[str, str, str], int] = field(default_factory=dict)
    cycle_reports: list[tuple[int, Report]] = field(default_factory=list)
    passed: dict[Cue | Aim, int] = field(default_factory=dict)
    sequence_in: int = 10**9
    emptied_in: int = 0
    unread_noes: set[int] = field(default_factory=set)
    insisted: dict[str, str] = field(default_factory=dict)
    unasked: set[int] = field(default_factory=set)
    changed: dict[str, dict[str, Any]] = field(default_factory=dict)
    export: dict[str, Any] = field(default_factory=dict)

    # what happens at providers ------------------------------------------------------------------------
    def born(self, provider: str, row: dict[str, Any]) -> None:
        """A record came to be; if a request of ours made it, the witness keeps it as ours."""
        request = WORKING_ON.get()
        if not request:
            return
        record_id = str(row.get("id") or row.get("_id"))
        who = self.witness.identify(provider, row)
        self.witness.made.append(
            Made(
                who=who,
                provider=provider,
                record_id=record_id,
                request=request,
                at=self.loop.time(),
                again=self.twice,
            )
        )
        if who is not None:
            self.witness.of_record[provider, record_id] = who

    def intends(self, provider: str, digests: set[str], body: bytes) -> bool:
        """Whether the store durably holds an operation that is being sent with one of these digests.

        Two calls of the adapters are not rendered by the engine: the rest of an update whose bad row was named,
        and an exclusion for keys that another entry does not carry. Both must belong to what is being sent.
        """
        assert self.store is not None
        sending = self.store.operations(states=("sending",), provider=provider)
        text = body.decode("utf-8", "replace")
        return any(
            o.digest in digests
            or (o.kind == "update" and provider == "apollo" and f'"{o.record_id}"' in text)
            or (
                o.kind == "exclude"
                and any(key in text for key in (*o.contact.emails, o.contact.linkedin_url) if key)
            )
            for o in sending
        )

    def check_opt_outs(self, name: str, provider: str, rows: list[dict[str, Any]]) -> None:
        """Nobody whose no was there for a minute is in a request that could create them."""
        if not ("contact-entries" in name or "bulk_create" in name or name.startswith("datananas")):
            return
        whos, now = {self.witness.identify(provider, row) for row in rows}, self.loop.time()
        for no in self.witness.noes:
            since = self._heard_at(no.who) if no.provider == "apollo" else no.at + OPT_OUT_AGE_S
            if since is not None and now >= since and no.who in whos:
                self.witness.blame(
                    "V4", f"{no.who} said no at {no.at:.0f} s ({no.provider}) and is in {name} at {now:.0f} s"
                )

    def _heard_at(self, who: str) -> float | None:
        """When an answer first showed that they are unsubscribed to a process that did not die over it."""
        shown = self.witness.unsubscribed_shown.get(who, {})
        return min((at for cycle, at in shown.items() if cycle not in self.died_in), default=None)

    def at_gate(self, name: str) -> None:
        """Others may act, the clock may jump and the process may die, whenever a gate opens."""
        self.gates += 1
        if self.faults.on:
            act = self.draw.acts.get(self.gates)
            if act is not None:
                Others(self).act(act, Random(f"act {self.draw.seed} {self.gates}"))
            if self.gates in self.draw.skews:
                self._skew(self.draw.skews[self.gates])
        if ("gate", self.gates) in self.kills and self.engine is not None and not self.engine.done():
            self.kills.remove(("gate", self.gates))
            storage.Life.dead = True
            self.engine.cancel()

    def cue(self, name: str = "", *, applied: bool = False) -> None:
        """Others do what this moment is their cue for; ``name``: the request at which it is."""
        for cue in self.draw.cues:
            now = cue.cycle == self.cycle and cue.applied == applied
            if not (now and self.faults.on and self.mode == "run"):
                continue
            here = name.startswith(cue.match) if cue.match else cue.planned == self.planned
            if here and bool(name) == bool(cue.match):
                self._act_once(cue)

    def _act_once(self, cue: Cue) -> None:
        passed = self.passed[cue] = self.passed.get(cue, -1) + 1
        if passed != cue.skip:
            return
        busy = WORKING_ON.set("")
        for number, act in enumerate(cue.acts):
            Others(self).act(act, Random(f"cue {self.draw.seed} {cue} {number}"))
        WORKING_ON.reset(busy)

    def aimed(self, name: str) -> str | None:
        """The fault that is aimed at this request."""
        for aim in self.draw.aims:
            ready = aim.cycle == self.cycle and (self.planned or not aim.planned)
            if ready and self.faults.on and self.mode == "run" and name.startswith(aim.match):
                passed = self.passed[aim] = self.passed.get(aim, -1) + 1
                if passed == aim.skip:
                    return aim.kind
        return None

    def _skew(self, seconds: float) -> None:
        self.clock.skew += timedelta(seconds=seconds)
        self.clock_moved = True
        self.loop.note(f"* the clock moves by {seconds} s")

    # playing ------------------------------------------------------------------------------------------
    async def play(self) -> None:
        """The whole seed: cycles under disturbance, then rest, then what must be quiet."""
        self.loop.set_exception_handler(silent)
        async with AsyncExitStack() as stack:
            await self._build(stack)
            try:
                await self._disturbed()
                await rest(self)
                judge(self)
            finally:
                if self.store is not None:
                    self.store.close()

    async def _build(self, stack: AsyncExitStack) -> None:
        switches = self.draw.switches
        if self.draw.refused:
            refused = {
                "silently_refuse": lambda row: str(row.get("email", "")).lower().startswith(self.draw.refused)
            }
            switches = switches | {"datananas": switches["datananas"] | refused}
        self.boxes = make_boxes(switches, self.born)
        specs = known_providers()
        self.actors = {name: specs[name].actor(self.boxes[name]) for name in PROVIDERS}
        apps = wraps(self.boxes, apps_of(self.boxes), self)
        for name in PROVIDERS:
            box = self.boxes[name]
            tell_address(box, name, await stack.enter_async_context(served(apps[name], self.loop)))
        self.boxes["datananas"].listeners = Murmurs(self)
        self.boxes["apollo"].workspace.stages["609500000000000000000099"] = "Do not contact"
        self._people()
        configure(self)
        self.store = storage.open_at(self.folder)

    def _people(self) -> None:
        random = Random(f"people {self.draw.seed}")
        for box in self.boxes.values():
            box.now = lambda: START - timedelta(days=random.randint(1, 90))
        for card in crowd(random, self.draw.people, self.draw.places, self.draw.crowd):
            record_id = self.actors[card.provider].create(card.contact)
            self.witness.of_record[card.provider, record_id] = card.who
            self.witness.know(card.who, email=card.contact.email, profile=card.contact.linkedin_url)
            self.witness.know(card.who, profile=f"https://www.linkedin.com/in/{slug_of(card.who)}")
        for box in self.boxes.values():
            box.now = self.clock.true_now

    @property
    def environ(self) -> Mapping[str, str]:
        return {k: v for box in self.boxes.values() for k, v in box.secrets.items()}

    async def _disturbed(self) -> None:
        self.kills = list(self.draw.kills)
        if self.draw.dry_first:
            await self._dry_run()
        for number in range(self.draw.cycles):
            unasked = (self.draw.tight and number == 0) or number + 1 in self.draw.unasked
            allow = () if unasked else ALLOW
            await self.cycle_once(allow)
            await asyncio.sleep(self.draw.pauses[number])

    async def _dry_run(self) -> None:
        before = storage.bytes_of(self.folder)
        self.mode = "dry-run"
        scratch = storage.open_at(self.folder, scratch=True)
        try:
            await self._run(scratch, ALLOW)
        finally:
            scratch.close()
            self.mode = "run"
        if storage.bytes_of(self.folder) != before:
            self.witness.blame("V12", "a dry run changed the state on disk")

    async def cycle_once(self, allow: tuple[str, ...]) -> None:
        """One cycle; a process that dies in it is started again, as its supervisor would."""
        for _ in range(4):
            assert self.store is not None
            if await self._run(self.store, allow) is not None:
                return
            self.store.close()
            self.store = storage.open_at(self.folder)

    async def _run(self, store: SqliteStore, allow: tuple[str, ...]) -> Report | None:
        """The report of one cycle; ``None`` when the process died in it."""
        assert self.settings is not None
        self.cycle += 1
        self.loop.note(f"= cycle {self.cycle} {self.mode}")
        self.planned_at, self.planned = math.inf, False
        if not allow:
            self.unasked.add(self.cycle)
        self.cue()
        allowances = Allowances.parse((*allow, *self._accepted()) if allow else ())
        request = Request(options=Options(mode=self.mode, allowances=allowances))  # type: ignore[arg-type]
        session = session_for(self.settings, request, store, self.clock, environ=self.environ)
        storage.begin_life(self.commit)
        self.engine = storage.as_engine(self.loop, run_cycle(session, take_in_exports))
        try:
            report = await self.engine
        except (storage.KilledError, asyncio.CancelledError):
            if not storage.Life.dead:
                raise
            await storage.bury()
            self.loop.note("X the process died")
            self.died_in.add(self.cycle)
            return None
        finally:
            storage.begin_life(None)
        self.loop.note(f"= exit {report.exit_code}")
        if self.mode == "run":
            self.reports.append(report)
            self.cycle_reports.append((self.cycle, report))
            self._nobody_there_is_gone(store)
        return report

    def _accepted(self) -> list[str]:
        """The ``--allow`` of changed settings, which whoever changed them may have forgotten at first, and of a
        provider whose loss stopped the cycle before.
        """
        assert self.settings is not None
        forgotten = self.faults.on and Random(f"accept {self.draw.seed} {self.cycle}").random() < 0.2
        names = [] if forgotten or not self.draw.changing else PROVIDERS
        emptied = (
            [guard.allow for guard in self.reports[-1].guards if guard.kind == "emptied"] if self.reports else []
        )
        return [f"config={name}:{self.settings.fingerprint(name)}" for name in names] + emptied

    def _nobody_there_is_gone(self, store: SqliteStore) -> None:
        """Whoever is held as gone was deleted by somebody."""
        deleted = {(gone.provider, gone.record_id) for gone in self.witness.gone}
        for hold in store.holds():
            there = any(str(row.get("id")) == hold.record_id for row in self.boxes[hold.provider].rows)
            if hold.kind == HoldKind.DISAPPEARED and there and (hold.provider, hold.record_id) not in deleted:
                self.witness.blame("V6", f"{hold.provider}:{hold.record_id} counts as gone and is there")

    def commit(self, name: str) -> None:
        """A half of a commit of the engine's."""
        self.commits += 1
        self.loop.note(f"  {name}")
        if name == "plan.after_commit":
            self.planned = self.planned_at < math.inf  # the first such commit drops what an earlier run left
            self.planned_at = self.loop.time()
            if self.planned:
                self.loop.call_soon(self.cue, context=contextvars.Context())
        if ("commit", self.commits) in self.kills:
            self.kills.remove(("commit", self.commits))
            storage.Life.dead = True
