"""Somebody who knows the hidden people answers what waits for a person, between two cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import Conflict, Hold, Suspicion
from sync.codes import HoldKind
from sync.engine import decisions, disputes, review
from sync.wiring import Request, session_for

if TYPE_CHECKING:
    from random import Random

    from sync.engine.review import Item
    from sync.engine.session import Session
    from tests.simulation.scene import Scene

BY = "ann"


def _session(scene: Scene) -> Session:
    assert scene.store is not None
    assert scene.settings is not None
    return session_for(scene.settings, Request(), scene.store, scene.clock, environ=scene.environ)


def answer(scene: Scene, random: Random) -> None:
    """Some of what waits is answered as the hidden truth has it; nothing that a provider holds is touched."""
    session = _session(scene)
    for item in review.items(session.store):
        if random.random() < 0.3:
            continue
        try:
            _answer(scene, session, item, random)
        except review.CannotAnswer as error:
            scene.loop.note(f"* {item.id} cannot be answered: {error}")


def _answer(scene: Scene, session: Session, item: Item, random: Random) -> None:
    finding = item.finding
    if isinstance(finding, Suspicion):
        whos = {scene.witness.of_record.get((ref.provider, ref.record_id)) for ref in finding.records}
        if None in whos:
            return  # not even the truth knows
        verdict = review.accept if len(whos) == 1 else review.reject
        scene.loop.note(f"* {item.id}: {verdict.__name__}")
        verdict(session, item, BY)
    elif isinstance(finding, Conflict):
        source = random.choice(sorted(finding.values))
        scene.loop.note(f"* {item.id}: take {source}")
        disputes.take(session, item, source)
        scene.witness.taken.add(str(finding.values[source]))
    elif isinstance(finding, Hold) and finding.kind == HoldKind.DISAPPEARED:
        scene.loop.note(f"* {item.id}: accept")
        review.accept(session, item, BY)


def undo_a_split(scene: Scene, random: Random) -> None:
    """A person is split by mistake, and joined again right away."""
    session = _session(scene)
    assert scene.store is not None
    with scene.store.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT person_id FROM link GROUP BY person_id HAVING count(*) > 1 ORDER BY person_id"
        ).fetchall()
    if not rows:
        return
    (person,) = scene.store.people([random.choice(rows)[0]])
    leaving = random.sample([m.record.ref for m in person.members], random.randint(1, len(person.members) - 1))
    parted = decisions.foresee(session, decisions.split(session, person, leaving, BY))
    if parted is None:
        return
    scene.loop.note(f"* {person.id} is split by mistake")
    decisions.carry_out(session, parted)
    while len(owners := {scene.store.person_of(m.record.ref) for m in person.members} - {None}) > 1:
        a, b = scene.store.people([str(owner) for owner in sorted(owners, key=str)[:2]])
        joined = decisions.foresee(session, decisions.join(session, a, b, BY))
        assert joined is not None
        decisions.carry_out(session, joined)
