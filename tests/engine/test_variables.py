"""Variables: custom fields at Apollo, contact variables at Topo, read one contact at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.faults import Fault
from tests.engine.house import at, by_state, crowd, person

if TYPE_CHECKING:
    from tests.engine.house import House

FIELD = "66aa00000000000000000001"


@pytest.fixture
def mapped(home: House) -> House:
    home.configure("topo", variables={"lead_source": "lead_source"})
    home.configure("apollo", custom_fields={"lead_source": FIELD})
    return home


def from_a_webinar(mapped: House, **values: str) -> tuple[str, str]:
    """Somebody at Topo and at Apollo, which alone tells where they come from."""
    record, contact = (mapped.actors[name].create(person(**values)) for name in ("topo", "apollo"))
    mapped.apollo.edit(contact, typed_custom_fields={FIELD: "webinar"})
    return record, contact


async def test_a_custom_field_of_apollo_becomes_a_variable_at_topo(mapped: House) -> None:
    record, _ = from_a_webinar(mapped)
    report = await mapped.run()
    assert [(o.kind, o.state) for o in at(report, "topo")] == [("variables", "verified")]
    assert mapped.topo.contact_variables[record] == {"lead_source": "webinar"}
    assert (await mapped.run()).operations == ()


async def test_a_variable_edited_at_topo_reaches_apollo(mapped: House) -> None:
    record, _ = from_a_webinar(mapped)
    await mapped.run()
    mapped.topo.contact_variables[record]["lead_source"] = "fair"
    mapped.topo.touch(record)
    mapped.actors["topo"].edit(record, {"city": "Lyon"})
    await mapped.run()
    assert mapped.apollo.rows[0]["typed_custom_fields"] == {FIELD: "fair"}


async def test_what_stands_at_topo_is_looked_at_before_it_is_written(mapped: House) -> None:
    record, _ = from_a_webinar(mapped)
    mapped.topo.contact_variables[record] = {"lead_source": "fair"}
    await mapped.run()
    assert mapped.topo.contact_variables[record] == {"lead_source": "fair"}
    assert mapped.apollo.rows[0]["typed_custom_fields"] == {FIELD: "fair"}


async def test_only_so_many_are_read_a_cycle_and_the_rest_waits(mapped: House) -> None:
    mapped.configure("topo", variables_per_cycle=2)
    for contact in crowd(5):
        mapped.actors["topo"].create(contact)
        row = mapped.actors["apollo"].create(contact)
        mapped.apollo.edit(row, typed_custom_fields={FIELD: "webinar"})
    written = [len([o for o in at(await mapped.run(), "topo") if o.kind == "variables"]) for _ in range(4)]
    assert written == [2, 2, 1, 0]


@pytest.mark.parametrize("trouble", ["gone", '{"contact_variables":{"lead_source":87}}'])
async def test_variables_that_cannot_be_read_of_one_contact_stop_nobody_else(mapped: House, trouble: str) -> None:
    mapped.without("datananas")
    mapped.configure("topo", variables_per_cycle=1)
    records = [mapped.actors["topo"].create(contact) for contact in crowd(2)]
    await mapped.run()
    (unread,) = [r for r in records if mapped.topo.traffic.count("GET", f"/v1/contacts/{r}/variables") == 0]
    if trouble == "gone":
        mapped.topo.remove(unread)
    else:
        mapped.topo.traffic.faults.append(Fault.parse(f"GET /v1/contacts/{unread}/variables:*:body={trouble}"))
    mapped.actors["apollo"].create(person())
    report = await mapped.run()
    assert by_state(report) == {("topo", "create", "verified"): 1}
    assert (report.exit_code, report.providers["topo"].status) == (0, "ok")
    assert unread in " ".join(report.providers["topo"].problems)


async def test_a_variable_that_was_edited_where_the_contact_shows_no_other_change_is_read(mapped: House) -> None:
    record, _ = from_a_webinar(mapped)
    await mapped.rest()
    mapped.topo.contact_variables[record]["lead_source"] = "fair"
    mapped.topo.touch(record)
    await mapped.run()
    assert mapped.apollo.rows[0]["typed_custom_fields"] == {FIELD: "fair"}
    await mapped.rest()  # whoever was written to is looked at once more
    looks = mapped.topo.traffic.count("GET", f"/v1/contacts/{record}/variables")
    await mapped.run()
    assert mapped.topo.traffic.count("GET", f"/v1/contacts/{record}/variables") == looks > 0


async def test_a_variable_that_was_edited_at_both_is_in_dispute_like_any_field(mapped: House) -> None:
    mapped.without("datananas")
    record, contact = from_a_webinar(mapped, job_title="CFO")
    await mapped.rest()
    mapped.topo.contact_variables[record]["lead_source"] = "typed at topo"
    mapped.actors["topo"].edit(record, {"job_title": "CEO"})
    mapped.apollo.edit(contact, typed_custom_fields={FIELD: "typed at apollo"}, title="CTO")
    report = await mapped.run()
    assert [conflict.field for conflict in report.conflicts] == ["job_title", "variables.lead_source"]
    assert mapped.topo.contact_variables[record]["lead_source"] == "typed at topo"
    assert mapped.apollo.rows[0]["typed_custom_fields"] == {FIELD: "typed at apollo"}


async def test_a_variable_that_was_typed_where_nothing_shows_it_is_not_written_over(mapped: House) -> None:
    mapped.without("datananas")
    record, contact = from_a_webinar(mapped)
    await mapped.rest()
    mapped.actors["topo"].create(person("Boris Kern"))  # touched later, so Ana is listed no more
    await mapped.rest()
    mapped.topo.contact_variables[record]["lead_source"] = "typed at topo"  # which touches nobody
    mapped.apollo.edit(contact, typed_custom_fields={FIELD: "typed at apollo"})
    assert [(o.kind, o.state, o.reason) for o in at(await mapped.run(), "topo")] == [
        ("variables", "deferred", "stale-remote")
    ]
    assert [conflict.field for conflict in (await mapped.run()).conflicts] == ["variables.lead_source"]
    assert mapped.topo.contact_variables[record] == {"lead_source": "typed at topo"}
