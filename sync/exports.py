"""Exports that people put down for a provider: read when they changed, taken in as that provider's records."""

from __future__ import annotations

from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from adapters.files.reading import read_export
from adapters.registry import providers as known_providers
from sync.engine.imports import take_in
from sync.errors import ContactSyncError, StateError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sync.config import Settings
    from sync.engine.session import Seat, Session
    from sync.record import Export

NAMED_ROWS = 5


def read_for(settings: Settings, provider: str, path: Path, as_of: datetime | None = None) -> Export:
    """The file at ``path`` as an export of ``provider``.

    Raises ``ConfigError`` when it cannot be read and ``Rejected`` when it is no export.
    """
    own = settings.providers[provider]
    names = known_providers()[provider].import_names(own)
    return read_export(path, provider=provider, names=names, as_of=as_of, key=own.named_by)


def take_in_exports(session: Session) -> None:
    """Every provider's ``export_file`` is taken in if it changed; what is wrong with one is noted on its seat."""
    for seat in session.seats.values():
        if seat.settings.export is not None and seat.active:
            _take_in(session, seat, seat.settings.export)


def _take_in(session: Session, seat: Seat, path: Path) -> None:
    if not path.exists():
        seat.note(f"export_file {path} is not there, so nothing new is known of it", "put the export there")
        return
    try:
        export = read_for(session.settings, seat.name, path)
        # a file dated in the future would make every later export an older one
        imported = take_in(session, seat, replace(export, as_of=min(export.as_of, session.clock.now())))
    except StateError:
        raise
    except ContactSyncError as error:
        seat.note(str(error).removeprefix(f"{seat.name}: "), error.remedy)
        return
    if imported.bad_rows and not imported.known:
        seat.note(
            f"export_file {path.name}: {_left_out([line for line, _ in imported.bad_rows])}",
            f"`contact-sync import {seat.name} {quote(str(path))}` says why",
        )


def _left_out(lines: list[int]) -> str:
    if len(lines) == 1:
        return f"1 row was left out (line {lines[0]})"
    more = " and others" if len(lines) > NAMED_ROWS else ""
    return f"{len(lines)} rows were left out (lines {', '.join(map(str, lines[:NAMED_ROWS]))}{more})"
