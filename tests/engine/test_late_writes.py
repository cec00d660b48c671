"""What an update of ours may have left, whose answer was lost, is never taken for somebody's edit."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.codes import StateReason
from sync.store_port import Merged, Settled
from tests.decisions.worlds import START, World, world
from tests.state.values import update

if TYPE_CHECKING:
    from sync.record import Link


def lose(here: World, link: Link) -> None:
    """An update of the first name to Ann was lost; afterwards Anna was acknowledged."""
    person = here.person("topo:1")
    (member,) = person.members
    lost = update("o1", "topo:1", person.id)
    here.store.save_plan("run-1", [lost], at=START)
    here.store.mark_sending([lost], run_id="run-1", at=START)
    failed = replace(lost, state="failed", reason=StateReason.OUTCOME_UNKNOWN)
    here.store.save_settled([Settled(operation=failed)], at=START)
    here.store.save_merged([replace(Merged.of(person), links=MappingProxyType({member.rid: link}))], at=START)


def test_what_arrived_late_is_what_was_acknowledged_last() -> None:
    with world() as here:
        here.shows("topo:1", email="ann@acme.com", first_name="Anna")
        here.settle()
        (member,) = here.person("topo:1").members
        lose(here, replace(member.link, sent=MappingProxyType({"first_name": "Anna"})))
        here.shows("topo:1", first_name="Ann")
        here.settle()
        person = here.person("topo:1")
        (member,) = person.members
        assert person.contact.first_name == "Anna"
        assert (member.link.base["first_name"], member.link.sent["first_name"]) == ("Ann", "Ann")
