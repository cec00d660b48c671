"""Disturbances of a sandbox, as people write them.

A fault is written ``METHOD PATH:ORDINAL:ACTION[=ARGUMENT][,more]``, for example
``POST /contacts/bulk:1:reset-after`` or ``GET /v1/contacts:2-4:status=503``. The path may end in ``*``. The
ordinal counts matching requests from 1 (``*`` = every one). ``body=`` comes last and takes the rest. Actions:

``status=N``        answered N before anything is done (``retry-after=S`` and ``body=TEXT`` may be added)
``then-status=N``   done, then answered N
``reset-before``    the connection is cut before anything is done
``reset-after``     done, then the connection is cut without an answer
``cut-body``        done, then the answer is cut in its middle
``stall=S``         done, then S seconds of silence before the answer
``delay=S``         S seconds of silence before anything is done
``garbage``         done, then answered 200 with a page of HTML
``empty``           done, then answered 200 with nothing
``body=TEXT``       done, then answered 200 with TEXT as JSON
``redirect=URL``    answered 302 before anything is done
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Fault:
    """One disturbance; ``hits`` counts the requests that fitted so far."""

    method: str
    path: str
    first: int
    last: int | None
    actions: Mapping[str, str]
    hits: int = 0

    @classmethod
    def parse(cls, text: str) -> Fault:
        """The fault written in the form of the module's docstring. Raises ValueError."""
        fitting = re.fullmatch(r"([A-Z]+|\*) (\S+?):(\*|\d+(?:-\d+)?):(.+)", text, re.DOTALL)
        if fitting is None:
            raise ValueError(f"{text!r} is not METHOD PATH:ORDINAL:ACTION")
        method, path, ordinal, actions = fitting.groups()
        parsed = _actions(actions)
        if ordinal == "*":
            return cls(method, path, 1, None, parsed)
        first, last = (int(number) for number in (ordinal.split("-") * 2)[:2])
        if not 1 <= first <= last:
            raise ValueError(f"no request is number {ordinal}: they count from 1")
        return cls(method, path, first, last, parsed)

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is disturbed; counts it when it fits."""
        fits = self.path == path or (self.path.endswith("*") and path.startswith(self.path[:-1]))
        if self.method not in {"*", method} or not fits:
            return False
        self.hits += 1
        return self.hits >= self.first and (self.last is None or self.hits <= self.last)


ACTIONS = {
    "status": r"[2-5]\d\d", "retry-after": r".*", "body": r"(?s:.*)", "then-status": r"[2-5]\d\d",
    "reset-before": "", "reset-after": "", "cut-body": "", "stall": r"\d*\.?\d+", "delay": r"\d*\.?\d+",
    "garbage": "", "empty": "", "redirect": r".+",
}  # fmt: skip
"""Each action and the form of its argument."""


def _actions(text: str) -> dict[str, str]:
    rest = re.search(r"(?:^|,)body=", text)
    given = dict(part.partition("=")[::2] for part in text[: rest.start() if rest else None].split(",") if part)
    if rest:
        given["body"] = text[rest.end() :]
    unknown = set(given) - set(ACTIONS)
    if unknown:
        raise ValueError(f"unknown fault action {min(unknown)!r}; known: {', '.join(sorted(ACTIONS))}")
    for name, argument in given.items():
        if not re.fullmatch(ACTIONS[name], argument):
            raise ValueError(f"the fault action {name} cannot be {argument!r}")
    if not given or ("retry-after" in given and "status" not in given):
        raise ValueError(f"{text!r} names no action")
    return given
