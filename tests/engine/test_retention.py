"""What a write replaced is kept for a while, then nothing but its name, time and end."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from sync.cli.explain_text import person_text
from sync.engine.explaining import Explainer
from sync.wiring import load_settings, opened_store
from tests.engine.test_undo_run import edited, titles

if TYPE_CHECKING:
    from tests.engine.house import House


def sent(home: House) -> str:
    """Everything that is kept of what was sent."""
    with closing(sqlite3.connect(home.folder / "state" / "state.db")) as raw:
        return str(raw.execute("SELECT * FROM operation").fetchall())


async def test_after_thirty_days_nothing_tells_what_a_write_replaced_and_wrote(home: House) -> None:
    home.configure("topo", update_by_entry="all")
    await edited(home)
    assert "CFO" in sent(home)
    home.clock.advance(days=29)
    await home.rest()
    assert "CFO" in sent(home)
    home.clock.advance(days=2)
    await home.rest()
    assert "CFO" not in sent(home)
    assert "COO" not in sent(home)
    assert "job_title" in sent(home)


async def test_it_is_as_long_as_the_settings_say(home: House) -> None:
    home.section("state", keep_values="3d")
    home.configure("topo", update_by_entry="all")
    await edited(home)
    home.clock.advance(days=4)
    await home.run()
    assert "CFO" not in sent(home)


async def test_an_explanation_says_that_they_are_gone_and_still_tells_what_was_written_when(home: House) -> None:
    await edited(home)
    home.clock.advance(days=31)
    await home.rest()
    with opened_store(load_settings(home.config, home.environ)) as store:
        (somebody,) = store.people(store.people_with_key("email", "ana.diaz@oakmere-logistics.com"))
        told = Explainer(store, home.clock.now(), values=True).person(somebody)
    written = [o for o in told["operations"] if o["kind"] == "update"]
    assert written
    assert all(o["values_kept"] is False and list(o["fields"]) == ["job_title"] for o in written)
    assert "job_title  (values no longer kept)" in "\n".join(person_text(told))


async def test_undo_tells_that_it_reaches_no_further_back(home: House) -> None:
    home.configure("topo", update_by_entry="all")
    run = await edited(home)
    home.clock.advance(days=31)
    await home.rest()
    report = await home.run("undo", undo=run)
    assert (report.operations, titles(home)) == ((), ["COO"] * 3)
    assert "job_title of person" in " ".join(report.notes)
    assert "whose former value is no longer kept" in " ".join(report.notes)


async def test_nothing_is_sent_again_because_its_values_are_gone(home: House) -> None:
    await edited(home)
    writes = home.writes
    home.clock.advance(days=31)
    for _ in range(3):
        await home.rest()
    assert home.writes == writes


async def test_a_dry_run_and_a_verification_drop_nothing(home: House) -> None:
    home.configure("topo", update_by_entry="all")
    await edited(home)
    home.clock.advance(days=31)
    await home.run("dry-run")
    await home.run("verify")
    assert "CFO" in sent(home)
