"""The state store is checked whole, and a lost or restored one is accepted only by a person."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from state.lock import RunLock, run_lock_path
from sync.wiring import load_settings, opened_store
from tests.cli.conftest import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Done, Program

EXPORT = "email,first_name,opted_out\nana.diaz@lumenforge.fr,Ana,\nbob.brun@oakmere.nl,Bob,true\n"


@pytest.fixture
def store_file(program: Program, config: Path) -> Path:
    """A store that knows two people, one of whom opted out."""
    export = config.parent / "export.csv"
    export.write_text(EXPORT)
    assert program("import", "datananas", export, "--config", config).code == 0
    return config.parent / ".contact-sync" / "state.db"


@pytest.fixture
def restored(program: Program, config: Path, store_file: Path) -> Path:
    """The same, after an older copy was put back."""
    before = store_file.read_bytes()
    assert program("run", "-q", "--provider", "datananas", "--config", config).code == 0
    store_file.write_bytes(before)
    return store_file


def _check(program: Program, config: Path, *more: str) -> Done:
    return program("state", "check", "--config", config, *more)


def test_a_sound_store_is_ok(program: Program, config: Path, store_file: Path) -> None:
    told = _check(program, config)
    assert told.code == 0
    assert [line.split("  ")[0] for line in told.out.splitlines()] == ["ok"] * 4
    assert "1 entry, each follows" in told.out


def test_no_store_is_no_fault(program: Program, config: Path) -> None:
    told = _check(program, config)
    assert told.code == 0
    assert "the first `contact-sync run` makes it" in told.out
    assert not (config.parent / ".contact-sync").exists()


def test_it_works_beside_a_run(program: Program, config: Path, store_file: Path) -> None:
    with RunLock(run_lock_path(store_file)):
        told = _check(program, config)
    assert told.code == 0
    assert f"held by pid {os.getpid()}" in told.out


def test_a_ledger_of_another_store_is_found(program: Program, config: Path, store_file: Path) -> None:
    ledger = store_file.with_name("opt-outs.ledger")
    kept = ledger.read_text()
    for path in (store_file, ledger, store_file.with_name("state.db.marker")):
        path.rename(path.with_name(f"{path.name}.aside"))
    assert program("optout", "add", "cy@oakmere.nl", "--reason", "OTHER", "--config", config).code == 0
    ledger.write_text(kept)
    told = _check(program, config)
    assert told.code == 12
    assert "do not belong together" in told.out


def test_entries_that_the_ledger_lacks_are_told(program: Program, config: Path, store_file: Path) -> None:
    ledger = store_file.with_name("opt-outs.ledger")
    ledger.write_text(ledger.read_text().splitlines()[0] + "\n")
    told = _check(program, config)
    assert told.code == 0
    assert f"{ledger} lacks 1 of the lines" in told.out


@pytest.mark.parametrize("key", ["url", "ledger", "key"])
def test_what_cannot_even_be_looked_at_is_a_fault_of_the_store(program: Program, config: Path, key: str) -> None:
    value = {"url": "sqlite:///", "ledger": "", "key": "file:"}[key] + "x" * 300
    config.write_text(f'[state]\n{key} = "{value}"\n{config.read_text()}')
    told = _check(program, config)
    assert told.code == 12
    assert "File name too long" in told.out + told.err
    assert program("doctor", "--offline", "--config", config).code == 12
    assert program("status", "--config", config).code == (12 if key == "url" else 0)


def test_a_damaged_database_is_found(program: Program, config: Path, store_file: Path) -> None:
    raw = bytearray(store_file.read_bytes())
    raw[4096 * 3 : 4096 * 9] = bytes(4096 * 6)
    store_file.write_bytes(raw)
    told = _check(program, config)
    assert told.code == 12
    assert "FAIL  database" in told.out
    assert _check(program, config, "--accept", "--yes").code == 12


def test_a_changed_ledger_is_found(program: Program, config: Path, store_file: Path) -> None:
    ledger = store_file.with_name("opt-outs.ledger")
    ledger.write_text(ledger.read_text().replace("UNSUBSCRIBED", "INTERESTED"))
    told = _check(program, config)
    assert told.code == 12
    assert "FAIL  opt-out ledger" in told.out


@pytest.mark.parametrize("word", [("state", "check"), ("doctor", "--offline"), ("run", "-q")])
def test_a_ledger_that_cannot_be_written_is_found(
    program: Program, config: Path, store_file: Path, word: tuple[str, ...]
) -> None:
    ledger = store_file.with_name("opt-outs.ledger")
    ledger.unlink()
    ledger.symlink_to(ledger)
    told = program(*word, "--config", config)
    assert told.code == 12
    assert "ledger" in told.out + told.err


@pytest.mark.parametrize("fate", ["missing", "another"])
def test_a_ledger_without_its_key_stops_everything_though_the_database_is_gone_too(
    program: Program, config: Path, store_file: Path, fate: str
) -> None:
    store_file.unlink()
    key = store_file.with_name("key")
    key.unlink() if fate == "missing" else key.write_text("ab" * 32)
    for word in (("run", "-q"), ("run", "--dry-run", "-q"), ("state", "check", "--accept", "--yes")):
        told = program(*word, "--config", config)
        assert told.code == 12
        assert "the key is" in told.out + told.err


def test_a_changed_audit_trail_is_found(program: Program, config: Path, store_file: Path) -> None:
    with opened_store(load_settings(config)) as store, store.database.write("audit") as connection:
        connection.exec_driver_sql("INSERT INTO audit (entry, hash) VALUES ('{}', 'wrong')")
    told = _check(program, config)
    assert told.code == 12
    assert "audit trail" in told.out


def _killed_while_it_wrote(store_file: Path) -> Path:
    """The journal that is left."""
    script = (
        "import os, sqlite3, sys\n"
        "raw = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "raw.execute('PRAGMA cache_size=1')\n"
        "raw.execute('BEGIN IMMEDIATE')\n"
        "raw.execute('CREATE TABLE junk (x)')\n"
        "for n in range(3000): raw.execute('INSERT INTO junk VALUES (?)', ('x' * 500,))\n"
        "os._exit(9)\n"
    )
    subprocess.run([PROGRAM[0], "-c", script, str(store_file)], check=False, timeout=60)
    journal = store_file.with_name("state.db-journal")
    assert journal.exists()
    return journal


def test_an_unfinished_write_of_a_killed_run_is_rolled_back(
    program: Program, config: Path, store_file: Path
) -> None:
    journal = _killed_while_it_wrote(store_file)
    told = _check(program, config)
    assert (told.code, journal.exists()) == (0, False)


@pytest.mark.parametrize("word", [("status",), ("run", "--dry-run"), ("state", "backup"), ("doctor", "--offline")])
def test_who_may_not_write_tells_of_an_unfinished_write_and_the_next_run_rolls_it_back(
    program: Program, config: Path, store_file: Path, word: tuple[str, ...]
) -> None:
    journal = _killed_while_it_wrote(store_file)
    told = program(*word, "--config", config)
    assert told.code == 12
    assert "the next `contact-sync run`, or `contact-sync state check`, rolls that back" in told.out + told.err
    assert "state restore" not in told.out + told.err
    assert journal.exists()
    assert program("run", "-q", "--provider", "datananas", "--config", config).code == 0
    assert not journal.exists()


@pytest.mark.parametrize("word", [("status",), ("run", "-q"), ("state", "check")])
def test_a_database_that_another_program_has_locked_is_not_called_damaged(
    program: Program, config: Path, store_file: Path, word: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.connection.BUSY_TIMEOUT_S", 0.05)
    with closing(sqlite3.connect(store_file, isolation_level=None)) as raw:
        raw.execute("BEGIN EXCLUSIVE")
        told = program(*word, "--config", config)
    assert told.code == 12
    assert "another program works with the file" in told.out + told.err
    assert "state restore" not in told.out + told.err


def test_nothing_to_accept_is_said(program: Program, config: Path, store_file: Path) -> None:
    told = _check(program, config, "--accept")
    assert told.code == 0
    assert "There is nothing to accept" in told.out


def test_a_restored_database_is_found_and_stops_imports(program: Program, config: Path, restored: Path) -> None:
    told = _check(program, config)
    assert told.code == 12
    assert "FAIL  history" in told.out
    (config.parent / "export.csv").write_text("email\nnew@lumenforge.fr\n")
    told = program("import", "datananas", config.parent / "export.csv", "--config", config)
    assert told.code == 12
    assert "contact-sync state check --accept" in told.err


def test_accepting_needs_a_terminal_or_yes(program: Program, config: Path, restored: Path) -> None:
    told = _check(program, config, "--accept")
    assert told.code == 2
    assert "--yes" in told.err
    assert _check(program, config).code == 12


def test_a_restored_database_can_be_accepted(program: Program, config: Path, restored: Path) -> None:
    told = _check(program, config, "--accept", "--yes")
    assert told.code == 0
    assert "an older copy" in told.out
    assert "Accepted." in told.out
    assert _check(program, config).code == 0
    assert program("run", "-q", "--provider", "datananas", "--config", config).code == 0


def test_a_lost_database_can_be_accepted(program: Program, config: Path, store_file: Path) -> None:
    store_file.unlink()
    told = _check(program, config)
    assert told.code == 12
    assert "is gone although earlier runs left a ledger or a marker" in told.out
    assert _check(program, config, "--accept", "--yes").code == 0
    assert _check(program, config).code == 0


def test_a_database_that_is_gone_is_missed_though_nobody_opted_out(
    program: Program, config: Path, store_file: Path
) -> None:
    store_file.with_name("opt-outs.ledger").unlink()
    store_file.unlink()
    store_file.with_name("state.db.marker").unlink()
    assert program("run", "-q", "--provider", "datananas", "--config", config).code == 0
    store_file.unlink()
    store_file.with_name("opt-outs.ledger").unlink(missing_ok=True)
    assert _check(program, config).code == 12
    assert "earlier runs left traces" in program("status", "--config", config).out
    stopped = program("run", "-q", "--provider", "datananas", "--config", config)
    assert (stopped.code, stopped.out) == (5, "")
    assert "Stopped before writing by 1 guard." in stopped.err
    assert "accept a new start with `contact-sync state check --accept`" in stopped.err
    assert _check(program, config, "--accept", "--yes").code == 0
    assert program("run", "-q", "--provider", "datananas", "--config", config).code == 0


def test_a_database_of_another_machine_can_be_accepted(
    program: Program, config: Path, store_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.host.MACHINE_ID", config.parent / "machine")
    (config.parent / "machine").write_text("another")
    told = _check(program, config)
    assert told.code == 5
    assert "the last run was on another machine" in told.out
    assert "the last run was on another machine" in program("status", "--config", config).out
    told = _check(program, config, "--accept", "--yes")
    assert told.code == 0
    assert "two\nengines would undo each other's edits" in told.out
    assert _check(program, config).code == 0


@pytest.mark.parametrize(("answer", "code", "said"), [("y", 0, "Accepted."), ("n", 12, "Nothing was accepted.")])
def test_a_person_at_a_terminal_is_asked(config: Path, restored: Path, answer: str, code: int, said: str) -> None:
    terminal, side = pty.openpty()
    with os.fdopen(terminal, "wb"):
        process = subprocess.Popen(
            [*PROGRAM, "state", "check", "--accept", "--config", str(config)],
            stdin=side,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.close(side)
        os.write(terminal, answer.encode() + b"\n")
        out, _ = process.communicate(timeout=60)
    assert said in out.decode()
    assert process.returncode == code
