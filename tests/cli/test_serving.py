"""The schedule and the side port in this process: what breaks a cycle, and what health then says."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from sync.daemon import CycleEnd, Daemon, Pulse
from sync.report.model import ProviderReport, Report
from sync.serving import Metrics, SidePort
from sync.wiring import Request, load_settings
from tests.cli.conftest import pointed_at
from tests.clocks import RealClock

if TYPE_CHECKING:
    from pathlib import Path


NOW = datetime(2026, 11, 20, tzinfo=UTC)


class _Flaky(RealClock):
    """A clock that breaks the first cycle in an unforeseen way."""

    broken = False

    def new_id(self) -> str:
        if not self.broken:
            self.broken = True
            raise RuntimeError("who would have thought")
        return super().new_id()


async def test_a_cycle_that_breaks_off_is_told_and_the_next_one_goes_on(served: Path, tmp_path: Path) -> None:
    ends: list[CycleEnd] = []
    clock = _Flaky()
    daemon: Daemon

    def told(end: CycleEnd) -> None:
        broken.append(daemon.pulse.broken())
        ends.append(end)
        if len(ends) == 2:
            daemon.stop()
        raise ValueError("telling may fail too")

    broken: list[bool] = []
    settings = load_settings(pointed_at(served, tmp_path, head='[sync]\ninterval = "20ms"\n'))
    daemon = Daemon(settings, Request(), clock=clock, told=told)
    async with asyncio.timeout(20):
        await daemon.run()
    assert [end.exit_code for end in ends] == [1, 0]
    assert broken == [True, False]


def _end(code: int, **given: Any) -> CycleEnd:
    return CycleEnd(finished_at=NOW, took_s=1.5, exit_code=code, **given)


def test_no_sign_of_life_for_two_intervals_and_some_is_overdue() -> None:
    pulse = Pulse(interval_s=900.0, alive_at=1000.0)
    assert not pulse.overdue(1000.0 + 2 * 900 + 299)
    assert pulse.overdue(1000.0 + 2 * 900 + 301)


@pytest.mark.parametrize(
    ("change", "health", "ready"),
    [
        ({}, 200, 503),
        ({"last": _end(1)}, 503, 503),
        ({"alive_at": -1e6}, 503, 503),
        ({"stopping": True}, 200, 503),
    ],
)
def test_health_is_bad_when_a_cycle_broke_off_or_is_overdue(
    change: dict[str, Any], health: int, ready: int
) -> None:
    clock = RealClock()
    pulse = Pulse(interval_s=1.0, alive_at=clock.monotonic())
    for name, value in change.items():
        setattr(pulse, name, value)
    port = SidePort(("127.0.0.1", 0), pulse, Metrics([]), clock)
    port.start()
    try:
        assert _status(port, "/healthz") == health
        assert _status(port, "/readyz") == ready
    finally:
        port.stop()


def _status(port: SidePort, path: str) -> int:
    try:
        with urlopen(f"http://{port.address}{path}", timeout=60) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_a_cycle_that_broke_off_is_counted() -> None:
    metrics = Metrics([])
    metrics.observe(_end(1))
    assert 'contact_sync_cycles_total{exit_code="1"} 1.0' in metrics.text().decode()


def test_after_a_cycle_that_broke_off_or_could_not_begin_no_provider_is_up() -> None:
    metrics, up = Metrics(["apollo", "topo"]), 'contact_sync_provider_up{provider="topo"}'
    report = Report(
        run_id="r", mode="run", started_at=NOW, finished_at=NOW, exit_code=0, providers={"topo": ProviderReport()}
    )
    metrics.observe(_end(0, report=report))
    assert f"{up} 1.0" in metrics.text().decode()
    for code in (2, 1):
        metrics.observe(_end(code))
        assert f"{up} 0.0" in metrics.text().decode()
        metrics.observe(_end(0, report=report))
    assert 'contact_sync_provider_up{provider="apollo"} 0.0' in metrics.text().decode()
