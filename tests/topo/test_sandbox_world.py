"""The sandbox finds known contacts by index and never otherwise than by looking at all of them."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from adapters.topo.sandbox_rules import Switches
from adapters.topo.sandbox_world import World

ADDRESSES = st.sampled_from(["a@corp.com", " A@corp.com", "b@corp.com", "c@corp.com"])
STEPS = st.lists(st.tuples(st.sampled_from(["add", "edit", "remove", "again"]), ADDRESSES, st.integers(0, 9)))


@given(STEPS, ADDRESSES)
def test_an_entry_meets_the_first_contact_that_carries_its_address_now(
    steps: list[tuple[str, str, int]], address: str
) -> None:
    world = World(Switches(resolve="at_once", contact_unique="email"))
    names = (f"c{number}" for number in count())
    for kind, email, place in steps:
        known = list(world.contacts)
        if kind == "add" or not known:
            world.add(id=next(names), email=email)
            continue
        chosen = known[place % len(known)]
        if kind == "edit":
            world.edit(chosen, email=email)
            continue
        world.remove(chosen)
        if kind == "again":
            world.add(id=chosen, email=email)
    wanted = address.strip().lower()
    first = next((c["id"] for c in world.contacts.values() if c["email"].strip().lower() == wanted), None)
    before = set(world.contacts)
    _, entry = world.post_entry({"contact_list_id": world.add_list(name="all")["id"], "email": address})
    assert entry["contact_id"] == first if first else entry["contact_id"] not in before


def test_an_entry_posted_again_is_found_by_what_it_says_now() -> None:
    world = World(Switches(entry_match="email", resolve="at_once", contact_unique="none"))
    target = world.add_list(name="all")["id"]
    done = [
        world.post_entry({"contact_list_id": target, "email": email})[0]
        for email in ("a@corp.com", "A@corp.com ", "b@corp.com", "a@corp.com")
    ]
    assert done == ["CREATED", "UPDATED", "CREATED", "UPDATED"]
