"""Status tells how things stand, locks nothing and hides who people are."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from state.lock import RunLock, daemon_lock_path, run_lock_path
from sync.change import ManualAction, Operation
from sync.cli.standing_text import EXIT_CODES, as_text
from sync.contact import Contact
from sync.wiring import load_settings, opened_store

if TYPE_CHECKING:
    from pathlib import Path

    from state.store import SqliteStore
    from tests.cli.conftest import Program

NOW = datetime.now(UTC)
EXPORT = """email,first_name,last_name
ana.diaz@lumenforge.fr,Ana,Diaz
bob.brun@oakmere.nl,Bob,Brun
"""


def _json(program: Program, config: Path, *more: str) -> dict[str, Any]:
    told = program("status", "--format", "json", "--config", config, *more)
    assert told.code == 0, told.err
    found: dict[str, Any] = json.loads(told.out)
    return found


@pytest.fixture
def store_file(config: Path) -> Path:
    return config.parent / ".contact-sync" / "state.db"


@pytest.fixture
def people(program: Program, config: Path) -> list[str]:
    """Two people of an export; their ids."""
    export = config.parent / "export.csv"
    export.write_text(EXPORT)
    assert program("import", "datananas", export, "--config", config).code == 0
    with opened_store(load_settings(config)) as store:
        return store.dirty_people()


def _operation(person: str, number: int, **given: Any) -> Operation:
    made = Operation(
        id=f"0193f2aa-7c1e-7000-8000-{number:012}",
        person_id=person,
        provider="apollo",
        kind="create",
        contact=Contact(emails=("ana.diaz@lumenforge.fr",)),
        reason="new-person",
    )
    return replace(made, **given)


def _fill(store: SqliteStore, people: list[str]) -> None:
    """One run that deferred, parked and listed something."""
    store.begin_run("run-1", "run", NOW)
    until = NOW + timedelta(hours=2)
    operations = [
        _operation(people[0], 1, state="deferred", reason="quota", until=until, kind="update", record_id="a"),
        _operation(people[0], 2, state="parked", reason="outcome-unknown"),
        _operation(people[1], 3, state="pending", provider="topo"),
    ]
    store.save_plan("run-1", operations, at=NOW)
    store.note_manual_actions([ManualAction(person_id=people[0], provider="datananas", action="opt-out")], at=NOW)
    memory = {
        "windows": [
            ["contacts/search", 3600.0, 400, 25, NOW.isoformat()],
            ["old", 60.0, 5, 5, "2020-01-01T00:00Z"],
        ],
        "not_before": {"labels": until.isoformat()},
        "spend": {"day": NOW.date().isoformat(), "micros": 120_000},
    }
    state = replace(store.provider_state("apollo"), memory=memory, swept_at=NOW, cursor="secret-cursor")
    store.save_provider_state(state)
    store.finish_run("run-1", at=NOW, exit_code=9, summary={"operations": 3, "people": 2})


def test_without_a_store_it_says_so(program: Program, config: Path, store_file: Path) -> None:
    told = program("status", "--config", config)
    assert told.code == 0
    assert "There is no state store yet" in told.out
    assert not store_file.parent.exists()
    assert _json(program, config)["made"] is False


def test_a_database_that_is_gone_is_no_first_run(
    program: Program, config: Path, people: list[str], store_file: Path
) -> None:
    assert program("optout", "add", people[0], "--reason", "UNSUBSCRIBED", "--config", config).code == 0
    store_file.unlink()
    told = program("status", "--config", config)
    assert told.code == 0
    assert "Warning: the database is gone although earlier runs left traces" in told.out
    assert "There is no state store yet" not in told.out


def test_notes_that_make_no_sense_are_left_out(program: Program, config: Path, people: list[str]) -> None:
    memory: dict[str, object] = {
        "windows": ["nonsense"],
        "not_before": {"labels": "soon"},
        "spend": {"day": 7, "micros": "much"},
    }
    with opened_store(load_settings(config)) as store:
        store.save_provider_state(replace(store.provider_state("apollo"), memory=memory))
    told = _json(program, config)["providers"]["apollo"]
    assert (told["limits"], told["not_before"], told["spent_today_usd"]) == ([], {}, None)


def test_everything_that_waits_is_told(program: Program, config: Path, people: list[str]) -> None:
    with opened_store(load_settings(config)) as store:
        _fill(store, people)
    out = program("status", "--config", config).out
    for text in (
        "  9 a quota, price cap or request ceiling was reached, 3 operations",
        "apollo: 0 records\n  read completely ",
        " s ago; later runs read only what changed since",
        "contacts/search: 375 of 400 requests left until ",
        "labels: not asked before ",
        "spent today: 0.120 USD",
        "1 update put off until ",
        "the provider's quota for this period is used up",
        "1 parked operation, whose outcome only you can settle",
        "1 operation not settled yet",
        "1 thing to do by hand",
        f"opt-out at datananas for person {people[0]}",
        "datananas: 2 records\n  known from an export of ",
    ):
        assert text in out
    assert "old:" not in out
    assert "secret-cursor" not in out


def test_a_run_is_told_with_the_id_that_undo_asks_for(program: Program, config: Path, people: list[str]) -> None:
    with opened_store(load_settings(config)) as store:
        _fill(store, people)
    line = next(
        line for line in program("status", "--config", config).out.splitlines() if "request ceiling" in line
    )
    assert line.split()[0] == "run-1"


def test_json_holds_the_same(program: Program, config: Path, people: list[str]) -> None:
    with opened_store(load_settings(config)) as store:
        _fill(store, people)
    told = _json(program, config)
    assert told["schema"] == "contact-sync/status/1"
    assert told["people"] == 2
    assert told["runs"][0]["exit_code"] == 9
    assert told["locks"] == {"run": "", "daemon": ""}
    assert told["providers"]["apollo"]["limits"][0]["left"] == 375
    assert told["providers"]["apollo"]["deferred"][0]["count"] == 1
    assert {kind: found["count"] for kind, found in told["waiting"].items()} == {
        "conflicts": 0,
        "suspected_duplicates": 0,
        "holds": 0,
        "parked": 1,
        "unsettled": 1,
        "manual_actions": 1,
    }


def test_it_works_while_a_run_holds_the_lock(
    program: Program, config: Path, people: list[str], store_file: Path
) -> None:
    with RunLock(run_lock_path(store_file)), RunLock(daemon_lock_path(store_file)):
        told = program("status", "--config", config)
    assert told.code == 0
    assert f"Lock           held by pid {os.getpid()} on " in told.out
    assert f"Daemon         pid {os.getpid()} on " in told.out


def test_ids_made_of_an_address_are_masked(program: Program, config: Path, people: list[str]) -> None:
    (config.parent / "export.csv").write_text("email\nana.diaz@lumenforge.fr\n")
    program("import", "datananas", config.parent / "export.csv", "--complete", "--config", config)
    out = program("status", "--config", config).out
    assert "datananas:email:b…@o….nl" in out
    assert "bob" not in out
    assert "bob.brun@oakmere.nl" in program("status", "--values", "--config", config).out


def test_an_older_copy_of_the_database_is_told(
    program: Program, config: Path, people: list[str], store_file: Path
) -> None:
    before = store_file.read_bytes()
    with opened_store(load_settings(config)) as store:
        store.begin_run("run-1", "run", NOW)
    store_file.write_bytes(before)
    told = program("status", "--config", config)
    assert told.code == 0
    assert "Warning: an older copy of the database was put back" in told.out


def test_people_who_may_be_one_are_told(program: Program, config: Path) -> None:
    rows = "record_id,email,first_name,last_name\n1,desk@brightquarry.de,Jonas,Becker\n"
    (config.parent / "export.csv").write_text(rows + "2,desk@brightquarry.de,Wilhelmina,Ostrow\n")
    program("import", "datananas", config.parent / "export.csv", "--config", config)
    out = program("status", "--config", config).out
    assert "1 pair of people who may be one" in out
    assert "datananas:1 and datananas:2: " in out
    assert "Jonas" not in out
    assert "`contact-sync review list` names each of them" in program("status", "--config", config).out


def test_a_damaged_store_ends_with_12(program: Program, config: Path, people: list[str], store_file: Path) -> None:
    store_file.write_bytes(b"this is no database" * 300)
    told = program("status", "--config", config)
    assert told.code == 12
    assert "What to do: " in told.err


def test_a_run_that_died_is_told_as_such(program: Program, config: Path, people: list[str]) -> None:
    with opened_store(load_settings(config)) as store:
        store.begin_run("run-1", "run", NOW)
    assert "was broken off before its end" in program("status", "--config", config).out


def test_every_exit_code_has_words() -> None:
    assert set(EXIT_CODES) == {*range(13), 130, 143}


def standing(conflicts: int, *runs: dict[str, Any]) -> dict[str, Any]:
    """A status in which only so many conflicts wait."""
    return {
        "at": "2026-11-20T18:00:00Z",
        "config": "c",
        "database": "d",
        "made": True,
        "people": 9,
        "locks": {"run": "", "daemon": ""},
        "runs": list(runs),
        "providers": {},
        "warnings": [],
        "waiting": {
            kind: {"count": 0, "first": []}
            for kind in ("suspected_duplicates", "holds", "parked", "manual_actions", "unsettled")
        }
        | {"conflicts": {"count": conflicts, "first": [{"person": "p", "field": "job_title"}] * bool(conflicts)}},
    }


def test_long_lists_are_cut_and_counted() -> None:
    told = standing(1200)
    assert "1,200 fields with several new values\n    job_title of person p\n    and 1,199 more" in as_text(told)


def test_what_a_guard_stopped_waits_for_a_person() -> None:
    run: dict[str, Any] = {"started_at": "2026-11-20T17:00:00Z", "finished_at": "2026-11-20T17:00:09Z"}
    run |= {"run_id": "run-1", "mode": "run", "counts": {}}
    stopped, done = (as_text(standing(0, run | {"exit_code": code})) for code in (5, 0))
    assert "`contact-sync run --dry-run` tells why and what lets it through" in stopped
    assert "Nothing waits for you." not in stopped
    assert done.endswith("Nothing waits for you.")
