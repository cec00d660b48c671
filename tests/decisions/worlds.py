"""A store in memory and a session around it: records come in, people are matched and merged, people decide."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from state.opening import open_store
from sync.clock import SystemClock
from sync.config import ProviderSettings, load
from sync.contact import Contact
from sync.engine import decisions, disputes, review
from sync.engine.people import match_and_merge
from sync.engine.session import Options, Session
from sync.engine.storing import ready_to_store
from sync.record import Record, RecordRef
from sync.store_port import ProviderState
from sync.wiring import Silent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from state.store import SqliteStore
    from sync.contact import Value
    from sync.engine.tying import Judgement
    from sync.person import Person

PROVIDERS = ("topo", "apollo", "datananas")
START = datetime(2026, 5, 4, 9, tzinfo=UTC)


class StillClock(SystemClock):
    """Moves only when it is told to; ids are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.time = START
        self.made = 0

    def now(self) -> datetime:
        return self.time

    def new_id(self) -> str:
        self.made += 1
        return f"person-{self.made:04d}"

    def advance(self, **delta: float) -> None:
        self.time += timedelta(**delta)


class World:
    """People as the engine knows them, without any provider."""

    def __init__(self, session: Session, store: SqliteStore, clock: StillClock) -> None:
        self.session = session
        self.store = store
        self.clock = clock
        self._shown: dict[str, dict[str, Value]] = {}

    def shows(self, name: str, **fields: Any) -> None:
        """The record ``provider:id`` is read with these fields, besides what it showed; nobody merges yet."""
        if "email" in fields:
            email = fields.pop("email")
            fields["emails"] = (email,) if email else None
        shown = self._shown.setdefault(name, {}) | fields
        self._shown[name] = {n: v for n, v in shown.items() if v is not None}
        ref = RecordRef.parse(name)
        row = ready_to_store(Record(ref=ref, contact=Contact.from_fields(self._shown[name])), region="FR")
        self.store.save_page([row], ProviderState(provider=ref.provider), at=self.clock.now(), sweep_id=None)

    def settle(self, **delta: float) -> None:
        """Some time goes by and everything that was read is matched and merged."""
        self.clock.advance(**(delta or {"minutes": 20}))
        match_and_merge(self.session)

    def types(self, value: str) -> None:
        """The one thing that waits, a conflict, is answered with ``value``."""
        (item,) = review.items(self.store)
        disputes.set_value(self.session, item, value)

    def person(self, name: str) -> Person:
        """Whose record ``provider:id`` is."""
        person_id = self.store.person_of(RecordRef.parse(name))
        assert person_id is not None, name
        (person,) = self.store.people([person_id])
        return person

    def people(self) -> dict[str, Person]:
        """Everybody, by id."""
        ids = {r: self.store.person_of(RecordRef.parse(r)) for r in self._shown}
        return {p.id: p for p in self.store.people(filter(None, ids.values()))}

    def groups(self) -> set[frozenset[str]]:
        """Whose records belong together."""
        return {frozenset(str(m.record.ref) for m in p.members) for p in self.people().values()}

    def act(self, judged: Judgement | None) -> None:
        """A decision is foreseen and carried out."""
        assert judged is not None
        self.clock.advance(minutes=1)
        foreseen = decisions.foresee(self.session, judged)
        assert foreseen is not None
        decisions.carry_out(self.session, foreseen)
        assert {o.person_id: o.contact for o in foreseen.people} == {
            p.id: p.contact for p in self.store.people([o.person_id for o in foreseen.people])
        }

    def join(self, a: str, b: str) -> None:
        self.act(decisions.join(self.session, self.person(a), self.person(b), "ann"))

    def never(self, a: str, b: str) -> None:
        self.act(decisions.never(self.session, self.person(a), self.person(b), "ann"))

    def split(self, *names: str) -> None:
        """The records leave their person together."""
        refs = [RecordRef.parse(name) for name in names]
        self.act(decisions.split(self.session, self.person(names[0]), refs, "ann"))


@contextmanager
def world(config: str = "") -> Iterator[World]:
    """A world without people, with the settings of ``config``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.toml").write_text(f"{config}\n" + "".join(f"[providers.{p}]\n" for p in PROVIDERS))
        models = dict.fromkeys(PROVIDERS, ProviderSettings)
        settings = load(folder / "config.toml", provider_settings=models, environ={}, cwd=folder)
        clock = StillClock()
        paths = {"ledger": folder / "ledger", "key": folder / "key", "backups": folder / "backups"}
        with open_store("sqlite://", mode="write", **paths) as store:
            session = Session(
                run_id="run-1",
                started_at=START,
                store=store,
                clock=clock,
                settings=settings,
                seats={},
                options=Options(),
                progress=Silent(),
            )
            store.begin_run("run-1", "run", START)
            yield World(session, store, clock)


def told(person: Person) -> dict[str, object]:
    """All that is kept of a person, times and ids included; the ties without their evidence."""
    return {
        "id": person.id,
        "fields": person.contact.to_fields(),
        "choices": dict(person.choices),
        "conflicts": person.conflicts,
        "frozen": person.frozen,
        "links": {
            str(m.record.ref): (m.link.base, m.link.sent, m.link.written, m.link.ours, m.link.met)
            for m in person.members
        },
    }
