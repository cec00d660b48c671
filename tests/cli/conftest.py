"""The real command line, and the sandboxes that it serves itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from sync.cli import run_program
from sync.logs import configure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM = [sys.executable, "-m", "sync"]
PATIENCE_S = 60.0


def eventually(met: Callable[[], object], *, within_s: float = PATIENCE_S) -> None:
    """Returns as soon as ``met`` holds; fails when it does not in time."""
    deadline = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@dataclass
class Started:
    """A command line running beside the test, its output in files."""

    process: subprocess.Popen[bytes]
    out: Path
    err: Path

    @property
    def output(self) -> str:
        return self.out.read_text()

    @property
    def log(self) -> str:
        return self.err.read_text()

    def until(self, text: str, *, times: int = 1) -> None:
        eventually(lambda: (self.output + self.log).count(text) >= times or self.process.poll() is not None)
        assert (self.output + self.log).count(text) >= times, self.output + self.log

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


@contextmanager
def started(folder: Path, *arguments: str | Path) -> Iterator[Started]:
    """``contact-sync ARGUMENTS`` running in ``folder`` while entered."""
    count = len(list(folder.glob("*.err")))
    out, err = folder / f"{count}.out", folder / f"{count}.err"
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as jobs in the background have it, and hand it on
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen([*PROGRAM, *map(str, arguments)], cwd=folder, stdout=to_out, stderr=to_err)
    try:
        yield Started(process, out, err)
    finally:
        process.kill()
        process.wait(PATIENCE_S)


@dataclass(frozen=True)
class Done:
    """What a command line said and its exit code."""

    code: int
    out: str
    err: str


class Program:
    """The command line in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Done:
        self._capsys.readouterr()
        code = run_program([str(argument) for argument in arguments])
        told = self._capsys.readouterr()
        return Done(code, told.out, told.err)


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Iterator[Program]:
    yield Program(capsys)
    configure(stream=sys.__stderr__)  # what captured the logs of the command is gone with the test


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The configuration of sandboxes that run as long as the tests do."""
    folder = tmp_path_factory.mktemp("served")
    # All tests of a process ask the same servers, more than Apollo lets anybody ask in a minute.
    wide = ("--switch", "apollo.windows=100000,100000,100000")
    with started(folder, "sandbox", "--out", "config.toml", *wide) as sandboxes:
        sandboxes.until("Ctrl-C stops the servers")
        yield folder / "config.toml"


def pointed_at(served: Path, folder: Path, *, head: str = "", provider: str = "") -> Path:
    """A configuration in ``folder`` with a state of its own; ``head`` goes before the providers' tables.

    ``provider``: lines added to the table of the first provider, Apollo.
    """
    _, begin, tables = served.read_text().partition("[providers.apollo]")
    text = tables.replace("file:served/", f"file:{served.parent}/served/")
    path = folder / "config.toml"
    if "[daemon]" not in head:
        head += '\n[daemon]\nlisten = "127.0.0.1:0"\n'
    path.write_text(f"{head}\n{begin}\n{provider}{text}")
    return path


@pytest.fixture
def config(served: Path, tmp_path: Path) -> Path:
    """A configuration with a fresh state."""
    return pointed_at(served, tmp_path)
