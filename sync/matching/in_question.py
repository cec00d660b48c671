"""Whom a key did not make one: every two people who show it or had it are in question, whatever kept them apart.

The rules tell the pairs that they keep apart. Where several are at work in one component, a pair may be kept apart
by what they say of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import Feature, Suspicion
from sync.identity.linkedin import is_profile
from sync.identity.names import names_agree
from sync.matching.hubs import same_email
from sync.matching.values import DISPUTED, FORMER, KEPT_APART, TWO_PROFILES, every_two

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.matching.hubs import Entry


def in_question(
    entries: Sequence[Entry], people: Sequence[Sequence[int]], generic: frozenset[str]
) -> Iterator[Suspicion]:
    """A suspicion for every two of ``people`` (places in ``entries``) and each key that each shows or had."""
    holding: dict[str, dict[int, Entry]] = {}
    for number, part in enumerate(people):
        shown = [(key, entries[at]) for at in part for key in entries[at].keys]
        had = [(key, entries[at]) for at in part for key in entries[at].aliases]
        for key, entry in (*shown, *had):
            if key not in generic:
                holding.setdefault(key, {}).setdefault(number, entry)
    for key in sorted(holding):
        sides = sorted(holding[key].values(), key=lambda entry: (key not in entry.keys, entry.order))
        for one, other in every_two(sides) if len(sides) > 1 else ():
            yield _between(key, *sorted((one, other), key=lambda entry: entry.order))


def _between(key: str, one: Entry, other: Entry) -> Suspicion:
    records = (one.record.ref, other.record.ref)
    names = names_agree(one.record.name, other.record.name)
    if not is_profile(key) and names.agree is False:
        return same_email(key, one, other)
    if not is_profile(key) and one.differs_in_profile(other):
        return Suspicion(records=records, score=DISPUTED, reason=TWO_PROFILES)
    if key in one.keys and key in other.keys:
        return Suspicion(records=records, score=DISPUTED, reason=KEPT_APART)
    compared = Feature(name="name", score=names.score, detail=names.reason)
    return Suspicion(records=records, score=DISPUTED, reason=FORMER, features=(compared,))
