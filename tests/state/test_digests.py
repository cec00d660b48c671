"""What changed by itself in the database is found, wherever it stands."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import Boolean, Float, Integer
from sqlmodel import SQLModel

from state import checks, digests, outcome_tables
from state.backup import backup, restore
from state.checks import check_whole
from state.connection import open_raw
from state.rows import to_time
from sync.errors import StateError
from sync.person import Decision
from sync.record import OptOutEntry
from sync.store_port import Settled
from tests.state.values import START, Home, assign, create, decide, later, pull, read, ref, tie, update

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from state.store import SqliteStore

assert outcome_tables.OperationRow.__tablename__ == "operation"  # the second half of the classes is there
TABLES = {table.name: table for table in SQLModel.metadata.sorted_tables}
DERIVED = {"alike_mark", "counted", "sighting", "dirty_person", "dirty_record", "table_sum"}
EVERY_COLUMN = [(name, column.name) for name, table in TABLES.items() if name not in DERIVED for column in table.c]


def fill(home: Home) -> None:
    """A store in which something was read, matched, sent, decided and opted out."""
    with home.open() as store:
        store.begin_run("run-1", "run", START)
        rows = [read(f"topo:{n}", f"p{n}@example.com", first_name=f"Name{n}", city="Lyon" * n) for n in range(9)]
        pull(store, *rows, read("apollo:7", "ann@example.com"), sweep="s1")
        assign(store, ann=["topo:1", "apollo:7"], bob=["topo:2"])
        store.add_opt_outs([OptOutEntry(keys=frozenset({"k"}), reason="OTHER", source="topo", at=START)])
        operations = [create("o1", "bob", digest="sha", attempt=1), update("o2", "topo:1")]
        store.save_plan("run-1", operations, at=later())
        store.mark_sending(operations, run_id="run-1", at=later())
        done = replace(operations[0], state="acked", record_id="8", run_id="run-1")
        store.save_settled([Settled(operation=done, read=read("apollo:8"), link=tie("bob"))], at=later())
        decide(store, Decision(a=ref("topo:1"), b=ref("topo:2"), verdict="different", by="me", at=START))
        store.finish_run("run-1", at=later(), exit_code=0, summary={"people": 2})


@pytest.fixture
def crammed(home: Home) -> Iterator[sqlite3.Connection]:
    """A row in every table, written as the program writes and then looked at by somebody else."""
    with home.open() as store, store.database.write("plan") as connection:
        for name, table in TABLES.items():
            if name in {"store", "table_sum"}:
                continue
            columns = [column.name for column in table.c]
            wanted = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # our own names
            connection.exec_driver_sql(wanted, tuple(_some(column) for column in table.c))
    with closing(sqlite3.connect(home.database, isolation_level=None)) as raw:
        raw.execute("PRAGMA synchronous=OFF")
        check_whole(raw, thorough=True)
        yield raw


def _some(column: Any) -> object:
    if isinstance(column.type, Integer | Boolean):
        return 1
    return 0.5 if isinstance(column.type, Float) else "some text"


def _found(raw: sqlite3.Connection) -> str:
    """The table that does not hold what was written; empty when all do."""
    try:
        digests.check(raw)
    except StateError as error:
        told = f"{error}; {error.remedy}"
    else:
        return ""
    assert "restore a backup" in told
    return told.split("table ")[1].split(" ", maxsplit=1)[0]


def test_every_table_is_summed_up_or_known_not_to_be() -> None:
    assert set(TABLES) - DERIVED == set(digests.SUMMED)


@pytest.mark.parametrize(("table", "column"), EVERY_COLUMN)
def test_a_changed_value_is_found_in_every_column(crammed: sqlite3.Connection, table: str, column: str) -> None:
    was = crammed.execute(f"SELECT {column} FROM {table}").fetchone()[0]  # noqa: S608  # our own names
    others: list[object] = [None] if was is None else [_flipped(was), None]
    for other in others:
        with suppress(sqlite3.IntegrityError):
            crammed.execute(f"UPDATE {table} SET {column} = ?", (other,))  # noqa: S608  # our own names
            assert _found(crammed) == table
    crammed.execute(f"UPDATE {table} SET {column} = ?", (was,))  # noqa: S608  # our own names
    assert _found(crammed) == ""


def _flipped(value: Any) -> object:
    """The value with one bit turned over."""
    return value[:-1] + chr(ord(value[-1]) ^ 1) if isinstance(value, str) else value + 1


@pytest.mark.parametrize("table", digests.SUMMED)
def test_a_missing_row_is_found(crammed: sqlite3.Connection, table: str) -> None:
    crammed.execute(f"DELETE FROM {table}")  # noqa: S608  # our own names
    assert _found(crammed) == table


def test_a_row_too_many_and_rows_that_swapped_a_value_are_found(home: Home) -> None:
    fill(home)
    with closing(sqlite3.connect(home.database, isolation_level=None)) as raw:
        raw.execute("INSERT INTO record_key SELECT kind, value || 'x', rid, place, shown, 1, 1 FROM record_key")
        assert _found(raw) == "record_key"
        raw.execute("DELETE FROM record_key WHERE value LIKE '%x'")
        assert _found(raw) == ""
        raw.execute("UPDATE record SET fields = CASE rid WHEN 1 THEN (SELECT fields FROM record WHERE rid = 2)"
                    " ELSE (SELECT fields FROM record WHERE rid = 1) END WHERE rid IN (1, 2)")  # fmt: skip
        assert _found(raw) == "record"


@pytest.mark.parametrize("what", ["DROP INDEX operation_state", "CREATE INDEX more ON record (gone_at)"])
def test_a_changed_schema_is_found(home: Home, what: str) -> None:
    fill(home)
    with closing(sqlite3.connect(home.database)) as raw:
        raw.execute(what)
    with pytest.raises(StateError, match="schema"):
        home.open()


def test_bytes_that_are_no_text_are_found_and_not_repeated(home: Home) -> None:
    fill(home)
    with closing(sqlite3.connect(home.database)) as raw:
        raw.execute("UPDATE record SET fields = CAST(x'6c6574746572ff' AS TEXT) WHERE rid = 1")
        raw.commit()
    with pytest.raises(StateError, match="table record") as caught:
        home.open()
    assert "letter" not in str(caught.value)


def test_the_digest_of_a_row_stays_what_it_was() -> None:
    row = ("record", 1, -(2**40), 0.5, "Zoë\0\U0001f600", None, "")
    assert digests.digest(row) == 241912076532918724
    others = [
        ("a", "bc"),
        ("ab", "c"),
        ("abc",),
        ("a", 1),
        ("a", 1.0),
        ("a", "1"),
        ("a", None),
        ("a", ""),
        ("a", b""),
    ]
    assert len({digests.digest(other) for other in others}) == len(others)


# the sums keep up -------------------------------------------------------------------------------------
def _begin_twice(store: SqliteStore) -> None:
    with store.database.write("plan") as connection:
        for _ in range(2):
            connection.exec_driver_sql(
                "INSERT INTO run (run_id, mode, started_at, summary) VALUES ('a', 'run', 1, '{}')"
            )


def test_the_sums_keep_up_with_what_is_replaced_deleted_and_rolled_back(home: Home) -> None:
    fill(home)
    with home.open() as store:
        store.begin_run("run-2", "run", later())
        with pytest.raises(StateError):
            _begin_twice(store)
        with store.database.write("plan") as connection:
            for score in (1, 0.25):
                connection.exec_driver_sql(
                    "INSERT OR REPLACE INTO suspicion VALUES (1, 2, ?, 'alike', '{}')", (score,)
                )
        digests.check(store.database.raw)
        store.forget("ann")
        digests.check(store.database.raw)
        with store.database.write("plan") as connection:
            connection.exec_driver_sql("DELETE FROM suspicion")
        digests.check(store.database.raw)
    home.open().close()


# when it is looked for --------------------------------------------------------------------------------
def damage(path: Any) -> None:
    """One letter of one value is another."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE record SET fields = replace(fields, 'Name1', 'Name3') WHERE fields LIKE '%Name1%'")
        assert raw.total_changes == 1
        raw.commit()


@pytest.mark.parametrize("mode", ["write", "scratch"])
def test_a_changed_letter_is_found_at_the_start(home: Home, mode: Any) -> None:
    fill(home)
    damage(home.database)
    with pytest.raises(StateError, match="table record does not hold what was written"):
        home.open(mode)


def test_a_large_store_is_read_through_once_a_day(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(home)
    home.open().close()
    monkeypatch.setattr(checks, "QUICKLY_READ", 0)
    damage(home.database)
    home.open().close()
    now = to_time(datetime.now(UTC))
    for long_ago in (now - checks.DAY, now + checks.DAY):
        with closing(sqlite3.connect(home.database)) as raw:
            raw.execute("UPDATE table_sum SET checked_at = ?", (long_ago,))
            raw.commit()
        with pytest.raises(StateError, match="table record"):
            home.open()


def test_a_check_that_found_nothing_counts_for_a_day(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "QUICKLY_READ", 0)
    fill(home)
    with closing(open_raw(home.database, "ro")) as raw:
        assert digests.last_check(raw) == digests.NEVER
    before = to_time(datetime.now(UTC))
    home.open().close()
    with closing(open_raw(home.database, "ro")) as raw:
        noted = digests.last_check(raw)
        assert noted >= before
        assert not checks.is_due(raw, noted + checks.DAY - 1)
        assert checks.is_due(raw, noted + checks.DAY)
    home.open().close()
    with closing(open_raw(home.database, "ro")) as raw:
        assert digests.last_check(raw) == noted


def put_back(home: Home) -> Path:
    """A filled store was saved, and the copy took its place; the copy."""
    fill(home)
    copy = home.root / "one.db"
    with home.open() as store:
        backup(store, copy)
    restore(copy, home.database)
    return copy


def test_a_damaged_backup_is_not_restored_and_a_damaged_store_not_saved(home: Home) -> None:
    copy = put_back(home)
    home.open("read").close()
    before = home.database.read_bytes()
    damage(copy)
    with pytest.raises(StateError, match="table record"):
        restore(copy, home.database)
    assert home.database.read_bytes() == before
    with home.open() as store:
        damage(home.database)
        with pytest.raises(StateError, match="table record"):
            backup(store, home.root / "two.db")
    assert not (home.root / "two.db").exists()


def test_a_restored_store_opens(home: Home) -> None:
    put_back(home)
    with home.open() as store:
        assert store.rolled_back


# older stores -----------------------------------------------------------------------------------------
def _as_schema_2(home: Home) -> None:
    with closing(sqlite3.connect(home.database)) as raw:
        raw.executescript("".join(f"DROP TABLE {name};" for name in ("table_sum", "counted", *digests.SINCE)))
        raw.executescript("DROP INDEX operation_record")
        raw.executescript("UPDATE alembic_version SET version_num = '0002'; PRAGMA user_version = 2")


def test_a_store_without_sums_gets_them(home: Home) -> None:
    fill(home)
    _as_schema_2(home)
    home.open().close()
    with home.open() as store:
        digests.check(store.database.raw)
    assert [path.name.split("-20")[0] for path in home.backups.iterdir()] == ["before-migration-of-schema-2"]
    damage(home.database)
    with pytest.raises(StateError):
        home.open()


@pytest.mark.parametrize("trouble", ["PRAGMA user_version = 2", "DROP TABLE table_sum", "DELETE FROM table_sum"])
def test_sums_that_are_gone_are_damage(home: Home, trouble: str) -> None:
    fill(home)
    with closing(sqlite3.connect(home.database)) as raw:
        raw.execute(trouble)
        raw.commit()
    with pytest.raises(StateError, match="damaged"):
        home.open()


# single bits ------------------------------------------------------------------------------------------
def _contents(home: Home) -> dict[str, list[Any]]:
    with closing(open_raw(home.database, "ro")) as raw:
        return {name: sorted(map(repr, raw.execute(digests.ROWS[name]))) for name in digests.SUMMED}


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_bit_is_found_or_does_no_harm(home: Home, seed: int) -> None:
    fill(home)
    home.open().close()
    whole, sound, found = home.database.read_bytes(), _contents(home), 0
    chance = random.Random(seed)
    written = [place for place, byte in enumerate(whole) if byte]
    for _ in range(250):
        place = chance.choice(written) if chance.random() < 0.9 else chance.randrange(len(whole))
        content = bytearray(whole)
        content[place] ^= 1 << chance.randrange(8)
        home.database.write_bytes(content)
        try:
            home.open().close()
        except StateError:
            found += 1
        else:
            assert _contents(home) == sound, f"byte {place}"
    assert found > 150
