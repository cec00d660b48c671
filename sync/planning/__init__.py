"""What is to be changed where: a pure function of what is observed, wanted and allowed.

A field is planned for a record when the wanted value differs both from what the provider last acknowledged
and, after normalisation, from what it shows. Wishes are shaped to a provider's capabilities before they are
compared; what it cannot hold becomes a ``CannotExpress`` row instead of an operation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.planning.creates import plan_create
from sync.planning.draft import Draft, keys_digest, wish_digest
from sync.planning.updates import ONLY_BY_HAND, plan_update
from sync.planning.world import PersonPlan, Side, World

if TYPE_CHECKING:
    from sync.optouts import Effect
    from sync.person import Person

__all__ = [
    "ONLY_BY_HAND", "PersonPlan", "Side", "World", "keys_digest", "plan_person", "wish_digest",
]  # fmt: skip


def plan_person(person: Person, effect: Effect, world: World) -> PersonPlan:
    """The operations that bring every provider to the person's contact, sorted by provider."""
    draft = Draft(person, effect, world)
    for side in world.sides:
        if side.writes:
            _plan_at(draft, side)
    return draft.result()


def _plan_at(draft: Draft, side: Side) -> None:
    """A record that is there is updated; one that is gone is never created again; pending creates wait."""
    person = draft.person
    members = sorted((m for m in person.members if m.record.ref.provider == side.name), key=lambda m: m.rid)
    live = [m for m in members if not m.gone]
    if live:
        plan_update(draft, side, live[0])
    elif (person.id, side.name) in draft.world.open_creates:
        draft.waits = True
    elif all(m.released for m in members):
        plan_create(draft, side)
