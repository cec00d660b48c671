"""A process that has the program imported and starts it as a child of its own each time it is asked.

Importing takes longer than a run of a small world. A child does what ``python -m sync ARGUMENTS`` does, from
the first argument to the exit code, in a process of its own that can be killed.

Orders come as JSON lines: ``arguments``, ``environ`` to add, the file that takes all ``output``, and the
``file_size`` beyond which no file may grow (0 = none), and whether logging is ``loud``. Each is answered by a
line with the child's ``pid`` and, at its end, one with its exit ``code``.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import resource
import signal
import sys
import tempfile
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

PATIENCE_S = 60.0
PROGRAM = (
    "sync.cli.progress", "sync.cli.run", "sync.cli.state", "sync.report.output", "sync.wiring", "state.opening",
    "state.lock", "alembic.command", "alembic.config", "alembic.runtime.environment", "adapters.topo.provider",
    "adapters.datananas.provider", "adapters.apollo.provider", "websockets.asyncio.client",
)  # fmt: skip
"""Imported before any child is asked for, so that none has to."""
MEMORY = Path("/dev/shm")  # noqa: S108  # what most systems call their memory file system
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """What became of one run of the program; ``code`` is negative when a signal killed it."""

    code: int
    output: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


@dataclass
class Nursery:
    """The door to the process. One child at a time."""

    process: asyncio.subprocess.Process
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    child: int | None = None

    async def run(self, *arguments: str | Path, crash: str = "", file_size: int = 0, loud: bool = False) -> Ended:
        """The program ran to its end.

        ``crash``: the named point at which it dies. ``file_size``: no file may grow beyond so many bytes.
        ``loud``: every logger says everything it has, whatever the program asks of it.
        """
        output = self.folder / "output.txt"
        environ = self.environ | ({"SYNC_CRASH": crash} if crash else {})
        order = {
            "arguments": [str(a) for a in arguments],
            "environ": environ,
            "output": str(output),
            "file_size": file_size,
            "loud": loud,
        }
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        await self.process.stdin.drain()
        self.child = (await self._told())["pid"]
        code = (await self._told())["code"]
        self.child = None
        return Ended(code, output.read_text("utf-8", "replace"))

    def kill(self) -> None:
        """The child in work is dead."""
        if self.child is not None:
            with suppress(ProcessLookupError):
                os.kill(self.child, signal.SIGKILL)

    async def _told(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            line = await self.process.stdout.readline()
        told: dict[str, Any] = json.loads(line)
        return told


@contextmanager
def quick_folder() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place: hundreds of commits wait for no disk then.

    That costs nothing here: what a killed process has written, the system keeps, disk or not.
    """
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as made:
        yield Path(made)


@asynccontextmanager
async def nursery(folder: Path, environ: Mapping[str, str] | None = None) -> AsyncIterator[Nursery]:
    """The process is there while entered; its output files are in ``folder``."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.nursery",
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    door = Nursery(process, folder, dict(environ or {}))
    try:
        yield door
    finally:
        door.kill()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def main() -> None:
    for name in PROGRAM:
        import_module(name)
    gc.freeze()  # no child looks through what all of them share
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        pid = os.fork()
        if not pid:
            _be_the_program(order)
        _tell(pid=pid)
        _tell(code=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _tell(**parts: int) -> None:
    sys.stdout.write(json.dumps(parts) + "\n")
    sys.stdout.flush()


def _be_the_program(order: dict[str, Any]) -> NoReturn:
    from sync.__main__ import main as program

    code = 1
    try:
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ.update(order["environ"])
        if order["file_size"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_size"], order["file_size"]))
        if order["loud"]:
            _let_every_logger_speak()
        sys.argv = ["contact-sync", *order["arguments"]]
        program()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _let_every_logger_speak() -> None:
    set_level = logging.Logger.setLevel

    def always_debug(logger: logging.Logger, level: int | str) -> None:
        set_level(logger, min(logging.DEBUG, level) if isinstance(level, int) else logging.DEBUG)

    logging.Logger.setLevel = always_debug  # type: ignore[method-assign,assignment]  # the one place that all go through
    for name in [*logging.root.manager.loggerDict, "httpx", "httpcore", "websockets", "sqlalchemy", "asyncio"]:
        logging.getLogger(name).setLevel(logging.DEBUG)


if __name__ == "__main__":
    main()
