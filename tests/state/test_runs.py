from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from state.rows import from_time, to_time
from sync.errors import StateError
from sync.store_port import ProviderState
from tests.state.values import START, Home, create, later

if TYPE_CHECKING:
    from state.store import SqliteStore


def test_a_run_is_on_record_from_its_first_moment_and_complete_at_its_end(store: SqliteStore) -> None:
    (begun,) = store.recent_runs(5)
    assert (begun.run_id, begun.mode, begun.started_at) == ("run-1", "run", START)
    assert (begun.finished_at, begun.exit_code) == (None, None)
    store.finish_run("run-1", at=later(), exit_code=3, summary={"created": 2})
    (ended,) = store.recent_runs(5)
    assert (ended.finished_at, ended.exit_code, dict(ended.summary)) == (later(), 3, {"created": 2})


def test_the_newest_run_comes_first_and_no_more_than_asked_for(store: SqliteStore) -> None:
    store.begin_run("run-2", "daemon", START - timedelta(days=1))
    store.begin_run("run-3", "run", START)
    assert [run.run_id for run in store.recent_runs(2)] == ["run-3", "run-2"]


def test_a_run_that_never_began_cannot_end(store: SqliteStore) -> None:
    with pytest.raises(StateError):
        store.finish_run("run-9", at=START, exit_code=0, summary={})


def test_times_come_back_aware_and_as_the_same_instant_whatever_their_zone(store: SqliteStore) -> None:
    paris = datetime(2026, 7, 1, 14, 0, 0, 123457, tzinfo=timezone(timedelta(hours=2)))
    store.save_provider_state(ProviderState(provider="topo", swept_at=paris))
    kept = store.provider_state("topo").swept_at
    assert kept == paris
    assert kept is not None
    assert kept.tzinfo is UTC


@pytest.mark.parametrize(
    "at", [datetime(1969, 12, 31, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)]
)
def test_far_times_keep_their_last_microsecond(at: datetime) -> None:
    assert from_time(to_time(at)) == at


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_time(datetime(2026, 1, 1))  # noqa: DTZ001  # the point


def test_a_provider_never_seen_has_a_blank_state(store: SqliteStore) -> None:
    assert store.provider_state("topo") == ProviderState(provider="topo")


def test_a_providers_state_comes_back_whole(store: SqliteStore) -> None:
    state = ProviderState(
        provider="topo",
        account_id="w1",
        fingerprint="f",
        cursor="c",
        sweep_id="s",
        sweep_cursor="sc",
        sweep_total=7,
        swept_at=START,
        peak=9,
        memory={"windows": [1, 2], "spent": {"usd": 0.5}},
        export_digest="d",
        export_as_of=later(),
    )
    store.save_provider_state(state)
    store.save_provider_state(state)
    assert store.provider_state("topo") == state


def test_a_keyed_hash_is_the_same_tomorrow_and_another_elsewhere(home: Home, store: SqliteStore) -> None:
    told = store.keyed_hash("ann@example.com")
    assert len(told) == 64
    assert told != store.keyed_hash("bob@example.com")
    store.close()
    with home.open() as again:
        assert again.keyed_hash("ann@example.com") == told
    home.key.write_text("00" * 32)
    with home.open() as other:
        assert other.keyed_hash("ann@example.com") != told


def test_a_writer_whose_place_was_taken_writes_nothing_more(home: Home, store: SqliteStore) -> None:
    with home.open() as other:
        other.begin_run("run-2", "run", later())
        with pytest.raises(StateError, match="another writer"):
            store.save_plan("run-1", [create("o1")], at=later())
        assert other.operations() == []


def test_a_writer_may_take_its_place_back_with_a_new_run(home: Home, store: SqliteStore) -> None:
    with home.open() as other:
        other.begin_run("run-2", "run", later())
    store.begin_run("run-3", "run", later(2))
    store.save_plan("run-3", [create("o1")], at=later(2))
    assert [o.id for o in store.operations()] == ["o1"]
