"""A key that is nobody's reaches nobody, until a change makes it somebody's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.engine.attention import after_changed_settings
from sync.matching.values import OPENED, RULES
from tests.decisions.worlds import World, world

if TYPE_CHECKING:
    import pytest

NAMES = {
    "topo:1": ("Ann", "Lee"),
    "topo:2": ("Bob", "Ray"),
    "apollo:1": ("Carl", "Day"),
    "apollo:2": ("Dora", "Fox"),
}
SHARED = "front@acme.com"


def share(here: World, **names: tuple[str, str]) -> None:
    """Everybody shows one address, and one of their own; six others show nothing of the kind."""
    for number in range(6):
        here.shows(f"topo:other-{number}", email=f"p{number}@lumen.com", last_name=f"Roy{number}")
    for name, (first, last) in (NAMES | names).items():
        own = f"{name.replace(':', '')}@own-host.com"
        here.shows(name, emails=(SHARED, own), first_name=first, last_name=last)
    here.settle()


def generic(here: World) -> set[str]:
    rows = here.store.database.raw.execute("SELECT value FROM generic_key")
    return {value for (value,) in rows}


def reached(here: World) -> set[str]:
    region = here.store.region()
    return set() if region is None else {str(record.ref) for record in region.records}


def test_a_change_reaches_nobody_through_a_key_that_stays_nobodys() -> None:
    with world() as here:
        share(here)
        assert generic(here) == {SHARED}
        here.shows("topo:1", first_name="Anna")
        assert reached(here) == {"topo:1"}
        here.settle()
        assert generic(here) == {SHARED}
        assert {len(group) for group in here.groups()} == {1}


def test_a_newcomer_with_such_a_key_joins_none_of_its_holders() -> None:
    with world() as here:
        share(here)
        here.shows("datananas:1", email=SHARED, first_name="Ann", last_name="Lee")
        assert reached(here) == {"datananas:1"}
        here.settle()
        assert frozenset({"datananas:1"}) in here.groups()


def test_a_key_that_becomes_somebodys_reaches_all_its_holders() -> None:
    with world() as here:
        share(here)
        for name, like in (("apollo:1", "topo:1"), ("apollo:2", "topo:2")):
            here.shows(name, first_name=NAMES[like][0], last_name=NAMES[like][1])
            here.settle()
        assert generic(here) == set()
        assert {frozenset({"topo:1", "apollo:1"}), frozenset({"topo:2", "apollo:2"})} <= here.groups()


def test_a_key_that_becomes_nobodys_is_told_once_and_stays_told() -> None:
    with world() as here:
        share(here, **{"topo:2": ("Ann", "Lee"), "apollo:1": ("Ann", "Lee"), "apollo:2": ("A.", "Lee")})
        assert frozenset(NAMES) in here.groups()
        for name in ("apollo:1", "apollo:2"):
            here.shows(name, first_name=NAMES[name][0], last_name=NAMES[name][1])
            here.settle()
        assert generic(here) == {SHARED}
        opened = told(here)
        assert opened
        here.shows("apollo:2", company_name="Acme")
        here.settle()
        assert told(here) == opened


def told(here: World) -> set[tuple[str, str]]:
    pairs = [(str(s.records[0]), str(s.records[1])) for s in here.store.suspicions() if s.reason == OPENED]
    assert len(pairs) == len(set(pairs))
    return set(pairs)


def test_what_a_forgotten_person_held_is_kept_nowhere_and_asked_again() -> None:
    with world() as here:
        share(here)
        here.store.forget(here.person("apollo:2").id)
        assert generic(here) == set()
        here.shows("topo:1", first_name="Anna")
        assert reached(here) == {"topo:1", "topo:2", "apollo:1"}
        here.settle()
        assert generic(here) == {SHARED}


def test_a_version_with_other_rules_matches_everybody_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    with world() as here:
        share(here)
        after_changed_settings(here.session)
        here.settle()
        after_changed_settings(here.session)
        assert here.store.region() is None
        monkeypatch.setattr("sync.engine.attention.RULES", RULES + 1)
        after_changed_settings(here.session)
        assert {"topo:1", "topo:2", "apollo:1"} <= reached(here)


def test_other_rules_for_matching_are_applied_to_everybody() -> None:
    with world() as here:
        share(here)
        after_changed_settings(here.session)
        here.settle()
        after_changed_settings(here.session)
        assert reached(here) == set()
        settings = here.session.settings
        rules = settings.match.model_copy(update={"generic_after": 5})
        here.session.settings = replace(settings, match=rules)
        after_changed_settings(here.session)
        here.settle()
        assert generic(here) == set()
