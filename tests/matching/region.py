"""How far a change reaches: what else must be given to ``match`` so that a part is answered like the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.matching.hubs import entry_of, ties_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sync.person import Decision, MatchRecord
    from sync.record import RecordRef


@dataclass(frozen=True, slots=True)
class Reach:
    """Whatever shows or had one of ``keys``, is linked to one of ``person_ids`` or is one of ``refs``."""

    keys: frozenset[str]
    person_ids: frozenset[str]
    refs: frozenset[RecordRef]


def reach(
    records: Iterable[MatchRecord], decisions: Iterable[Decision] = (), generic: Collection[str] = ()
) -> Reach:
    """What ties ``records`` to others. Holders of all of it belong to the region too; ask again until nothing
    new comes. Keys that a changed record had before it changed must be among its aliases. ``generic``: keys that
    were nobody's and still are; a key that became somebody's, or nobody's, reaches all its holders once more.
    """
    entries = [entry_of(record) for record in records]
    refs = {entry.record.ref for entry in entries}
    judged = [{d.a, d.b} for d in decisions if d.a in refs or d.b in refs]
    return Reach(
        keys=frozenset(tie for entry in entries for tie in ties_of(entry, generic)),
        person_ids=frozenset(e.record.person_id for e in entries if e.record.person_id is not None),
        refs=frozenset(refs.union(*judged)),
    )


def close(
    touched: Iterable[RecordRef],
    records: Sequence[MatchRecord],
    decisions: Sequence[Decision] = (),
    generic: Collection[str] = (),
) -> list[MatchRecord]:
    """The region of ``touched`` among ``records``, order kept: the smallest part that is closed under ``reach``.

    For records in memory; a store asks its indexes for the same.
    """
    region = {record.ref: record for record in records if record.ref in set(touched)}
    holders = _holders(records, generic)
    by_ref = {record.ref: record for record in records}
    fresh = list(region.values())
    while fresh:
        out = reach(fresh, decisions, generic)
        tied = [by_ref[ref] for ref in out.refs if ref in by_ref]
        marks: set[str | tuple[str, str]] = {*out.keys, *(("person", person_id) for person_id in out.person_ids)}
        for mark in marks:
            tied += holders.pop(mark, [])
        fresh = [record for record in {r.ref: r for r in tied}.values() if record.ref not in region]
        region.update((record.ref, record) for record in fresh)
    return [record for record in records if record.ref in region]


def _holders(
    records: Sequence[MatchRecord], generic: Collection[str]
) -> dict[str | tuple[str, str], list[MatchRecord]]:
    holders: dict[str | tuple[str, str], list[MatchRecord]] = {}
    for record in records:
        for tie in ties_of(entry_of(record), generic):
            holders.setdefault(tie, []).append(record)
        if record.person_id is not None:
            holders.setdefault(("person", record.person_id), []).append(record)
    return holders
