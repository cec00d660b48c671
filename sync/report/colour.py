"""A little colour for the text report, on a terminal that wants it. Pure except for looking at the stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

_BOLD, _RED, _DIM, _END = "\x1b[1m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
_RULE = re.compile(r"-{3,}")


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether ``stream`` is a terminal whose user did not refuse colour (``NO_COLOR``, ``TERM=dumb``)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def coloured(text: str) -> str:
    """A text report with bold headings, red trouble and quiet rules; the words stay as they are."""
    lines = text.split("\n")
    return "\n".join(
        _painted(line, heading=number == 0 or _is_heading(lines, number)) for number, line in enumerate(lines)
    )


def _is_heading(lines: list[str], number: int) -> bool:
    return number + 1 < len(lines) and _RULE.fullmatch(lines[number + 1]) is not None


def _painted(line: str, *, heading: bool) -> str:
    if heading:
        return f"{_BOLD}{line}{_END}"
    if line.startswith(("Stopped ", "! ")):
        return f"{_RED}{line}{_END}"
    return f"{_DIM}{line}{_END}" if _RULE.fullmatch(line) else line
