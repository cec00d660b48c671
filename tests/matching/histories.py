"""Random histories of a few records that share names and keys as unluckily as possible."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from sync.matching import MatchPolicy, Parts, match
from sync.matching.generic import is_generic
from sync.matching.hubs import entry_of, holders_of
from sync.membership import assign
from sync.person import Decision, MatchRecord
from sync.record import RecordRef
from tests.matching.region import close

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from sync.matching import Partition

PLAIN = MatchPolicy(look_for_alike=False)
START = datetime(2026, 1, 1, tzinfo=UTC)

EMAILS = ("ann@acme.com", "lee@acme.com", "ray@acme.com", "day@acme.com")
OPAQUE = "urn:ACoAAB" + "x" * 33
OTHER_OPAQUE = "urn:ACoAAC" + "x" * 33
PROFILES = (
    "in:ann-lee", "in:ann-two", "in:bob-ray", OPAQUE, f"in:ann-lee {OPAQUE}", f"in:ann-two {OTHER_OPAQUE}"
)  # fmt: skip
NAMES = ("Ann Lee", "A. Lee", "Lee", "Ann Ray", "Bob Ray", "Carl Day", None)
PROVIDERS = ("apollo", "datananas", "topo")


def record(rid: int, **given: Any) -> MatchRecord:
    """A record with nothing but what is given; ``provider`` and ``keys`` as in the tests' tables."""
    provider = given.pop("provider", PROVIDERS[rid % 3])
    plain: dict[str, Any] = {
        "name": None, "company": None, "domain": None, "phone": None, "emails": (), "linkedin": None,
        "person_id": None,
    }  # fmt: skip
    return MatchRecord(rid=rid, ref=RecordRef(provider, f"{rid:03}"), **{**plain, **given})


def decision(a: MatchRecord, b: MatchRecord, verdict: str, day: int = 0) -> Decision:
    return Decision(a=a.ref, b=b.ref, verdict=verdict, by="someone", at=START + timedelta(days=day))


records = st.builds(
    lambda rid, provider, emails, linkedin, name: record(
        rid, provider=provider, emails=tuple(emails), linkedin=linkedin, name=name
    ),
    st.integers(0, 7),
    st.sampled_from(PROVIDERS),
    st.lists(st.sampled_from(EMAILS), max_size=2, unique=True),
    st.none() | st.sampled_from(PROFILES),
    st.sampled_from(NAMES),
)
verdicts = st.tuples(st.integers(0, 7), st.integers(0, 7), st.sampled_from(["same", "different", "taken back"]))
batches = st.lists(st.one_of(records, verdicts, st.integers(0, 7)), min_size=1, max_size=4)
histories = st.lists(batches, min_size=1, max_size=6)


def any_record(drawn: Random) -> MatchRecord:
    """As ``records``, of plain chance: thousands cost little."""
    return record(
        drawn.randrange(8),
        provider=drawn.choice(PROVIDERS),
        emails=tuple(drawn.sample(EMAILS, drawn.randrange(3))),
        linkedin=drawn.choice((None, *PROFILES)),
        name=drawn.choice(NAMES),
    )


def any_batch(drawn: Random) -> list[Any]:
    """As ``batches``: records that come or change, judgements, records that go."""
    judged = (drawn.randrange(8), drawn.randrange(8), drawn.choice(("same", "different", "taken back")))
    changes = [any_record(drawn), any_record(drawn), judged, drawn.randrange(8)]
    return [drawn.choice(changes) if number else any_record(drawn) for number in range(drawn.randrange(1, 5))]


@dataclass
class World:
    """A store in memory: records by rid with their aliases, people, judgements."""

    records: dict[int, MatchRecord] = field(default_factory=dict)
    decisions: dict[tuple[int, int], Decision] = field(default_factory=dict)
    person_of: dict[int, str] = field(default_factory=dict)
    generic: set[str] = field(default_factory=set)
    ids: Any = field(default_factory=lambda: (f"person-{number:04}" for number in itertools.count()))

    def apply(self, batch: list[Any]) -> set[RecordRef]:
        """The references that the changes of ``batch`` touch."""
        touched: set[RecordRef] = set()
        for change in batch:
            if isinstance(change, MatchRecord):
                touched |= self._put(change)
            elif isinstance(change, tuple):
                touched |= self._judge(*change)
            elif change in self.records:
                touched |= self._remove(change)
        return touched

    def _put(self, new: MatchRecord) -> set[RecordRef]:
        old = self.records.get(new.rid)
        if old:
            had = set(old.emails) | set((old.linkedin or "").split()) | old.aliases
            shows = set(new.emails) | set((new.linkedin or "").split())
            new = replace(new, ref=old.ref, aliases=frozenset(had - shows), person_id=old.person_id)
        self.records[new.rid] = new
        return {new.ref}

    def _judge(self, a: int, b: int, verdict: str) -> set[RecordRef]:
        if a >= b or a not in self.records or b not in self.records:
            return set()
        one, two = self.records[a], self.records[b]
        self.decisions.pop((a, b), None)
        if verdict != "taken back":
            self.decisions[a, b] = decision(one, two, verdict)
        return {one.ref, two.ref}

    def _remove(self, rid: int) -> set[RecordRef]:
        gone = self.records.pop(rid)
        self.person_of.pop(rid, None)
        self.decisions = {pair: held for pair, held in self.decisions.items() if rid not in pair}
        near = close([gone.ref], [*self.records.values(), gone])
        return {other.ref for other in near if other.rid != rid}

    def match_region(self, touched: set[RecordRef]) -> Partition:
        everything = list(self.records.values())
        settled = self._still_generic(touched)
        region = close(touched, everything, list(self.decisions.values()), settled)
        return match(region, self.decisions.values(), PLAIN, settled)

    def _still_generic(self, touched: set[RecordRef]) -> set[str]:
        """Keys that were nobody's and that nothing touched, or that are nobody's all the same."""
        holders = holders_of(map(entry_of, self.records.values()))
        return {
            key
            for key in self.generic.intersection(holders)
            if touched.isdisjoint(e.record.ref for e in holders[key])
            or is_generic((e.record.name for e in holders[key]), PLAIN.generic_after)
        }

    def match_all(self) -> Partition:
        return match(self.records.values(), self.decisions.values(), PLAIN)

    def take(self, partition: Partition) -> None:
        inside = {rid for part in partition.clusters for rid in part}
        self._keep_generic(partition, inside)
        current = {rid: person for rid, person in self.person_of.items() if rid in inside}
        self.person_of.update(assign(partition, current, new_id=lambda: next(self.ids)).person_of)
        for rid in inside:
            self.records[rid] = replace(self.records[rid], person_id=self.person_of[rid])

    def _keep_generic(self, partition: Partition, inside: set[int]) -> None:
        """Of the keys of the records that were matched those are nobody's that were found or known to be."""
        self.generic -= holders_of(entry_of(self.records[rid]) for rid in inside).keys() - partition.generic
        self.generic |= partition.generic


def by_parts(records: Iterable[MatchRecord], decisions: Iterable[Decision], *, dense: bool) -> set[frozenset[int]]:
    """Who is one, asked as a store is: plain parts by numbers, only the others by every rule. A rid is 1 more."""
    by_rid = {r.rid + 1: r for r in records}
    rids = {r.ref: rid for rid, r in by_rid.items()}
    judged = [d for d in decisions if d.a in rids and d.b in rids]
    parts = Parts(max(by_rid, default=0) if dense else None)
    parts.read_records((rid, r.name, None) for rid, r in sorted(by_rid.items()))
    parts.read_emails(_holders(by_rid, profiles=False))
    parts.read_profiles(_holders(by_rid, profiles=True))
    linked = [(rid, r.person_id) for rid, r in by_rid.items() if r.person_id is not None]
    parts.read_people(sorted(linked, key=lambda row: row[1]))
    parts.read_judged((rids[d.a], rids[d.b], d.verdict) for d in judged)
    parts.sort_out(lambda wanted: {rid: by_rid[rid].name for rid in wanted})
    careful = {rid for part in parts.careful for rid in part}
    partition = match([by_rid[rid] for rid in careful], judged, PLAIN, parts.generic)
    people = {frozenset(r) for r in partition.clusters}
    plain: dict[int, set[int]] = {}
    for rid in by_rid.keys() - careful:
        plain.setdefault(parts.owners[rid], set()).add(rid - 1)
    return people | set(map(frozenset, plain.values()))


def _holders(by_rid: dict[int, MatchRecord], *, profiles: bool) -> list[tuple[str, str]]:
    holders: dict[str, list[str]] = {}
    for rid, r in by_rid.items():
        shown = {*r.emails, *(r.linkedin or "").split()}
        for key in shown | r.aliases:
            if (":" in key) == profiles:
                holders.setdefault(key, []).append(str(rid if key in shown else -rid))
    return [(key, ",".join(held)) for key, held in sorted(holders.items())]
