"""Death while a record is found gone, a store is accepted, or a backup is made or put back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from state.checks import check_whole
from sync.cli.places import looked_at
from sync.wiring import load_settings
from tests.crash.scenes import SCENES, staged

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.nursery import Nursery

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("side", ["before", "after"])
async def test_death_while_a_record_is_found_gone_neither_loses_the_hold_nor_creates_it_again(
    program: Nursery, folder: Path, side: str
) -> None:
    async with staged(SCENES["first-run"], folder, program) as stage:
        stage.home.section("sync", full_sweep_every="1ms")
        assert stage.home.config.exists()
        await stage.until_quiet()
        gone = next(iter(stage.home.topo.contacts))
        del stage.home.topo.contacts[gone]
        assert (await stage.run(crash=f"gone.{side}_commit")).killed
        await stage.until_quiet()
        assert gone not in stage.home.topo.contacts
        assert len(stage.home.topo.rows) == 3
        with looked_at(load_settings(stage.config, stage.home.environ)) as store:
            assert [(hold.provider, hold.record_id) for hold in store.holds()] == [("topo", gone)]


@pytest.mark.parametrize(("side", "again"), [("before", 12), ("after", 0)])
async def test_death_while_accepting_accepts_wholly_or_not_at_all(
    program: Nursery, folder: Path, side: str, again: int
) -> None:
    async with staged(SCENES["first-run"], folder, program) as stage:
        await stage.run()
        older = shutil.copy(folder / "state" / "state.db", folder / "older.db")
        await stage.run()
        shutil.copy(older, folder / "state" / "state.db")
        accept = ("state", "check", "--accept", "--yes", "--config", str(stage.config))
        assert (await program.run(*accept, crash=f"accept.{side}_commit")).killed
        assert (await stage.run()).code == again
        assert (await program.run(*accept)).code == 0
        await stage.until_quiet()
        stage.check()


@pytest.mark.parametrize("side", ["before", "after"])
async def test_death_in_a_backup_leaves_the_former_one_or_the_new_one(
    program: Nursery, folder: Path, side: str
) -> None:
    async with staged(SCENES["first-run"], folder, program) as stage:
        await stage.run()
        copy = folder / "one.db"
        command = ("state", "backup", str(copy), "--config", str(stage.config))
        assert (await program.run(*command)).code == 0
        former = copy.read_bytes()
        await stage.run()
        assert (await program.run(*command, crash=f"backup.{side}_replace")).killed
        assert (copy.read_bytes() == former) is (side == "before")
        assert (await program.run(*command)).code == 0
        restore = ("state", "restore", str(copy), "--yes", "--config", str(stage.config))
        assert (await program.run(*restore)).code == 0
        with looked_at(load_settings(stage.config, stage.home.environ)) as store:
            check_whole(store.database.raw, thorough=True)


@pytest.mark.parametrize("side", ["before", "after"])
async def test_death_in_a_restore_brings_nobody_back_who_was_erased(
    program: Nursery, folder: Path, side: str
) -> None:
    async with staged(SCENES["first-run"], folder, program) as stage:
        await stage.until_quiet()
        database, copy, to = folder / "state" / "state.db", folder / "copy.db", ("--config", str(stage.config))
        whom = b"person1@oakmere-logistics.com"
        assert (await program.run("state", "backup", copy, *to)).code == 0
        assert (await program.run("forget", whom.decode(), "--yes", *to)).code == 0
        assert whom not in database.read_bytes()
        restore = ("state", "restore", copy, "--yes", *to)
        assert (await program.run(*restore, crash=f"opening.{side}_commit")).killed
        assert (whom in database.read_bytes()) is (side == "before")
        assert (await program.run("state", "check", "--accept", "--yes", *to)).code == 0
        assert whom not in database.read_bytes()


@pytest.mark.parametrize(
    "where",
    ["ledger.after_append", "optouts.before_commit", "optouts.after_commit", "forget.before_commit"],
)
async def test_what_a_killed_erasure_left_the_next_run_erases(program: Nursery, folder: Path, where: str) -> None:
    async with staged(SCENES["first-run"], folder, program) as stage:
        await stage.until_quiet()
        database, to = folder / "state" / "state.db", ("--config", str(stage.config))
        whom = b"person1@oakmere-logistics.com"
        assert (await program.run("forget", whom.decode(), "--yes", *to, crash=where)).killed
        assert (await stage.run()).code == 0
        assert whom not in database.read_bytes()
        with looked_at(load_settings(stage.config, stage.home.environ)) as store:
            tasks = sorted(action.provider for action in store.manual_actions())
        assert tasks == ["apollo", "datananas", "topo"]
        await stage.until_quiet()
        assert whom not in database.read_bytes()
        assert [len(rows) for rows in (stage.home.topo.rows, stage.home.apollo.rows)] == [4, 4]


async def test_death_in_a_restore_leaves_the_former_database_or_the_copy(program: Nursery, folder: Path) -> None:
    async with staged(SCENES["first-run"], folder, program) as stage:
        await stage.run()
        database, copy, to = folder / "state" / "state.db", folder / "copy.db", ("--config", str(stage.config))
        assert (await program.run("state", "backup", copy, *to)).code == 0
        await stage.run()
        former = database.read_bytes()
        restore = ("state", "restore", copy, "--yes", *to)
        for _ in range(2):
            assert (await program.run(*restore, crash="restore.before_replace")).killed
            assert database.read_bytes() == former
            assert (await stage.run()).code == 0
            assert not list(database.parent.glob("*.restored*"))
            former = database.read_bytes()
        assert (await program.run(*restore)).code == 0
        assert (await program.run("state", "check", "--accept", "--yes", *to)).code == 0
        await stage.until_quiet()
        stage.check()
