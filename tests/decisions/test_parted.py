"""What waits about two people who were one for a while, once they are two again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import Hold, ManualAction
from sync.engine import decisions
from sync.engine.named import records_named
from tests.decisions.desk import accept, desk, join, only_item, reject, waiting, whole
from tests.engine.house import House, house, person

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("Ana Stone", "Bob Stone")


def part(home: House, *records: str) -> None:
    with desk(home) as session:
        judged = decisions.unjoin(session, *(records_named(session.store, record) for record in records))
        assert judged is not None
        foreseen = decisions.foresee(session, judged)
        assert foreseen is not None
        decisions.carry_out(session, foreseen)


async def gone_while_joined(home: House) -> tuple[str, str]:
    """Of two who were joined and parted the one that the other went on for, whose record at Topo vanished
    meanwhile: a record and the id.
    """
    home.without("datananas")
    records = [f"apollo:{home.actors['apollo'].create(person(name))}" for name in NAMES]
    await home.rest()
    ids = {record: whole(home, record).id for record in records}
    join(home, *records)
    (lost,) = (record for record, own in ids.items() if own != whole(home, record).id)
    await home.run()
    home.topo.remove(next(r["id"] for r in home.topo.rows if r["first_name"] == whole_name(home, lost)))
    home.clock.advance(hours=25)
    await home.run()
    part(home, *records)
    await home.run()
    return lost, ids[lost]


def whole_name(home: House, record: str) -> str:
    (name,) = (r["first_name"] for r in home.apollo.rows if f"apollo:{r['id']}" == record)
    return str(name)


async def test_a_record_that_vanished_is_held_for_whose_it_is(home: House) -> None:
    _, owner = await gone_while_joined(home)
    item = only_item(home)
    assert isinstance(item.finding, Hold)
    assert item.finding.person_id == owner
    accept(home, item)
    todo = only_item(home).finding
    assert isinstance(todo, ManualAction)
    assert (todo.person_id, todo.provider) == (owner, "apollo")


async def test_who_may_be_created_once_more_is_whose_record_vanished(home: House) -> None:
    lost, _ = await gone_while_joined(home)
    reject(home, only_item(home))
    await home.run()
    assert whole_name(home, lost) in {row["first_name"] for row in home.topo.rows}
    assert waiting(home) == []


async def test_each_of_two_creates_that_show_late_is_tied_to_what_it_made(tmp_path: Path) -> None:
    async with house(tmp_path, topo={"resolve": "after_reads=6"}) as home:
        home.without("datananas")
        records = [f"apollo:{home.actors['apollo'].create(person(name, linkedin_url=None))}" for name in NAMES]
        await home.run()
        join(home, *records)
        for _ in range(4):
            home.clock.advance(hours=30)
            await home.run()
        with desk(home) as session:
            states = [o.state for o in session.store.operations(provider="topo", kinds=("create",))]
        assert states == ["verified", "verified"]
        sent = {m.record.contact.first_name: m.link.sent["first_name"] for m in whole(home, records[0]).members
                if m.record.ref.provider == "topo"}  # fmt: skip
        assert sent == {"Ana": "Ana", "Bob": "Bob"}
