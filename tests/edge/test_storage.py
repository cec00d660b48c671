"""Disks that are full, fail, or change what was written: nothing is sent that is not noted, and the run ends."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest

from sync.engine.cycle import run_cycle
from sync.engine.session import Options
from sync.errors import StateError
from sync.guards import Allowances
from sync.wiring import Request, load_settings, opened_store, session_for
from tests.engine.house import GENEROUS, House, crowd, house

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.nursery import Nursery

PEOPLE = 40


def _people_at_topo(home: House, count: int = PEOPLE) -> None:
    for contact in crowd(count, job_title="Head of Logistics", company_description="x" * 400):
        home.actors["topo"].create(contact)


async def _run_with_room_for(home: House, pages: int) -> StateError | None:
    """One cycle with so many pages left on the disk; the error that it ended in."""
    settings = load_settings(home.config, home.environ)
    with opened_store(settings) as store:
        used = store.database.raw.execute("PRAGMA page_count").fetchone()[0]
        store.database.raw.execute(f"PRAGMA max_page_count={used + pages}")
        request = Request(options=Options(allowances=Allowances.parse(GENEROUS)))
        session = session_for(settings, request, store, home.clock, environ=home.environ)
        try:
            await run_cycle(session)
        except StateError as error:
            return error
        return None


def _noted(home: House) -> set[str]:
    """The emails of every create whose intent is on disk."""
    with closing(sqlite3.connect(home.folder / "state" / "state.db")) as raw:
        rows = raw.execute("SELECT contact FROM operation WHERE kind = 'create' AND state != 'planned'")
        return {email for (contact,) in rows for email in _emails(contact)}


def _emails(contact: str) -> list[str]:
    return [part for part in contact.split('"') if "@" in part]


async def test_a_full_disk_stops_every_run_at_any_page_and_sends_nothing_unnoted(folder: Path) -> None:
    pages, ends = 0, list[StateError | None]()
    while None not in ends:
        async with house(folder / str(pages)) as home:
            (folder / str(pages)).mkdir(mode=0o700)
            home.section("sync", settle="0")
            _people_at_topo(home)
            ends.append(await _run_with_room_for(home, pages))
            sent = {row["email"] for row in (*home.apollo.rows, *home.datananas.rows)}
            assert sent <= _noted(home)
            for _ in range(2):
                await home.run()
            assert len(home.apollo.rows) == len(home.datananas.rows) == PEOPLE
            assert (await home.run()).operations == ()
        pages += 2 if pages < 4 else 12
    assert len(ends) > 5
    assert all("full" in str(error) for error in ends[:-1])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("kilobytes", [8, 64, 200, 290, 320, 380])
async def test_a_disk_that_refuses_to_write_ends_the_program_with_12(
    program: Nursery, folder: Path, kilobytes: int
) -> None:
    async with house(folder) as home:
        home.section("sync", settle="0")
        _people_at_topo(home)
        assert home.config.exists()
        program.environ = dict(home.environ)
        allowed = [word for text in GENEROUS for word in ("--allow", text)]
        command = ["run", "-q", "--config", str(folder / "config.toml"), *allowed]
        ended = await program.run(*command, file_size=kilobytes * 1024)
        assert ended.code == 12, ended.output
        assert "unexpected" not in ended.output
        again = await program.run(*command)
        quiet = await program.run(*command)
        assert (again.code, quiet.code) == (0, 0), again.output
        assert len(home.apollo.rows) == len(home.datananas.rows) == PEOPLE


@pytest.fixture
async def quiet(home: House) -> House:
    """A small world at rest; its state is kept in ``keep``."""
    _people_at_topo(home, 8)
    await home.run()
    await home.run()
    shutil.copytree(home.folder / "state", home.folder / "keep")
    return home


def _put_back(home: House) -> Path:
    state = home.folder / "state"
    shutil.rmtree(state)
    shutil.copytree(home.folder / "keep", state)
    return state / "state.db"


@pytest.mark.parametrize("seed", range(4))
async def test_changed_bytes_are_found_or_do_no_harm(quiet: House, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(15):
        file = _put_back(quiet)
        raw = bytearray(file.read_bytes())
        for place in chance.sample([n for n, byte in enumerate(raw) if byte], 3):
            raw[place] ^= 1 << chance.randrange(8)
        file.write_bytes(raw)
        before = quiet.writes
        with suppress(StateError):
            await quiet.run()
        assert quiet.writes == before


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.99])
async def test_a_database_cut_short_stops_before_any_request(quiet: House, cut: float) -> None:
    file = _put_back(quiet)
    raw = file.read_bytes()
    file.write_bytes(raw[: int(len(raw) * cut)])
    await _stops_before_any_request(quiet)


async def test_a_foreign_a_newer_or_an_open_database_stops_before_any_request(quiet: House) -> None:
    for trouble in ("PRAGMA application_id = 7", "PRAGMA user_version = 99"):
        with closing(sqlite3.connect(_put_back(quiet))) as raw:
            raw.execute(trouble)
        await _stops_before_any_request(quiet)
    for name in ("state.db", "opt-outs.ledger", "key"):
        path = _put_back(quiet).with_name(name)
        if not path.exists():
            continue
        path.chmod(0o644)
        await _stops_before_any_request(quiet)


async def _stops_before_any_request(home: House) -> None:
    before = _requests(home)
    with pytest.raises(StateError) as caught:
        await home.run()
    assert caught.value.remedy
    assert _requests(home) == before


def _requests(home: House) -> list[int]:
    boxes: list[Any] = list(home.boxes.values())
    return [len(box.traffic.received) for box in boxes]


async def test_an_older_database_put_back_stops_everything_until_a_person_accepts_it(quiet: House) -> None:
    await quiet.run()
    file = quiet.folder / "state" / "state.db"
    shutil.copy(quiet.folder / "keep" / "state.db", file)
    for _ in range(2):
        await _stops_before_any_request(quiet)
    with opened_store(load_settings(quiet.config, quiet.environ)) as store:
        store.accept()
    before = quiet.writes
    assert (await quiet.run()).exit_code == 0
    assert quiet.writes == before


async def test_a_state_copied_to_another_machine_only_plans_until_a_person_accepts_it(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("state.host.MACHINE_ID", home.folder / "machine")
    (home.folder / "machine").write_text("one")
    home.actors["topo"].create(crowd(2)[0])
    await home.run()
    (home.folder / "machine").write_text("two")
    home.actors["topo"].create(crowd(2)[1])
    before = home.writes
    for _ in range(2):
        report = await home.run()
        assert (report.exit_code, [g.kind for g in report.guards], home.writes) == (5, ["second-writer"], before)
    with opened_store(load_settings(home.config, home.environ)) as store:
        store.accept()
    assert (await home.run()).exit_code == 0
    assert home.writes > before


async def test_a_lost_database_only_plans_until_a_person_accepts_it(home: House) -> None:
    _people_at_topo(home, 4)
    home.actors["topo"].opt_out(crowd(1)[0], "UNSUBSCRIBED")
    await home.run()
    (home.folder / "state" / "state.db").unlink()
    home.actors["topo"].create(crowd(5)[4])
    before = home.writes
    for _ in range(2):
        report = await home.run()
        assert (report.exit_code, home.writes) == (5, before)
    with opened_store(load_settings(home.config, home.environ)) as store:
        store.accept()
    assert (await home.run()).exit_code == 0
    emails = sorted(row["email"] for row in home.apollo.rows)
    assert emails == sorted(contact.email or "" for contact in crowd(5)[1:])
