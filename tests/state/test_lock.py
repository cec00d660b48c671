from __future__ import annotations

import fcntl
import os
import stat
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from state.lock import RunLock, daemon_lock_path, run_lock_path
from sync.errors import LockHeld, StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.state.values import Home

HOLDER = """
import sys, time
from pathlib import Path
from state.lock import RunLock
lock = RunLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


@contextmanager
def other_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def path(home: Home) -> Path:
    return run_lock_path(home.database)


def test_run_and_daemon_lock_files_beside_the_database(home: Home) -> None:
    assert run_lock_path(home.database).name == "state.db.lock"
    assert daemon_lock_path(home.database).name == "state.db.daemon.lock"


def test_a_lock_held_elsewhere_is_told_with_its_holder_at_once(path: Path) -> None:
    with other_process(path) as other:
        began = time.monotonic()
        with pytest.raises(LockHeld) as caught:
            RunLock(path).acquire()
        assert time.monotonic() - began < 20
        assert f"pid {other.pid} on " in caught.value.holder
        assert caught.value.holder in str(caught.value)
        assert RunLock(path).holder() == caught.value.holder


def test_waiting_takes_the_lock_as_soon_as_it_is_free(path: Path) -> None:
    with other_process(path) as other:
        assert other.stdin is not None
        naps: list[float] = []

        def nap(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 2:
                other.kill()
                other.wait()

        with RunLock(path, sleep=nap).acquire(wait_s=30) as lock:
            assert lock.still_held()
        assert max(naps) <= 0.1


def test_waiting_ends_at_its_time(path: Path) -> None:
    with other_process(path), pytest.raises(LockHeld):
        RunLock(path).acquire(wait_s=0.2)


def test_a_killed_holder_frees_the_lock_and_is_named_no_more(path: Path) -> None:
    with other_process(path) as other:
        other.kill()
        other.wait()
        assert RunLock(path).holder() == ""
        RunLock(path).acquire().release()


def test_a_holder_that_died_on_another_machine_is_named_no_more(path: Path) -> None:
    RunLock(path).acquire().release()
    path.write_text('{"pid": 7, "host": "gone-container", "since": "2026-03-01"}')
    assert RunLock(path).holder() == ""
    with RunLock(path):
        path.write_text('{"pid": 7, "host": "gone-container", "since": "2026-03-01"}')
        assert "pid 7 on gone-container" in RunLock(path).holder()


def test_who_only_looks_for_the_holder_keeps_nobody_from_the_lock(path: Path) -> None:
    RunLock(path).acquire().release()
    with path.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        naps: list[float] = []

        def nap(seconds: float) -> None:
            naps.append(seconds)
            fcntl.flock(looking, fcntl.LOCK_UN)

        RunLock(path, sleep=nap).acquire().release()
    assert naps


def test_a_second_lock_in_one_process_is_refused_too(path: Path) -> None:
    with RunLock(path), pytest.raises(LockHeld):
        RunLock(path).acquire()


def test_letting_go_twice_is_fine_and_leaves_a_private_file(path: Path) -> None:
    lock = RunLock(path).acquire()
    assert f"pid {os.getpid()} on " in lock.holder()
    lock.release()
    lock.release()
    assert not lock.still_held()
    assert lock.holder() == ""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("again", [False, True])
def test_a_lock_whose_file_was_removed_or_replaced_is_held_no_more(path: Path, again: bool) -> None:
    with RunLock(path) as lock:
        assert lock.still_held()
        path.unlink()
        if again:
            path.touch()
        assert not lock.still_held()


def test_the_two_locks_do_not_know_each_other(home: Home) -> None:
    with RunLock(run_lock_path(home.database)), RunLock(daemon_lock_path(home.database)) as life:
        assert life.still_held()


def test_a_lock_that_cannot_be_made_is_a_fault_of_the_store(home: Home) -> None:
    (home.root / "file").write_text("")
    with pytest.raises(StateError):
        RunLock(home.root / "file" / "state.db.lock").acquire()


FULL = """
import resource, sys
from pathlib import Path
from state.lock import RunLock
resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))
with RunLock(Path(sys.argv[1])) as lock:
    assert lock.still_held()
"""


def test_on_a_full_disk_the_lock_holds_without_a_name(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path / "lock")]
    assert subprocess.run(command, check=False).returncode == 0
