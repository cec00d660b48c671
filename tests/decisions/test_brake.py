"""The brake: a provider that keeps writing its own value back is left alone until a person decides."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from sync.brake import LIMIT, WINDOW, noted, oscillates
from sync.change import Return
from tests.builders import NOW
from tests.decisions.desk import only_item, set_value, take, waiting
from tests.engine.house import House, at, person

if TYPE_CHECKING:
    from datetime import datetime


def history(*returns: tuple[str, str, datetime]) -> tuple[Return, ...]:
    kept: tuple[Return, ...] = ()
    for source, value, moment in returns:
        kept = noted(kept, Return(source=source, value=value, at=moment))
    return kept


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("returns", "brakes"),
    [
        ([], False),
        ([("apollo:1", "ceo", NOW)] * (LIMIT - 1), False),
        ([("apollo:1", "ceo", NOW)] * LIMIT, True),
        ([("apollo:1", "ceo", NOW), ("apollo:1", "cfo", NOW), ("apollo:1", "cto", NOW)], False),
        ([("apollo:1", "ceo", NOW), ("apollo:2", "ceo", NOW), ("topo:1", "ceo", NOW)], False),
        ([("apollo:1", "ceo", NOW + i * (WINDOW / 2 - HOUR)) for i in range(3)], True),
        ([("apollo:1", "ceo", NOW + i * (WINDOW / 2)) for i in range(3)], False),
    ],
)
def test_three_returns_of_one_value_within_a_day_brake(
    returns: list[tuple[str, str, datetime]], brakes: bool
) -> None:
    assert oscillates(history(*returns)) is brakes


async def oscillate(home: House, times: int) -> str:
    """Something at Apollo writes its own title back each time it was overwritten by the owner's."""
    home.section("merge", fields={"job_title": {"owner": "topo"}})
    home.actors["topo"].create(person(job_title="COO"))
    record = home.actors["apollo"].create(person(job_title="CEO"))
    await home.run()
    for _ in range(times):
        home.clock.advance(hours=1)
        home.actors["apollo"].edit(record, {"job_title": "CEO"})
        await home.run()
    return str(record)


async def test_a_value_put_back_after_ours_was_read_there_is_an_edit(home: House) -> None:
    at_topo = home.actors["topo"].create(person(job_title="COO"))
    record = home.actors["apollo"].create(person(job_title="COO"))
    await home.run()
    home.actors["topo"].edit(at_topo, {"job_title": "CEO"})
    await home.run()
    home.clock.advance(hours=1)
    home.actors["apollo"].edit(record, {"job_title": "COO"})
    report = await home.run()
    assert [o.fields["job_title"].after for o in at(report, "datananas")] == ["COO"]


async def test_twice_is_answered_and_the_third_return_freezes_the_field(home: House) -> None:
    record = await oscillate(home, 2)
    assert home.apollo.rows[0]["title"] == "COO"
    assert waiting(home) == []
    home.clock.advance(hours=1)
    home.actors["apollo"].edit(record, {"job_title": "CEO"})
    report = await home.run()
    assert at(report, "apollo") == []
    assert home.apollo.rows[0]["title"] == "CEO"
    (conflict,) = report.conflicts
    assert (conflict.field, conflict.reason, set(conflict.values.values())) == (
        "job_title",
        "oscillates",
        {"COO", "CEO"},
    )


async def test_a_frozen_field_stays_quiet_and_other_fields_flow(home: House) -> None:
    record = await oscillate(home, 3)
    home.clock.advance(hours=1)
    home.actors["apollo"].edit(record, {"job_title": "Chief", "company_name": "Lumen"})
    report = await home.run()
    assert [o.fields.keys() for o in at(report, "datananas")] == [{"company_name"}]
    assert len(report.conflicts) == 1
    assert len(waiting(home)) == 1


async def test_a_frozen_field_is_listed_with_what_its_records_show_now(home: House) -> None:
    record = await oscillate(home, 3)
    (before,) = (await home.run()).conflicts
    home.clock.advance(hours=1)
    home.actors["apollo"].edit(record, {"job_title": "Chief"})
    (listed,) = (await home.run()).conflicts
    assert dict(listed.values) == {**before.values, f"apollo:{record}": "Chief"}
    assert listed.since == before.since
    take(home, only_item(home), "apollo")
    assert {o.fields["job_title"].after for o in (await home.run()).operations} == {"Chief"}


async def test_a_person_who_takes_the_providers_value_ends_it(home: House) -> None:
    await oscillate(home, 3)
    take(home, only_item(home), "apollo")
    report = await home.run()
    assert [o.fields["job_title"].after for o in at(report, "datananas")] == ["CEO"]
    assert report.conflicts == ()
    assert waiting(home) == []


async def test_a_released_field_is_written_again_and_braked_again(home: House) -> None:
    record = await oscillate(home, 3)
    set_value(home, only_item(home), "COO")
    await home.run()
    assert home.apollo.rows[0]["title"] == "COO"
    for _ in range(3):
        home.clock.advance(hours=1)
        home.actors["apollo"].edit(record, {"job_title": "CEO"})
        await home.run()
    assert only_item(home).kind == "field"
