"""Several people of whom nobody knows yet whether they are one: none of them is created where another one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sync.change import Suspicion
from tests.decisions import desk
from tests.engine.house import crowd, house, person

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sync.engine.review import Item
    from sync.report.model import Report
    from tests.engine.house import House

PLACES = ("apollo", "datananas", "topo")


async def three_profiles(home: House) -> Report:
    """One person's three records come to show three profiles, and nothing else that ties them."""
    records = {place: home.actors[place].create(person(linkedin_url=None)) for place in PLACES}
    home.export()
    await home.run()
    for place, record in records.items():
        profile = f"https://www.linkedin.com/in/ana-{place}"
        home.actors[place].edit(record, {"emails": f"ana@{place}-freight.com", "linkedin_url": profile})
    home.clock.advance(hours=1)
    home.export()
    return await home.run()


def rows(home: House) -> list[int]:
    return [len(home.boxes[place].rows) for place in PLACES]


def pairs(home: House) -> list[Item]:
    return [item for item in desk.waiting(home) if isinstance(item.finding, Suspicion)]


def places(item: Item) -> list[str]:
    assert isinstance(item.finding, Suspicion)
    return sorted(ref.provider for ref in item.finding.records)


async def test_one_person_whose_three_records_show_three_profiles_is_created_nowhere(home: House) -> None:
    report = await three_profiles(home)
    assert {(o.provider, o.kind, o.state, o.reason) for o in report.operations} == {
        (place, "create", "blocked", "suspected-duplicate") for place in PLACES
    }
    assert len(report.suspected_duplicates) == 3
    assert rows(home) == [1, 1, 1]


@pytest.mark.parametrize(("answer", "left", "there"), [(desk.accept, 1, [1, 1, 1]), (desk.reject, 2, [2, 1, 2])])
async def test_what_is_answered_about_two_of_three_leaves_the_third_in_question(
    home: House, answer: Callable[[House, Item], str], left: int, there: list[int]
) -> None:
    await three_profiles(home)
    answer(home, next(item for item in pairs(home) if places(item) == ["apollo", "topo"]))
    for _ in range(2):
        home.clock.advance(hours=1)
        await home.run()
        assert (len(pairs(home)), rows(home)) == (left, there)
    desk.accept(home, pairs(home)[0])
    await home.run()
    assert pairs(home) == []


async def test_an_edit_takes_nobody_out_of_a_dispute(home: House) -> None:
    await three_profiles(home)
    asked = {item.id for item in pairs(home)}
    home.actors["apollo"].edit(home.apollo.rows[0]["id"], {"emails": "ana@acme.com"})
    home.clock.advance(hours=1)
    await home.run()
    assert ({item.id for item in pairs(home)}, rows(home)) == (asked, [1, 1, 1])


@pytest.mark.parametrize("judged", [False, True])
async def test_a_likely_double_of_somebody_deleted_is_not_created_where_they_were_deleted(
    home: House, judged: bool
) -> None:
    home.without("datananas")
    home.actors["apollo"].create(person("Bob Brun"))
    home.actors["topo"].create(person("Cid Roux"))
    ana = home.actors["topo"].create(person(company_name="Oakmere"))
    await home.rest()
    home.topo.remove(ana)
    home.clock.advance(hours=25)
    await home.run()
    if judged:
        desk.accept(home, desk.only_item(home))
    home.actors["apollo"].create(person(company_name="Oakmere", emails=("ana@gmail.com",), linkedin_url=None))
    home.clock.advance(hours=1)
    report = await home.run()
    assert [(o.provider, o.reason) for o in report.operations] == [("topo", "suspected-duplicate")]
    assert "Ana" not in {row["first_name"] for row in home.topo.rows}


async def test_of_two_who_shared_an_address_none_is_created_twice_once_one_has_another(home: House) -> None:
    one, other = (
        person(emails=("head@oakmere.com",), linkedin_url=f"https://www.linkedin.com/in/ana-{n}") for n in (1, 2)
    )
    ana = home.actors["topo"].create(one)
    home.actors["apollo"].create(other)
    home.export()
    await home.run()
    asked = {item.id for item in pairs(home)}
    home.actors["topo"].edit(ana, {"emails": "ana@new.com"})
    home.clock.advance(hours=1)
    home.export()
    await home.run()
    assert ({item.id for item in pairs(home)}, len(asked)) == (asked, 1)
    assert (len(home.apollo.rows), len(home.topo.rows)) == (1, 1)


async def test_who_may_be_the_record_that_a_pending_entry_becomes_is_created_nowhere(tmp_path: Path) -> None:
    async with house(tmp_path, topo={"resolve": "never"}) as home:
        home.configure("datananas", accept_blind_overwrite=True, create_from=["topo"])
        known: dict[str, Any] = {"company_name": "Oakmere", "linkedin_url": None}
        home.actors["apollo"].create(person(**known))
        for contact in crowd(3):
            home.actors["topo"].create(contact)
        await home.run()
        home.clock.advance(hours=1)
        home.actors["topo"].create(person(emails=("ana@gmail.com",), **known))  # made of our entry, and enriched
        report = await home.run()
        made = [o for o in report.operations if o.contact.email == "ana@gmail.com"]
        assert {(o.provider, o.state, o.reason) for o in made} == {
            (place, "blocked", "suspected-duplicate") for place in ("apollo", "datananas")
        }
        assert len(pairs(home)) == 1
