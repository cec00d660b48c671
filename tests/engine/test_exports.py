"""What files tell between runs: rows that were changed at a provider, and exports older than what is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sync.change import Hold
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


async def test_an_export_does_not_take_back_what_its_provider_showed_later(home: House) -> None:
    record = home.actors["apollo"].create(person(job_title="CFO"))
    gone = home.actors["apollo"].create(person("Boris Kern"))
    home.without("datananas")
    await home.run()
    as_of = home.clock.now()
    home.clock.advance(hours=2)
    home.actors["apollo"].edit(record, {"job_title": "COO"})
    home.actors["apollo"].create(person("Chiara Lund"))
    await home.run()
    text = f"record_id,email,job_title\n{record},ana.diaz@oakmere-logistics.com,CFO\n"
    imported = bring(home, "apollo", text, as_of=as_of, complete=True)
    assert (imported.records, imported.older, imported.gone) == (0, 1, 1)
    assert [i.finding.record_id for i in desk.waiting(home) if isinstance(i.finding, Hold)] == [gone]
    assert desk.whole(home, "ana.diaz@oakmere-logistics.com").contact.job_title == "COO"


async def test_a_record_that_its_provider_no_longer_shows_is_not_back_because_of_an_older_export(
    home: House,
) -> None:
    home.section("sync", full_sweep_every="0s")
    home.actors["apollo"].create(person())
    boris = home.actors["apollo"].create(person("Boris Kern"))
    home.without("datananas", "topo")
    await home.run()
    as_of = home.clock.now()
    home.clock.advance(hours=2)
    home.apollo.remove(boris)
    await home.run()
    desk.accept(home, desk.only_item(home))
    bring(home, "apollo", f"record_id,email\n{boris},boris.kern@oakmere-logistics.com\n", as_of=as_of)
    (member,) = desk.whole(home, "boris.kern@oakmere-logistics.com").members
    assert member.gone


def bring(home: House, provider: str, text: str, *, as_of: datetime, complete: bool = False) -> Imported:
    """The export is taken in at the command line."""
    path = home.folder / f"{provider}.csv"
    path.write_text(text, encoding="utf-8")
    with desk.desk(home) as session:
        export = read_for(session.settings, provider, path, as_of)
        imported = take_in(session, session.seats[provider], export, complete=complete)
        match_and_merge(session)
    return imported
