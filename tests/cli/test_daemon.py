"""The daemon keeps its schedule, takes turns, tells how it fares, and stops when it is told to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from state.lock import RunLock, daemon_lock_path, run_lock_path
from tests.cli.conftest import Started, eventually, pointed_at, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Program

FAST = '[sync]\ninterval = "200ms"\n'
SLOW = '[sync]\ninterval = "1h"\n'
CYCLE = "cycle ended"


@contextmanager
def running(config: Path, *more: str | Path) -> Iterator[Started]:
    with started(config.parent, "daemon", "--config", config, *more) as daemon:
        yield daemon


def _get(daemon: Started, path: str) -> tuple[int, str]:
    """Status and body of an answer of the side port."""
    daemon.until("health and metrics are served")
    found = re.search(r"address=(\S+)", daemon.log)
    assert found is not None
    try:
        with urlopen(f"http://{found[1]}{path}", timeout=60) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


def _metric(text: str, name: str) -> float:
    return float(re.findall(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[0])


def test_a_cycle_that_no_allowance_lets_through_says_what_it_asks_for(
    program: Program, served: Path, tmp_path: Path
) -> None:
    config = pointed_at(served, tmp_path, head=SLOW)
    assert program("optout", "add", "cy@oakmere.nl", "--reason", "OTHER", "--config", config).code == 0
    (tmp_path / ".contact-sync" / "state.db").unlink()
    with running(config) as daemon:
        daemon.until(CYCLE)
        assert re.search(r"stopped_by=.*accept a new start", daemon.log)


def test_cycles_follow_each_other_and_are_told(served: Path, tmp_path: Path) -> None:
    config = pointed_at(served, tmp_path, head=FAST)
    with running(config, "--log-format", "json", "--report", "json:report.json") as daemon:
        daemon.until(CYCLE, times=3)
        first = json.loads((tmp_path / "report.json").read_text())
        daemon.until(CYCLE, times=5)
        assert daemon.end() == 0
    lines = [json.loads(line) for line in daemon.log.splitlines()]
    ends = [line for line in lines if line["event"] == CYCLE]
    assert {end["exit_code"] for end in ends} == {0}
    assert ends[0]["reads"] > 0
    assert lines[-1]["event"] == "stopped"
    last = json.loads((tmp_path / "report.json").read_text())
    assert last["run_id"] == ends[-1]["run"] != first["run_id"]
    assert daemon.output == ""


def test_the_side_port_tells_health_and_numbers(served: Path, tmp_path: Path) -> None:
    config = pointed_at(served, tmp_path, head=FAST)
    with running(config) as daemon:
        daemon.until(CYCLE, times=2)
        assert _get(daemon, "/healthz")[0] == 200
        code, body = _get(daemon, "/readyz")
        assert (code, json.loads(body)["last_exit_code"]) == (200, 0)
        assert _get(daemon, "/elsewhere")[0] == 404
        text = _get(daemon, "/metrics")[1]
    assert _metric(text, 'contact_sync_cycles_total{exit_code="0"}') >= 2
    assert _metric(text, 'contact_sync_requests_total{kind="read",provider="topo"}') > 0
    assert _metric(text, 'contact_sync_provider_up{provider="apollo"}') == 1
    assert _metric(text, 'contact_sync_open_items{kind="conflicts"}') == 0
    assert abs(_metric(text, "contact_sync_last_cycle_timestamp_seconds") - time.time()) < 60


def test_an_empty_listen_opens_no_port(served: Path, tmp_path: Path) -> None:
    config = pointed_at(served, tmp_path, head=FAST + '[daemon]\nlisten = ""\n')
    with running(config) as daemon:
        daemon.until(CYCLE)
        assert "are served" not in daemon.log


def test_a_second_daemon_is_sent_away_at_once(program: Program, served: Path, tmp_path: Path) -> None:
    config = pointed_at(served, tmp_path, head=SLOW)
    with running(config) as daemon:
        daemon.until(CYCLE)
        began = time.monotonic()
        told = program("daemon", "--config", config)
        assert time.monotonic() - began < 20
        assert f"Daemon         pid {daemon.process.pid} " in program("status", "--config", config).out
    assert told.code == 7
    assert f"pid {daemon.process.pid}" in told.err
    assert "stop that one first" in told.err


def test_the_lock_is_free_between_cycles_and_after_a_kill(served: Path, tmp_path: Path) -> None:
    database = tmp_path / ".contact-sync" / "state.db"
    with running(pointed_at(served, tmp_path, head=SLOW)) as daemon:
        daemon.until(CYCLE)
        RunLock(run_lock_path(database)).acquire(1.0).release()
        daemon.process.kill()
        daemon.process.wait()
        RunLock(daemon_lock_path(database)).acquire(0.1).release()


def test_a_cycle_waits_while_another_run_works(served: Path, tmp_path: Path) -> None:
    config = pointed_at(served, tmp_path, head=FAST)
    with RunLock(run_lock_path(tmp_path / ".contact-sync" / "state.db")) as lock, running(config) as daemon:
        daemon.until("another run holds the lock", times=2)
        assert f"pid {os.getpid()}" in daemon.log
        code, body = _get(daemon, "/readyz")
        assert (code, json.loads(body)["status"]) == (503, "no cycle has ended yet")
        assert _get(daemon, "/healthz")[0] == 200
        lock.release()
        daemon.until(CYCLE)
        assert daemon.end(signal.SIGINT) == 0


def test_a_provider_that_is_down_is_told_and_stops_nobody(served: Path, tmp_path: Path) -> None:
    config = pointed_at(served, tmp_path, head=FAST)
    text = config.read_text()
    config.write_text(re.sub(r"//127\.0\.0\.1:\d+/api/v1", "//127.0.0.1:1/api/v1", text, count=1))
    with running(config) as daemon:
        daemon.until(CYCLE, times=1)
        text = _get(daemon, "/metrics")[1]
        assert _get(daemon, "/healthz")[0] == 200
        assert daemon.end() == 0
    assert "exit_code=11" in daemon.log
    assert 'down="apollo unreachable (cannot be reached at 127.0.0.1:1 ' in daemon.log
    assert _metric(text, 'contact_sync_provider_up{provider="apollo"}') == 0
    assert _metric(text, 'contact_sync_requests_total{kind="read",provider="topo"}') > 0


def test_a_secret_that_is_away_for_a_while_ends_no_daemon(served: Path, tmp_path: Path) -> None:
    config = pointed_at(served, tmp_path, head=FAST)
    key, away = tmp_path / "key-of-topo", tmp_path / "away"
    text = config.read_text()
    found = re.search(r'"file:([^"]*TOPO_SANDBOX_API_KEY)"', text)
    assert found is not None
    key.write_text(Path(found[1]).read_text())
    key.chmod(0o600)
    config.write_text(text.replace(found[0], f'"file:{key}"'))
    with running(config) as daemon:
        daemon.until(CYCLE)
        key.rename(away)
        daemon.until("the cycle could not begin; the next one tries again")
        assert "providers.topo.api_key" in daemon.log
        daemon.until("exit_code=2")
        assert _get(daemon, "/healthz")[0] == 503
        away.rename(key)
        eventually(lambda: _get(daemon, "/healthz")[0] == 200)
        assert daemon.end() == 0


def test_a_secret_that_was_never_there_ends_it_with_2(program: Program, served: Path, tmp_path: Path) -> None:
    config = pointed_at(served, tmp_path, head=FAST)
    config.write_text(re.sub(r'"file:[^"]*TOPO_SANDBOX_API_KEY"', '"env:NO_SUCH_API_KEY"', config.read_text()))
    told = program("daemon", "--config", config)
    assert told.code == 2
    assert "NO_SUCH_API_KEY is not set" in told.err


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[Path]:
    """A configuration under which a cycle hangs in Apollo for longer than any test."""
    with started(tmp_path, "sandbox", "--fault", "apollo POST /api/v1/contacts/search:2:delay=100") as sandboxes:
        sandboxes.until("Ctrl-C stops")
        config = pointed_at(tmp_path / ".sandbox" / "config.toml", tmp_path, head=SLOW + _drain("500ms"))
        yield config


def _drain(text: str) -> str:
    return f'[daemon]\nlisten = "127.0.0.1:0"\ndrain = "{text}"\n'


def _hangs(config: Path) -> bool:
    """Whether the cycle is under way: Topo was read, and only Apollo has not answered."""
    return (config.parent / ".contact-sync" / "state.db").exists()


def test_a_hanging_call_is_broken_off_after_the_drain_time(program: Program, stuck: Path) -> None:
    with running(stuck) as daemon:
        eventually(lambda: _hangs(stuck))
        assert json.loads(_get(daemon, "/healthz")[1])["working"] is True
        began = time.monotonic()
        assert daemon.end() == 0
        assert 0.4 < time.monotonic() - began < 20
    assert "did not end within the drain time" in daemon.log
    assert "stopped" in daemon.log
    assert program("state", "check", "--config", stuck).code == 0


def test_a_second_signal_ends_it_at_once(program: Program, stuck: Path) -> None:
    stuck.write_text(stuck.read_text().replace("500ms", "60s"))
    with running(stuck) as daemon:
        eventually(lambda: _hangs(stuck))
        daemon.until("are served")
        daemon.process.send_signal(signal.SIGTERM)
        daemon.until("one more signal stops at once")
        began = time.monotonic()
        assert daemon.end() == -signal.SIGTERM
        assert time.monotonic() - began < 20
    assert program("state", "check", "--config", stuck).code == 0


BLOCKED = """
import asyncio, sys, time
from sync.daemon import heeding_signals

async def main():
    with heeding_signals(lambda: None, hard_limit_s=0.3):
        print("ready", flush=True)
        time.sleep(60)  # nothing in the loop can run

asyncio.run(main())
"""


def test_a_loop_that_hangs_keeps_no_signal_from_ending_the_process() -> None:
    with subprocess.Popen([sys.executable, "-c", BLOCKED], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        began = time.monotonic()
        process.terminate()
        assert process.wait(60) == 0
        assert time.monotonic() - began < 20


def test_an_idle_daemon_stops_at_once(served: Path, tmp_path: Path) -> None:
    with running(pointed_at(served, tmp_path, head=SLOW)) as daemon:
        daemon.until(CYCLE)
        began = time.monotonic()
        assert daemon.end() == 0
        assert time.monotonic() - began < 20


def test_a_taken_port_is_a_wrong_configuration(program: Program, served: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = pointed_at(served, tmp_path, head=f'[daemon]\nlisten = "127.0.0.1:{port}"\n')
        told = program("daemon", "--config", config)
    assert told.code == 2
    assert f"127.0.0.1:{port} cannot be listened on" in told.err


def test_an_unfit_store_ends_it_with_12(program: Program, config: Path) -> None:
    folder = config.parent / ".contact-sync"
    folder.mkdir(mode=0o700)
    (folder / "state.db").write_bytes(b"something else" * 100)
    (folder / "state.db").chmod(0o600)
    told = program("daemon", "--config", config)
    assert told.code == 12
    assert "What to do: " in told.err


def test_a_report_nobody_can_write_is_refused_before_any_cycle(program: Program, config: Path) -> None:
    told = program("daemon", "--config", config, "--report", "json:nowhere/at/all.json")
    assert told.code == 2
    assert not (config.parent / ".contact-sync").exists()
