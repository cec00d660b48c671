from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from state.checks import APPLICATION_ID, SCHEMA_VERSION
from state.connection import pragma
from state.marker import marker_path
from state.opening import database_path, key_path, open_store
from sync.errors import StateError
from sync.record import OptOutEntry
from tests.state.values import START, Home, assign, later, pull, read

if TYPE_CHECKING:
    from state.opening import Mode
    from state.store import SqliteStore

WRITING: list[Mode] = ["write", "scratch"]
OPEN_FILES = Path("/proc/self/fd")
EVERY: list[Mode] = ["write", "scratch", "read"]


def fill(home: Home) -> None:
    """One run with one person."""
    with home.open() as store:
        store.begin_run("run-1", "run", START)
        pull(store, read("topo:1", "ann@example.com"))
        assign(store, ann=["topo:1"])


def opt_out(store: SqliteStore, email: str = "ann@example.com") -> None:
    keys = frozenset({store.keyed_hash(email)})
    store.add_opt_outs([OptOutEntry(keys=keys, reason="UNSUBSCRIBED", source="topo", at=START)])


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def snapshot(root: Path) -> dict[str, tuple[object, ...]]:
    """Every file and folder with its times, rights and bytes."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        told = path.stat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (told.st_mtime_ns, told.st_ctime_ns, told.st_mode, told.st_size, content)
    return found


def test_what_is_made_is_closed_to_others(home: Home) -> None:
    inner = Home(home.root / "a" / "b")
    before = os.umask(0)
    try:
        with inner.open() as store:
            opt_out(store)
            assert store.warnings == []
    finally:
        os.umask(before)
    assert mode_of(inner.root) == 0o700
    for path in (inner.database, inner.key, inner.ledger, marker_path(inner.database)):
        assert mode_of(path) == 0o600


@pytest.mark.parametrize("mode", EVERY)
def test_a_folder_open_to_others_is_told_of(home: Home, mode: Mode) -> None:
    fill(home)
    home.root.chmod(0o750)
    with home.open(mode) as store:
        assert any("chmod 700" in warning for warning in store.warnings)


@pytest.mark.parametrize("mode", EVERY)
@pytest.mark.parametrize("part", ["database", "key"])
def test_a_file_open_to_others_is_refused(home: Home, mode: Mode, part: str) -> None:
    fill(home)
    path: Path = getattr(home, part)
    path.chmod(0o640)
    with pytest.raises(StateError) as caught:
        home.open(mode)
    assert caught.value.remedy == f"chmod 600 {path}"


@pytest.mark.parametrize("mode", WRITING)
def test_a_ledger_open_to_others_is_refused(home: Home, mode: Mode) -> None:
    with home.open() as store:
        opt_out(store)
    home.ledger.chmod(0o644)
    with pytest.raises(StateError):
        home.open(mode)


def test_the_connection_keeps_its_promises(home: Home) -> None:
    with home.open() as store:
        raw = store.database.raw
        assert pragma(raw, "journal_mode") == "delete"
        assert pragma(raw, "synchronous") == 3
        assert pragma(raw, "foreign_keys") == 1
        assert pragma(raw, "secure_delete") == 1
        assert pragma(raw, "busy_timeout") == 5000
        assert pragma(raw, "application_id") == APPLICATION_ID
        assert pragma(raw, "user_version") == SCHEMA_VERSION


@pytest.mark.parametrize("mode", EVERY)
def test_a_file_that_is_no_database_is_refused_and_untouched(home: Home, mode: Mode) -> None:
    home.database.touch(mode=0o600)
    home.database.write_bytes(b"not a database, but somebody's letter" * 50)
    before = snapshot(home.root)
    with pytest.raises(StateError):
        home.open(mode)
    assert snapshot(home.root) == before


@pytest.mark.parametrize("mode", EVERY)
def test_another_programs_database_is_refused_and_untouched(home: Home, mode: Mode) -> None:
    home.database.touch(mode=0o600)
    with sqlite3.connect(home.database) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = snapshot(home.root)
    with pytest.raises(StateError, match="another program"):
        home.open(mode)
    assert snapshot(home.root) == before


@pytest.mark.parametrize("mode", EVERY)
def test_a_newer_schema_is_refused(home: Home, mode: Mode) -> None:
    fill(home)
    with sqlite3.connect(home.database) as raw:
        raw.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    raw.close()
    with pytest.raises(StateError, match="schema version"):
        home.open(mode)


def test_a_damaged_database_is_refused(home: Home) -> None:
    with home.open() as store:
        store.begin_run("run-1", "run", START)
        pull(store, *(read(f"topo:{n}", f"a{n}@example.com", city="x" * 50) for n in range(500)))
    content = bytearray(home.database.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 8192] = os.urandom(8192)
    home.database.write_bytes(content)
    with pytest.raises(StateError) as caught:
        home.open()
    assert "restore" in str(caught.value.remedy)


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="only Linux lists the files that a process has open")
@pytest.mark.parametrize("mode", ["write", "read"])
def test_what_is_refused_is_not_kept_open(home: Home, mode: Mode) -> None:
    fill(home)
    home.database.write_bytes(b"no database" * 1000)
    with pytest.raises(StateError) as refused:  # what it refers to is still there below
        home.open(mode)
    assert refused.value.remedy
    assert home.database not in {link.readlink() for link in OPEN_FILES.iterdir() if link.is_symlink()}


def test_a_cut_database_is_refused(home: Home) -> None:
    fill(home)
    content = home.database.read_bytes()
    home.database.write_bytes(content[: len(content) // 2])
    with pytest.raises(StateError):
        home.open()


def test_rows_without_their_parent_are_damage(home: Home) -> None:
    fill(home)
    with sqlite3.connect(home.database) as raw:
        raw.execute("DELETE FROM person")
    raw.close()
    with pytest.raises(StateError, match="damaged"):
        home.open()


def test_a_place_that_cannot_be_written_is_refused(home: Home) -> None:
    (home.root / "file").write_text("")
    with pytest.raises(StateError):
        Home(home.root / "file" / "below").open()


def test_a_file_replaced_or_removed_under_an_open_store_stops_the_next_write(home: Home) -> None:
    fill(home)
    with home.open() as store:
        home.database.rename(home.root / "moved.db")
        with pytest.raises(StateError, match="replaced or removed"):
            store.mark_all_people_dirty()
        home.database.touch(mode=0o600)
        with pytest.raises(StateError, match="replaced or removed"):
            store.mark_all_people_dirty()


@pytest.mark.parametrize("url", ["postgresql://db/x", "no url at all"])
def test_only_sqlite_is_known(home: Home, url: str) -> None:
    with pytest.raises(StateError):
        open_store(url, ledger=home.ledger, key=home.key, backups=home.backups, mode="write")


def test_a_url_names_a_file_or_memory() -> None:
    assert str(database_path("sqlite:///.contact-sync/state.db")) == ".contact-sync/state.db"
    assert str(database_path("sqlite:////var/state.db")) == "/var/state.db"
    assert database_path("sqlite://") is None


def test_a_key_may_be_written_as_in_the_settings(home: Home) -> None:
    assert key_path(home.root / "key") == home.key
    assert str(key_path(type(home.key)("file:.contact-sync/key"))) == ".contact-sync/key"


def test_a_folder_with_odd_letters_works(home: Home) -> None:
    odd = Home(home.root / "a b%20#?é")
    fill(odd)
    with odd.open("read") as store:
        assert store.people_count() == 1


def test_a_store_in_memory_keeps_nothing(home: Home) -> None:
    with open_store("sqlite://", ledger=home.ledger, key=home.key, backups=home.backups, mode="write") as store:
        store.begin_run("run-1", "run", START)
        pull(store, read("topo:1"))
        opt_out(store)
        assert store.live_records("topo") == len(store.opt_outs()) == 1
    assert not home.database.exists()
    assert not home.ledger.exists()


# scratch ----------------------------------------------------------------------------------------------
def test_scratch_works_where_there_is_nothing_and_makes_nothing(home: Home) -> None:
    nowhere = Home(home.root / "never" / "made")
    before = snapshot(home.root)
    with nowhere.open("scratch") as store:
        assert not store.lost_database
        store.begin_run("run-1", "dry-run", START)
        pull(store, read("topo:1", "ann@example.com"))
        assign(store, ann=["topo:1"])
        opt_out(store)
        assert (store.people_count(), len(store.opt_outs())) == (1, 1)
    assert snapshot(home.root) == before


def test_scratch_sees_everything_and_leaves_every_byte_and_time_as_it_was(home: Home) -> None:
    fill(home)
    with home.open() as store:
        opt_out(store)
        told = store.keyed_hash("ann@example.com")
    before = snapshot(home.root)
    with home.open("scratch") as store:
        store.begin_run("run-2", "dry-run", later())
        pull(store, read("topo:2"))
        store.mark_all_people_dirty()
        opt_out(store, "bob@example.com")
        store.accept()
        assert (store.people_count(), len(store.opt_outs())) == (1, 2)
        assert store.keyed_hash("ann@example.com") == told
    assert snapshot(home.root) == before


def test_scratch_waits_for_nobody_who_only_holds_the_store_open(home: Home) -> None:
    fill(home)
    with home.open() as writer, home.open("scratch") as store:
        writer.begin_run("run-2", "run", later())
        assert [run.run_id for run in store.recent_runs(1)] == ["run-1"]


# read -------------------------------------------------------------------------------------------------
def test_reading_needs_a_store(home: Home) -> None:
    with pytest.raises(StateError, match="no state store yet"):
        home.open("read")


def test_reading_changes_nothing_and_refuses_every_write(home: Home) -> None:
    fill(home)
    before = snapshot(home.root)
    with home.open("read") as store:
        assert [run.run_id for run in store.recent_runs(1)] == ["run-1"]
        with pytest.raises(StateError):
            store.begin_run("run-2", "run", later())
        with pytest.raises(StateError):
            store.mark_all_people_dirty()
    assert snapshot(home.root) == before


# lost and restored ------------------------------------------------------------------------------------
def test_an_empty_store_without_ledger_is_a_first_run(home: Home) -> None:
    with home.open() as store:
        assert (store.lost_database, store.rolled_back) == (False, False)


@pytest.mark.parametrize("mode", WRITING)
@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_an_empty_store_beside_a_ledger_is_a_lost_database(home: Home, mode: Mode, left: str) -> None:
    with home.open() as store:
        opt_out(store)
    home.database.unlink()
    if left == "an empty file":
        home.database.touch(mode=0o600)
    with home.open(mode) as store:
        assert store.lost_database
        assert len(store.opt_outs()) == 1


@pytest.mark.parametrize("mode", WRITING)
def test_an_empty_store_beside_a_marker_that_knows_of_runs_is_a_lost_database(home: Home, mode: Mode) -> None:
    fill(home)
    for _ in range(2):
        home.database.unlink()
        with home.open(mode) as store:
            assert (store.lost_database, store.rolled_back) == (True, False)
        home.open().close()
    with home.open() as store:
        assert (store.lost_database, store.rolled_back) == (True, False)
        store.accept()
    with home.open() as store:
        assert (store.lost_database, store.rolled_back) == (False, False)


def test_a_lost_database_stays_one_until_a_person_accepts_it(home: Home) -> None:
    with home.open() as store:
        opt_out(store)
    home.database.unlink()
    home.open().close()
    with home.open() as store:
        assert store.lost_database
        store.begin_run("run-1", "run", START)
    with home.open("read") as store:
        assert store.lost_database
    with home.open() as store:
        store.accept()
        assert not store.lost_database
    with home.open() as store:
        assert (store.lost_database, store.rolled_back) == (False, False)


@pytest.mark.parametrize("mode", WRITING)
def test_a_copied_state_is_of_another_machine_until_a_person_accepts_it(
    home: Home, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.host.MACHINE_ID", home.root / "machine")
    (home.root / "machine").write_text("one\n")
    with home.open() as store:
        store.begin_run("run-1", "run", START)
    (home.root / "machine").write_text("two\n")
    for at in ("run-2", "run-3"):
        with home.open("read") as store:
            assert store.other_host
        with home.open(mode) as store:
            assert store.other_host
            store.begin_run(at, "run", START)
    with home.open() as store:
        store.accept()
        assert not store.other_host
    with home.open(mode) as store:
        assert not store.other_host
    (home.root / "machine").write_text("one\n")
    with home.open() as store:
        assert store.other_host


def test_a_machine_that_has_no_name_is_not_told_from_others(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("state.host.MACHINE_ID", home.root / "machine")
    for number, name in enumerate((None, "one\n", "", "one\n")):
        (home.root / "machine").unlink(missing_ok=True)
        if name is not None:
            (home.root / "machine").write_text(name)
        with home.open() as store:
            assert not store.other_host
            store.begin_run(f"run-{number}", "run", START)


def put_back(home: Home) -> None:
    """An older copy of the database is put in the place of the newer one."""
    fill(home)
    old = home.database.read_bytes()
    with home.open() as store:
        store.begin_run("run-2", "run", later())
    home.database.write_bytes(old)


@pytest.mark.parametrize("mode", EVERY)
def test_an_older_copy_put_back_is_noticed(home: Home, mode: Mode) -> None:
    put_back(home)
    with home.open(mode) as store:
        assert store.rolled_back


def test_a_restored_store_stays_one_until_a_person_accepts_it(home: Home) -> None:
    put_back(home)
    with home.open() as store:
        store.begin_run("run-3", "run", later())
        store.begin_run("run-4", "run", later())
    with home.open() as store:
        assert store.rolled_back
        store.accept()
        assert not store.rolled_back
    with home.open() as store:
        assert not store.rolled_back


def test_another_installations_database_is_noticed(home: Home) -> None:
    fill(home)
    other = Home(home.root / "other")
    fill(other)
    home.database.write_bytes(other.database.read_bytes())
    with home.open() as store:
        assert store.rolled_back


def test_a_marker_that_lags_alarms_nobody(home: Home) -> None:
    fill(home)
    old = marker_path(home.database).read_bytes()
    with home.open() as store:
        store.begin_run("run-2", "run", later())
    marker_path(home.database).write_bytes(old)
    with home.open() as store:
        assert not store.rolled_back


@pytest.mark.parametrize("mode", EVERY)
@pytest.mark.parametrize("text", [None, "", "{}", "[1]", '{"lineage": "x", "serial": "?"}'])
def test_an_older_copy_is_noticed_without_a_marker_that_can_be_read(
    home: Home, mode: Mode, text: str | None
) -> None:
    put_back(home)
    marker = marker_path(home.database)
    marker.unlink() if text is None else marker.write_text(text)
    with home.open(mode) as store:
        assert store.rolled_back
    assert (marker.read_text() if marker.exists() else None) == text


def test_a_database_without_a_marker_that_a_person_accepts_has_one_again(home: Home) -> None:
    fill(home)
    marker_path(home.database).unlink()
    with home.open() as store:
        store.accept()
    with home.open() as store:
        assert not store.rolled_back


def test_a_database_that_began_no_run_needs_no_marker(home: Home) -> None:
    home.open().close()
    marker_path(home.database).unlink()
    with home.open() as store:
        assert not store.rolled_back
    assert marker_path(home.database).exists()
