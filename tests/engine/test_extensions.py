"""A phone number with an extension: known whole, sent in E.164, and never seen as a difference because of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.house import person

if TYPE_CHECKING:
    from tests.engine.house import House

WHOLE, PLAIN = "+33142685300;ext=12", "+33142685300"


async def test_a_number_goes_to_each_provider_without_its_extension_and_that_is_told_once(home: House) -> None:
    home.actors["datananas"].create(person(phone=WHOLE))
    home.export()
    report = await home.run()
    assert {(c.provider, c.field, c.reason) for c in report.cannot_express if c.field == "phone"} == {
        ("topo", "phone", "not-taken"),
        ("apollo", "phone", "not-taken"),
    }
    (entry,) = home.topo.entries.values()
    (row,) = home.apollo.rows
    assert entry["phone"] == PLAIN
    assert [number["raw_number"] for number in row["phone_numbers"]] == [PLAIN]
    for _ in range(3):
        home.clock.advance(hours=25)
        again = await home.run()
        assert (again.operations, again.cannot_express, again.conflicts) == ((), (), ())
    assert (await home.run("verify")).exit_code == 0


async def test_an_export_that_shows_the_number_we_sent_is_nobodys_edit(home: House) -> None:
    home.without("apollo")
    home.actors["topo"].create(person(phone="+33 1 42 68 53 00 ext. 12"))
    await home.run()
    (row,) = home.datananas.rows
    assert row["phone"] == PLAIN
    home.clock.advance(hours=1)
    home.export()
    for _ in range(2):
        home.clock.advance(hours=1)
        assert (await home.run()).operations == ()
    assert [contact["phone_number"] for contact in home.topo.rows] == ["+33 1 42 68 53 00 ext. 12"]


async def test_an_update_writes_the_number_without_its_extension(home: House) -> None:
    ana = home.actors["topo"].create(person())
    await home.rest()
    home.actors["topo"].edit(ana, {"phone": WHOLE})
    await home.run()
    (row,) = home.datananas.rows
    assert row["phone"] == PLAIN
    home.clock.advance(hours=1)
    assert (await home.run()).operations == ()
