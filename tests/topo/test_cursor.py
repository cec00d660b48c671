from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.topo.cursor import Cursor, parse

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FRESH = Cursor(mode="sweep")


@given(
    at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2026, 11, 20), timezones=st.just(UTC)),  # noqa: DTZ001  # hypothesis adds the zone
    total=st.none() | st.integers(0, 10**9),
    complete=st.booleans(),
)
def test_a_cursor_is_read_back_as_it_was_written(at: datetime, total: int | None, complete: bool) -> None:
    cursor = Cursor(mode="sweep", at=at, total=total, complete=complete)
    assert parse(cursor.render(), "sweep", NOW) == cursor


@given(
    st.text() | st.sampled_from(["null", "[]", "1", "NaN", "{}", '{"mode":"sweep"}', '{"mode":"sweep","at":7}'])
)
def test_a_cursor_of_garbage_starts_at_the_beginning(text: str) -> None:
    assert parse(text, "sweep", NOW) == FRESH


@pytest.mark.parametrize(
    "at",
    ["2026-11-20T10:00:00", "not a time", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-11-22T00:00:00Z"],
)
def test_a_cursor_without_offset_of_the_future_or_of_antiquity_starts_at_the_beginning(at: str) -> None:
    assert parse(f'{{"mode":"sweep","at":"{at}","complete":true}}', "sweep", NOW) == FRESH


def test_a_cursor_of_the_other_mode_starts_at_the_beginning() -> None:
    assert parse(Cursor(mode="incremental", at=NOW).render(), "sweep", NOW) == FRESH


def test_a_cursor_a_little_ahead_of_our_clock_is_kept() -> None:
    ahead = Cursor(mode="incremental", at=NOW + timedelta(hours=1))
    assert parse(ahead.render(), "incremental", NOW) == ahead
