"""Two people edit one field at two providers between two cycles: a conflict, whatever is read in which order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from adapters.toolkit.faults import Fault
from tests.decisions.desk import join, only_item, set_value, take
from tests.engine.house import person
from tests.engine.test_exports import ANA, bring
from tests.engine.test_meanwhile import Meddler, run_with

if TYPE_CHECKING:
    from tests.engine.house import House


async def test_an_update_of_unknown_outcome_lets_no_edit_be_merged_before_the_other_is_read(home: House) -> None:
    home.without("datananas")
    home.configure("topo", update_by_entry="all")
    topo = home.actors["topo"].create(person(job_title="COO", company_name="Acme"))
    await home.rest()
    home.actors["topo"].edit(topo, {"company_name": "Acme Inc"})
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/bulk_update:1:reset-before"))
    await home.run()
    home.clock.advance(minutes=20)
    home.actors["topo"].edit(topo, {"job_title": "typed at topo"})
    home.apollo.edit(home.apollo.rows[0]["id"], title="typed at apollo")
    home.apollo.traffic.faults.append(Fault.parse("POST /api/v1/contacts/search:1-9:delay=1"))  # read last
    assert [conflict.field for conflict in (await home.run()).conflicts] == ["job_title"]
    assert home.topo.rows[0]["job_title"] == "typed at topo"


async def asked(home: House) -> dict[str, str]:
    """What the next cycle asks about the title: who says what."""
    (conflict,) = (await home.run()).conflicts
    assert conflict.field == "job_title"
    return {source.partition(":")[0]: str(value) for source, value in conflict.values.items()}


async def test_an_answer_between_an_import_and_the_next_run_hides_no_edit_made_elsewhere(home: House) -> None:
    topo = home.actors["topo"].create(person(job_title="COO"))
    other = home.actors["topo"].create(person("Boris Kern"))
    row = home.actors["datananas"].create(person(job_title="COO"))
    bring(home, "datananas", f"record_id,email,job_title\n{row},{ANA},COO\n", as_of=home.clock.now())
    await home.rest()
    home.actors["topo"].edit(topo, {"job_title": "typed at topo"})
    text = f"record_id,email,job_title\n{row},{ANA},told by the export\n"
    bring(home, "datananas", text, as_of=home.clock.now())
    join(home, f"topo:{topo}", f"topo:{other}")  # which merges both at once
    home.clock.advance(hours=1)
    assert await asked(home) == {"topo": "typed at topo", "datananas": "told by the export"}
    home.clock.advance(hours=1)
    assert await asked(home) == {"topo": "typed at topo", "datananas": "told by the export"}
    take(home, only_item(home), "datananas")
    await home.run()
    assert [row["title"] for row in home.apollo.rows if row["email"] == ANA] == ["told by the export"]


async def test_an_edit_at_a_provider_that_was_away_is_none_of_a_later_time(home: House) -> None:
    home.without("datananas")
    home.configure("topo", update_by_entry="all")
    topo = home.actors["topo"].create(person(job_title="COO"))
    await home.rest()
    home.actors["topo"].edit(topo, {"job_title": "typed at topo"})
    home.clock.advance(hours=1)
    home.apollo.edit(home.apollo.rows[0]["id"], title="typed at apollo")
    await home.run(providers=("apollo",))
    home.clock.advance(hours=1)
    assert await asked(home) == {"topo": "typed at topo", "apollo": "typed at apollo"}
    home.clock.advance(hours=1)
    await home.run()
    set_value(home, only_item(home), "set by hand")
    await home.run()
    assert (home.topo.rows[0]["job_title"], home.apollo.rows[0]["title"]) == ("set by hand", "set by hand")


async def test_edits_at_both_while_a_run_writes_are_a_conflict_when_the_other_is_read(home: House) -> None:
    home.without("datananas")
    home.configure("topo", update_by_entry="all")
    topo = home.actors["topo"].create(person(job_title="COO", company_name="Acme"))
    await home.rest()
    home.actors["topo"].edit(topo, {"company_name": "Acme Inc"})
    apollo = home.apollo.rows[0]["id"]

    others = partial(home.actors["topo"].edit, topo, {"job_title": "typed at topo"})
    edit = partial(home.apollo.edit, apollo, title="typed at apollo")
    await run_with(home, Meddler("push", "apollo", lambda: (others(), edit())))  # before what was written is read
    home.clock.advance(hours=1)
    assert await asked(home) == {"topo": "typed at topo", "apollo": "typed at apollo"}


async def test_a_value_set_by_hand_and_an_edit_that_was_not_read_then_are_a_conflict(home: House) -> None:
    home.without("datananas")
    home.configure("topo", update_by_entry="all")
    topo = home.actors["topo"].create(person(job_title="COO"))
    await home.rest()
    home.actors["topo"].edit(topo, {"job_title": "typed at topo"})
    home.apollo.edit(home.apollo.rows[0]["id"], title="typed at apollo")
    await home.run()
    home.actors["topo"].edit(topo, {"job_title": "typed anew"})
    set_value(home, only_item(home), "set by hand")
    home.clock.advance(hours=1)
    assert await asked(home) == {"topo": "typed anew", "human": "set by hand"}
    take(home, only_item(home), "human")
    await home.run()
    assert (home.topo.rows[0]["job_title"], home.apollo.rows[0]["title"]) == ("set by hand", "set by hand")


async def test_an_edit_that_only_a_full_read_shows_may_be_older_than_one_read_meanwhile(home: House) -> None:
    topo = await at_both(home)
    home.topo.edit(topo, job_title="typed at topo")  # which no list of touched contacts shows
    ana = next(row["id"] for row in home.apollo.rows if row["email"] == ANA)
    home.apollo.edit(ana, title="typed at apollo")
    assert not (await home.run()).conflicts
    home.clock.advance(days=2)
    assert await asked(home) == {"topo": "typed at topo", "apollo": "typed at apollo"}


async def test_an_edit_of_who_was_touched_after_what_stands_was_chosen_comes_later(home: House) -> None:
    topo = await at_both(home)
    ana = next(row["id"] for row in home.apollo.rows if row["email"] == ANA)
    home.apollo.edit(ana, title="typed at apollo")
    await home.run()
    home.clock.advance(hours=1)
    home.actors["topo"].edit(topo, {"job_title": "typed at topo"})
    assert not (await home.run()).conflicts
    assert "typed at topo" in {row["title"] for row in home.apollo.rows}


async def at_both(home: House) -> str:
    """Ana at Apollo and at Topo, which is not written to; her id there."""
    home.without("datananas")
    topo = home.actors["topo"].create(person(job_title="COO"))
    await home.rest()
    home.actors["topo"].create(person("Boris Kern"))  # touched later, so Ana is listed no more
    await home.rest()
    return str(topo)
