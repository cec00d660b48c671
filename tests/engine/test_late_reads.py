"""Lists that show a record as it was before what is known of it: no edit, unless nobody has seen it yet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.decisions.desk import whole
from tests.engine.house import at, person

if TYPE_CHECKING:
    from tests.engine.house import House

LAG_S = 120.0


async def known_at_both(home: House) -> tuple[str, str]:
    """Somebody at Topo and Apollo, whose lists show changes two minutes later from now on."""
    at_topo = home.actors["topo"].create(person(job_title="COO"))
    at_apollo = home.actors["apollo"].create(person(job_title="COO"))
    await home.rest()
    home.apollo.workspace.switches = replace(home.apollo.workspace.switches, search_lag_s=LAG_S)
    return at_topo, at_apollo


async def test_what_an_answer_to_a_write_showed_is_not_put_back_by_a_list_that_is_behind(home: House) -> None:
    at_topo, at_apollo = await known_at_both(home)
    home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
    home.actors["topo"].edit(at_topo, {"company_name": "Oakmere"})
    await home.run()
    for _ in range(4):
        home.clock.advance(minutes=1)
        await home.run()
        assert whole(home, f"apollo:{at_apollo}").contact.job_title == "CEO"
    assert [row["position"] for row in home.datananas.rows] == ["CEO"]


async def test_an_edit_that_we_wrote_over_before_any_list_showed_it_is_seen_afterwards(home: House) -> None:
    at_topo, at_apollo = await known_at_both(home)
    home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
    home.clock.advance(minutes=1)
    home.actors["topo"].edit(at_topo, {"job_title": "CTO"})
    await home.run()
    home.clock.advance(minutes=1.5)
    await home.run()
    found = whole(home, f"apollo:{at_apollo}")
    assert "CEO" in {found.contact.job_title, *found.choices["job_title"].losers.values()}


async def test_a_list_that_shows_what_stood_before_an_edit_that_we_wrote_over_shows_nobodys_edit(
    home: House,
) -> None:
    at_topo, at_apollo = await known_at_both(home)
    home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
    home.actors["topo"].edit(at_topo, {"company_name": "Oakmere"})
    await home.run()  # the answer to the write of the company shows CEO
    home.clock.advance(minutes=1)
    await home.run()  # Topo is read once more, so what is edited there from now on comes after it
    home.actors["topo"].edit(at_topo, {"job_title": "CTO"})
    await home.run()  # CTO is written, and the list still shows COO
    found = whole(home, f"apollo:{at_apollo}")
    assert found.contact.job_title == "CTO"
    assert "CEO" in found.choices["job_title"].losers.values()


async def test_an_edit_that_was_read_by_id_is_not_put_back_by_a_list_that_shows_our_write_before_it(
    home: House,
) -> None:
    home.configure("topo", update_by_entry="all")
    home.actors["topo"].create(person("Boris Kern"))
    other = home.actors["apollo"].create(person("Boris Kern"))
    at_topo, at_apollo = await known_at_both(home)
    home.apollo.workspace.switches = replace(home.apollo.workspace.switches, search_lag_s=0.0)
    home.topo.switches = replace(home.topo.switches, index_lag_s=LAG_S)
    home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
    await home.run()
    home.clock.advance(minutes=2.5)
    home.actors["topo"].edit(at_topo, {"job_title": "CTO"})
    for record_id in (at_apollo, other):
        home.actors["apollo"].edit(record_id, {"company_name": "Oakmere"})
    report = await home.run()
    assert {o.state for o in at(report, "topo")} == {
        "deferred",
        "acked",
    }  # by id the one was seen, then all listed
    (shown,) = [
        m.record.contact for m in whole(home, f"topo:{at_topo}").members if m.record.ref.provider == "topo"
    ]
    assert shown.job_title == "CTO"
