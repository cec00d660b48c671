"""Backups of the state are made, expire and are put back only when a person says so; older schemas are raised."""

from __future__ import annotations

import os
import pty
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from state import checks, migrating
from state.backup import KEPT_FOR, dated_name
from state.lock import RunLock, run_lock_path
from tests.cli.conftest import PROGRAM, pointed_at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Done, Program

NEWEST = checks.SCHEMA_VERSION
NEXT = f"""
revision = "{NEWEST + 1:04}"
down_revision = "{NEWEST:04}"
def upgrade():
    pass
"""


@pytest.fixture
def store_file(program: Program, config: Path) -> Path:
    """A store that knows one person."""
    _import(program, config, "ana.diaz@lumenforge.fr")
    return config.parent / ".contact-sync" / "state.db"


def _import(program: Program, config: Path, email: str) -> None:
    export = config.parent / f"{email}.csv"
    export.write_text(f"email\n{email}\n")
    assert program("import", "datananas", export, "--config", config).code == 0


def _people(path: Path) -> int:
    with closing(sqlite3.connect(path)) as raw:
        return int(raw.execute("SELECT count(*) FROM person").fetchone()[0])


@pytest.fixture
def copy(program: Program, config: Path, store_file: Path) -> Path:
    """A backup, after which one more person became known."""
    path = config.parent / "copy.db"
    assert program("state", "backup", path, "--config", config).code == 0
    _import(program, config, "bob.brun@oakmere.nl")
    return path


def _restore(program: Program, config: Path, copy: Path, *more: str) -> Done:
    return program("state", "restore", copy, "--config", config, *more)


def test_a_backup_is_a_private_whole_copy_with_a_dated_name(
    program: Program, config: Path, store_file: Path
) -> None:
    told = program("state", "backup", "--config", config)
    assert told.code == 0
    (made,) = (store_file.parent / "backups").iterdir()
    assert str(made) in told.out
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert _people(made) == 1
    assert "the key" in told.out


def test_a_backup_goes_where_it_is_told_to_and_works_beside_a_run(
    program: Program, config: Path, store_file: Path
) -> None:
    with RunLock(run_lock_path(store_file)):
        assert program("state", "backup", config.parent / "one.db", "--config", config, "-q").out == ""
    assert _people(config.parent / "one.db") == 1


def test_a_backup_makes_no_folder_that_nobody_configured(program: Program, config: Path, store_file: Path) -> None:
    target = config.parent / "nowhere" / "one.db"
    told = program("state", "backup", target, "--config", config)
    assert (told.code, told.out) == (2, "")
    assert f"PATH: the folder of {target} does not exist" in told.err
    assert f"Make it: mkdir -p {target.parent}" in told.err
    assert not target.parent.exists()


def test_there_is_no_backup_of_nothing(program: Program, config: Path) -> None:
    told = program("state", "backup", "--config", config)
    assert told.code == 2
    assert f"there is no state store at {config.parent / '.contact-sync' / 'state.db'}" in told.err


@pytest.mark.parametrize("name", [".contact-sync/state.db", ".contact-sync/key", "config.toml"])
def test_a_backup_takes_the_place_of_nothing_that_is_in_use(
    program: Program, config: Path, store_file: Path, name: str
) -> None:
    target = config.parent / name
    before = target.stat().st_ino
    assert program("state", "backup", target, "--config", config).code == 2
    assert target.stat().st_ino == before


@pytest.mark.parametrize("content", ["notes", "another store", "another program"])
def test_a_backup_replaces_nothing_but_an_earlier_one(
    program: Program, config: Path, store_file: Path, tmp_path_factory: pytest.TempPathFactory, content: str
) -> None:
    target = config.parent / "copy.db"
    if content == "notes":
        target.write_text("hand-written notes")
    elif content == "another program":
        with closing(sqlite3.connect(target)) as raw:
            raw.execute("CREATE TABLE store (lineage TEXT)")
    else:
        other = pointed_at(config, tmp_path_factory.mktemp("other"))
        _import(program, other, "eva.lund@lumenforge.fr")
        assert program("state", "backup", target, "--config", other).code == 0
    before = target.read_bytes()
    told = program("state", "backup", target, "--config", config)
    assert (told.code, target.read_bytes()) == (2, before)
    assert f"{target} is there and is no backup of this state store" in told.err
    target.write_bytes(b"")
    for _ in range(2):
        assert program("state", "backup", target, "--config", config).code == 0
        assert _people(target) == 1


def _backups(store_file: Path, **ages: timedelta) -> Path:
    """A folder with empty backups of those ages."""
    folder = store_file.parent / "backups"
    folder.mkdir(mode=0o700)
    now = datetime.now(UTC)
    for name, age in ages.items():
        what, _, rest = name.partition("_")
        made = folder / dated_name("before-migration-of-schema-1" if what == "old" else "state", now - age)
        made.with_name(made.name + (".new" if rest == "new" else "")).touch()
    return folder


HOUR = timedelta(hours=1)


@pytest.mark.parametrize("word", ["state backup", "run -q --provider datananas"])
def test_dated_backups_expire_after_thirty_days_and_other_files_stay(
    program: Program, config: Path, store_file: Path, word: str
) -> None:
    ages = {"old": KEPT_FOR + HOUR, "state": KEPT_FOR + 2 * HOUR}
    stay = {"young_1": KEPT_FOR - HOUR, "young_2": HOUR, "young_3": 2 * HOUR, "young_new": HOUR}
    folder = _backups(store_file, **ages, **stay, killed_new=timedelta(days=2))
    others = {"mine.db", "state-99999999T999999999999Z.db"}
    for name in others:
        (folder / name).touch()
    before = {path.name for path in folder.iterdir()}
    assert program(*word.split(), "--config", config).code == 0
    after = {path.name for path in folder.iterdir()}
    assert len(before - after) == 3
    assert others < after
    assert len(after - before) == (word == "state backup")
    assert len([name for name in after if name.endswith(".new")]) == 1


def test_the_newest_backup_stays_whatever_the_clock_says(program: Program, config: Path, store_file: Path) -> None:
    folder = _backups(store_file, **{f"state{number}": KEPT_FOR + number * HOUR for number in range(1, 4)})
    newest = max(folder.iterdir())
    assert program("run", "-q", "--provider", "datananas", "--config", config).code == 0
    assert list(folder.iterdir()) == [newest]


def test_an_old_backup_that_cannot_be_removed_keeps_nothing_from_running(
    program: Program, config: Path, store_file: Path
) -> None:
    folder = _backups(store_file, **{f"state{number}": number * HOUR for number in range(3)})
    (folder / dated_name("state", datetime.now(UTC) - KEPT_FOR - HOUR)).mkdir()
    told = program("run", "--provider", "datananas", "--config", config)
    assert told.code == 0
    assert "an old backup cannot be removed" in told.out


def test_a_restored_backup_stands_in_and_the_former_database_is_kept(
    program: Program, config: Path, store_file: Path, copy: Path
) -> None:
    told = _restore(program, config, copy, "--yes")
    assert told.code == 0
    assert "copy.db: 1 person, last run" in told.out
    assert "state.db: 2 people, last run" in told.out
    assert (_people(store_file), _people(store_file.with_name("state.db.replaced"))) == (1, 2)
    assert stat.S_IMODE(store_file.stat().st_mode) == 0o600


def test_the_database_that_an_earlier_restore_replaced_stays(
    program: Program, config: Path, store_file: Path, copy: Path
) -> None:
    _restore(program, config, copy, "--yes")
    told = _restore(program, config, copy, "--yes")
    assert "state.db.replaced-2" in told.out
    assert _people(store_file.with_name("state.db.replaced")) == 2
    assert _people(store_file.with_name("state.db.replaced-2")) == 1


def test_after_a_restore_nothing_runs_until_it_is_accepted(
    program: Program, config: Path, store_file: Path, copy: Path
) -> None:
    _restore(program, config, copy, "--yes")
    run = ("run", "-q", "--provider", "datananas", "--config", config)
    assert program(*run).code == 12
    assert program("state", "check", "--accept", "--yes", "--config", config).code == 0
    assert program(*run).code == 0


@pytest.mark.parametrize("fate", ["cut", "foreign", "newer", "no database"])
def test_what_is_no_sound_backup_is_told_by_its_name_and_touches_nothing(
    program: Program, config: Path, store_file: Path, copy: Path, fate: str
) -> None:
    raw = copy.read_bytes()
    if fate == "cut":
        copy.write_bytes(raw[: len(raw) // 2])
    elif fate == "no database":
        copy.write_bytes(b"hello " * 1000)
    else:
        with closing(sqlite3.connect(copy)) as opened:
            opened.execute("PRAGMA application_id = 7" if fate == "foreign" else "PRAGMA user_version = 99")
    before = store_file.read_bytes()
    told = _restore(program, config, copy, "--yes")
    assert told.code == 12
    assert f"{copy} cannot be put back: " in told.err
    assert "a sound file that `state backup` made" in told.err
    assert "[state] url" not in told.err
    assert store_file.read_bytes() == before


def test_without_a_terminal_a_restore_needs_yes(
    program: Program, config: Path, store_file: Path, copy: Path
) -> None:
    told = _restore(program, config, copy)
    assert told.code == 2
    assert "--yes" in told.err
    assert _people(store_file) == 2


def test_a_restore_waits_for_the_lock(program: Program, config: Path, store_file: Path, copy: Path) -> None:
    with RunLock(run_lock_path(store_file)):
        assert _restore(program, config, copy, "--yes", "--wait", "0").code == 7
    assert _people(store_file) == 2


def test_a_damaged_database_can_be_replaced(program: Program, config: Path, store_file: Path, copy: Path) -> None:
    store_file.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    told = _restore(program, config, copy, "--yes")
    assert told.code == 0
    assert "cannot be read" in told.out
    assert _people(store_file) == 1


@pytest.mark.parametrize("kind", ["blank", "cut", "foreign", "newer", "itself"])
def test_what_is_no_sound_backup_is_refused_and_nothing_is_touched(
    program: Program, config: Path, store_file: Path, copy: Path, kind: str
) -> None:
    if kind == "blank":
        copy.write_bytes(b"")
    elif kind == "cut":
        copy.write_bytes(copy.read_bytes()[:20_000])
    elif kind == "itself":
        copy = store_file
    else:
        pragma = "application_id = 7" if kind == "foreign" else "user_version = 99"
        with closing(sqlite3.connect(copy)) as raw:
            raw.execute(f"PRAGMA {pragma}")
    before = store_file.read_bytes()
    told = _restore(program, config, copy, "--yes")
    assert (told.code, store_file.read_bytes() == before) == (12, True)
    assert told.err.startswith("contact-sync: ")
    assert [p.name for p in store_file.parent.glob("*.restored*")] == []


def test_a_backup_that_is_not_there_is_a_wrong_name(
    program: Program, config: Path, store_file: Path, copy: Path
) -> None:
    copy.unlink()
    before = store_file.read_bytes()
    told = _restore(program, config, copy, "--yes")
    assert (told.code, store_file.read_bytes() == before) == (2, True)
    assert f"there is no backup at {copy}" in told.err


@pytest.mark.parametrize(("answer", "people"), [("y", 1), ("n", 2)])
def test_a_person_at_a_terminal_decides(
    config: Path, store_file: Path, copy: Path, answer: str, people: int
) -> None:
    terminal, side = pty.openpty()
    with os.fdopen(terminal, "wb"):
        process = subprocess.Popen(
            [*PROGRAM, "state", "restore", str(copy), "--config", str(config)],
            stdin=side,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.close(side)
        os.write(terminal, answer.encode() + b"\n")
        process.communicate(timeout=60)
    assert process.returncode == 0
    assert _people(store_file) == people


def test_an_upgrade_raises_the_schema_after_a_backup(
    program: Program, config: Path, store_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = config.parent / "migrations"
    shutil.copytree(migrating.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"r{NEWEST + 1:04}_next.py").write_text(NEXT)
    monkeypatch.setattr(migrating, "MIGRATIONS", folder)
    monkeypatch.setattr(migrating, "SCHEMA_VERSION", NEWEST + 1)
    monkeypatch.setattr(checks, "SCHEMA_VERSION", NEWEST + 1)
    assert "state upgrade" in program("status", "--config", config).err
    told = program("state", "upgrade", "--config", config)
    assert told.code == 0
    assert f"from schema {NEWEST} to {NEWEST + 1}" in told.out
    (made,) = (store_file.parent / "backups").iterdir()
    assert made.name.startswith(f"before-migration-of-schema-{NEWEST}-")
    assert program("status", "--config", config).code == 0


def test_an_upgrade_of_the_newest_schema_does_nothing(program: Program, config: Path, store_file: Path) -> None:
    told = program("state", "upgrade", "--config", config)
    assert (told.code, "Nothing to do" in told.out) == (0, True)
    assert not (store_file.parent / "backups").exists()


def test_an_upgrade_of_nothing_makes_nothing(program: Program, config: Path) -> None:
    told = program("state", "upgrade", "--config", config)
    assert (told.code, "no state store yet" in told.out) == (0, True)
    assert not (config.parent / ".contact-sync").exists()
