"""Death while a person decides: they type it once more, and in the end it holds as if nothing had happened."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sync.change import Hold, ManualAction
from tests.decisions.desk import only_item, waiting
from tests.engine.house import House, house, person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.crash.nursery import Nursery

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANA = person(job_title="COO")


@asynccontextmanager
async def known_everywhere(folder: Path) -> AsyncIterator[tuple[House, str]]:
    """Ana and Bob at all providers, and the id of Ana's record at Topo; every run reads everything."""
    async with house(folder) as home:
        home.section("sync", settle="0", full_sweep_every="1ms")
        record = home.actors["topo"].create(ANA)
        home.actors["topo"].create(person("Bob Klein"))
        for _ in range(2):
            await home.run()
        yield home, record


async def typed_twice(home: House, program: Nursery, point: str, *words: str) -> None:
    """The command dies at ``point`` and is repeated, whatever it says then."""
    command = (*words, "--config", str(home.config))
    program.environ = dict(home.environ)
    assert (await program.run(*command, crash=point)).killed
    await program.run(*command)


@pytest.mark.parametrize("point", ["people.before_commit:1", "merged.after_commit:2"])
async def test_a_value_that_was_decided_is_written(program: Nursery, folder: Path, point: str) -> None:
    async with known_everywhere(folder) as (home, record):
        (row,) = [r for r in home.apollo.rows if r["email"] == ANA.email]
        home.actors["topo"].edit(record, {"job_title": "CEO"})
        home.actors["apollo"].edit(row["id"], {"job_title": "CFO"})
        await home.run()
        await typed_twice(home, program, point, "review", "set", only_item(home).id, "Founder")
        assert (await home.run()).conflicts == ()
        assert row["title"] == "Founder"


@pytest.mark.parametrize("point", ["people.before_commit:1", "optouts.after_commit:1"])
async def test_an_opt_out_is_told_to_providers(program: Nursery, folder: Path, point: str) -> None:
    async with known_everywhere(folder) as (home, _):
        await typed_twice(home, program, point, "optout", "add", str(ANA.email), "--reason", "UNSUBSCRIBED")
        await home.run()
        assert [row["email"] for row in home.topo.exclusions.values()] == [ANA.email]


@pytest.mark.parametrize("point", ["people.before_commit:1", "findings.after_commit:2"])
async def test_who_may_be_created_once_more_is_created(program: Nursery, folder: Path, point: str) -> None:
    async with known_everywhere(folder) as (home, record):
        home.topo.remove(record)
        await home.run()
        await typed_twice(home, program, point, "review", "reject", only_item(home).id)
        await home.run()
        assert ANA.email in [row["email"] for row in home.topo.rows]


async def test_what_is_to_be_deleted_elsewhere_is_listed_and_stays_deleted(program: Nursery, folder: Path) -> None:
    async with known_everywhere(folder) as (home, record):
        home.topo.remove(record)
        await home.run()
        await typed_twice(home, program, "findings.after_commit:1", "review", "accept", only_item(home).id)
        todo = {i.finding.provider: i.id for i in waiting(home) if isinstance(i.finding, ManualAction)}
        assert sorted(todo) == ["apollo", "datananas"]
        (held,) = [row for row in home.datananas.rows if row["email"] == ANA.email]
        home.datananas.remove(held["_id"])
        await typed_twice(home, program, "findings.after_commit:1", "review", "accept", todo["datananas"])
        (row,) = [r for r in home.apollo.rows if r["email"] == ANA.email]
        home.actors["apollo"].edit(row["id"], {"job_title": "CEO"})
        await home.run()
        assert ANA.email not in [row["email"] for row in home.datananas.rows]


async def test_what_a_complete_export_lacks_is_held(program: Nursery, folder: Path) -> None:
    async with known_everywhere(folder) as (home, _):
        export = folder / "export.csv"
        export.write_text("email\nbob.klein@oakmere-logistics.com\n")
        await typed_twice(home, program, "gone.before_commit:1", "import", "datananas", str(export), "--complete")
        held = only_item(home).finding
        assert isinstance(held, Hold)
        assert (held.provider, held.record_id) == ("datananas", f"email:{ANA.email}")
