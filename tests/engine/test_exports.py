"""What files tell between runs: rows that were changed at a provider, and exports older than what is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sync.engine.imports import take_in
from sync.engine.people import match_and_merge
from sync.exports import read_for
from tests.decisions import desk
from tests.engine.house import person

if TYPE_CHECKING:
    from datetime import datetime

    from sync.engine.imports import Imported
    from tests.engine.house import House


async def test_a_row_whose_key_was_changed_there_is_updated_under_its_new_key(home: House) -> None:
    ana = person(job_title="CFO")
    at_apollo, row = home.actors["apollo"].create(ana), home.actors["datananas"].create(ana)
    home.without("topo")
    home.export()
    await home.run()
    home.actors["apollo"].edit(at_apollo, {"job_title": "COO"})
    home.clock.advance(hours=1)
    await home.run()
    home.actors["datananas"].edit(row, {"emails": "ana@tallpine-freight.com"})
    home.export()
    home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
    home.clock.advance(hours=1)
    await home.run()
    (told,) = home.datananas.rows
    assert (told["email"], told["position"]) == ("ana@tallpine-freight.com", "CEO")


async def test_who_was_created_after_the_time_of_a_complete_export_is_not_missed_in_it(home: House) -> None:
    home.actors["apollo"].create(person())
    home.without("topo")
    as_of = home.clock.now() - timedelta(hours=1)
    await home.run()
    boris = "record_id,email\n7,boris.kern@oakmere-logistics.com\n"
    assert bring(home, "datananas", boris, as_of=as_of, complete=True).gone == 0
    assert desk.waiting(home) == []
    later = home.clock.now() + timedelta(minutes=1)
    assert bring(home, "datananas", boris + "\n", as_of=later, complete=True).gone == 1


def bring(home: House, provider: str, text: str, *, as_of: datetime, complete: bool = False) -> Imported:
    """The export is taken in at the command line."""
    path = home.folder / f"{provider}.csv"
    path.write_text(text, encoding="utf-8")
    with desk.desk(home) as session:
        export = read_for(session.settings, provider, path, as_of)
        imported = take_in(session, session.seats[provider], export, complete=complete)
        match_and_merge(session)
    return imported
