"""A field that no row carried before, as before a mapping or in an export with fewer columns, is not known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.house import GENEROUS, at, crowd, person
from tests.engine.test_exports import bring

if TYPE_CHECKING:
    from sync.report.model import Report
    from tests.engine.house import House

FIELD = "66aa00000000000000000001"
KEY = "ana.diaz@oakmere-logistics.com"


async def cycle(home: House) -> Report:
    """A run that accepts what settings were changed, and an hour."""
    report = await home.run()
    if report.guards:
        report = await home.run(allow=(*GENEROUS, *(guard.allow for guard in report.guards)))
    home.clock.advance(hours=1)
    return report


async def test_another_column_of_an_export_is_nobodys_edit(home: House) -> None:
    home.without("topo")
    home.configure("datananas", update=False)
    at_apollo = home.actors["apollo"].create(person(job_title="CFO"))
    row = home.actors["datananas"].create(person(job_title="Accountant"))
    bring(home, "datananas", f"record_id,email\n{row},{KEY}\n", as_of=home.clock.now())
    await cycle(home)
    home.apollo.edit(at_apollo, title="CEO")
    await cycle(home)
    bring(home, "datananas", f"record_id,email,job_title\n{row},{KEY},Accountant\n", as_of=home.clock.now())
    await cycle(home)
    assert home.apollo.rows[0]["title"] == "CEO"


async def test_a_field_that_no_export_carried_is_not_written_over(home: House) -> None:
    home.without("topo")
    home.configure("datananas", accept_blind_overwrite=False)
    home.actors["apollo"].create(person(job_title="CFO"))
    row = home.actors["datananas"].create(person(job_title="Typed there"))
    bring(home, "datananas", f"record_id,email\n{row},{KEY}\n", as_of=home.clock.now())
    await cycle(home)
    assert home.datananas.rows[0]["position"] == "Typed there"


async def test_a_field_that_is_mapped_from_now_on_was_edited_by_nobody_before(home: House) -> None:
    home.without("datananas")
    home.configure("topo", variables={"lead_source": "lead_source"})
    at_topo = home.actors["topo"].create(person())
    home.topo.contact_variables[at_topo] = {"lead_source": "fair"}
    home.apollo.edit(home.actors["apollo"].create(person()), typed_custom_fields={FIELD: "stale"})
    await cycle(home)
    home.topo.contact_variables[at_topo] = {"lead_source": "webinar"}
    home.actors["topo"].edit(at_topo, {"city": "Lyon"})
    await cycle(home)
    home.configure("apollo", custom_fields={"lead_source": FIELD})
    await cycle(home)
    assert home.topo.contact_variables[at_topo] == {"lead_source": "webinar"}
    assert home.apollo.rows[0]["typed_custom_fields"] == {FIELD: "webinar"}


async def test_priority_decides_about_a_field_that_is_mapped_from_now_on(home: House) -> None:
    home.without("datananas")
    home.section("merge", priority=["apollo", "topo", "datananas"])
    home.configure("apollo", custom_fields={"lead_source": FIELD})
    at_topo = home.actors["topo"].create(person())
    home.topo.contact_variables[at_topo] = {"lead_source": "fair"}
    home.apollo.edit(home.actors["apollo"].create(person()), typed_custom_fields={FIELD: "webinar"})
    await cycle(home)
    home.configure("topo", variables={"lead_source": "lead_source"})
    await cycle(home)
    assert home.apollo.rows[0]["typed_custom_fields"] == {FIELD: "webinar"}
    assert home.topo.contact_variables[at_topo] == {"lead_source": "webinar"}


async def test_a_variable_that_is_mapped_from_now_on_is_read_before_it_is_written(home: House) -> None:
    home.without("datananas")
    home.configure("apollo", custom_fields={"lead_source": FIELD})
    home.configure("topo", variables_per_cycle=1)
    for contact in crowd(4):
        home.topo.contact_variables[home.actors["topo"].create(contact)] = {"lead_source": "typed at Topo"}
        home.apollo.edit(home.actors["apollo"].create(contact), typed_custom_fields={FIELD: "webinar"})
    await cycle(home)
    home.configure("topo", variables={"lead_source": "lead_source"})
    report = await cycle(home)
    assert all(own == {"lead_source": "typed at Topo"} for own in home.topo.contact_variables.values())
    assert not at(report, "topo")
