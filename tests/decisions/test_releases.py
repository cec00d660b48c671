"""A release is about whoever was named: what others said themselves goes on counting for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.engine import ledger
from sync.engine.opt_out_lists import note_opt_outs
from sync.optouts import NOTHING, Effect, OptOutIndex
from sync.planning.opt_outs import keys_of_person
from sync.record import OptOut
from tests.decisions.worlds import World, world

if TYPE_CHECKING:
    from sync.person import Person

ANA, BOB = "ana@oakmere.com", "bob@lumen.fr"


def test_who_was_one_with_them_for_a_while_keeps_a_no_of_their_own() -> None:
    with world() as here:
        here.shows("topo:a", email=ANA, first_name="Ana", last_name="Diaz")
        here.shows("apollo:b", email=BOB, first_name="Bob", last_name="Brun")
        here.settle()
        here.join("topo:a", "apollo:b")
        ledger.add(here.session, ANA, "OTHER", "kim")
        said = OptOut(emails=(BOB,), linkedin_url=None, reason="UNSUBSCRIBED", source="topo", source_id="7")
        note_opt_outs(here.session, [said])
        here.split("apollo:b")
        assert ledger.release(here.session, ANA, "Kim", "never said so")[0] == 1
        assert forbidden(here, here.person("topo:a")) == NOTHING
        assert forbidden(here, here.person("apollo:b")).reasons == ("UNSUBSCRIBED",)


def forbidden(here: World, person: Person) -> Effect:
    """What the ledger forbids for the person, as the next run reads it."""
    index = OptOutIndex(here.store.opt_outs(), here.store.keyed_hash)
    return index.effect(keys_of_person(person), here.clock.now())
