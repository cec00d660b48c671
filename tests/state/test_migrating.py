from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlmodel import SQLModel

from state import checks, digests, migrating, outcome_tables
from state.connection import make_engine, open_memory, pragma
from sync.errors import StateError
from sync.matching.values import OPENED, TWO_PROFILES
from sync.store_port import ProviderState
from tests.state.values import START, Home, assign, pull, read

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWEST = checks.SCHEMA_VERSION
HEADING = f"""
from alembic import op
import sqlalchemy as sa

revision = "{NEWEST + 1:04}"
down_revision = "{NEWEST:04}"

def upgrade():
"""
REBUILDS_PERSON = f"""{HEADING}
    with op.batch_alter_table("person", recreate="always") as batch:
        batch.add_column(sa.Column("nickname", sa.String))
"""
OPENS = """
import sys
from pathlib import Path
from tests.state.values import Home
Home(Path(sys.argv[1])).open().close()
sys.exit("alembic" in sys.modules)
"""
LOSES_PERSONS = HEADING + '    op.execute("DELETE FROM person")\n'  # noqa: S608  # a fixed script
TOOK_AN_EXPORT = "INSERT INTO provider (provider, peak, memory, export_digest) VALUES ('datananas', 0, '{}', 'd')"
FAILS = REBUILDS_PERSON + '    op.execute("this is no statement")\n'


def schema(raw: sqlite3.Connection) -> set[str]:
    """Every table and index as one line without spaces."""
    rows = raw.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'")
    return {"".join(row[0].split()) for row in rows}


def fill(home: Home) -> None:
    with home.open() as store:
        store.begin_run("run-1", "run", START)
        pull(store, read("topo:1", "ann@example.com"))
        assign(store, ann=["topo:1"])


@pytest.fixture
def next_version(home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A populated store, and a program with one more migration, whose file is returned to be written."""
    fill(home)
    folder = home.root / "migrations"
    shutil.copytree(migrating.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrating, "MIGRATIONS", folder)
    monkeypatch.setattr(migrating, "SCHEMA_VERSION", NEWEST + 1)
    monkeypatch.setattr(checks, "SCHEMA_VERSION", NEWEST + 1)
    return folder / "versions" / f"r{NEWEST + 1:04}_next.py"


def version_of(path: Path) -> int:
    raw = sqlite3.connect(path)
    found = pragma(raw, "user_version")
    raw.close()
    return int(found)


def test_the_migrations_make_the_schema_that_the_classes_describe(home: Home) -> None:
    described = open_memory()
    engine = make_engine(described)
    SQLModel.metadata.create_all(engine)
    with home.open() as store:
        assert schema(store.database.raw) == schema(described)
    engine.dispose()
    described.close()
    assert outcome_tables.OperationRow.__tablename__ == "operation"


def test_a_store_of_this_version_opens_without_the_migration_library(home: Home) -> None:
    fill(home)
    command = [sys.executable, "-c", OPENS, str(home.root)]
    assert subprocess.run(command, check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_migrating_a_populated_store_keeps_every_child_row(home: Home, next_version: Path) -> None:
    next_version.write_text(REBUILDS_PERSON)
    with home.open() as store:
        assert pragma(store.database.raw, "user_version") == NEWEST + 1
        assert pragma(store.database.raw, "foreign_keys") == 1
        (ann,) = store.people(["ann"])
        assert [str(member.record.ref) for member in ann.members] == ["topo:1"]
        assert store.dirty_people() == ["ann"]
        assert "nickname" in str(schema(store.database.raw))


def test_a_populated_store_is_backed_up_before_it_is_migrated(home: Home, next_version: Path) -> None:
    next_version.write_text(REBUILDS_PERSON)
    home.open().close()
    (backup,) = home.backups.iterdir()
    assert version_of(backup) == NEWEST
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.backups.stat().st_mode) == 0o700
    home.open().close()
    assert list(home.backups.iterdir()) == [backup]


@pytest.mark.parametrize("script", [FAILS, LOSES_PERSONS])
def test_a_migration_that_fails_or_loses_rows_leaves_the_old_store(
    home: Home, next_version: Path, script: str
) -> None:
    next_version.write_text(script)
    before = home.database.read_bytes()
    with pytest.raises(StateError):
        home.open()
    assert home.database.read_bytes() == before
    assert version_of(home.database) == NEWEST


@contextmanager
def former(home: Home, monkeypatch: pytest.MonkeyPatch, version: int) -> Iterator[None]:
    """The program knows no schema beyond ``version``, of one digit."""
    folder = home.root / "migrations"
    later = shutil.ignore_patterns("__pycache__", f"r000[{version + 1}-9]*")
    shutil.copytree(migrating.MIGRATIONS, folder, ignore=later)
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "MIGRATIONS", folder)
        patched.setattr(migrating, "SCHEMA_VERSION", version)
        patched.setattr(checks, "SCHEMA_VERSION", version)
        yield


def test_whose_merge_was_opened_before_that_was_remembered_is_remembered(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with former(home, monkeypatch, 6), home.open() as store:
        pull(store, *(read(f"topo:{number}") for number in range(1, 4)))
        with store.database.write("membership") as connection:
            connection.exec_driver_sql(
                "INSERT INTO suspicion VALUES (?, ?, 0.9, ?, '[]')", [(1, 2, OPENED), (2, 3, TWO_PROFILES)]
            )
    with home.open() as store:
        assert store.database.raw.execute("SELECT * FROM once_one").fetchall() == [(1, 2, OPENED)]


def test_a_store_that_had_fewer_sums_is_checked_by_those_and_gets_the_others(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with former(home, monkeypatch, 3), home.open() as store:
        store.begin_run("run-1", "run", START)
        pull(store, read("topo:1", "ann@example.com"))
        with store.database.write("provider") as connection:
            connection.exec_driver_sql(TOOK_AN_EXPORT)
    assert version_of(home.database) == 3
    with home.open() as store:
        assert store.provider_state("datananas") == ProviderState(provider="datananas")
        assert [run.run_id for run in store.recent_runs(5)] == ["run-1"]
        digests.check(store.database.raw)
        sums = store.database.raw.execute("SELECT name FROM table_sum")
        assert {row[0] for row in sums} == {*digests.SUMMED, digests.SCHEMA}


def test_scratch_migrates_its_copy_only(home: Home, next_version: Path) -> None:
    next_version.write_text(REBUILDS_PERSON)
    before = home.database.read_bytes()
    with home.open("scratch") as store:
        assert store.people_count() == 1
    assert home.database.read_bytes() == before
    assert not home.backups.exists()


def test_reading_an_older_store_names_the_command_that_upgrades_it(home: Home, next_version: Path) -> None:
    with pytest.raises(StateError) as caught:
        home.open("read")
    assert "state upgrade" in str(caught.value.remedy)
