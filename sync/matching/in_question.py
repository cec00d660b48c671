"""Whom a key did not make one: every two people who show it or had it are in question, whatever kept them apart.

The rules tell the pairs that they keep apart. Where several are at work in one component, a pair may be kept apart
by what they say of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
    holding: dict[str, dict[int, _Holder]] = {}
    for number, part in enumerate(people):
        shown = [(key, _Holder(False, entries[at])) for at in part for key in entries[at].keys]
        had = [(key, _Holder(True, entries[at])) for at in part for key in entries[at].aliases]
        for key, holder in (*shown, *had):
            if key not in generic:
                holding.setdefault(key, {}).setdefault(number, holder)
    for key in sorted(holding):
        sides = sorted(holding[key].values(), key=lambda holder: (holder.formerly, holder.entry.order))
        for one, other in every_two(sides) if len(sides) > 1 else ():
            first, second = sorted((one.entry, other.entry), key=lambda entry: entry.order)
            yield _between(key, first, second, shown=not (one.formerly or other.formerly))


class _Holder(NamedTuple):
    """Who shows a key, or had it ``formerly``."""

    formerly: bool
    entry: Entry


def _between(key: str, one: Entry, other: Entry, *, shown: bool) -> Suspicion:
    """``shown``: both show the key."""
    records = (one.record.ref, other.record.ref)
    names = names_agree(one.record.name, other.record.name)
    if not is_profile(key) and names.agree is False:
        return same_email(key, one, other)
    if not is_profile(key) and one.differs_in_profile(other):
        return Suspicion(records=records, score=DISPUTED, reason=TWO_PROFILES)
    if shown:
        return Suspicion(records=records, score=DISPUTED, reason=KEPT_APART)
    compared = Feature(name="name", score=names.score, detail=names.reason)
    return Suspicion(records=records, score=DISPUTED, reason=FORMER, features=(compared,))
