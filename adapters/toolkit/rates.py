"""Several rate windows an endpoint, fed by the provider's headers and kept across runs.

A window is fixed and opens at its first request. What the provider says it counted always outranks our own
count, because other callers may share it. How fast they use it up is learnt from two tellings, and room for
twice that is left until the next one. Waiting is for seconds; anything longer is told to the caller.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.toolkit.headers import LONGEST_WAIT_S, retry_after_s
from sync.errors import RateLimited
from sync.ports import LONGEST_SLEEP_S, LONGEST_WRITE_SLEEP_S
from sync.record import RateWindow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sync.ports import Clock


class Limiter:
    """Decides when an endpoint may be asked next. One instance a provider."""

    def __init__(
        self,
        provider: str,
        clock: Clock,
        *,
        requests_per_second: float | None = None,
        memory: Mapping[str, object] | None = None,
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._pause_s = 1.0 / requests_per_second if requests_per_second else 0.0
        self._next_at = 0.0
        self._windows: dict[str, dict[float, RateWindow]] = {}
        self._not_before: dict[str, datetime] = {}
        self._load(memory or {})

    async def acquire(self, endpoint: str, *, mutating: bool = False) -> None:
        """One request to ``endpoint`` may go out now.

        Raises ``RateLimited`` when that would mean waiting longer than ``LONGEST_SLEEP_S``, for a ``mutating``
        one longer than ``LONGEST_WRITE_SLEEP_S``.
        """
        await self._wait(endpoint, self.wait_s(endpoint), mutating=mutating)
        self._count(endpoint)
        await self._pace()
        while (refused_s := self._refused_s(endpoint)) > 0:  # another call was, while this one awaited its turn
            await self._wait(endpoint, refused_s, mutating=mutating)

    async def _wait(self, endpoint: str, wait_s: float, *, mutating: bool) -> None:
        if wait_s > (LONGEST_WRITE_SLEEP_S if mutating else LONGEST_SLEEP_S):
            raise RateLimited(self._provider, f"{endpoint} is used up for now", retry_after_s=wait_s)
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    def wait_s(self, endpoint: str) -> float:
        """Seconds until ``endpoint`` may be asked; 0 = now."""
        now = self._clock.now()
        waits = [(moment - now).total_seconds() for moment in self._blocking(endpoint, now)]
        return max([0.0, *waits])

    def observe(self, endpoint: str, windows: Sequence[RateWindow]) -> None:
        """The provider's own counts replace ours, window by window; an opening time we knew is kept."""
        known = self._windows.setdefault(endpoint, {})
        now = self._clock.now()
        for told in windows:
            ours = known.get(told.seconds)
            if ours is None or self._over(ours, now) or told.used < ours.used:
                rate = ours.others_per_s if ours is not None else 0.0
                known[told.seconds] = replace(told, told_at=now, others_per_s=rate)
            else:
                known[told.seconds] = replace(
                    told, opened_at=ours.opened_at, told_at=now, others_per_s=_others_per_s(ours, told, now)
                )

    def refused(self, endpoint: str, retry_after_s: float) -> None:
        """``endpoint`` is not asked again for ``retry_after_s`` seconds."""
        moment = self._clock.now() + timedelta(seconds=min(max(retry_after_s, 0.0), LONGEST_WAIT_S))
        self._not_before[endpoint] = max(moment, self._not_before.get(endpoint, moment))

    def ends(self, endpoint: str, in_s: float) -> None:
        """The windows that are used up end in ``in_s`` seconds: told, which outranks when we saw them open."""
        now, table = self._clock.now(), self._windows.get(endpoint, {})
        for seconds, window in table.items():
            if window.used >= window.limit and 0.0 < in_s <= seconds and not self._over(window, now):
                table[seconds] = replace(window, opened_at=now + timedelta(seconds=in_s - seconds))

    def heed(self, endpoint: str, status: int, headers: Mapping[str, str]) -> None:
        """A 503 that tells when to come back is believed, whatever the request was. Source: RFC 9110, 15.6.4."""
        if status == 503:
            self.refused(endpoint, retry_after_s(headers, self._clock.now()) or 0.0)

    def windows(self) -> tuple[RateWindow, ...]:
        """All windows still open."""
        now = self._clock.now()
        return tuple(w for table in self._windows.values() for w in table.values() if not self._over(w, now))

    def memory(self) -> dict[str, object]:
        """JSON-able notes from which a later instance goes on."""
        return {
            "windows": [_note(w) for w in self.windows()],
            "not_before": {
                endpoint: moment.isoformat()
                for endpoint, moment in self._not_before.items()
                if self._awaited(moment, self._clock.now())
            },
        }

    async def _pace(self) -> None:
        if not self._pause_s:
            return
        now = self._clock.monotonic()
        slot = max(now, self._next_at)
        self._next_at = slot + self._pause_s
        if slot > now:
            await self._clock.sleep(slot - now)

    def _blocking(self, endpoint: str, now: datetime) -> list[datetime]:
        blocking = [
            w.opened_at + timedelta(seconds=w.seconds)
            for w in self._windows.get(endpoint, {}).values()
            if not self._over(w, now) and _expected(w, now) >= w.limit
        ]
        return [*blocking, now + timedelta(seconds=self._refused_s(endpoint))]

    def _refused_s(self, endpoint: str) -> float:
        """Seconds that the provider still asks to wait."""
        moment, now = self._not_before.get(endpoint), self._clock.now()
        return (moment - now).total_seconds() if moment is not None and self._awaited(moment, now) else 0.0

    def _count(self, endpoint: str) -> None:
        now = self._clock.now()
        table = self._windows.get(endpoint, {})
        for seconds, window in table.items():
            fresh = self._over(window, now)
            table[seconds] = replace(
                window, used=1 if fresh else window.used + 1, opened_at=now if fresh else window.opened_at
            )

    @staticmethod
    def _over(window: RateWindow, now: datetime) -> bool:
        """A window that opens in the future was noted by a clock that has been put back since."""
        return not window.opened_at <= now < window.opened_at + timedelta(seconds=window.seconds)

    @staticmethod
    def _awaited(moment: datetime, now: datetime) -> bool:
        return now < moment <= now + timedelta(seconds=LONGEST_WAIT_S)

    def _load(self, memory: Mapping[str, object]) -> None:
        for window in parse_windows(memory):
            self._windows.setdefault(window.endpoint, {})[window.seconds] = window
        self._not_before = parse_not_before(memory)


MOST_PER_S = 1000.0
"""No rate of other callers is believed beyond this."""
LEARNT_SHARE = 0.5
"""How much a new telling changes the rate believed so far; the faster of both counts at once."""


def _others_per_s(ours: RateWindow, told: RateWindow, now: datetime) -> float:
    """The rate of other callers after one more telling; ``ours`` already counts our own requests since."""
    if ours.told_at is None:
        return ours.others_per_s
    passed_s = max((now - ours.told_at).total_seconds(), 0.05)
    rate = min((told.used - ours.used) / passed_s, MOST_PER_S)
    if passed_s < 1.0:  # too short to tell a rate from a single call
        rate = min(rate, ours.others_per_s + 1.0)
    return ours.others_per_s + LEARNT_SHARE * (rate - ours.others_per_s)


def _expected(window: RateWindow, now: datetime) -> float:
    """What the window holds by now, others' requests since the last telling counted twice."""
    if window.told_at is None or not window.others_per_s:
        return window.used
    return window.used + 2.0 * window.others_per_s * max((now - window.told_at).total_seconds(), 0.0)


def _note(window: RateWindow) -> list[object]:
    told_at = window.told_at.isoformat() if window.told_at is not None else None
    opened = window.opened_at.isoformat()
    return [window.endpoint, window.seconds, window.limit, window.used, opened, told_at, window.others_per_s]


def parse_windows(memory: Mapping[str, object]) -> tuple[RateWindow, ...]:
    """The windows noted in a provider's memory; unreadable ones are left out."""
    rows = memory.get("windows")
    windows = []
    for row in rows if isinstance(rows, (list, tuple)) else ():
        try:
            endpoint, seconds, limit, used, opened, *learnt = row
            told_at, others = learnt or (None, 0.0)
            window = RateWindow(
                endpoint=str(endpoint),
                seconds=float(seconds),
                limit=int(limit),
                used=int(used),
                opened_at=datetime.fromisoformat(str(opened)).astimezone(UTC),
                told_at=_moment(told_at) if told_at else None,
                others_per_s=max(0.0, min(float(others), MOST_PER_S)),
            )
        except (TypeError, ValueError, OverflowError):
            continue
        if 0 < window.seconds <= LONGEST_WAIT_S and window.limit > 0 and 2000 <= window.opened_at.year < 9000:
            windows.append(window)
    return tuple(windows)


def parse_not_before(memory: Mapping[str, object]) -> dict[str, datetime]:
    """Endpoint → when it may be asked again, as noted in a provider's memory; unreadable ones are left out."""
    noted = memory.get("not_before")
    moments = {str(endpoint): _moment(text) for endpoint, text in noted.items()} if isinstance(noted, dict) else {}
    return {endpoint: moment for endpoint, moment in moments.items() if moment is not None}


def _moment(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
