"""The process around a command line: streams that may go away, SIGTERM, and no core dumps."""

from __future__ import annotations

import io
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from types import FrameType


class _Outlet(io.FileIO):
    """A stream that stops no work: what nobody reads any more, or nothing can take, is dropped.

    ``lost``: why something was that somebody may still wait for.
    """

    lost: OSError | None = None

    def write(self, text: Any, /) -> int:
        """All of ``text`` is written, as far as that can be done."""
        try:
            return super().write(text)
        except BrokenPipeError:
            pass
        except OSError as error:
            self.lost = self.lost or error
        return memoryview(text).nbytes


def prepare() -> None:
    """The process takes a command line.

    No core dump with credentials and contacts in it is left on the disk. A reader who leaves, a closed stream,
    an encoding that lacks a character, or logs that nothing can take, change no exit code. SIGTERM ends with 143
    whatever is not in a cycle; a cycle hears signals itself.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _open_closed()
    sys.stdout, sys.stderr = _willing(1), _willing(2)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _terminated)


def finished(code: int) -> int:
    """Everything told is written; ``code``, or 1 where standard output could not take it."""
    sys.stdout.flush()
    outlet = getattr(sys.stdout.buffer, "raw", None)
    if not isinstance(outlet, _Outlet) or outlet.lost is None:
        return code
    sys.stderr.write(
        f"contact-sync: standard output cannot be written ({outlet.lost.strerror})\n"
        "  What to do: make room there, or send it elsewhere\n"
    )
    return code or 1


def _open_closed() -> None:
    """Streams closed by the caller lead nowhere, so that no file of ours takes their place."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _willing(number: int) -> io.TextIOWrapper:
    given = sys.stdout if number == 1 else sys.stderr
    outlet = _Outlet(number, "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(outlet),
        encoding=given.encoding if given else "utf-8",
        errors="backslashreplace",
        line_buffering=number == 2 or outlet.isatty(),
    )


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + signal.SIGTERM)
