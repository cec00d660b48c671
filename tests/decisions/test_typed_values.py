"""A value that somebody typed stands, or is told among what lost, whatever is joined and parted after it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync.change import LATER, Conflict
from sync.engine import decisions, disputes, review
from sync.engine.explaining import Explainer
from sync.engine.named import records_named
from sync.engine.review import CannotAnswer
from sync.record import RecordRef
from tests.decisions.chances import tried
from tests.decisions.worlds import World, world

if TYPE_CHECKING:
    from sync.person import Person

NAME = {"first_name": "Ana", "last_name": "Diaz"}
sizes = st.lists(st.integers(1, 3), min_size=2, max_size=3)
acts = st.lists(
    st.tuples(st.sampled_from(["join", "split", "type", "type", "undo"]), st.integers(0, 99), st.integers(0, 99)),
    min_size=2,
    max_size=9,
)


LEFT_IN_DISPUTE = [("split", 18, 3), ("undo", 0, 0), ("type", 4, 0), ("split", 74, 3), ("type", 1, 0)]
"""Two records whose titles were decided upon are parted from whom it was decided for: they dispute them again."""
WITH_A_NEW_ID = [("split", 0, 2), ("type", 2, 0), ("join", 0, 2), ("undo", 0, 0), ("split", 0, 22)]
"""Somebody was merged with a stranger's record, and is parted from that and more at once, under a new id."""
THE_FIRST_TAKEN_BACK_FIRST = [("join", 1, 2), ("type", 1, 0), ("join", 0, 1), ("undo", 0, 0), ("undo", 0, 0)]
"""Two for whom a title was decided come to a third, and all three part at once: nobody is those two again."""


@tried(40)
@example(sizes=[2, 3], acts=WITH_A_NEW_ID)
@example(sizes=[1, 3, 3], acts=LEFT_IN_DISPUTE)
@example(sizes=[1, 1, 1], acts=THE_FIRST_TAKEN_BACK_FIRST)
@given(sizes=sizes, acts=acts)
def test_no_chain_of_joins_and_partings_loses_a_typed_value(
    sizes: list[int], acts: list[tuple[str, int, int]]
) -> None:
    with world() as here:
        house = House(here, sizes)
        for place, act in enumerate(acts):
            house.plays(place, *act)
            here.settle()
            assert house.typed <= house.known(), (place, act)


SHOWN = {
    "phone": ("+4930111111", "+4930222222", "+4930333333"),
    "company_domain": ("a.com", "b.com", "c.com"),
    "linkedin_id": ("ACoAA" + "a" * 34, "ACoAA" + "b" * 34, "ACoAA" + "c" * 34),
}
"""What two records showed together at first, and what each of them shows now."""


@pytest.mark.parametrize(
    ("name", "text", "remedy"),
    [
        ("phone", "call me", "as it should stand"),
        ("phone", "+33 1 42 68 53 00 / +33 6 12 34 56 78", "as it should stand"),
        ("phone", "06 12 34 56 78", "with [+] and the country code"),
        ("company_domain", "not a domain", "as it should stand"),
        ("company_domain", "acme.local", "as it should stand"),
        ("linkedin_id", "https://linkedin.com/in/ana-diaz", "as it should stand"),
    ],
)
def test_text_that_is_no_value_of_the_field_is_not_taken(name: str, text: str, remedy: str) -> None:
    before, one, two = SHOWN[name]
    with world() as here:
        for record in ("topo:1", "apollo:2"):
            here.shows(record, email="ana@oakmere.com", **{name: before}, **NAME)
        here.settle()
        here.shows("topo:1", **{name: one})
        here.shows("apollo:2", **{name: two})
        here.settle()
        with pytest.raises(CannotAnswer, match=f"no value for {name}") as refused:
            here.types(text)
        assert re.search(remedy, refused.value.remedy or "")
        assert here.person("topo:1").conflicts


def test_a_typed_phone_is_read_in_the_country_of_its_person() -> None:
    with world('[sync]\ndefault_region = "FR"\n') as here:
        for name in ("topo:1", "apollo:2"):
            here.shows(name, email="ana@oakmere.com", country="Germany", phone="+4930111111", **NAME)
        here.settle()
        here.shows("topo:1", phone="+4930222222")
        here.shows("apollo:2", phone="+4930333333")
        here.settle()
        here.types("030 444444")
        assert here.person("topo:1").contact.phone == "+4930444444"


class House:
    """Some people of one name, what was typed for them and not replaced since, and what can be taken back."""

    def __init__(self, here: World, sizes: list[int]) -> None:
        self.here = here
        self.typed: set[str] = set()
        self._refs: list[str] = []
        self._done: list[tuple[str, list[str], list[str]]] = []
        for number, size in enumerate(sizes):
            for provider in ("topo", "apollo", "datananas")[:size]:
                self._refs.append(f"{provider}:{number}")
                here.shows(self._refs[-1], email=f"ana{number}@oakmere.com", job_title="Clerk", **NAME)
            here.settle(minutes=1)

    def known(self) -> set[str]:
        """Every title that stands, lost or waits for a decision."""
        return {title for person in self.here.people().values() for title in _titles(person)}

    def plays(self, place: int, act: str, one: int, two: int) -> None:
        """One act of somebody, as far as there is anything to act on."""
        ref, other = self._refs[one % len(self._refs)], self._refs[two % len(self._refs)]
        person = self.here.person(ref)
        own = sorted(str(m.record.ref) for m in person.members)
        leaving = [name for at, name in enumerate(own) if two >> at & 1][: len(own) - 1]
        if act == "join" and other not in own:
            self._done.append((act, [ref], [other]))
            self.here.join(ref, other)
        elif act == "split" and leaving:
            self._done.append((act, [name for name in own if name not in leaving], leaving))
            self.here.split(*leaving)
        elif act == "type" and len(own) > 1:
            self._types(f"Typed {place}", person, own[:2])
        elif act == "undo" and self._done:
            self._takes_back(*self._done.pop(one % len(self._done)))

    def _types(self, title: str, person: Person, at: list[str]) -> None:
        for name in at:
            self.here.shows(name, job_title=f"{title} at {name}")
        self.typed -= _titles(person)
        self.here.settle()
        own = self.here.person(at[0]).id
        (item,) = (i for i in review.items(self.here.store) if _is_about(i.finding, own))
        disputes.set_value(self.here.session, item, title)
        self.typed.add(title)

    def _takes_back(self, act: str, near: list[str], far: list[str]) -> None:
        session = self.here.session
        if act == "join":
            named = records_named(self.here.store, near[0])
            judged = decisions.unjoin(session, named, {RecordRef.parse(name) for name in far})
        else:
            sides = [{RecordRef.parse(name) for name in side} for side in (near, far)]
            judged = decisions.unsplit(session, *sides)
        if judged is not None:
            self.here.act(judged)


def _is_about(finding: object, person_id: str) -> bool:
    """Whether it is the person's conflict; that of two records which were parted from theirs may wait, too."""
    return isinstance(finding, Conflict) and finding.person_id == person_id


def _titles(person: Person) -> set[str]:
    chosen = person.choices.get("job_title")
    lost = chosen.losers.values() if chosen else ()
    waiting = [v for c in person.conflicts for v in c.values.values()]
    return {str(title) for title in (person.contact.job_title, *lost, *waiting) if title}


def test_both_values_that_one_record_lost_are_told_also_where_its_name_is_masked() -> None:
    with world() as here:
        name = "datananas:email:ana@oakmere.com"
        here.shows(name, email="ana@oakmere.com", city="Nice", **NAME)
        here.settle()
        person = here.person(name)
        lost = {name: "Nice", f"{name}{LATER}": "Lyon 1er"}
        chosen = replace(person, choices={"city": replace(person.choices["city"], losers=lost)})
        told = Explainer(here.store, here.clock.now(), values=False).person(chosen)
        assert told["fields"]["city"]["lost"].keys() == {
            "datananas:email:a…@o….com",
            "datananas:email:a…@o….com later",
        }
