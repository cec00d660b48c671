"""In what order writes go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.house import crowd

if TYPE_CHECKING:
    from tests.engine.house import House


async def test_what_shares_a_request_goes_before_what_takes_one_each(home: House) -> None:
    home.without("datananas")
    home.configure("apollo", phones="patch")
    ids = [home.actors["topo"].create(contact) for contact in crowd(3)]
    await home.rest()
    for number, record in enumerate(ids):
        home.actors["topo"].edit(record, {"job_title": "CEO", "phone": f"+3314268530{number}"})
    seen = len(home.apollo.traffic.received)
    await home.run()
    writes = [
        r for r in home.apollo.traffic.received[seen:] if r.path.endswith("bulk_update") or r.method == "PATCH"
    ]
    assert [r.method for r in writes] == ["POST", "PATCH", "PATCH", "PATCH"]
    assert len(writes[0].body["contact_attributes"]) == 3
