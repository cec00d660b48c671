"""Two people edit one field at two providers between two cycles: a conflict, whatever is read in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.toolkit.faults import Fault
from tests.engine.house import person

if TYPE_CHECKING:
    from sync.report.model import Report
    from tests.engine.house import House

FIELD = "66aa00000000000000000001"


def disputed(report: Report) -> list[str]:
    return [conflict.field for conflict in report.conflicts]


async def test_a_variable_that_only_single_reads_show_is_in_dispute_like_any_field(home: House) -> None:
    home.without("datananas")
    home.configure("topo", variables={"lead_source": "lead_source"})
    home.configure("apollo", custom_fields={"lead_source": FIELD})
    topo = home.actors["topo"].create(person(job_title="CFO"))
    apollo = home.actors["apollo"].create(person(job_title="CFO"))
    home.apollo.edit(apollo, typed_custom_fields={FIELD: "webinar"})
    await home.rest()
    home.topo.contact_variables[topo]["lead_source"] = "typed at topo"
    home.actors["topo"].edit(topo, {"job_title": "CEO"})
    home.apollo.edit(apollo, typed_custom_fields={FIELD: "typed at apollo"}, title="CTO")
    assert disputed(await home.run()) == ["job_title", "variables.lead_source"]
    assert home.topo.contact_variables[topo]["lead_source"] == "typed at topo"
    assert home.apollo.rows[0]["typed_custom_fields"] == {FIELD: "typed at apollo"}


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
    assert disputed(await home.run()) == ["job_title"]
    assert home.topo.rows[0]["job_title"] == "typed at topo"
