"""What was matched change by change is what a whole store is matched to at once."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from sync.engine.matching import match_records
from sync.engine.policies import match_policy
from sync.matching import match
from sync.matching.values import REMEMBERED
from sync.record import RecordRef
from tests.decisions.worlds import PROVIDERS, world
from tests.matching.histories import EMAILS, NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.change import Suspicion
    from tests.decisions.worlds import World

PROFILES = ("in:ann-lee", "in:ann-two", "in:bob-ray", "")
EVERYBODY = [RecordRef(provider, str(number)) for provider in PROVIDERS for number in range(6)]
COMPANIES = ("Acme", "Acme Ltd", "Beta", None)


def change(drawn: Random, found: World) -> None:
    """A record comes or changes, or somebody judges on two."""
    names = [f"{drawn.choice(PROVIDERS)}:{drawn.randrange(6)}" for _ in range(3)]
    for name in names:
        given, _, family = (drawn.choice(NAMES) or "").rpartition(" ")
        profile = drawn.choice(PROFILES).removeprefix("in:")
        found.shows(
            name,
            email=drawn.choice((*EMAILS, None)),
            linkedin_url=f"https://www.linkedin.com/in/{profile}" if profile else None,
            first_name=given or None,
            last_name=family or None,
            company_name=drawn.choice(COMPANIES),
            phone=drawn.choice((None, "+33142685300")),
        )
    a, b = (found.store.person_of(name) for name in map(RecordRef.parse, names[:2]))
    if a and b and a != b and drawn.random() < 0.3:
        drawn.choice((found.join, found.never))(*names[:2])


def without_others(groups: set[frozenset[str]]) -> set[frozenset[str]]:
    return {group for group in groups if not any("other" in name for name in group)}


def people_in(suspicions: Iterable[Suspicion], found: World) -> set[frozenset[str | None]]:
    return {frozenset(map(found.store.person_of, suspicion.records)) for suspicion in suspicions}


@pytest.mark.parametrize("seed", [*range(20), 1013, 1014, 1079])
def test_matching_everything_again_moves_nobody(seed: int) -> None:
    drawn = Random(seed)
    with world() as found:
        for number in range(6):  # or every region is all there is
            found.shows(f"topo:other-{number}", email=f"p{number}@lumen.com", last_name=f"Roy{number}")
        for _ in range(6):
            change(drawn, found)
            found.settle()
        before = found.groups(), set(found.people())
        everything = found.store.region(EVERYBODY)
        assert everything is not None
        whole = match(everything.records, everything.decisions, match_policy(found.session))
        refs = {r.rid: str(r.ref) for r in everything.records}
        assert {frozenset(refs[rid] for rid in part) for part in whole.clusters} == without_others(before[0])
        kept_keys = found.store.database.raw.execute("SELECT value FROM generic_key")
        assert {key for (key,) in kept_keys} == whole.generic
        found.store.database.raw.execute("INSERT OR IGNORE INTO dirty_record SELECT rid FROM record")
        match_records(found.session)
        assert (found.groups(), set(found.people())) == before
        kept = set(found.store.suspicions())
        remembered = {suspicion for suspicion in kept if suspicion.reason in REMEMBERED}
        assert kept - remembered <= set(whole.suspicions)
        assert people_in(whole.suspicions, found) <= people_in(kept, found)
        assert found.store.region() is None
