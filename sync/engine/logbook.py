"""What a cycle tells while it works: phases with their numbers, batches, waits. Ids and counts only."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from structlog.contextvars import bound_contextvars

from sync.clock import utc
from sync.errors import ContactSyncError, RateLimited
from sync.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sync.change import Batch, BatchResult
    from sync.engine.session import Session
    from sync.ports import Clock, Progress, Provider
    from sync.report.model import Report

    Numbers = Callable[[Session], Iterable[Mapping[str, object]]]

log = logger("cycle")


@contextmanager
def whole_run(session: Session) -> Iterator[None]:
    """Everything that is told while entered names the run."""
    with bound_contextvars(run=session.run_id):
        log.info("run began", mode=session.options.mode)
        yield


def run_ended(report: Report) -> None:
    """The run's end, and what it put off with the reason why."""
    for row in report.deferred:
        log.debug("put off", provider=row.provider, reason=str(row.reason), count=row.count, until=utc(row.until))
    took_s = (report.finished_at - report.started_at).total_seconds()
    log.info("run ended", exit_code=report.exit_code, took_s=round(took_s, 3), operations=len(report.operations))


@contextmanager
def phase(name: str, session: Session, numbers: Numbers) -> Iterator[None]:
    """The phase is told when it begins, and with its numbers when it has ended."""
    log.info("phase began", phase=name)
    yield
    for told in numbers(session):
        log.info("phase ended", phase=name, **told)


def of_opt_outs(session: Session) -> Iterator[Mapping[str, object]]:
    """Whether every list was read."""
    yield {"readable": session.optouts_readable}


def of_reads(session: Session) -> Iterator[Mapping[str, object]]:
    """What each provider showed."""
    for name, seat in session.seats.items():
        told = seat.report()
        yield {
            "provider": name,
            "status": told.status,
            "records": told.records,
            "changed": told.changed,
            "requests": told.read_requests,
            "complete": told.complete,
        }


def of_people(session: Session) -> Iterator[Mapping[str, object]]:
    """Who is new, and who turned out to be one."""
    yield {
        "new_people": session.new_people,
        "merged_people": session.merged_people,
        "held_joins": session.held_joins,
    }


def of_operations(session: Session) -> Iterator[Mapping[str, object]]:
    """How many operations of each kind are in which state, by provider; of none that there are none."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for operation in session.operations.values():
        found.setdefault((operation.provider, operation.kind), Counter())[operation.state] += 1
    if not found:
        yield {"operations": 0}
    for (provider, kind), states in sorted(found.items()):
        yield {"provider": provider, "kind": kind, **dict(sorted(states.items()))}


def tell_guards(session: Session) -> None:
    """What stops the run."""
    for guard in session.guards:
        log.info(
            "a guard stops the run",
            provider=guard.provider,
            kind=guard.kind,
            planned=guard.planned,
            limit=guard.limit,
            allow=guard.allow,
        )


async def sent(provider: Provider, batch: Batch, progress: Progress) -> BatchResult:
    """The batch is sent; told with what became of it, or with what kind of error the whole of it met."""
    rows = {"provider": provider.name, "kind": batch.kind, "rows": len(batch.operations)}
    try:
        result = await provider.send(batch, progress)
    except ContactSyncError as error:
        wait_s = error.retry_after_s if isinstance(error, RateLimited) else None
        log.debug("batch failed", **rows, why=type(error).__name__, retry_after_s=wait_s)
        raise
    log.debug("batch sent", **rows, **dict(sorted(Counter(o.state for o in result.outcomes).items())))
    return result


class _Waiting:
    """A clock that tells of its waits; whatever else it does is its own."""

    def __init__(self, clock: Clock, provider: str) -> None:
        self._clock = clock
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    async def sleep(self, seconds: float) -> None:
        """Told afterwards: an alarm that is called off is no wait."""
        await self._clock.sleep(seconds)
        log.debug("waited", provider=self._provider, seconds=round(seconds, 3))


def waits_told(clock: Clock, provider: str) -> Clock:
    """The clock, which tells how long ``provider`` waited: for its turn, or before another try."""
    return cast("Clock", _Waiting(clock, provider))
