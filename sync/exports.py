"""Exports that people put down for a provider: read when they changed, taken in as that provider's records."""

from __future__ import annotations

from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from adapters.files.reading import read_export
from adapters.registry import providers as known_providers
from sync.engine.imports import take_in
from sync.errors import ContactSyncError, StateError
from sync.optouts import ANY_OTHER, REASON_FORM
from sync.redaction import redacted, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from sync.config import Settings
    from sync.engine.session import Seat, Session
    from sync.record import Export

NAMED_ROWS = 5
NAMED_COLUMNS = 20
LONGEST_NAME = 60


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
    if not path.is_file():  # the cycle would wait for whoever writes into a pipe, with the lock held
        seat.lacks(
            f"export_file {path} is no plain file, so nothing new is known of it",
            f"put the export itself there; `contact-sync import {seat.name} FILE` takes one in through a pipe",
        )
        return
    try:
        export = read_for(session.settings, seat.name, path)
    except ContactSyncError as error:
        seat.lacks(_without_name(seat, error), error.remedy)
        return
    try:
        # a file dated in the future would make every later export an older one
        imported = take_in(session, seat, replace(export, as_of=min(export.as_of, session.clock.now())))
    except StateError:
        raise
    except ContactSyncError as error:
        seat.note(_without_name(seat, error), error.remedy)
        return
    if imported.known:
        return
    for said in columns_told(export):
        seat.note(f"export_file {path.name}: {said}")
    if imported.bad_rows:
        seat.note(
            f"export_file {path.name}: {_left_out([line for line, _ in imported.bad_rows])}",
            f"`contact-sync import {seat.name} {quote(str(path))}` says why",
        )


def _without_name(seat: Seat, error: ContactSyncError) -> str:
    return str(error).removeprefix(f"{seat.name}: ")


def columns_told(export: Export) -> Iterator[str]:
    """What became of columns that were not taken in as they stand, one sentence a kind."""
    if export.unknown:
        yield f"columns not known here, left out: {_named(export.unknown)}"
    if export.repeated:
        yield f"columns named more than once, the first that holds something counts: {_named(export.repeated)}"
    if export.reworded:
        yield (
            f"opted_out holds more than a reason in {_lines(export.reworded)}: each counts as {ANY_OTHER}, "
            f"and what stands there is not kept; a reason is one of Topo's words, or {REASON_FORM}"
        )


def _named(columns: tuple[str, ...]) -> str:
    """Some of the names; where a header is missing, it is somebody's row that stands in its place."""
    shown = [visible(redacted(name))[:LONGEST_NAME] for name in columns[:NAMED_COLUMNS]]
    more = len(columns) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _left_out(lines: list[int]) -> str:
    were = "1 row was" if len(lines) == 1 else f"{len(lines)} rows were"
    return f"{were} left out ({_lines(lines)})"


def _lines(numbers: Sequence[int]) -> str:
    more = " and others" if len(numbers) > NAMED_ROWS else ""
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers[:NAMED_ROWS]))}{more}"
