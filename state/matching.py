"""The store's third door: what matching reads of the region around changes, and what it came to."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from state import membership, parts, region
from sync.matching.values import GENERIC_AFTER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from state.database import Database
    from sync.matching import Parts
    from sync.record import RecordRef
    from sync.store_port import Matched, MembershipUpdate, Region


class Matching:
    """Regions and memberships; a part of ``SqliteStore``."""

    database: Database

    def region(
        self, around: Iterable[RecordRef] | None = None, generic_after: int = GENERIC_AFTER
    ) -> Region | None:
        with self.database.read() as connection:
            return region.region(connection, around, generic_after)

    def parts(self, generic_after: int) -> Parts | None:
        with self.database.read() as connection:
            return parts.parts(connection, generic_after)

    def alike(self, rids: Sequence[int] | None) -> Iterator[Sequence[int]]:
        if rids is not None:
            with self.database.read() as connection:
                around = parts.alike_around(connection, rids)
            yield from around
            return
        last = -inf
        while groups := self._alike(last):
            last = groups[-1][0]
            yield from (group for _, group in groups)

    def _alike(self, after: float) -> list[tuple[int, list[int]]]:
        with self.database.read() as connection:
            return parts.alike(connection, after)

    def heads(self, rids: Sequence[int]) -> Mapping[int, int]:
        with self.database.read() as connection:
            return parts.heads(connection, rids)

    def full_names(self, rids: Sequence[int]) -> Mapping[int, str | None]:
        with self.database.read() as connection:
            return parts.full_names(connection, rids)

    def part(self, rids: Sequence[int]) -> Region:
        with self.database.read() as connection:
            return region.part(connection, rids)

    def mark_all_records_dirty(self) -> None:
        with self.database.write("people") as connection:
            connection.exec_driver_sql("INSERT OR IGNORE INTO dirty_record SELECT rid FROM record")

    def save_matched(self, matched: Matched, *, at: datetime) -> None:
        with self.database.write("membership") as connection:
            membership.save_matched(connection, matched, at)

    def save_membership(self, update: MembershipUpdate, *, at: datetime) -> None:
        with self.database.write("membership") as connection:
            membership.save(connection, update, at)
