"""Two people kept apart who show one address: no provider that recognises people by it may take them for one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.decisions import desk
from tests.engine.house import at, person

if TYPE_CHECKING:
    from typing import Any

    from tests.engine.house import House


def entered(home: House, *emails: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ana and Bob at Topo, who show one address each; the contacts as they stand there."""
    for name, email in zip(("Ana Diaz", "Bob Klein"), emails, strict=True):
        home.actors["topo"].create(person(name, emails=(email,), job_title="CFO"))
        home.clock.advance(minutes=1)
    ana, bob = home.topo.rows
    return dict(ana), dict(bob)


@pytest.mark.parametrize("email", ["x@acme.com", "info@acme.com"])
async def test_no_entry_is_posted_again_under_an_address_of_somebody_else(home: House, email: str) -> None:
    home.configure("topo", update_by_entry="all")
    home.configure("apollo", create=False)
    before = entered(home, email, email)
    bob = home.actors["apollo"].create(person("Bob Klein", emails=("bob@acme.com",), job_title="CFO"))
    await home.run()
    home.actors["apollo"].edit(bob, {"job_title": "CEO"})
    report = await home.run()
    assert [(o.state, o.reason) for o in at(report, "topo", "update")] == [("blocked", "shared-key")]
    assert tuple(home.topo.rows) == before


async def test_nobody_is_created_where_their_mailbox_is_another_persons_too(home: House) -> None:
    home.actors["topo"].create(person(emails=("info@acme.com",)))
    home.actors["apollo"].create(person("Bob Klein", emails=("info@acme.com",)))
    (ana,), (bob,) = map(dict, home.topo.rows), map(dict, home.apollo.rows)
    report = await home.run()
    assert {(o.kind, o.state, o.reason) for o in report.operations} == {("create", "blocked", "shared-key")}
    assert (home.topo.rows, home.apollo.rows) == ([ana], [bob])


@pytest.mark.parametrize("leaves", ["apollo", "datananas"])
async def test_an_address_that_was_just_entered_is_not_entered_again_after_a_split(
    home: House, leaves: str
) -> None:
    for name in ("topo", "apollo", "datananas"):
        home.configure(name, create=False)
    home.topo.switches = replace(home.topo.switches, index_lag_s=600.0)
    ana = person(linkedin_url=None)
    maria = person("Diaz Ana Maria", emails=("ana@private-freight.com",), linkedin_url=None)
    records = {"apollo": home.actors["apollo"].create(ana), "datananas": home.actors["datananas"].create(maria)}
    home.export()
    await home.run()
    desk.join(home, str(ana.email), str(maria.email))
    home.configure("topo", create=True)
    await home.run()
    desk.split(home, str(ana.email), f"{leaves}:{records[leaves]}")
    home.clock.advance(minutes=2)
    await home.run()
    posts = [r for r in home.topo.traffic.received if r.method == "POST" and "contact-entries" in r.path]
    assert sum(str(post.body).count(str(ana.email)) for post in posts) == 1


async def test_who_has_a_group_mailbox_alone_is_created_with_it(home: House) -> None:
    home.actors["topo"].create(person(emails=("info@acme.com",)))
    await home.run()
    assert [row["email"] for row in (*home.apollo.rows, *home.datananas.rows)] == ["info@acme.com"] * 2


async def test_an_entry_that_met_a_twin_is_not_posted_again(home: House) -> None:
    home.configure("topo", update_by_entry="all")
    home.configure("datananas", create=False)
    for _ in range(2):
        home.actors["topo"].create(person(job_title="CFO"))
        home.clock.advance(minutes=1)
    ana = home.actors["apollo"].create(person(job_title="CFO"))
    await home.run()
    home.actors["apollo"].edit(ana, {"job_title": "CEO"})
    await home.run()
    sent = home.topo.writes
    for _ in range(2):
        home.clock.advance(minutes=20)
        assert (await home.run()).operations == ()
    assert home.topo.writes == sent
