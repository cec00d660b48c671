from __future__ import annotations

import stat
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from state.backup import backup, restore
from state.checks import check_whole
from state.connection import open_raw
from sync.errors import ConfigError, StateError
from tests.state.values import START, Home, assign, pull, read

if TYPE_CHECKING:
    from state.store import SqliteStore


@pytest.fixture(autouse=True)
def people(store: SqliteStore) -> None:
    pull(store, read("topo:1"))
    assign(store, ann=["topo:1"])


def test_a_backup_is_a_whole_store_closed_to_others(home: Home, store: SqliteStore) -> None:
    path = home.root / "copies" / "one.db"
    assert backup(store, path) == []
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    other = Home(home.root / "other")
    other.root.mkdir(mode=0o700)
    path.rename(other.database)
    with other.open() as copy:
        assert copy.people(["ann"]) == store.people(["ann"])


def test_a_backup_replaces_the_former_one_whole(home: Home, store: SqliteStore) -> None:
    path = home.root / "one.db"
    path.touch()
    backup(store, path)
    backup(store, path)
    assert path.read_bytes().startswith(b"SQLite format 3")
    assert [p.name for p in home.root.glob("*.new")] == []


def test_a_backup_that_cannot_be_written_leaves_the_former_one(home: Home, store: SqliteStore) -> None:
    path = home.root / "one.db"
    backup(store, path)
    before = path.read_bytes()
    (home.root / "one.db.new").mkdir()
    with pytest.raises(StateError):
        backup(store, path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("form", ["text", "folder"])
def test_a_backup_takes_the_place_of_nothing_else(home: Home, store: SqliteStore, form: str) -> None:
    path = home.root / "one.db"
    if form == "text":
        path.write_text("notes")
    else:
        path.mkdir()
    with pytest.raises(ConfigError, match="no backup of this state store"):
        backup(store, path)
    assert path.is_dir() or path.read_text() == "notes"


def test_a_backup_that_fails_leaves_nothing(
    home: Home, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_raw: object, *, thorough: bool) -> None:
        raise StateError("full")

    monkeypatch.setattr("state.backup.check_whole", full)
    with pytest.raises(StateError, match="full"):
        backup(store, home.root / "copies" / "one.db")
    assert list((home.root / "copies").iterdir()) == []


def test_the_store_goes_on_after_a_backup(home: Home, store: SqliteStore) -> None:
    backup(store, home.root / "one.db")
    store.finish_run("run-1", at=START, exit_code=0, summary={})
    assert store.recent_runs(1)[0].exit_code == 0


def test_a_restored_store_is_the_backup_and_known_to_be_older(home: Home, store: SqliteStore) -> None:
    path = home.root / "one.db"
    backup(store, path)
    store.begin_run("run-2", "run", START)
    store.close()
    former = restore(path, home.database)
    with home.open() as restored:
        assert [run.run_id for run in restored.recent_runs(5)] == ["run-1"]
        assert restored.rolled_back
    assert former is not None
    former.rename(home.database)
    with home.open() as newer:
        assert [run.run_id for run in newer.recent_runs(5)] == ["run-2", "run-1"]


def test_an_unsound_backup_is_not_restored(home: Home, store: SqliteStore) -> None:
    path = home.root / "one.db"
    backup(store, path)
    path.write_bytes(path.read_bytes()[:20000])
    store.close()
    before = home.database.read_bytes()
    for copy, error in ((path, StateError), (home.root / "nowhere.db", ConfigError)):
        with pytest.raises(error):
            restore(copy, home.database)
    assert home.database.read_bytes() == before


LEFT_BEHIND = """
import os, sqlite3, sys
raw = sqlite3.connect(sys.argv[1], isolation_level=None)
raw.execute("PRAGMA journal_mode=" + sys.argv[2])
raw.execute("PRAGMA cache_size=1")
raw.execute("PRAGMA wal_autocheckpoint=0")
raw.execute("CREATE TABLE junk (x)")
raw.execute("BEGIN IMMEDIATE")
for n in range(3000): raw.execute("INSERT INTO junk VALUES (?)", ("x" * 500,))
if sys.argv[2] == "WAL": raw.execute("COMMIT")
os._exit(9)
"""


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_what_a_killed_program_left_beside_the_database_is_not_rolled_into_the_copy(
    home: Home, store: SqliteStore, journal: str, damaged: bool
) -> None:
    path = home.root / "one.db"
    backup(store, path)
    store.close()
    subprocess.run([sys.executable, "-c", LEFT_BEHIND, str(home.database), journal], check=False)
    left = home.root / ("state.db-wal" if journal == "WAL" else "state.db-journal")
    assert left.exists()
    if damaged:
        home.database.write_bytes(b"no database" * 1000)
    former = restore(path, home.database)
    assert former is not None
    assert not left.exists()
    assert not (home.root / "state.db-shm").exists()
    with closing(open_raw(home.database, "rw")) as raw:
        check_whole(raw, thorough=True)
        assert raw.execute("SELECT count(*) FROM sqlite_master WHERE name = 'junk'").fetchone() == (0,)
    if not damaged:
        with closing(open_raw(former, "rw")) as raw:
            assert raw.execute("SELECT count(*) FROM junk").fetchone() == (3000 if journal == "WAL" else 0,)
    elif journal == "WAL":
        assert former.with_name(former.name + "-wal").exists()


def test_what_is_left_of_a_database_that_is_gone_is_not_rolled_into_the_copy(
    home: Home, store: SqliteStore
) -> None:
    path = home.root / "one.db"
    backup(store, path)
    store.close()
    subprocess.run([sys.executable, "-c", LEFT_BEHIND, str(home.database), "DELETE"], check=False)
    home.database.unlink()
    assert restore(path, home.database) is None
    with home.open() as restored:
        assert restored.people_count() == 1
