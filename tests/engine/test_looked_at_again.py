"""Whoever something still waits for is planned again, although nothing of their own changes meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine.house import House, at, crowd, house, person
from tests.engine.test_meanwhile import Meddler, run_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIELD = "66aa00000000000000000001"


class Before(list[Any]):
    """A request log; somebody acts right before the first request to ``path`` is carried out."""

    def __init__(self, path: str, act: Callable[[], object]) -> None:
        super().__init__()
        self._path, self._act = path, act

    def append(self, received: Any) -> None:
        if received.path.endswith(self._path) and not any(r.path == received.path for r in self):
            self._act()
        super().append(received)


async def test_a_record_that_a_create_met_is_given_what_it_lacks(home: House) -> None:
    home.without("datananas")
    home.actors["topo"].create(person(job_title="COO"))
    home.apollo.traffic.received = Before("/bulk_create", lambda: home.actors["apollo"].create(person()))
    await home.run()
    await home.run()
    assert [row["title"] for row in home.apollo.rows] == ["COO"]


async def test_a_record_that_came_while_its_person_was_written_to_is_given_what_it_lacks(home: House) -> None:
    home.configure("apollo", create=False)
    ana = home.actors["topo"].create(person(job_title="COO"))
    bob = home.actors["topo"].create(person("Bob Klein", job_title="COO"))
    home.actors["apollo"].create(person("Bob Klein", job_title="COO"))
    await home.rest()
    for record in (ana, bob):
        home.actors["topo"].edit(record, {"job_title": "CEO"})
    await run_with(home, Meddler("push", "datananas", lambda: home.actors["apollo"].create(person())))
    await home.run()
    assert [row["title"] for row in home.apollo.rows] == ["CEO", "CEO"]


async def test_who_waited_for_the_create_of_a_possible_double_is_created_when_that_is_refused(home: House) -> None:
    home.actors["topo"].create(person(linkedin_url=None, company_name="Oakmere"))
    home.actors["apollo"].create(person(emails=(), company_name="Oakmere"))
    home.datananas.turn(silently_refuse=lambda _: True)
    report = await home.run()
    assert {o.state for o in at(report, "datananas")} == {"refused", "blocked"}
    home.datananas.turn(silently_refuse=None)
    report = await home.run()
    assert [(o.kind, o.state) for o in at(report, "datananas")] == [("create", "acked")]
    assert (await home.run()).operations == ()


async def test_who_shared_a_group_mailbox_is_created_once_the_other_one_gives_it_up(home: House) -> None:
    home.actors["apollo"].create(person(emails=("info@acme.com",)))
    bob = home.actors["topo"].create(person("Bob Klein", emails=("info@acme.com",)))
    await home.run()
    home.actors["topo"].edit(bob, {"emails": "bob@acme.com"})
    await home.run()
    assert sorted(row["email"] for row in home.datananas.rows) == ["bob@acme.com", "info@acme.com"]


async def test_variables_that_one_cycle_did_not_come_to_are_read_by_a_later_one(home: House) -> None:
    home.without("datananas")
    home.section("sync", cursor_overlap="0s")
    home.configure("topo", variables={"lead_source": "lead_source"})
    home.configure("apollo", custom_fields={"lead_source": FIELD})
    records = [home.actors["topo"].create(contact) for contact in crowd(2)]
    await home.rest()
    for record in records:
        home.topo.contact_variables[record] = {"lead_source": "fair"}
        home.actors["topo"].edit(record, {"city": "Lyon"})
    home.configure("topo", variables_per_cycle=1)
    for _ in range(2):
        await home.run()
        home.clock.advance(minutes=20)
    assert [row["typed_custom_fields"] for row in home.apollo.rows] == [{FIELD: "fair"}] * 2


@pytest.mark.parametrize("looks", [1, 3])
async def test_what_somebody_writes_over_a_value_that_ours_never_replaced_is_their_edit(
    tmp_path: Path, looks: int
) -> None:
    async with house(tmp_path, topo={"entry_updates_contact": False}) as home:
        home.without("datananas")
        at_apollo = home.actors["apollo"].create(person(job_title="COO"))
        await home.run()
        home.actors["apollo"].edit(at_apollo, {"job_title": "CEO"})
        for _ in range(1 + looks):
            home.clock.advance(hours=1)
            await home.run()
        home.actors["topo"].edit(home.topo.rows[0]["id"], {"job_title": "CIO"})
        home.clock.advance(hours=1)
        await home.run()
        assert [row["title"] for row in home.apollo.rows] == ["CIO"]
