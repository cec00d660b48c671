"""People who part after a run wrote from one to the other: each record has what its own people left there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.decisions import desk
from tests.engine.house import person

if TYPE_CHECKING:
    from tests.engine.house import House


@pytest.fixture
def two(home: House) -> House:
    """Nobody is created; what differs is written everywhere."""
    home.without("datananas")
    home.configure("topo", update_by_entry="all", create=False)
    home.configure("apollo", create=False)
    return home


async def run(home: House, **options: str) -> str:
    report = await home.run(**options)  # type: ignore[arg-type]  # a mode, and the run to undo
    home.clock.advance(hours=1)
    return report.run_id


async def test_what_was_typed_while_they_were_one_and_written_over_is_written_back(two: House) -> None:
    ana = two.actors["apollo"].create(person("Ana Diaz", job_title="A0"))
    chiara = two.actors["topo"].create(person("Chiara Lund", job_title="C0"))
    await two.rest()
    desk.join(two, f"topo:{chiara}", f"apollo:{ana}")
    two.actors["topo"].edit(chiara, {"job_title": "C1"})
    await run(two)
    two.actors["apollo"].edit(ana, {"job_title": "A1"})
    await run(two)
    assert two.topo.rows[0]["job_title"] == "A1"
    desk.split(two, f"apollo:{ana}", f"apollo:{ana}")
    await run(two)
    assert (two.topo.rows[0]["job_title"], two.apollo.rows[0]["title"]) == ("C1", "A1")
    assert (await two.run()).operations == ()


async def test_a_value_that_an_undo_restored_stays_with_the_record_that_had_it(two: House) -> None:
    topo = two.actors["topo"].create(person(job_title="CFO"))
    ana = two.actors["apollo"].create(person(job_title="CFO"))
    eve = two.actors["apollo"].create(person("Eve Ek", job_title="CTO"))
    await two.rest()
    two.actors["apollo"].edit(ana, {"job_title": "COO"})
    done = await run(two)
    desk.join(two, f"topo:{topo}", f"apollo:{eve}")
    await run(two)
    await run(two, mode="undo", undo=done)
    desk.split(two, f"apollo:{eve}", f"apollo:{eve}")
    await run(two)
    assert two.topo.rows[0]["job_title"] == "CFO"
    assert {row["first_name"]: row["title"] for row in two.apollo.rows} == {"Ana": "CFO", "Eve": "CTO"}
    assert (await two.run()).operations == ()


@pytest.mark.parametrize("order", [("topo", "apollo"), ("apollo", "topo")])
async def test_of_two_edits_of_one_side_while_they_were_one_the_later_one_stands(
    home: House, order: tuple[str, str]
) -> None:
    home.without("datananas")
    home.configure("topo", update_by_entry="all")
    ana = home.actors["topo"].create(person(job_title="COO"))
    boris = home.actors["topo"].create(person("Boris Kern"))
    await home.rest()
    (at_apollo,) = (row["id"] for row in home.apollo.rows if row["first_name"] == "Ana")
    theirs = [str(m.record.ref) for m in desk.whole(home, f"topo:{boris}").members]
    desk.join(home, f"topo:{ana}", f"topo:{boris}")
    await home.rest()
    for provider in order:
        home.actors[provider].edit({"topo": ana, "apollo": at_apollo}[provider], {"job_title": f"at {provider}"})
        await home.rest()
    desk.split(home, f"topo:{ana}", *theirs)
    found = desk.whole(home, f"topo:{ana}")
    assert (found.contact.job_title, found.conflicts) == (f"at {order[1]}", ())
    assert f"at {order[0]}" in found.choices["job_title"].losers.values()


@pytest.mark.parametrize("decided", ["at first contact", "by an edit", "by hand"])
async def test_a_split_taken_back_after_a_run_gives_back_what_stood(two: House, decided: str) -> None:
    topo = two.actors["topo"].create(person(job_title="CFO"))
    ana = two.actors["apollo"].create(person(job_title="COO"))
    await two.rest()
    stood = "CFO"
    if decided == "by an edit":
        two.actors["topo"].edit(topo, {"job_title": (stood := "CEO")})
    elif decided == "by hand":
        two.actors["topo"].edit(topo, {"job_title": "CEO"})
        two.actors["apollo"].edit(ana, {"job_title": "COO"})  # where CFO was written
        await run(two)
        desk.set_value(two, desk.only_item(two), stood := "set by hand")
    await run(two)
    before = desk.whole(two, f"topo:{topo}")
    assert before.contact.job_title == two.apollo.rows[0]["title"] == stood
    desk.split(two, f"apollo:{ana}", f"apollo:{ana}")
    await run(two)
    assert two.apollo.rows[0]["title"] == "COO"
    desk.unsplit(two, f"topo:{topo}", f"apollo:{ana}")
    again = desk.whole(two, f"topo:{topo}")
    assert (again.contact.job_title, again.choices["job_title"]) == (stood, before.choices["job_title"])
    await run(two)
    assert (two.topo.rows[0]["job_title"], two.apollo.rows[0]["title"]) == (stood, stood)
