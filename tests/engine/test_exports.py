"""What files tell between runs: rows that were changed at a provider, and exports older than what is known."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.faults import Fault
from sync.change import Hold
from sync.engine.imports import take_in
from sync.engine.people import match_and_meet
from sync.errors import Rejected
from sync.exports import read_for
from sync.guards import Allowances
from tests.decisions import desk
from tests.engine.house import GENEROUS, at, crowd, person

if TYPE_CHECKING:
    from datetime import datetime

    from sync.engine.imports import Imported
    from tests.engine.house import House

ANA = "ana.diaz@oakmere-logistics.com"
NEW = "ana@tallpine-freight.com"


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


async def created_and_told(home: House, **wait: float) -> str:
    """Ana, created at Datananas under her address, whose id an export told since; the id."""
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    home.actors["apollo"].create(person(job_title="CFO"))
    await home.run()
    (made,) = home.datananas.rows
    as_of = later(home, **(wait or {"hours": 1}))
    bring(home, "datananas", f"record_id,email\n{made['_id']},{ANA}\n", as_of=as_of)
    return str(made["_id"])


async def test_a_row_we_made_is_known_by_the_id_that_an_export_told_once_its_address_is_another(
    home: House,
) -> None:
    made = await created_and_told(home)
    home.actors["datananas"].edit(made, {"emails": NEW})
    bring(home, "datananas", f"record_id,email\n{made},{NEW}\n", as_of=later(home, hours=1))
    home.apollo.edit(home.apollo.rows[0]["id"], title="COO")
    await home.run()
    told = desk.whole(home, f"datananas:{made}")
    assert {str(m.record.ref) for m in told.members} == {
        f"apollo:{home.apollo.rows[0]['id']}",
        f"datananas:email:{ANA}",
    }
    assert [(row["email"], row["position"]) for row in home.datananas.rows] == [(NEW, "COO")]
    assert [row["email"] for row in home.apollo.rows] == [NEW]


async def test_an_address_edited_right_after_we_wrote_it_is_no_older_state_of_its_row(home: House) -> None:
    made = await created_and_told(home, minutes=1)
    bring(home, "datananas", f"record_id,email\n{made},{NEW}\n", as_of=later(home, minutes=1))
    await home.run()
    assert NEW in desk.whole(home, f"datananas:{made}").contact.emails


async def test_the_former_address_of_a_row_we_made_under_another_id_is_another_record(home: House) -> None:
    made = await created_and_told(home)
    rows = f"{made},{NEW},Ana,Diaz\n8,{ANA},Wladimir,Ostrowski\n"
    text = f"record_id,email,first_name,last_name\n{rows}"
    bring(home, "datananas", text, as_of=later(home, hours=1))
    assert desk.whole(home, "datananas:8").contact.emails == (ANA,)
    await home.run()
    assert desk.whole(home, f"datananas:{made}").contact.emails == (NEW,)


async def test_of_two_rows_with_the_address_of_one_we_made_the_first_is_that_one(home: House) -> None:
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    home.actors["apollo"].create(person())
    await home.run()
    rows = f"7,{ANA},Lyon\n8,{ANA},Bern\n"
    imported = bring(home, "datananas", f"record_id,email,city\n{rows}", as_of=later(home, hours=1))
    assert imported.records == 2
    cities = {m.record.ref.record_id: m.record.contact.city for m in desk.whole(home, ANA).members}
    assert (cities[f"email:{ANA}"], cities["8"]) == ("Lyon", "Bern")


async def test_a_row_that_lost_its_address_is_not_posted_under_the_one_it_had(home: House) -> None:
    made = await created_and_told(home)
    home.actors["datananas"].edit(made, {"emails": ""})
    profile = "https://www.linkedin.com/in/ana-diaz"
    text = f"record_id,email,linkedin_url\n{made},,{profile}\n"
    bring(home, "datananas", text, as_of=later(home, hours=1))
    home.apollo.edit(home.apollo.rows[0]["id"], title="COO")
    (update,) = (await home.run()).operations
    assert (update.state, update.reason) == ("blocked", "no-match-key")
    assert len(home.datananas.rows) == 1


async def created_blindly(home: House) -> str:
    """Ana has another title since she was created at Datananas; nobody is sent there blindly any more."""
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    record = home.actors["apollo"].create(person(job_title="CFO"))
    await home.run()
    home.configure("datananas", accept_blind_overwrite=False)
    home.apollo.edit(record, title="COO")
    home.clock.advance(hours=1)
    report = await home.run()
    if report.guards:
        report = await home.run(allow=(*GENEROUS, *(guard.allow for guard in report.guards)))
    (update,) = report.operations
    assert (update.kind, update.state, update.reason) == ("update", "blocked", "blind-overwrite")
    return str(home.datananas.rows[0]["_id"])


@pytest.mark.parametrize("told", [True, False])
async def test_a_row_we_made_blindly_is_written_once_an_export_has_shown_it(home: House, told: bool) -> None:
    made = await created_blindly(home)
    assert home.datananas.rows[0]["position"] == "CFO"
    text = f"record_id,email,first_name,last_name,job_title\n{made if told else ''},{ANA},Ana,Diaz,CFO\n"
    bring(home, "datananas", text, as_of=later(home, hours=1))
    await home.run()
    assert home.datananas.rows[0]["position"] == "COO"


async def withheld(home: House) -> tuple[str, datetime]:
    """The export, and its time, in which Ana's title was edited, right after we had written another one there."""
    home.without("topo")
    record = home.actors["apollo"].create(person(job_title="CFO"))
    row = home.actors["datananas"].create(person(job_title="CFO"))
    bring(home, "datananas", f"record_id,email,job_title\n{row},{ANA},CFO\n", as_of=home.clock.now())
    await home.run()
    home.apollo.edit(record, title="COO")
    home.clock.advance(hours=1)
    await home.run()
    text = f"record_id,email,job_title\n{row},{ANA},CEO\n"
    as_of = later(home, minutes=10)
    bring(home, "datananas", text, as_of=as_of)
    return text, as_of


async def test_an_export_that_was_taken_in_before_another_one_is_older_whatever_time_is_told(home: House) -> None:
    home.without("topo")
    home.actors["apollo"].create(person(job_title="CFO"))
    old, new = (f"record_id,email,job_title\n7,{ANA},{title}\n" for title in ("CFO", "COO"))
    for text in (old, new):
        bring(home, "datananas", text, as_of=later(home, minutes=1))
        await home.run()
    with pytest.raises(Rejected, match="this very export was taken in before, and another one since"):
        bring(home, "datananas", old, as_of=later(home, minutes=1))
    assert bring(home, "datananas", new, as_of=later(home, minutes=1)).known
    assert desk.whole(home, ANA).contact.job_title == "COO"


async def test_an_edit_that_was_withheld_is_taken_from_the_same_rows_exported_later(home: House) -> None:
    text, as_of = await withheld(home)
    assert bring(home, "datananas", text, as_of=as_of).known
    assert not bring(home, "datananas", text, as_of=later(home, minutes=10)).known
    await home.run()
    assert home.apollo.rows[0]["title"] == "CEO"
    assert bring(home, "datananas", text, as_of=later(home, minutes=10)).known


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


def test_a_complete_export_of_hardly_anybody_is_not_believed_until_somebody_says_so(home: House) -> None:
    rows = [f"{number},{contact.email}\n" for number, contact in enumerate(crowd(20))]
    bring(home, "datananas", "record_id,email\n" + "".join(rows), as_of=home.clock.now())
    one, as_of = f"record_id,email\n{rows[0]}", later(home, hours=1)
    for _ in range(2):
        imported = bring(home, "datananas", one, as_of=as_of, complete=True)
        assert (imported.gone, imported.missing) == (0, (19, 20))
    assert desk.waiting(home) == []
    imported = bring(home, "datananas", one, as_of=as_of, complete=True, allow="emptied=datananas:19")
    assert (imported.gone, imported.missing) == (19, None)
    assert len(desk.waiting(home)) == 19


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


def later(home: House, **delta: float) -> datetime:
    """It is so much later; the time."""
    home.clock.advance(**delta)
    return home.clock.now()


def bring(
    home: House, provider: str, text: str, *, as_of: datetime, complete: bool = False, allow: str | None = None
) -> Imported:
    """The export is taken in at the command line."""
    path = home.folder / f"{provider}.csv"
    path.write_text(text, encoding="utf-8")
    with desk.desk(home) as session:
        session.options = replace(session.options, allowances=Allowances.parse([allow] if allow else []))
        export = read_for(session.settings, provider, path, as_of)
        imported = take_in(session, session.seats[provider], export, complete=complete)
        match_and_meet(session)
    return imported


async def test_an_export_does_not_end_a_full_read_that_is_under_way(home: House) -> None:
    home.without("datananas")
    home.configure("apollo", page_size=2)
    for contact in crowd(3):
        home.actors["apollo"].create(contact)
    nora = home.actors["apollo"].create(person("Nora Nein"))
    home.actors["apollo"].opt_out(person("Nora Nein"), "UNSUBSCRIBED")
    for contact in crowd(8)[3:]:
        home.actors["apollo"].create(contact)
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/search:3-99:status=503"))
    await home.run()
    as_of = later(home, minutes=30)
    bring(home, "apollo", f"record_id,email\n{nora},{person('Nora Nein').email}\n", as_of=as_of, complete=True)
    await home.run()
    assert home.topo.rows == []
    home.apollo.traffic.faults.clear()
    later(home, hours=1)
    report = await home.run()
    assert (report.holds, len(home.topo.rows)) == ((), 8)


async def test_an_edit_that_an_export_shows_meets_the_one_made_elsewhere_meanwhile(home: House) -> None:
    at_apollo, row = await known_at_both(home)
    home.actors["datananas"].edit(row, {"job_title": "CFO"})
    home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
    as_of = later(home, hours=1)
    bring(home, "datananas", f"record_id,email,job_title\n{row},{ANA},CFO\n", as_of=as_of)
    report = await home.run()
    (conflict,) = report.conflicts
    assert (conflict.field, sorted(map(str, conflict.values.values()))) == ("job_title", ["CEO", "CFO"])


async def known_at_both(home: House) -> tuple[str, str]:
    """Ana's records at Apollo and at Datananas, both COO."""
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    made = (
        home.actors["apollo"].create(person(job_title="COO")),
        home.actors["datananas"].create(person(job_title="COO")),
    )
    home.export()
    await home.run()
    return made


async def test_a_row_of_which_no_total_told_that_it_was_written_is_not_edited_back_by_the_next_export(
    home: House,
) -> None:
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    allow = (*GENEROUS, "replace=datananas:999", "replace=apollo:999")
    ids = [home.actors["apollo"].create(contact) for contact in crowd(128, job_title="COO")]
    await home.run()
    home.datananas.turn(silently_refuse=lambda row: int(row["email"].partition("@")[0][6:]) % 2 == 0)
    for record in ids[:64]:
        home.apollo.edit(record, title="CEO")
    later(home, hours=1)
    await home.run(allow=allow)
    as_of = later(home, hours=1)
    rows = [f"{row['_id']},{row['email']},{row['position']}" for row in home.datananas.rows]
    assert Counter(row.rpartition(",")[2] for row in rows)["CEO"] < 64
    bring(home, "datananas", "\n".join(["record_id,email,job_title", *rows, ""]), as_of=as_of)
    await home.run(allow=allow)
    assert Counter(row["title"] for row in home.apollo.rows) == {"CEO": 64, "COO": 64}


async def test_joins_of_several_exports_are_too_many_together(home: House) -> None:
    home.without("topo")
    home.configure("datananas", create=False)
    home.configure("apollo", create=False)
    home.section("guards", merge={"share": 0.0, "floor": 3})
    for contact in crowd(6):
        home.actors["apollo"].create(contact)
    told = [f"{number},other{number}@tallpine-freight.com," for number in range(6)]
    for known in (0, 2, 4, 6):
        told[:known] = [f"{n},other{n}@tallpine-freight.com,{crowd(6)[n].linkedin_url}" for n in range(known)]
        bring(home, "datananas", "\n".join(["record_id,email,linkedin_url", *told]), as_of=later(home, hours=1))
        if not known:
            await home.run()
    report = await home.run(allow=())
    assert [(g.kind, g.allow) for g in report.guards] == [("merge", "merge=all:6")]
    assert (await home.run(allow=("merge=all:6",))).people.total == 6
    assert (await home.run(allow=())).guards == ()


async def test_a_row_we_made_is_not_written_while_it_may_be_another_one_that_an_export_shows(home: House) -> None:
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=True)
    record = home.actors["apollo"].create(person(job_title="CFO"))
    await home.run()
    (made,) = home.datananas.rows
    home.datananas.edit(made["_id"], email=NEW)
    profile = person().linkedin_url
    bring(
        home,
        "datananas",
        f"record_id,email,linkedin_url\n{made['_id']},{NEW},{profile}\n",
        as_of=later(home, hours=1),
    )
    home.actors["apollo"].edit(record, {"job_title": "CEO"})
    home.clock.advance(hours=1)
    report = await home.run()
    assert len(home.datananas.rows) == 1
    assert [(o.state, o.reason) for o in at(report, "datananas")] == [("blocked", "no-match-key")]


async def test_an_export_from_before_a_full_reading_brings_nobody_back_whom_it_lacked(
    home: House,
) -> None:
    home.without("datananas")
    for contact in crowd(4):
        home.actors["apollo"].create(contact)
    gone, as_of = home.actors["apollo"].create(person()), home.clock.now()
    home.clock.advance(minutes=5)
    home.apollo.remove(gone)
    home.clock.advance(hours=1)
    await home.run()
    told = bring(home, "apollo", f"record_id,email\n{gone},{person().email}\n", as_of=as_of)
    assert (told.records, told.older) == (0, 1)
    await home.run()
    assert person().email not in {row["email"] for row in home.topo.rows}
