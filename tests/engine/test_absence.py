"""Who a full read does not show is asked for by id before it counts as gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.toolkit.faults import Fault
from sync.engine.absence import MOST_LOOKED_FOR
from tests.decisions.desk import whole
from tests.engine.house import at, crowd, house, person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.engine.house import House

ANA = "ana.diaz@oakmere-logistics.com"


@pytest.fixture
async def shared(tmp_path: Path) -> AsyncIterator[House]:
    """Ana at Topo and in a workspace shared with strangers, and enough others that one missing is believed."""
    async with house(tmp_path, apollo={"transport": "aisa"}) as home:
        home.configure("datananas", create=False)
        home.section("sync", full_sweep_every="0s")
        for contact in (person(job_title="COO"), *crowd(20)):
            home.actors["topo"].create(contact)
        await home.rest()
        yield home


def unlabelled(home: House, **edits: str | bool) -> str:
    """A stranger takes our label off Ana, and somebody edits her; her id."""
    (ana,) = (row["id"] for row in home.apollo.rows if row["email"] == ANA)
    home.apollo.edit(ana, label_ids=[], **edits)
    return str(ana)


async def test_a_linked_contact_without_our_label_is_read_on(shared: House) -> None:
    ana = unlabelled(shared, title="CEO")
    assert not (await shared.run()).holds
    assert whole(shared, f"apollo:{ana}").contact.job_title == "CEO"
    unlabelled(shared, email_unsubscribed=True)
    shared.clock.advance(hours=1)
    await shared.run()
    assert [row["email"] for row in shared.topo.exclusions.values()] == [ANA]


async def test_who_is_not_there_by_id_either_is_gone(shared: House) -> None:
    shared.apollo.remove(unlabelled(shared))
    (hold,) = (await shared.run()).holds
    assert (hold.kind, hold.provider) == ("disappeared", "apollo")


async def test_whom_nobody_could_ask_for_waits_for_the_next_full_read(shared: House) -> None:
    shared.apollo.remove(unlabelled(shared))
    shared.apollo.traffic.faults.append(Fault.parse("GET /apis/v1/apollo/contacts/*:1-9:status=503"))
    report = await shared.run()
    assert (report.holds, report.exit_code) == ((), 11)
    shared.apollo.traffic.faults.clear()
    shared.clock.advance(hours=1)
    assert len((await shared.run()).holds) == 1


async def test_only_so_many_are_asked_for_by_id(home: House) -> None:
    home.without("datananas", "apollo")
    home.section("sync", full_sweep_every="0s")
    created = [home.actors["topo"].create(contact) for contact in crowd(MOST_LOOKED_FOR * 5)]
    await home.rest()
    for record_id in created[: MOST_LOOKED_FOR + 1]:
        home.topo.remove(record_id)
    home.topo.traffic.received.clear()
    await home.run(allow=("emptied=topo:200",))
    asked = [r for r in home.topo.traffic.received if r.path.startswith("/v1/contacts/")]
    assert len(asked) == MOST_LOOKED_FOR


def ids(home: House) -> tuple[str, str]:
    """Ana's records at Topo and at Apollo."""
    (topo,) = (row["id"] for row in home.topo.rows if row["email"] == ANA)
    (apollo,) = (row["id"] for row in home.apollo.rows if row["email"] == ANA)
    return topo, apollo


async def test_what_was_typed_in_a_record_that_no_list_shows_is_not_written_over(shared: House) -> None:
    shared.section("sync", full_sweep_every="24h")
    topo, apollo = ids(shared)
    unlabelled(shared)
    shared.clock.advance(days=2)
    await shared.run()
    shared.apollo.edit(apollo, title="typed at apollo")
    shared.clock.advance(hours=1)
    shared.actors["topo"].edit(topo, {"job_title": "typed at topo"})
    assert [(o.state, o.reason) for o in at(await shared.run(), "apollo")] == [("deferred", "stale-remote")]
    shared.clock.advance(hours=1)
    assert [conflict.field for conflict in (await shared.run()).conflicts] == ["job_title"]


async def test_a_no_in_a_record_that_no_list_shows_is_heard_before_its_person_is_created(shared: House) -> None:
    shared.section("sync", full_sweep_every="24h")
    _, apollo = ids(shared)
    unlabelled(shared)
    shared.clock.advance(days=2)
    await shared.run()
    shared.apollo.edit(apollo, email_unsubscribed=True)
    shared.clock.advance(hours=1)
    shared.configure("datananas", accept_blind_overwrite=True, create=True)
    await shared.run()
    created = {row["email"] for row in shared.datananas.rows}
    assert created
    assert ANA not in created


async def test_one_that_was_hidden_for_a_while_is_no_longer_held(shared: House) -> None:
    apollo = unlabelled(shared)
    shared.apollo.hide(apollo)
    assert len((await shared.run()).holds) == 1
    shared.clock.advance(hours=1)
    shared.apollo.workspace.hidden.clear()
    unlabelled(shared, title="CEO")
    assert not (await shared.run()).holds
    assert whole(shared, f"apollo:{apollo}").contact.job_title == "CEO"


async def test_one_of_whom_nobody_can_tell_hides_none_of_the_others(shared: House) -> None:
    first, *others = [row["id"] for row in shared.apollo.rows][:4]
    for record_id in (first, *others):
        shared.apollo.remove(record_id)
    shared.apollo.traffic.faults.append(Fault.parse(f"GET /apis/v1/apollo/contacts/{first}:*:status=500"))
    assert {hold.record_id for hold in (await shared.run()).holds} == set(others)
