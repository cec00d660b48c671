"""Reading a list that changes while it is read, without ever trusting page numbers.

Always page 1, sorted ascending by a time, asked strictly after just before the last row's time; repeats are
dropped by id and time. Pages 2, 3, … are walked only where one page cannot get past a shared time. Sorting has
no documented second key, so a walk inside one time that met repeats skipped others: it is walked again, until as
many were met as the list counts. So is one during which the list shrank: whoever came after a row that went moved
to a page that had been read.
Source: https://docs.topo.io/api-reference/pagination-filtering (offset pages, no cursor).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.topo.shapes import render_moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.topo.shapes import Moment

PASSES = 5
"""How often pages inside one shared time are walked before the read counts as incomplete."""

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a page as the walk sees it."""

    id: str
    moment: Moment


@dataclass(slots=True)
class Walk:
    """Where the walk stands. ``after``: the strict bound of the next page; ``None`` = the very beginning.

    ``high``: the latest time met. ``complete`` turns false at the first sign that rows were left out.
    """

    sort_by: str
    after_param: str
    size: int
    after: datetime | None = None
    high: datetime | None = None
    complete: bool = True
    done: bool = False
    _page: int = 1
    _pass: int = 1
    _total: int = 0
    _shrank: bool = False
    _edge: dict[tuple[str, datetime], None] = field(default_factory=dict)
    _walked: list[str] = field(default_factory=list)
    _met: set[str] = field(default_factory=set)

    def params(self) -> tuple[tuple[str, str], ...]:
        """The query of the next page."""
        query = [
            ("page", str(self._page)), ("size", str(self.size)), ("sort_by", self.sort_by), ("sort_order", "asc"),
        ]  # fmt: skip
        if self.after is not None:
            query.append((self.after_param, render_moment(self.after)))
        return tuple(query)

    def take(self, steps: list[Step], *, rows: int, total: int, has_more: bool) -> frozenset[str]:
        """The ids of the page that are new; the walk moves on.

        ``rows``: how many rows the page had, unreadable ones included.
        """
        self._note_total(total)
        fresh = frozenset(step.id for step in steps if (step.id, step.moment.at) not in self._edge)
        self._edge.update(dict.fromkeys((step.id, step.moment.at) for step in steps))
        self._walked += [step.id for step in steps]
        self._met.update(step.id for step in steps)
        self.high = max([*(s.moment.at for s in steps), *([self.high] if self.high else [])], default=None)
        more = self._more(rows, total, has_more)
        if not more or not rows:
            self.done = not self._again(total)
        else:
            self._advance(steps, total)
        return fresh

    def _note_total(self, total: int) -> None:
        """A row that went may be among those met, so from then on they are counted anew."""
        if total < self._total and (self._page, self._pass) != (1, 1):
            self._met = set()
            self._shrank = self._shrank or self._page > 1
        self._total = total

    def _more(self, rows: int, total: int, has_more: bool) -> bool:
        """Whether rows follow. When ``has_more`` and ``total_count`` disagree the longer read is taken."""
        expected = total > (self._page - 1) * self.size + rows
        if has_more != expected:
            self.complete = False
        return has_more or expected

    def _advance(self, steps: Iterable[Step], total: int) -> None:
        bound = _just_before(steps)
        if bound is not None and (self.after is None or bound > self.after):
            if self._again(total):
                return
            self._move(bound)
        else:
            self._page += 1

    def _move(self, bound: datetime) -> None:
        self.after = bound
        self._edge = {key: None for key in self._edge if key[1] >= bound}
        self._page, self._pass, self._walked, self._met, self._shrank = 1, 1, [], set(), False

    def _again(self, total: int) -> bool:
        """Whether the pages inside one time are walked once more, as rows changed places or went meanwhile."""
        unmoved = self._page == 1 or len(set(self._walked)) == len(self._walked)
        if not self._shrank and (unmoved or len(self._met) == total):
            return False
        if self._pass == PASSES:
            self.complete = False
            return False
        self._pass += 1
        self._page, self._walked, self._shrank = 1, [], False
        return True


def _just_before(steps: Iterable[Step]) -> datetime | None:
    """Just before the latest time, by the finest grain of the page.

    A server that stores finer times than it shows, or that cuts the filter to its own grain, still gives every
    row of that time again.
    """
    moments = [step.moment for step in steps]
    if not moments:
        return None
    grain_s = min(m.grain_s for m in moments)
    return max(max(m.at for m in moments) - timedelta(seconds=grain_s), EARLIEST)
