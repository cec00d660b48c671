"""What is kept no longer than it is of use: the values that writes replaced and wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sync.engine.session import Session


def drop_old_values(session: Session) -> None:
    """Writes that came to a good end longer ago than ``[state] keep_values`` know their values no more.

    Looked for in the first run of each day, because it reads what was ever verified.
    """
    if session.dry or not _is_first_of_day(session):
        return
    session.store.drop_values(
        settled_before=session.clock.now() - session.settings.state.keep_values,
        never_read=session.sinks,
    )


def _is_first_of_day(session: Session) -> bool:
    _, *before = session.store.recent_runs(2)
    return not before or before[0].started_at.date() != session.started_at.date()
