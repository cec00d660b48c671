"""What one cycle notes for the next: a memory of the store's own, as each provider has one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sync.guards import EVERY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.engine.session import Session


def noted(session: Session, name: str) -> object:
    """The note of that name, ``None`` where there is none."""
    return session.store.provider_state(EVERY).memory.get(name)


def noted_of_providers(session: Session, name: str) -> dict[str, Any]:
    """A note that has an entry for each provider, empty where there is none."""
    notes = noted(session, name)
    return dict(notes) if isinstance(notes, dict) else {}


def note(session: Session, notes: Mapping[str, object]) -> None:
    """Those notes stand besides the others; nothing is written where they stand already."""
    state = session.store.provider_state(EVERY)
    memory = {**state.memory, **notes}
    if memory != dict(state.memory):
        session.store.save_provider_state(replace(state, memory=memory))
