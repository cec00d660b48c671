"""An address is one text at Apollo: whatever its parts show after our write is no edit of anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sync.contact import ADDRESS_GROUP
from sync.wiring import load_settings, opened_store
from tests.engine.house import by_state, person

if TYPE_CHECKING:
    from tests.engine.house import House


@pytest.mark.parametrize(
    "parts",
    [
        {"country": "France"},
        {"state": "Bavaria", "country": "Germany"},
        {"city": "Lyon", "state": "Rhone"},
        {"city": "St. Gallen"},
    ],
)
async def test_an_incomplete_address_comes_back_from_a_create_as_nobodys_edit(
    home: House, parts: dict[str, str]
) -> None:
    home.actors["topo"].create(person("Ana Diaz", **parts))
    first = await home.run()
    assert by_state(first)[("apollo", "create", "verified")] == 1
    await home.rest()
    assert by_state(await home.run()) == {}
    assert await _address(home) == parts


async def test_what_another_part_of_the_line_becomes_with_an_update_is_nobodys_edit(home: House) -> None:
    topo = home.actors["topo"].create(person("Ana Diaz"))
    await home.rest()
    home.actors["topo"].edit(topo, {"state": "Bavaria", "country": "Germany"})
    report = await home.run()
    assert by_state(report)[("apollo", "update", "verified")] == 1
    await home.rest()
    assert by_state(await home.run()) == {}
    assert await _address(home) == {"state": "Bavaria", "country": "Germany"}


async def test_an_edit_of_a_part_that_we_never_wrote_is_one(home: House) -> None:
    home.actors["topo"].create(person("Ana Diaz", country="France"))
    await home.rest()
    (row,) = home.apollo.rows
    home.apollo.edit(row["id"], city="Lyon")
    await home.run()
    assert await _address(home) == {"city": "Lyon", "country": "France"}


async def _address(home: House) -> dict[str, str]:
    with opened_store(load_settings(home.config, home.environ)) as store:
        (one,) = store.people(store.people_with_key("email", "ana.diaz@oakmere-logistics.com"))
        fields = one.contact.to_fields()
    return {name: str(fields[name]) for name in ADDRESS_GROUP if name in fields}
