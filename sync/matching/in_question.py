"""Whom a key that joins did not make one: every two people who show it are in question, whatever kept them apart.

The rules tell the pairs that they keep apart. Where several are at work in one component, a pair may be kept apart
by what they say of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.change import Suspicion
from sync.identity.linkedin import is_profile
from sync.identity.names import names_agree
from sync.matching.hubs import same_email
from sync.matching.values import DISPUTED, KEPT_APART, TWO_PROFILES, every_two

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sync.matching.hubs import Entry


def in_question(
    entries: Sequence[Entry], people: Sequence[Sequence[int]], generic: frozenset[str]
) -> Iterator[Suspicion]:
    """A suspicion for every two of ``people`` (places in ``entries``) and each key that both show."""
    showing: dict[str, dict[int, Entry]] = {}
    for number, part in enumerate(people):
        for at in part:
            for key in entries[at].keys:
                if key not in generic:
                    showing.setdefault(key, {}).setdefault(number, entries[at])
    for key in sorted(showing):
        sides = sorted(showing[key].values(), key=lambda entry: entry.order)
        for one, other in every_two(sides) if len(sides) > 1 else ():
            yield _between(key, one, other)


def _between(key: str, one: Entry, other: Entry) -> Suspicion:
    if not is_profile(key) and names_agree(one.record.name, other.record.name).agree is False:
        return same_email(one.record, other.record)
    reason = TWO_PROFILES if not is_profile(key) and one.differs_in_profile(other) else KEPT_APART
    return Suspicion(records=(one.record.ref, other.record.ref), score=DISPUTED, reason=reason)
