"""What a provider refused: remembered under the settings that it was sent with, and no longer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.faults import Fault
from tests.engine.house import GENEROUS, at, by_state, crowd, person

if TYPE_CHECKING:
    from tests.engine.house import House


async def test_rows_refused_under_a_wrong_field_map_are_sent_once_it_is_right(home: House) -> None:
    home.without("apollo")
    for contact in crowd(3):
        home.actors["topo"].create(contact)
    home.datananas.turn(field_names={"email": "mail", "linkedin": "profileUrl"})
    assert by_state(await home.run()) == {("datananas", "create", "refused"): 3}
    assert by_state(await home.run()) == {}
    home.configure("datananas", field_map={"emails": "mail", "linkedin_url": "profileUrl"})
    (guard,) = (await home.run()).guards
    assert by_state(await home.run(allow=(*GENEROUS, guard.allow))) == {("datananas", "create", "acked"): 3}
    assert by_state(await home.run()) == {}


async def test_a_refusal_outlives_a_change_of_another_providers_settings(home: House) -> None:
    home.without("apollo")
    home.actors["topo"].create(person())
    home.datananas.turn(field_names={"email": "mail", "linkedin": "profileUrl"})
    assert [o.state for o in at(await home.run(), "datananas")] == ["refused"]
    home.configure("topo", requests_per_second=50.0)
    assert at(await home.run(), "datananas") == []


@pytest.mark.parametrize("status", [404, 405, 415])
@pytest.mark.parametrize(
    ("name", "path"),
    [("topo", "/v1/contact-entries"), ("apollo", "/api/v1/contacts/bulk_create"), ("datananas", "/contacts/bulk")],
)
async def test_a_refused_address_or_form_is_no_fault_of_the_rows(
    home: House, name: str, path: str, status: int
) -> None:
    for contact in crowd(4):
        home.actors["apollo" if name == "topo" else "topo"].create(contact)
    home.boxes[name].traffic.faults.append(Fault.parse(f"POST {path}:1:status={status}"))
    report = await home.run()
    assert {o.state for o in at(report, name)} == {"deferred"}
    assert report.exit_code == 11
    assert home.boxes[name].traffic.count("POST", path) == 1
    assert {o.state for o in at(await home.run(), name)} <= {"acked", "verified"}


async def test_a_match_by_name_and_company_alone_waits_for_a_person_and_links_nobody(home: House) -> None:
    home.without("datananas")
    home.apollo.add(
        email="john@elsewhere.fr", first_name="John", last_name="Smith", organization_name="Acme Widgets"
    )
    home.actors["topo"].create(person("John Smith", company_name="Acme Widgets"))
    report = await home.run()
    (refused,) = at(report, "apollo", "create")
    assert (refused.state, refused.reason) == ("refused", "match-doubtful")
    assert [(h.kind, h.record_id) for h in report.holds] == [("match-doubtful", home.apollo.rows[0]["id"])]
    assert [row["email"] for row in home.apollo.rows] == ["john@elsewhere.fr"]
    again = await home.run()
    assert (at(again, "apollo"), len(again.holds)) == ([], 1)


async def test_a_row_that_a_bulk_upload_leaves_out_without_a_word_is_named(home: House) -> None:
    for contact in crowd(5):
        home.actors["topo"].create(contact)
    home.without("apollo")
    home.datananas.turn(silently_refuse=lambda row: str(row.get("email")).startswith("person3@"))
    report = await home.run()
    assert report.exit_code == 3
    states = {str(o.contact.email).partition("@")[0]: (o.state, o.reason) for o in report.operations}
    assert states.pop("person3") == ("refused", "rejected")
    assert {state for state, _ in states.values()} == {"acked"}
    again = await home.run()
    assert (again.exit_code, again.operations) == (0, ())
