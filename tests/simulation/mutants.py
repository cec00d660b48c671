"""Tests of the tests: one guard of the engine is taken away at a time, and the schedules must notice it."""

from __future__ import annotations

import importlib
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, count, islice
from multiprocessing import get_context
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tests.simulation.play import play
from tests.simulation.seeds import ONCE_BROKEN
from tests.simulation.themes import seeds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Mutant:
    """One guard taken away: ``place`` is ``module:name`` or ``module:Class.name``, ``made`` its replacement.

    ``theme``: whose seeds are tried first, because they make the harm likely; ``""`` = seeds from 0 on.
    """

    place: str
    made: Callable[[Any], Any]
    theme: str = ""


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda _old: lambda *_args, **_named: value


def _nothing_async(_old: Any) -> Any:
    async def nothing(*_args: Any, **_named: Any) -> None:
        return None

    return nothing


def _same_operations(_old: Any) -> Any:
    """A look before the write that lets everything through."""

    async def through(_self: Any, operations: Any, *_rest: Any) -> Any:
        return operations

    return through


def _same(_old: Any) -> Any:
    return lambda _self, operations, _moved: operations


def _without_opt_out_effect(old: Any) -> Any:
    from sync.optouts import NOTHING

    del old
    return lambda *_args, **_named: NOTHING


def _no_settle(old: Any) -> Any:
    """Unknown outcomes are taken up at once."""

    async def resolve(session: Any) -> Any:
        before = session.settings
        session.settings = replace(before, sync=before.sync.model_copy(update={"settle": timedelta(0)}))
        try:
            return await old(session)
        finally:
            session.settings = before

    return resolve


def _no_sent(old: Any) -> Any:
    """What was acknowledged is not remembered."""

    def link(*args: Any, **named: Any) -> Any:
        return replace(old(*args, **named), sent=MappingProxyType({}))

    return link


def _no_base(old: Any) -> Any:
    def link(*args: Any, **named: Any) -> Any:
        return replace(old(*args, **named), base=MappingProxyType({}))

    return link


def _unknown_is_fine(old: Any) -> Any:
    """A write whose answer was lost counts as refused before work."""

    async def failed(self: Any, batch: Any, error: Any) -> Any:
        from sync.errors import OutcomeUnknown, Unreachable

        if isinstance(error, OutcomeUnknown):
            error = Unreachable(error.provider, error.message)
        return await old(self, batch, error)

    return failed


def _late_intent(_old: Any) -> Any:
    return lambda *_args, **_named: None


def _wrong_digest(old: Any) -> Any:
    def mark(self: Any, operations: Any, **named: Any) -> Any:
        return old(self, [replace(o, digest="0" * 64) for o in operations], **named)

    return mark


def _patient_writes(_old: Any) -> Any:
    """Every failed write is tried again, whatever may have become of it."""

    def floor(error: Any, *, mutating: bool) -> float | None:
        del error, mutating
        return 0.0

    return floor


def _no_overlap(old: Any) -> Any:
    """A read goes on exactly where the last one ended."""

    def pull(self: Any, mode: Any, cursor: Any, *, overlap_s: float) -> Any:
        del overlap_s
        return old(self, mode, cursor, overlap_s=0.0)

    return pull


def _by_page_number(_old: Any) -> Any:
    """Page 2, 3, … of a list that moves meanwhile, whatever it counts."""

    def advance(self: Any, steps: Any, total: Any) -> None:
        del steps, total
        self._page += 1
        self._walked, self._total = [], 0

    return advance


def _every_import_is_ours(old: Any) -> Any:
    """Whatever the stream tells is taken to be about us."""

    def hear(self: Any, event: Any) -> bool:
        return bool(old(self, replace(event, uuid=self._uuid or "ours")))

    return hear


def _unwarned(_old: Any) -> Any:
    return lambda _self, operation: operation


def _as_it_is(_old: Any) -> Any:
    return lambda _draft, _side, operation: operation


def _settles_everybody(_old: Any) -> Any:
    return lambda session, people: session.store.settle_people([person.id for person in people])


MUTANTS = {
    "intent": Mutant("state.sending:Sending.mark_sending", _late_intent),
    "digest": Mutant("state.sending:Sending.mark_sending", _wrong_digest),
    "settle": Mutant("sync.engine.cycle:resolve_unknown", _no_settle, "late-create"),
    "keyless": Mutant("sync.engine.resolve:may_send_again", _always(True), "profiles"),
    "unknown-outcome": Mutant("sync.engine.push:_Pusher._failed", _unknown_is_fine),
    "recover": Mutant("sync.engine.cycle:recover", _always(None)),
    "tried-keys": Mutant("sync.engine.plan:tried", _always({})),
    "open-create": Mutant("state.sending:Sending.open_creates", _always({})),
    "stale-look": Mutant("sync.engine.look_before:LookBefore._without_stale", _same, "edits-meanwhile"),
    "opt-out-re-read": Mutant(
        "sync.engine.look_before:LookBefore._without_new_opt_outs", _same_operations, "no-while-looking"
    ),
    "opt-out-effect": Mutant("sync.optouts:OptOutIndex.effect", _without_opt_out_effect),
    "outreach-look": Mutant(
        "sync.engine.look_before:LookBefore._without_outreach", _same_operations, "sequence-meanwhile"
    ),
    "outreach-guard": Mutant("sync.guards:_outreach", _always([]), "sequence-before"),
    "size-guard": Mutant("sync.guards:_sizes", _always([])),
    "emptied-guard": Mutant("sync.guards:_vanished", _always([]), "emptied"),
    "opt-outs-unread": Mutant("sync.planning.draft:Draft.wait_for_opt_outs", _unwarned, "unread-noes"),
    "once-one": Mutant("state.once_one:remember", _always(None), "divided"),
    "merge-guard": Mutant("sync.guards:_merges", _always([]), "apart"),
    "sent": Mutant("sync.engine.settle:wrote", _no_sent, "never-shows"),
    "base": Mutant("sync.engine.settle:wrote", _no_base),
    "echo": Mutant("sync.merging.changed:_explained_by_us", _always(False)),
    "late-rows": Mutant("state.reading:_is_late", _always(False), "decisions"),
    "after-read-back": Mutant("sync.engine.verify:after_read_back", _settles_everybody, "arrivals"),
    "abilities": Mutant("sync.engine.cycle:after_changed_abilities", _always(None), "abilities"),
    "retry-rule": Mutant("adapters.toolkit.retry:_floor_s", _patient_writes, "late-create"),
    "waits-kept": Mutant("adapters.toolkit.rates:Limiter.memory", _always({}), "asked-to-wait"),
    "not-before": Mutant("adapters.toolkit.rates:Limiter.refused", _always(None), "asked-to-wait"),
    "gone": Mutant("sync.engine.absence:_mark_gone", _always(None), "undisturbed"),
    "sweep-due": Mutant("sync.engine.pull:_sweep_is_due", _always(False)),
    "overlap": Mutant("adapters.topo.reading:TopoReader.pull", _no_overlap, "ties"),
    "keyset": Mutant("adapters.topo.walk:Walk._advance", _by_page_number, "moving-pages"),
    "uuid-filter": Mutant("adapters.datananas.following:Following.hear", _every_import_is_ours, "strangers"),
    "brake": Mutant("sync.merging.work:Work.brakes", _always(False), "write-back"),
    "read-back": Mutant("sync.engine.cycle:verify_writes", _nothing_async, "undisturbed"),
    "suspected": Mutant("state.store:SqliteStore.suspected_people", _always({}), "apart"),
    "doubts": Mutant("sync.engine.plan:doubts", _always({}), "no-of-a-double"),
    "doubtful": Mutant("sync.engine.attention:in_doubt", _always(set()), "no-of-a-double"),
    "upsert-guard": Mutant("sync.planning.updates:guard_upsert", _as_it_is, "profiles"),
    "settled-people": Mutant("state.store:SqliteStore.mark_people_dirty", _always(None), "no-travels"),
}  # fmt: skip
"""By name. A place that is not there any more makes the hunt fail, so that the list stays true.

Not among them, because another guard stands behind each: the look-up of a create whose answer was lost (the pull
of the same cycle shows the record before anything is planned), the wait of the retry layer (the limiter's), the
second look after a wait (no write begins a minute after the look before it), and the proof that a full read was
whole (who seems to be missing is asked for by id).
"""


@contextmanager
def without(name: str) -> Iterator[None]:
    """The guard is away while entered."""
    mutant = MUTANTS[name]
    module, _, path = mutant.place.partition(":")
    holder: Any = importlib.import_module(module)
    *classes, last = path.split(".")
    for part in classes:
        holder = getattr(holder, part)
    old = holder.__dict__[last]
    setattr(holder, last, mutant.made(old))
    try:
        yield
    finally:
        setattr(holder, last, old)


OF_THE_THEME = 60
"""How many seeds of a guard's theme are tried before those that were broken once, and then plain ones."""


@dataclass(frozen=True, slots=True)
class Hunted:
    """What came of a hunt: how many seeds were ``tried``, and which one noticed it by what."""

    name: str
    tried: int
    seconds: float
    seed: int | None = None
    how: str = "nobody"


def _hunted(task: tuple[str, int]) -> Hunted:
    name, most = task
    began, tried = time.monotonic(), 0
    with without(name):
        for seed in islice(_order(name), most):
            tried += 1
            played = play(seed)
            _fits(name, played.violations)
            if played.violations:
                how = ", ".join(sorted({invariant for invariant, _ in played.violations}))
                return Hunted(name, tried, time.monotonic() - began, seed, how)
    return Hunted(name, tried, time.monotonic() - began)


def _fits(name: str, violations: Iterable[tuple[str, str]]) -> None:
    """What takes a guard's place takes the same arguments; else it is noticed by nothing that the guard is for."""
    for invariant, detail in violations:
        if invariant == "crash" and detail.startswith("TypeError"):
            raise TypeError(f"{name}: {detail}")


def _order(name: str) -> Iterator[int]:
    """The seeds in which the guard may be missed."""
    theme = MUTANTS[name].theme
    return chain(seeds_of(theme)[:OF_THE_THEME] if theme else (), ONCE_BROKEN, count())


def hunt(most: int, only: str | None, jobs: int, say: Callable[[str], None]) -> int:
    """A table of all guards; 0 when every one that is away was noticed within ``most`` seeds."""
    names = [only] if only else list(MUTANTS)
    missed = []
    say(f"{'guard':18} {'seeds':>6} {'seconds':>8} {'the last':>9}  noticed by")
    with get_context("spawn").Pool(jobs) as pool:
        for found in pool.imap_unordered(_hunted, [(name, most) for name in names]):
            if found.seed is None:
                missed.append(found.name)
            last = "-" if found.seed is None else found.seed
            say(f"{found.name:18} {found.tried:>6} {found.seconds:>8.1f} {last:>9}  {found.how}")
    say(f"{len(names) - len(missed)} of {len(names)} noticed" + (f"; not: {', '.join(missed)}" if missed else ""))
    return 1 if missed else 0
