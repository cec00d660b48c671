"""People who may be one with somebody who said no: until a person decides, nobody makes them anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.optouts import effect_of
from sync.planning.opt_outs import keys_of_person

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sync.engine.session import Session
    from sync.optouts import Effect
    from sync.person import Person


def doubts(
    session: Session, people: Iterable[Person], suspected: Mapping[str, frozenset[str]]
) -> dict[str, Effect]:
    """Person id → what opt-outs forbid for those it may be one with; nobody of whom they forbid nothing."""
    others = {person.id: suspected[person.id] for person in people if person.id in suspected}
    now = session.clock.now()
    near = session.store.people(sorted(set().union(*others.values())))
    reasons = {other.id: session.opt_outs.effect(keys_of_person(other), now).reasons for other in near}
    found = {
        person_id: effect_of(r for other in ids for r in reasons.get(other, ()))
        for person_id, ids in others.items()
    }
    return {person_id: effect for person_id, effect in found.items() if effect.reasons}


def in_doubt(session: Session, people: Iterable[str]) -> set[str]:
    """Whoever may be one with somebody of ``people``."""
    people = set(people)
    suspected = session.store.suspected_people(people)
    return {other for person in people for other in suspected.get(person, ())}
