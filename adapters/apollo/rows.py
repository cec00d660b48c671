"""What one page of a search came to, and what it says about the read that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.apollo.cursor import Sweep
    from sync.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One page of a search, parsed. ``ignored``: rows that are counted there and are no contacts here.

    ``partial``: Apollo says that rows are missing. ``surely``: each row is one that was asked for.
    """

    records: tuple[Record, ...]
    bad: tuple[str, ...]
    ignored: int
    total: int
    count: int
    partial: bool
    surely: bool

    @property
    def complete(self) -> bool:
        """Whether it shows all that there is to show."""
        return not self.partial and self.surely


def older(record: Record, floor: datetime) -> bool:
    """Whether the record surely changed before ``floor``."""
    return record.updated_at is not None and record.updated_at < floor


def noted(sweep: Sweep, rows: Rows) -> Sweep:
    """The sweep after one more page: a count that shrank means that rows moved up past the place reached."""
    shrank = rows.total < sweep.last_total
    short = rows.count == 0 < rows.total
    whole = sweep.whole and rows.complete and not shrank and not short
    return replace(sweep, ignored=sweep.ignored + rows.ignored, whole=whole)
