"""Processes that die at named points, and processes that write at the same time."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import state
from state.connection import Connection, open_raw, prepare, transaction, translated
from state.points import POINTS, TRANSACTIONS
from sync.errors import StateError
from sync.record import OptOutEntry
from tests.state.values import START, later

if TYPE_CHECKING:
    from tests.state.values import Home

PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
from sync.record import OptOutEntry
from sync.store_port import Settled
from tests.state.values import *

with Home(Path(sys.argv[1])).open() as store:
    store.begin_run("run-2", "run", later())
    pull(store, read("topo:1", "ann@example.com"), read("topo:2"))
    assign(store, ann=["topo:1"], bob=["topo:2"])
    entry = OptOutEntry(keys=frozenset({"k"}), reason="OTHER", source="topo", at=START)
    store.add_opt_outs([entry])
    operation = create("o1", digest="sha", attempt=1)
    store.save_plan("run-2", [operation], at=later())
    store.mark_sending([operation], run_id="run-2", at=later())
    done = replace(operation, state="acked", record_id="7", run_id="run-2")
    store.save_settled([Settled(operation=done, read=read("apollo:7"), link=tie("ann"))], at=later())
"""


def die(home: Home, point: str, count: int = 1) -> int:
    """The program's exit code when it is killed at a point."""
    environment = {**os.environ, "SYNC_CRASH": f"{point}:{count}"}
    command = [sys.executable, "-c", PROGRAM, str(home.root)]
    folder = Path(state.__file__).parents[1]
    return subprocess.run(command, env=environment, cwd=folder, check=False).returncode


def test_death_between_intent_and_outcome_leaves_it_sending(home: Home) -> None:
    assert die(home, "sending.after_commit") == -signal.SIGKILL
    with home.open() as store:
        (operation,) = store.operations()
        assert (operation.state, operation.digest, operation.attempt) == ("sending", "sha", 1)
        assert set(store.open_creates()) == {("ann", "apollo")}


def test_death_before_the_intent_is_kept_leaves_it_planned(home: Home) -> None:
    assert die(home, "sending.before_commit") == -signal.SIGKILL
    with home.open() as store:
        assert [o.state for o in store.operations()] == ["planned"]


@pytest.mark.parametrize(("side", "state", "members"), [("before", "sending", 1), ("after", "acked", 2)])
def test_an_outcome_is_kept_whole_or_not_at_all(home: Home, side: str, state: str, members: int) -> None:
    assert die(home, f"settled.{side}_commit") == -signal.SIGKILL
    with home.open() as store:
        assert [o.state for o in store.operations()] == [state]
        assert len(store.people(["ann"])[0].members) == members
        store.check_audit()
        assert store.database.raw.execute("SELECT count(*) FROM audit").fetchone()[0] == members - 1


def test_death_before_a_page_is_kept_leaves_rows_and_cursor_as_they_were(home: Home) -> None:
    assert die(home, "page.before_commit") == -signal.SIGKILL
    with home.open() as store:
        assert store.live_records("topo") == 0


def test_an_opt_out_that_reached_the_ledger_is_never_lost(home: Home) -> None:
    assert die(home, "optouts.before_commit") == -signal.SIGKILL
    with home.open() as store:
        assert [entry.reason for entry in store.opt_outs()] == ["OTHER"]


@pytest.mark.parametrize(
    "point",
    ["migration.before_commit", "migration.after_commit", "opening.before_commit", "marker.before_replace"],
)
def test_death_while_a_store_is_made_leaves_one_that_opens_as_a_first_run(home: Home, point: str) -> None:
    assert die(home, point) == -signal.SIGKILL
    with home.open() as store:
        assert (store.lost_database, store.rolled_back) == (False, False)
        assert store.live_records("topo") == 0
    assert die(home, "nowhere") == 0


def test_every_point_in_the_code_is_listed_and_every_transaction_has_its_pair() -> None:
    sources = [path.read_text() for path in Path(state.__file__).parent.rglob("*.py")]
    written = {name for text in sources for name in re.findall(r'\bpoint\("([a-z._]+)"\)', text)}
    classes = {name for text in sources for name in re.findall(r'\.write\("([a-z]+)"', text)}
    assert classes == set(TRANSACTIONS)
    assert written | {f"{name}.{side}_commit" for name in classes for side in ("before", "after")} == POINTS


COUNTER = """
import sys
from pathlib import Path
from state.connection import open_raw, prepare, transaction
raw = open_raw(Path(sys.argv[1]), "rw")
prepare(raw, durable=True)
for _ in range(100):
    with transaction(raw, "BEGIN IMMEDIATE") as connection:
        (count,) = connection.exec_driver_sql("SELECT serial FROM store").one()
        connection.exec_driver_sql("UPDATE store SET serial = ?", (count + 1,))
"""


def test_writers_at_the_same_time_lose_no_update(home: Home) -> None:
    home.open().close()
    command = [sys.executable, "-c", COUNTER, str(home.database)]
    writers = [subprocess.Popen(command) for _ in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    raw = open_raw(home.database, "ro")
    assert raw.execute("SELECT serial FROM store").fetchone() == (300,)
    raw.close()


def test_a_full_disk_stops_the_commit_and_nothing_of_it_stays(home: Home) -> None:
    home.open().close()
    raw = open_raw(home.database, "rw")
    prepare(raw, durable=True)
    pages = Connection(raw).exec_driver_sql("PRAGMA page_count").scalar_one()
    raw.execute(f"PRAGMA max_page_count={pages + 2}")
    writing = transaction(raw, "BEGIN IMMEDIATE")
    with pytest.raises(StateError, match="full"), translated("writing"), writing as connection:
        connection.exec_driver_sql("INSERT INTO opt_out (line) VALUES (?)", [("x" * 1000,) for _ in range(100)])
    raw.close()
    with home.open() as store:
        assert store.database.raw.execute("SELECT count(*) FROM opt_out").fetchone() == (0,)


def test_after_a_full_disk_nothing_is_written_even_where_there_is_room(home: Home) -> None:
    with home.open() as store:
        store.begin_run("run-1", "run", START)
        raw = store.database.raw
        raw.execute(f"PRAGMA max_page_count={raw.execute('PRAGMA page_count').fetchone()[0]}")
        entries = [OptOutEntry(keys=frozenset({"x" * 9000}), reason="OTHER", source="topo", at=START)]
        with pytest.raises(StateError, match="full"):
            store.add_opt_outs(entries)
        with pytest.raises(StateError, match="full"):
            store.mark_all_people_dirty()
        assert [run.run_id for run in store.recent_runs(1)] == ["run-1"]
    with home.open() as store:
        store.begin_run("run-2", "run", later())


def test_a_marker_that_cannot_be_written_stops_the_run(home: Home) -> None:
    with home.open() as store:
        (home.root / "state.db.marker.new").mkdir()
        with pytest.raises(StateError, match="marker"):
            store.begin_run("run-1", "run", START)
