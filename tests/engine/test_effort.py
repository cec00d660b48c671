"""How many requests a cycle takes: whole pages, whole batches, and the looks that writing safely costs."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from tests.engine.house import by_state, crowd

if TYPE_CHECKING:
    from tests.engine.house import House


async def test_two_thousand_contacts_go_through_the_datananas_stream_in_whole_batches(home: House) -> None:
    home.without("apollo")
    home.configure("datananas", batch_size=500)
    home.datananas.turn(running_every=100)
    for contact in crowd(2000):
        home.actors["topo"].create(contact)
    report = await home.run()
    assert by_state(report) == {("datananas", "create", "acked"): 2000}
    assert home.datananas.traffic.count("POST", "/contacts/bulk") == 4
    assert [(b.sent, b.created, b.updated) for b in report.bulk] == [(500, 500, 0)] * 4
    assert report.exit_code == 0


async def test_hundreds_of_contacts_each_way_take_whole_pages_and_batches(home: House) -> None:
    each = 300
    home.without("datananas")
    people = crowd(2 * each)
    for contact in people[:each]:
        home.actors["topo"].create(contact)
    for contact in people[each:]:
        home.actors["apollo"].create(contact)
    report = await home.run()
    assert by_state(report) == {("apollo", "create", "verified"): each, ("topo", "create", "verified"): each}
    batches = ceil(each / 100)
    assert home.topo.traffic.count("POST", "/v1/contact-entries") == batches
    assert home.apollo.traffic.count("POST", "/api/v1/contacts/bulk_create") == batches
    sweep = ceil(each / 99)  # each page shows the last row of the one before once more
    read_back = ceil(2 * each / 99)
    behind = 1  # what changed while the sweep was read
    assert home.topo.traffic.count("GET", "/v1/contacts") <= sweep + 2 + behind + batches + read_back
    searches = ceil(each / 100) + 4 + batches + ceil(2 * each / 100) + 1
    assert home.apollo.traffic.count("POST", "/api/v1/contacts/search") <= searches
    assert home.topo.traffic.count("GET", "/v1/contact-lists/3c90c3cc-0d44-4b50-8888-8dd25736052a") <= batches + 1
