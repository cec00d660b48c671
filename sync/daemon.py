"""The schedule: one cycle after the other, until somebody says stop.

The run lock is held only while a cycle works, so that short commands take their turn in between. What goes
wrong in one cycle is told and the next one goes on, also a secret that is away for a while; only a store that
nobody can work with, or settings under which no cycle ever could, end it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from sync.errors import ConfigError, LockHeld, StateError
from sync.guards import Allowances
from sync.wiring import run_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from types import FrameType

    from sync.change import GuardReport
    from sync.config import Settings
    from sync.ports import Clock
    from sync.report.model import Report
    from sync.wiring import Request

JITTER = 0.1
"""Pauses differ by up to this share, so that several installations do not knock at the same instant."""

LOCK_RETRY_S = 5.0
"""Pause before the next try when another run holds the lock."""

GRACE_S = 300.0
"""Without any sign of life for two intervals and this long, the daemon is overdue."""

LAST_WORDS_S = 5.0
"""Time between the end of the drain and the end of the process, whatever it is doing."""

DOWN = frozenset({"refused", "unreachable", "failed"})

log = structlog.get_logger("daemon")


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleEnd:
    """One cycle that ended.

    ``report`` is ``None`` when it broke off with an unexpected error (code 1) or could not begin (code 2).
    """

    finished_at: datetime
    took_s: float
    exit_code: int
    report: Report | None = None


@dataclass(slots=True)
class Pulse:
    """How the daemon fares. The loop writes it, the side port's thread reads it.

    ``alive_at``: monotonic time of the last sign of life: a start, progress in a cycle, the end of one.
    """

    interval_s: float
    alive_at: float
    cycles: int = 0
    working: bool = False
    stopping: bool = False
    last: CycleEnd | None = None

    def overdue(self, now: float) -> bool:
        """Whether nothing has moved for longer than the schedule and its grace allow."""
        return now - self.alive_at > 2 * self.interval_s + GRACE_S

    def broken(self) -> bool:
        """Whether the last cycle broke off, or could not begin."""
        return self.last is not None and self.last.report is None


class _Beating:
    """Progress that nobody watches, but that shows the cycle to be alive."""

    def __init__(self, pulse: Pulse, clock: Clock) -> None:
        self._pulse = pulse
        self._clock = clock

    def advance(self, stage: str, provider: str, done: int, total: int | None) -> None:  # noqa: ARG002  # the door's form
        self._pulse.alive_at = self._clock.monotonic()


class Daemon:
    """Cycles on ``[sync] interval`` until ``stop``; ``told`` is called with the end of each one.

    Allowances of ``request`` hold for the first cycle that works, not for ever.
    """

    def __init__(
        self, settings: Settings, request: Request, *, clock: Clock, told: Callable[[CycleEnd], None]
    ) -> None:
        self._settings = settings
        self._request = request
        self._clock = clock
        self._told = told
        self._stopping = asyncio.Event()
        interval_s = settings.sync.interval.total_seconds()
        self.pulse = Pulse(interval_s=interval_s, alive_at=clock.monotonic())

    def stop(self) -> None:
        """Nothing new begins; the call in flight is finished."""
        log.info("stopping after the call in flight; one more signal stops at once")
        self.pulse.stopping = True
        self._stopping.set()

    async def run(self) -> None:
        """Cycles were run until ``stop``; a cycle that did not end within ``[daemon] drain`` was broken off.

        Raises ``StateError`` when no cycle can work, ``ConfigError`` when none ever could.
        """
        cycles = asyncio.create_task(self._cycles())
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait({cycles, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        await asyncio.wait({cycles}, timeout=self._settings.daemon.drain.total_seconds())
        if not cycles.done():
            log.warning("the cycle did not end within the drain time; what was being sent is looked up later")
            cycles.cancel()
        with suppress(asyncio.CancelledError):
            await cycles

    async def _cycles(self) -> None:
        while not self._stopping.is_set():
            pause_s = await self._turn()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)

    async def _turn(self) -> float:
        """One cycle was tried; returns the seconds until the next try."""
        begun, code = self._clock.monotonic(), 1
        report = None
        self.pulse.working = True
        try:
            report = await self._cycle()
        except LockHeld as error:
            log.info("another run holds the lock; trying again soon", holder=error.holder)
            return min(LOCK_RETRY_S, self.pulse.interval_s)
        except StateError:
            raise
        except ConfigError as error:
            if not self.pulse.cycles:
                raise
            code = 2
            log.warning(
                "the cycle could not begin; the next one tries again", why="; ".join(error.problems) or str(error)
            )
        except Exception:
            log.exception("the cycle broke off with an unexpected error; the next one goes on")
        finally:
            self.pulse.working = False
        self._end(report, code if report is None else report.exit_code, begun)
        return self._pause_s()

    async def _cycle(self) -> Report:
        return await run_once(
            self._settings,
            self._request,
            progress=_Beating(self.pulse, self._clock),
            clock=self._clock,
            stopping=self._stopping,
        )

    def _end(self, report: Report | None, code: int, begun: float) -> None:
        now = self._clock.monotonic()
        end = CycleEnd(finished_at=self._clock.now(), took_s=round(now - begun, 3), exit_code=code, report=report)
        self.pulse.alive_at, self.pulse.last = now, end
        self.pulse.cycles += 1
        self._request = replace(self._request, options=replace(self._request.options, allowances=Allowances()))
        _log_end(end)
        try:
            self._told(end)
        except Exception:
            log.exception("the end of the cycle could not be told; the next one goes on")

    def _pause_s(self) -> float:
        return self.pulse.interval_s * (1 + JITTER * (2 * self._clock.random() - 1))


def _log_end(end: CycleEnd) -> None:
    """One line a cycle: numbers, what is down, and what a stopped cycle asks for."""
    say = log.info if end.exit_code == 0 else log.warning
    report = end.report
    if report is None:
        say("cycle ended", exit_code=end.exit_code, took_s=end.took_s)
        return
    states = Counter(operation.state for operation in report.operations)
    down = [f"{n} {p.status} ({'; '.join(p.problems)})" for n, p in report.providers.items() if p.status in DOWN]
    say(
        "cycle ended",
        run=report.run_id,
        exit_code=end.exit_code,
        took_s=end.took_s,
        people=report.people.total,
        reads=sum(p.read_requests for p in report.providers.values()),
        writes=sum(p.write_requests for p in report.providers.values()),
        operations=len(report.operations),
        **dict(sorted(states.items())),
        **{f"open_{kind}": amount for kind, amount in open_items(report).items() if amount},
        **({"down": ", ".join(down)} if down else {}),
        **({"stopped_by": "; ".join(_way_out(guard) for guard in report.guards)} if report.guards else {}),
    )


def _way_out(guard: GuardReport) -> str:
    """What lets a guard through, or what it asks for where no allowance does."""
    return f"--allow {guard.allow}" if guard.allow else guard.detail


def open_items(report: Report) -> dict[str, int]:
    """How much waits for a person, by kind."""
    return {
        "conflicts": len(report.conflicts),
        "suspected_duplicates": report.suspected,
        "holds": len(report.holds),
        "parked": len(report.parked),
        "manual_actions": len(report.manual_actions),
    }


@contextmanager
def heeding_signals(
    stop: Callable[[], None], *, hard_limit_s: float, code: Callable[[int], int] = lambda _number: 0
) -> Iterator[None]:
    """While entered the first SIGTERM or SIGINT calls ``stop`` in the running loop, a second one kills.

    ``hard_limit_s`` after the first one the process ends with its ``code`` even if the loop hangs: the state is
    on disk at every instant, so this is no worse than waiting.
    """
    loop = asyncio.get_running_loop()
    timers: list[threading.Timer] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if timers:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        timers.append(threading.Timer(hard_limit_s, os._exit, (code(number),)))
        timers[0].daemon = True
        timers[0].start()
        loop.call_soon_threadsafe(stop)

    former = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        for timer in timers:
            timer.cancel()
