"""Rows of which something stands there in a form that nobody can read: nothing else of them is lost by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.decisions.desk import whole
from tests.engine.house import at, person

if TYPE_CHECKING:
    from tests.engine.house import House


@pytest.mark.parametrize("broken", [{"city": 7}, {"phone_numbers": [{"raw_number": 336}]}, {"account": "x"}])
async def test_a_no_counts_whatever_else_is_broken(home: House, broken: dict[str, Any]) -> None:
    home.actors["topo"].create(person())
    home.apollo.edit(home.actors["apollo"].create(person()), email_unsubscribed=True, **broken)
    report = await home.run()
    assert home.datananas.rows == []
    assert [o.reason for o in at(report, "datananas")] == ["opted-out"]


@pytest.mark.parametrize("broken", [{"email_unsubscribed": "perhaps"}, {"contact_stage_id": 3}])
async def test_who_says_something_unreadable_about_being_written_to_is_created_nowhere(
    home: House, broken: dict[str, Any]
) -> None:
    at_apollo = home.actors["apollo"].create(person())
    home.apollo.edit(at_apollo, **broken)
    report = await home.run()
    assert {o.provider: o.reason for o in report.operations} == {"topo": "unreadable", "datananas": "unreadable"}
    assert report.providers["apollo"].status == "partial"
    home.apollo.edit(at_apollo, **dict.fromkeys(broken))
    await home.rest()
    assert len(home.datananas.rows) == 1


async def test_an_edit_that_cannot_be_read_is_not_written_over(home: House) -> None:
    home.configure("topo", update_by_entry="all")
    at_topo = home.actors["topo"].create(person(job_title="COO"))
    at_apollo = home.actors["apollo"].create(person(job_title="COO"))
    await home.rest()
    (row,) = home.topo.rows
    row["job_title"] = {"text": "CTO", "lang": "en"}
    home.actors["topo"].edit(at_topo, {"city": "Lyon"})
    home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
    report = await home.run()
    assert [(o.state, o.reason) for o in at(report, "topo")] == [("blocked", "unreadable")]
    assert row["job_title"] == {"text": "CTO", "lang": "en"}
    assert whole(home, f"topo:{at_topo}").contact.city == "Lyon"
    assert "cannot be read, and is not written over" in report.providers["topo"].problems[0]
    home.actors["topo"].edit(at_topo, {"job_title": "COO"})
    await home.rest()
    assert row["job_title"] == "CEO"


async def test_somebody_new_with_a_broken_field_is_not_created_a_second_time(home: House) -> None:
    home.actors["apollo"].create(person(job_title="CEO"))
    home.topo.rows.clear()
    home.actors["topo"].create(person(job_title="COO"))
    home.topo.rows[0]["phone_number"] = 33142685300
    report = await home.run()
    assert len(home.topo.rows) == 1
    assert [(o.kind, o.reason) for o in at(report, "topo")] == []
    assert home.topo.rows[0]["job_title"] == "COO"
