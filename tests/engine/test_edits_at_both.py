"""Two people edit one field at two providers between two cycles: a conflict, whatever is read in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.toolkit.faults import Fault
from tests.engine.house import person

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
