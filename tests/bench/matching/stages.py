"""What is timed on a real store: each stage in a process of its own, ``python -m ... NAME FOLDER COUNT``.

A stage prints one JSON object: seconds of the processor, peak memory of its process, and what it counted.
Processor time, because others may work on the machine; reading the rows of the feed is not timed, everything that
the product does with them is.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import sys
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from time import process_time as clock
from typing import TYPE_CHECKING, Any

from state.opening import open_store
from sync.clock import SystemClock
from sync.config import ProviderSettings, parse
from sync.contact import Contact
from sync.engine.attention import after_changed_settings, provider_set
from sync.engine.cycle import run_cycle
from sync.engine.matching import match_records
from sync.engine.people import merge_people
from sync.engine.session import Options, Session
from sync.engine.storing import ready_to_store
from sync.guards import EVERY
from sync.identity import email_key, linkedin_key
from sync.person import Decision
from sync.record import Record, RecordRef
from sync.store_port import ProviderState
from sync.wiring import Silent
from tests.bench.generate import Row, generate
from tests.bench.matching.bare import INGEST, MATCH, MERGE, write_alone
from tests.state.values import decide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from state.store import SqliteStore
    from tests.bench.matching.bare import Copied

CONFIG = "[providers.topo]"
PAGE = 10_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Found = dict[str, Any]


class Place:
    """The folder of one benchmark: the feed, and the store it fills."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.feed = folder / "feed.jsonl"
        self.database = folder / "state" / "state.db"

    def beside(self, name: str) -> Place:
        """Another store in the same folder."""
        return Place(self._folder / name)

    def store(self) -> SqliteStore:
        own = self._folder / "state"
        return open_store(
            f"sqlite:///{self.database}",
            ledger=own / "ledger",
            key=own / "key",
            backups=own / "b",
            mode="write",
        )

    def session(self, store: SqliteStore, *, begun: bool = True, options: Options | None = None) -> Session:
        clock = SystemClock()
        settings = parse(CONFIG, path=self._folder / "config.toml", provider_settings={"topo": ProviderSettings})
        session = Session(
            run_id=clock.new_id(),
            started_at=clock.now(),
            store=store,
            clock=clock,
            settings=settings,
            seats={},
            options=options or Options(),
            progress=Silent(),
        )
        if begun:
            store.begin_run(session.run_id, "run", session.started_at)
        return session

    def pages(self, count: int = sys.maxsize) -> Iterator[list[Record]]:
        with self.feed.open(encoding="utf-8") as lines:
            wanted = islice(lines, count)
            while page := [_record(Row(*json.loads(line))) for line in islice(wanted, PAGE)]:
                yield page


def _record(row: Row) -> Record:
    contact = Contact(
        emails=tuple(row.emails),
        linkedin_url=row.linkedin,
        first_name=row.first_name,
        last_name=row.last_name,
        job_title=row.title,
        company_name=row.company,
        company_domain=row.domain,
        phone=row.phone,
        city=row.city,
    )
    return Record(ref=RecordRef(row.provider, row.record_id), contact=contact)


def feed(place: Place, count: int) -> Found:
    """The rows are in a file."""
    with place.feed.open("w", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in generate(count, 20261))
    return {"seconds": 0.0}


def keys(place: Place, count: int) -> Found:
    """The two joining keys of every record."""
    seconds = 0.0
    for page in place.pages():
        begun = clock()
        for record in page:
            for email in record.contact.emails:
                email_key(email)
            linkedin_key(record.contact.linkedin_url)
        seconds += clock() - begun
    return {"seconds": seconds, "microseconds a record": round(seconds / count * 1e6, 2)}


def ingest(place: Place, _: int) -> Found:
    """Every page of the feed is kept."""
    with place.store() as store:
        after_changed_settings(place.session(store))  # as the first run begins
        return {"seconds": _take_in(store, place.pages())}


def unchanged(place: Place, _: int) -> Found:
    """The same pages come again, in a sweep."""
    with place.store() as store:
        place.session(store)
        before = store.database.raw.total_changes
        seconds = _take_in(store, place.pages())
        return {"seconds": seconds, "rows written": store.database.raw.total_changes - before}


def _take_in(store: SqliteStore, pages: Iterable[list[Record]]) -> float:
    seconds = 0.0
    state = ProviderState(provider="topo")
    for page in pages:
        begun = clock()
        store.save_page([ready_to_store(r, region="") for r in page], state, at=NOW, sweep_id=None)
        seconds += clock() - begun
    return seconds


def bare_ingest(place: Place, _: int) -> Found:
    """The rows that the feed left, written alone."""
    return _alone(place, INGEST)


def bare_match(place: Place, _: int) -> Found:
    """The persons and ties that matching left, written alone."""
    return _alone(place, MATCH)


def bare_merge(place: Place, _: int) -> Found:
    """What merging made of them, written alone."""
    return _alone(place, MERGE)


def _alone(place: Place, copied: Sequence[Copied]) -> Found:
    other = place.beside("bare")
    with other.store() as store:
        other.session(store)
        return {"seconds": write_alone(place.database, store, copied)}


def match(place: Place, _: int) -> Found:
    """Every record belongs to a person."""
    with place.store() as store:
        return {"seconds": _timed(lambda: match_records(place.session(store))), "people": store.people_count()}


def merge(place: Place, _: int) -> Found:
    """Every person has its contact, and why each value stands; then nothing waits."""
    with place.store() as store:
        seconds = _timed(lambda: merge_people(place.session(store)))
        store.database.raw.execute("DELETE FROM dirty_person")
        return {"seconds": seconds}


def quiet(place: Place, _: int) -> Found:
    """A cycle in which no provider has anything new."""
    with place.store() as store:
        session = place.session(store)  # as at the end of the first run
        state = replace(store.provider_state(EVERY), fingerprint=provider_set(session))
        store.save_provider_state(state)
        store.settle_people(store.dirty_people())
        store.finish_run(session.run_id, at=NOW, exit_code=0, summary={})
        before = store.database.raw.total_changes
        seconds = _timed(lambda: run_a_cycle(place, store))
        return {"seconds": seconds, "rows written": store.database.raw.total_changes - before}


def run_a_cycle(place: Place, store: SqliteStore) -> None:
    """As the daemon runs it without ``--report``."""
    asyncio.run(run_cycle(place.session(store, begun=False, options=Options(lists=False))))


def changes(place: Place, count: int) -> Found:
    """So many records changed their first email; they are matched and merged again."""
    with place.store() as store:
        rows = [record for page in place.pages(max(4 * count, 1000)) for record in page]
        drawn = random.Random(count).sample(rows, count + 1)
        first, *changed = (_changed(record, at) for at, record in enumerate(drawn))
        session = place.session(store)
        _take_in(store, [[first]])  # a daemon has read its word lists long ago
        match_records(session)
        merge_people(session)
        taken = _take_in(store, [changed])
        matched = _timed(lambda: match_records(session))
        merged = _timed(lambda: merge_people(session))
        store.settle_people(store.dirty_people())
        return {"seconds": matched, "merge seconds": round(merged, 4), "ingest seconds": round(taken, 4)}


def _changed(record: Record, at: int) -> Record:
    emails = (f"changed.{record.ref.record_id}@new-domain{at % 50}.com", *record.contact.emails[1:])
    values = {**record.contact.to_fields(), "emails": emails}
    return Record(ref=record.ref, contact=Contact.from_fields(values))


def undo(place: Place, _: int) -> Found:
    """One merge is taken back by a decision, and the region around it is matched and merged again."""
    with place.store() as store:
        session = place.session(store)
        (a, b) = store.database.raw.execute(
            "SELECT min(rid), max(rid) FROM link GROUP BY person_id HAVING count(*) = 2 LIMIT 1"
        ).fetchone()
        one, two = (_reference(store, rid) for rid in (a, b))
        decide(store, Decision(a=one, b=two, verdict="same", by="bench", at=NOW))
        match_records(session)
        merge_people(session)
        begun = clock()
        decide(store, Decision(a=one, b=two, verdict="different", by="bench", at=NOW))
        match_records(session)
        merge_people(session)
        seconds = clock() - begun
        parted = store.person_of(one) != store.person_of(two)
        return {"seconds": seconds, "parted": parted}


def _reference(store: SqliteStore, rid: int) -> RecordRef:
    return RecordRef(
        *store.database.raw.execute("SELECT provider, record_id FROM record WHERE rid = ?", (rid,)).fetchone()
    )


def again(place: Place, _: int) -> Found:
    """Everything is matched once more; nothing moves."""
    with place.store() as store:
        store.database.raw.execute("INSERT OR IGNORE INTO dirty_record SELECT rid FROM record")
        return {"seconds": _timed(lambda: match_records(place.session(store)))}


def apart(place: Place, count: int) -> Found:
    """So many judgements "not the same" stand; everything is matched once more."""
    with place.store() as store:
        most = store.database.raw.execute("SELECT max(rid) FROM record").fetchone()[0]
        drawn = random.Random(3)
        pairs = [(_reference(store, drawn.randint(1, most)), _reference(store, drawn.randint(1, most)))
                 for _ in range(count)]  # fmt: skip
        session = place.session(store)
        with store.database.write("membership") as connection:
            connection.exec_driver_sql(
                "INSERT OR IGNORE INTO decision"
                " (a_provider, a_record_id, b_provider, b_record_id, verdict, judge, at)"
                " VALUES (?, ?, ?, ?, 'different', 'bench', 0)",
                [(a.provider, a.record_id, b.provider, b.record_id) for a, b in map(sorted, pairs)],
            )
        store.database.raw.execute("INSERT OR IGNORE INTO dirty_record SELECT rid FROM record")
        return {"seconds": _timed(lambda: match_records(session))}


def _timed(work: Callable[[], None]) -> float:
    begun = clock()
    work()
    return clock() - begun


STAGES: dict[str, Callable[[Place, int], Found]] = {
    stage.__name__: stage
    for stage in (
        *(feed, keys, ingest, bare_ingest, unchanged, match, bare_match, merge, bare_merge),
        *(quiet, changes, undo, again, apart),
    )
}


def main(name: str, folder: str, count: str) -> None:
    found = STAGES[name](Place(Path(folder)), int(count))
    found["peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
