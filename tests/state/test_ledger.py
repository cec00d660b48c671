from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from state.ledger import load_ledger
from sync.errors import StateError
from sync.record import OptOutEntry
from tests.state.values import START, Home, assign, later, pull, read

if TYPE_CHECKING:
    from state.store import SqliteStore


def entry(store: SqliteStore, email: str) -> OptOutEntry:
    return OptOutEntry(
        keys=frozenset({store.keyed_hash(email)}),
        reason="UNSUBSCRIBED",
        source="topo",
        at=START,
        source_id=email[:1],
    )


def filled(home: Home, *emails: str) -> list[OptOutEntry]:
    with home.open() as store:
        entries = [entry(store, email) for email in emails or ("ann@example.com", "bob@example.com")]
        store.add_opt_outs(entries)
        return entries


def test_entries_come_back_whole_oldest_first_releases_included(home: Home) -> None:
    with home.open() as store:
        entries = [
            entry(store, "bob@example.com"),
            OptOutEntry(
                keys=frozenset({"k2", "k1"}), reason="BAD_TIMING", source="person:kim", at=later(), until=later(9),
                released_by="kim", released_why="asked to",
            ),
        ]  # fmt: skip
        store.add_opt_outs(entries[:1])
        store.add_opt_outs([])
        store.add_opt_outs(entries[1:])
        assert store.opt_outs() == entries
    with home.open() as store:
        assert store.opt_outs() == entries


def test_the_ledger_stands_outside_the_database_and_names_nobody(home: Home) -> None:
    filled(home)
    text = home.ledger.read_text()
    assert len(text.splitlines()) == 3
    assert "@" not in text
    assert "ann" not in text


def test_an_entry_is_on_disk_with_the_ledgers_name_before_it_counts(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[int, int]] = []
    flush = os.fsync

    def told(file: int) -> None:
        told = os.fstat(file)
        flushed.append((told.st_ino, told.st_size if stat.S_ISREG(told.st_mode) else 0))
        flush(file)

    with home.open() as store:
        monkeypatch.setattr("os.fsync", told)
        store.add_opt_outs([entry(store, "ann@example.com")])
        ledger = home.ledger.stat()
        assert flushed == [(ledger.st_ino, ledger.st_size), (home.root.stat().st_ino, 0)]


def test_a_lost_database_takes_every_entry_back_from_the_ledger(home: Home) -> None:
    entries = filled(home)
    home.database.unlink()
    with home.open() as store:
        assert store.opt_outs() == entries


def test_what_only_the_ledger_knew_is_looked_at_again_for_everybody(home: Home) -> None:
    filled(home)
    with home.open() as store:
        store.begin_run("run-1", "run", START)
        pull(store, read("topo:1", "ann@example.com"))
        assign(store, ann=["topo:1"])
        store.settle_people(["ann"])
        assert store.dirty_people() == []
    with home.open() as store:
        assert store.dirty_people() == []
    with home.open() as store, store.database.write("optouts") as connection:
        connection.exec_driver_sql("DELETE FROM opt_out WHERE number = (SELECT max(number) FROM opt_out)")
    with home.open() as store:
        assert store.dirty_people() == ["ann"]


def test_a_lost_ledger_is_written_again_from_the_database(home: Home) -> None:
    entries = filled(home)
    before = home.ledger.read_bytes()
    home.ledger.unlink()
    with home.open() as store:
        assert store.opt_outs() == entries
        assert any("lacked entries" in warning for warning in store.warnings)
    assert home.ledger.read_bytes() == before


@pytest.mark.parametrize("cut", [1, 5, 60])
def test_a_torn_last_line_counts_for_nothing_and_is_told_of(home: Home, cut: int) -> None:
    filled(home)
    whole = home.ledger.read_bytes()
    home.database.unlink()
    home.ledger.write_bytes(whole[:-cut])
    with home.open() as store:
        assert any("cut short" in warning for warning in store.warnings)
        assert len(store.opt_outs()) == 1
        store.add_opt_outs([entry(store, "eve@example.com")])
    with home.open() as store:
        assert len(store.opt_outs()) == 2
        assert store.warnings == []


def test_a_line_whose_commit_never_came_is_taken_over(home: Home) -> None:
    filled(home, "ann@example.com")
    older = home.database.read_bytes()
    filled(home, "bob@example.com")
    home.database.write_bytes(older)
    with home.open() as store:
        assert len(store.opt_outs()) == 2


def test_an_open_store_goes_on_from_what_another_command_added(home: Home) -> None:
    with home.open() as daemon:
        daemon.add_opt_outs([entry(daemon, "ann@example.com")])
        filled(home, "bob@example.com")
        daemon.add_opt_outs([entry(daemon, "eve@example.com")])
        assert [e.source_id for e in daemon.opt_outs()] == ["a", "b", "e"]
    assert len(load_ledger(home.ledger, bytes.fromhex(home.key.read_text())).entries) == 3


def test_an_open_store_takes_over_a_line_that_another_process_died_after(home: Home) -> None:
    filled(home, "ann@example.com")
    with home.open() as store:
        kept = home.ledger.read_bytes()
        store.add_opt_outs([entry(store, "bob@example.com")])
        ahead = home.ledger.read_bytes()
        store.database.raw.execute("DELETE FROM opt_out WHERE number = 3")
        assert kept != ahead
        store.add_opt_outs([entry(store, "eve@example.com")])
        assert [e.source_id for e in store.opt_outs()] == ["a", "b", "e"]


@pytest.mark.parametrize("tampering", ["change", "drop", "insert", "noise"])
def test_a_broken_chain_is_refused(home: Home, tampering: str) -> None:
    filled(home)
    lines = home.ledger.read_text().splitlines()
    if tampering == "change":
        lines[1] = lines[1].replace("UNSUBSCRIBED", "INTERESTED")
    elif tampering == "drop":
        del lines[1]
    elif tampering == "insert":
        lines.insert(2, lines[1])
    else:
        lines[1] = "noise"
    home.ledger.write_text("\n".join(lines) + "\n")
    with pytest.raises(StateError, match=r"line [23] of the opt-out ledger"):
        home.open()
    with pytest.raises(StateError, match=r"line [23] of the opt-out ledger"):
        home.open("scratch")


def test_a_ledger_that_is_a_link_is_the_file_it_leads_to(home: Home) -> None:
    other = home.root / "elsewhere" / "opt-outs"
    home.ledger.symlink_to(other)
    filled(home, "ann@example.com")
    filled(home, "bob@example.com")
    assert home.ledger.is_symlink()
    assert len(other.read_text().splitlines()) == 3


def _read_only(monkeypatch: pytest.MonkeyPatch, home: Home) -> None:
    """Who is root is kept from writing by nothing else that could be set up here."""
    opened = os.open

    def refusing(path: Any, flags: int, mode: int = 0o777) -> int:
        if path == home.ledger and flags & os.O_ACCMODE != os.O_RDONLY:
            raise OSError(errno.EROFS, "Read-only file system")
        return opened(path, flags, mode)

    monkeypatch.setattr("os.open", refusing)


def test_a_ledger_that_cannot_be_written_is_named_before_anything_else(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(home)
    _read_only(monkeypatch, home)
    with pytest.raises(StateError, match=f"{home.ledger} cannot be written: Read-only file system"):
        home.open()
    home.open("read").close()
    home.open("scratch").close()


def test_a_folder_that_cannot_be_written_is_named_before_there_is_a_ledger(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: path != home.root)
    with pytest.raises(StateError, match=f"{home.root} cannot be written to"):
        home.open()


def test_after_a_ledger_that_could_not_be_written_nothing_is(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.open() as store:
        said = entry(store, "ann@example.com")
        _read_only(monkeypatch, home)
        with pytest.raises(StateError, match=f"{home.ledger} cannot be written"):
            store.add_opt_outs([said])
        with pytest.raises(StateError, match=f"{home.ledger} cannot be written"):
            store.mark_all_people_dirty()


def test_a_ledger_of_another_story_is_refused(home: Home) -> None:
    filled(home)
    heading, first, _ = home.ledger.read_text().splitlines()
    home.database.unlink()
    home.ledger.write_text(f"{heading}\n{first}\n")
    filled(home, "eve@example.com")
    other = home.ledger.read_text()
    home.database.unlink()
    home.ledger.write_text(f"{heading}\n{first}\n")
    filled(home, "joe@example.com")
    home.ledger.write_text(other)
    with pytest.raises(StateError, match="do not belong together"):
        home.open()


@pytest.mark.parametrize("mode", ["write", "scratch"])
@pytest.mark.parametrize("fate", ["missing", "another"])
def test_a_ledger_without_its_key_is_refused(home: Home, mode: str, fate: str) -> None:
    filled(home)
    home.key.unlink() if fate == "missing" else home.key.write_text("ab" * 32)
    with pytest.raises(StateError, match="the key is"):
        home.open(mode)  # type: ignore[arg-type]  # both are modes


@pytest.mark.parametrize("mode", ["write", "scratch"])
@pytest.mark.parametrize("fate", ["missing", "another"])
def test_a_ledger_without_its_key_is_refused_though_the_database_is_gone_too(
    home: Home, mode: str, fate: str
) -> None:
    filled(home)
    home.database.unlink()
    home.key.unlink() if fate == "missing" else home.key.write_text("ab" * 32)
    before = home.ledger.read_bytes()
    with pytest.raises(StateError, match="the key is"):
        home.open(mode)  # type: ignore[arg-type]  # both are modes
    assert home.key.exists() == (fate == "another")
    assert home.ledger.read_bytes() == before


@pytest.mark.parametrize("mode", ["write", "scratch"])
@pytest.mark.parametrize("fate", ["missing", "another"])
def test_entries_in_the_database_without_their_key_are_refused_though_the_ledger_is_gone_too(
    home: Home, mode: str, fate: str
) -> None:
    filled(home)
    home.ledger.unlink()
    home.key.unlink() if fate == "missing" else home.key.write_text("ab" * 32)
    with pytest.raises(StateError, match="the key is"):
        home.open(mode)  # type: ignore[arg-type]  # both are modes
    assert home.key.exists() == (fate == "another")
    assert not home.ledger.exists()


@pytest.mark.parametrize("text", ["", "zz", "ab" * 31])
def test_a_key_file_without_a_key_is_refused(home: Home, text: str) -> None:
    home.key.touch(mode=0o600)
    home.key.write_text(text)
    with pytest.raises(StateError, match="holds no key"):
        home.open()


def test_a_file_that_is_no_ledger_is_refused(home: Home) -> None:
    home.ledger.touch(mode=0o600)
    home.ledger.write_text(json.dumps({"entry": {}, "hash": "x"}) + "\n")
    with pytest.raises(StateError):
        home.open()
