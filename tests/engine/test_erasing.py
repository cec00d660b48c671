"""Erasure: nothing of the person is left, nobody brings them back, and what is left to do is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sync.engine import erasing, ledger
from sync.record import RecordRef
from sync.store_port import Settled
from tests.decisions.desk import accept, desk, join, only_item, reject, waiting
from tests.engine.house import House, person
from tests.engine.test_exports import bring

if TYPE_CHECKING:
    from sync.contact import Contact
    from sync.engine.erasing import Erasure

CANARY = "Quillonia"


def canary(**values: Any) -> Contact:
    return person(f"Zoe {CANARY}", **values)


def erase(home: House, record: str) -> Erasure:
    with desk(home) as session:
        found = session.store.people([session.store.person_of(RecordRef.parse(record)) or ""])
        erasure = erasing.prepare(session, found[0])
        erasing.forget(session, erasure)
        return erasure


def holds_canary(home: House) -> list[str]:
    files = [path for path in (home.folder / "state").iterdir() if path.is_file()]
    return [path.name for path in files if CANARY.lower().encode() in path.read_bytes().lower()]


async def known_everywhere(home: House) -> str:
    home.actors["topo"].create(person("Bob Brun"))
    record = home.actors["topo"].create(canary(job_title="CFO"))
    for _ in range(2):
        home.clock.advance(hours=1)
        await home.run()
    return f"topo:{record}"


def share_an_address(home: House) -> str:
    """Two people at Topo have one address; the id of Ana's record, Boris has the other."""
    shared = "shared.seat@oakmere-logistics.com"
    slugs = {"Ana Diaz": "a-d", "Boris Ek": "b-e"}
    ana, _ = (
        home.actors["topo"].create(person(n, emails=(shared,), linkedin_url=f"https://linkedin.com/in/{slug}"))
        for n, slug in slugs.items()
    )
    return str(ana)


async def test_nothing_of_the_person_is_left_in_any_file_of_the_state(home: House) -> None:
    record = await known_everywhere(home)
    assert holds_canary(home) == ["state.db"]
    erase(home, record)
    assert holds_canary(home) == []
    home.clock.advance(hours=1)
    report = await home.run()
    assert (report.exit_code, report.operations, report.people.total) == (0, (), 1)
    assert holds_canary(home) == []


async def test_each_record_is_something_to_do_by_hand_until_somebody_says_that_it_is_done(home: House) -> None:
    record = await known_everywhere(home)
    erasure = erase(home, record)
    tasks = [(a.provider, a.action) for a in (await home.run()).manual_actions]
    apollo = next(r.record_id for r in erasure.records if r.provider == "apollo")
    assert sorted(tasks) == [
        ("apollo", f"erase {apollo}"),
        ("datananas", "erase the record that `forget` named by its key"),
        ("topo", f"erase {record.partition(':')[2]}"),
    ]
    assert {item.kind for item in waiting(home)} == {"todo"}


async def test_records_that_are_named_by_a_key_are_counted(home: House) -> None:
    home.without("topo", "apollo")
    profile = "https://www.linkedin.com/in/zoe-q"
    rows = [f"a@{CANARY}.com,{profile}", f"b@{CANARY}.com,{profile}"]
    bring(home, "datananas", "\n".join(["email,linkedin_url", *rows]), as_of=home.clock.now())
    erase(home, f"datananas:email:a@{CANARY}.com".lower())
    (task,) = waiting(home)
    assert getattr(task.finding, "action", "") == "erase the 2 records that `forget` named by their keys"
    bring(home, "datananas", "\n".join(["linkedin_url,email", *rows, ""]), as_of=home.clock.now())
    assert waiting(home) == [task]


async def test_what_providers_still_show_of_the_person_is_never_taken_in_again(home: House) -> None:
    record = await known_everywhere(home)
    erase(home, record)
    home.actors["topo"].edit(record.partition(":")[2], {"job_title": "CEO"})
    again = home.actors["apollo"].create(canary(linkedin_url=None))
    home.clock.advance(hours=25)
    report = await home.run()
    assert (report.operations, report.people.total, holds_canary(home)) == ((), 1, [])
    assert [p.complete for p in report.providers.values()] == [True, None, True]
    assert ("apollo", f"erase {again}") in {(a.provider, a.action) for a in report.manual_actions}
    assert (await home.run("verify")).exit_code == 0


async def test_an_import_does_not_bring_them_back(home: House) -> None:
    record = await known_everywhere(home)
    erase(home, record)
    home.export()
    home.clock.advance(hours=1)
    report = await home.run()
    assert (report.people.total, holds_canary(home)) == (1, [])


async def test_somebody_else_with_the_same_address_goes_on(home: House) -> None:
    ana = share_an_address(home)
    for _ in range(2):
        home.clock.advance(hours=1)
        await home.run()
    reject(home, only_item(home))
    assert erase(home, f"topo:{ana}").shared
    home.clock.advance(hours=25)
    report = await home.run()
    assert (report.operations, report.people.total) == ((), 1)


async def test_who_shared_an_address_is_written_once_no_record_of_the_erased_is_left_to_be_removed(
    home: House,
) -> None:
    ana = share_an_address(home)
    await home.rest()
    reject(home, only_item(home))
    erase(home, f"topo:{ana}")
    home.topo.remove(ana)
    assert (await home.run()).operations == ()
    (task,) = waiting(home)
    accept(home, task)
    assert {(o.provider, o.kind) for o in (await home.run()).operations} == {
        ("apollo", "create"),
        ("datananas", "create"),
    }


async def test_a_named_person_can_let_them_be_known_again(home: House) -> None:
    record = await known_everywhere(home)
    erase(home, record)
    with desk(home) as session:
        assert ledger.release(session, f"zoe.{CANARY.lower()}@oakmere-logistics.com", "Kim", "asked")[0] == 1
    home.clock.advance(hours=25)
    assert (await home.run()).people.total == 2


async def test_while_something_sent_is_not_settled_nobody_is_erased(home: House) -> None:
    home.without("datananas")
    record = home.actors["topo"].create(canary())
    home.clock.advance(hours=1)
    await home.run()
    with desk(home) as session:
        (operation,) = session.store.operations(provider="apollo")
        unknown = Settled(operation=replace(operation, state="unknown"))
        session.store.save_settled([unknown], at=home.clock.now())
    with pytest.raises(erasing.NotSettled, match="is not settled yet"):
        erase(home, f"topo:{record}")


async def test_an_erased_record_that_shows_other_keys_by_now_is_not_taken_in_either(home: House) -> None:
    record = await known_everywhere(home)
    erasure = erase(home, record)
    for ref in erasure.records:
        if ref.provider == "apollo":
            home.apollo.edit(ref.record_id, email=f"z@{CANARY}-moved.com", contact_emails=[], linkedin_url=None)
    home.clock.advance(hours=25)
    report = await home.run()
    assert (report.exit_code, report.operations, report.people.total) == (0, (), 1)
    assert holds_canary(home) == []


async def dropped(home: House) -> str:
    """Zoe is erased, and was dropped under an id at Apollo that nobody knew before; the id."""
    erase(home, await known_everywhere(home))
    again = home.actors["apollo"].create(canary(linkedin_url=None))
    home.clock.advance(hours=25)
    await home.run()
    return str(again)


async def moved(home: House, record: str) -> int:
    """How many people there are once the record shows other keys."""
    home.apollo.edit(record, email=f"z@{CANARY}-moved.com", contact_emails=[], linkedin_url=None)
    home.clock.advance(hours=25)
    return (await home.run()).people.total


async def test_a_record_that_was_dropped_for_its_keys_stays_dropped_under_others(home: House) -> None:
    record = await dropped(home)
    marked = (home.folder / "state" / "opt-outs.ledger").read_bytes()
    assert (await moved(home, record), holds_canary(home)) == (1, [])
    assert (home.folder / "state" / "opt-outs.ledger").read_bytes() == marked


async def test_who_releases_an_erasure_releases_the_records_that_were_dropped_for_it(home: House) -> None:
    record = await dropped(home)
    with desk(home) as session:
        ledger.release(session, f"zoe.{CANARY.lower()}@oakmere-logistics.com", "Kim", "asked")
    assert await moved(home, record) == 3  # the others are Bob and Zoe


async def test_a_known_record_that_shows_an_erased_address_for_a_while_is_not_erased(home: House) -> None:
    erase(home, await known_everywhere(home))
    (bob,) = (row for row in home.apollo.rows if row["email"].startswith("bob"))
    home.apollo.edit(bob["id"], email=f"zoe.{CANARY.lower()}@oakmere-logistics.com")
    home.clock.advance(hours=25)
    await home.run()
    home.apollo.edit(bob["id"], email="bob.brun@oakmere-logistics.com", title="CTO")
    home.clock.advance(hours=25)
    await home.run()
    assert {row["firstName"]: row.get("position") for row in home.datananas.rows}["Bob"] == "CTO"


async def test_a_row_we_made_whose_id_was_told_is_erased_by_that_id(home: House) -> None:
    home.without("topo")
    home.actors["apollo"].create(canary())
    await home.run()
    (made,) = home.datananas.rows
    home.clock.advance(hours=1)
    home.export()
    await home.run()
    erasure = erase(home, f"datananas:{made['_id']}")
    assert RecordRef("datananas", made["_id"]) in erasure.records
    home.apollo.remove(home.apollo.rows[0]["id"])
    home.actors["datananas"].edit(made["_id"], {"emails": f"z@{CANARY}-moved.com", "linkedin_url": ""})
    home.export()
    home.clock.advance(hours=1)
    assert ((await home.run()).people.total, holds_canary(home)) == (0, [])
    assert f"erase {made['_id']}" in [getattr(i.finding, "action", "") for i in waiting(home)]


async def test_who_was_known_by_a_record_alone_stays_erased_until_a_named_person_releases_it(home: House) -> None:
    desk_of_all = person("Ana Diaz", emails=("info@oakmere-logistics.com",), linkedin_url=None)
    record = home.actors["topo"].create(desk_of_all)
    await home.rest()
    assert not erase(home, f"topo:{record}").keys
    home.clock.advance(hours=25)
    assert (await home.run()).people.total == 0
    with desk(home) as session:
        assert ledger.release(session, f"topo:{record}", "Kim", "asked")[0] == 1
    home.clock.advance(hours=25)
    assert (await home.run()).people.total == 1


async def test_what_was_sent_for_somebody_who_was_merged_into_them_is_waited_for_too(home: House) -> None:
    home.without("datananas")
    record = home.actors["topo"].create(canary())
    await home.rest()
    other = home.actors["topo"].create(person("Bob Brun"))
    await home.run()
    join(home, f"topo:{record}", f"topo:{other}")
    with desk(home) as session:
        operation = session.store.operations(provider="apollo")[-1]
        unknown = Settled(operation=replace(operation, state="unknown"))
        session.store.save_settled([unknown], at=home.clock.now())
    with pytest.raises(erasing.NotSettled, match="is not settled yet"):
        erase(home, f"topo:{record}")


async def test_who_may_be_one_with_somebody_is_not_erased_before_that_is_judged(home: House) -> None:
    home.without("datananas")
    record = home.actors["topo"].create(canary(company_name="Oakmere"))
    home.actors["apollo"].create(canary(company_name="Oakmere", emails=("zq@gmail.com",), linkedin_url=None))
    await home.run()
    with pytest.raises(erasing.NotSettled, match="may be one with 1 other one"):
        erase(home, f"topo:{record}")
    accept(home, only_item(home))
    erase(home, f"topo:{record}")
    home.clock.advance(hours=25)
    assert (await home.run()).people.total == 0
