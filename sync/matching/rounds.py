"""A component resolved so that the answer stands: matching again what was kept gives the same."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.identity.linkedin import is_profile
from sync.identity.names import names_agree
from sync.matching.component import Resolution
from sync.matching.hubs import Entry
from sync.matching.values import REMEMBERED, Findings

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sync.matching.values import MatchPolicy
    from sync.person import Decision

MAX_PLAIN_NAMES = 4
MAX_ROUNDS = 4
"""How often a component is asked again; a second round is rare, a third nearly unheard of."""


def resolve(
    entries: Sequence[Entry],
    decisions: Sequence[Decision],
    policy: MatchPolicy,
    findings: Findings,
    generic: Collection[str],
) -> list[list[Entry]]:
    """``entries`` (one component) as people; what was held or refused is added to ``findings``.

    ``generic``: keys that are nobody's, those of others among them.
    """
    ordered = sorted(entries, key=lambda entry: entry.order)
    own_generic = frozenset(key for entry in ordered for key in (*entry.keys, *entry.aliases) if key in generic)
    if not (decisions or own_generic) and _is_plain(ordered):
        return [ordered]
    own = Findings()
    people = _settled(ordered, decisions, policy, own, own_generic)
    findings.extend(own)
    return people


def _settled(
    entries: list[Entry],
    decisions: Sequence[Decision],
    policy: MatchPolicy,
    findings: Findings,
    generic: frozenset[str],
) -> list[list[Entry]]:
    """The people of ``entries`` such that matching them again, once they are kept, gives the same.

    What depends on who is linked to whom (former keys, keys that became generic, whom a human told apart, what was
    held) is asked again with the answer taken in, until it stands.
    """
    people, first = _round(entries, decisions, policy, generic)
    found = first
    told_apart = any(decision.verdict == "different" for decision in decisions)
    held = found.bridges or found.held_merges
    unsure = held or told_apart or generic or any(entry.aliases for entry in entries)
    for _ in range(MAX_ROUNDS if unsure and not _is_kept(people) else 0):
        again, found_again = _round(_taken_in(people), decisions, policy, generic)
        if _shape(again) == _shape(people):
            break
        people, found = again, found_again
    findings.extend(found)
    if found is not first:
        findings.extend(_remembered(first, found))
    return people


def _remembered(first: Findings, last: Findings) -> Findings:
    """What the first round alone can tell: for which reasons somebody who was one person is several."""
    return Findings(
        opened=[apart for apart in first.opened if apart not in last.opened],
        conflicts=[a for a in first.conflicts if a.reason in REMEMBERED and a not in last.conflicts],
        suspicions=[suspicion for suspicion in first.suspicions if suspicion.reason in REMEMBERED],
    )


def _round(
    entries: Iterable[Entry], decisions: Sequence[Decision], policy: MatchPolicy, generic: frozenset[str]
) -> tuple[list[list[Entry]], Findings]:
    ordered = sorted(entries, key=lambda entry: entry.order)
    for at, entry in enumerate(ordered):
        entry.at = at
    found = Findings()
    resolution = Resolution(ordered, decisions, policy, found, generic)
    people = resolution.people()
    if found.bridges and resolution.used_aliases:
        # A former key that makes a bridge joins nobody: once its new holder is a person, it lives elsewhere.
        found = Findings()
        people = Resolution(ordered, decisions, policy, found, generic, with_aliases=False).people()
    return people, found


def _taken_in(people: list[list[Entry]]) -> list[Entry]:
    """The entries as if their people had been kept: a person stays with its biggest part, others are new."""
    shares: dict[str, dict[int, int]] = {}
    for number, part in enumerate(people):
        for entry in part:
            if entry.record.person_id is not None:
                share = shares.setdefault(entry.record.person_id, {})
                share[number] = share.get(number, 0) + 1
    keeps: dict[int, str] = {}
    for person_id, share in sorted(shares.items()):
        keeps.setdefault(min(share, key=lambda number: (-share[number], number)), person_id)
    # Of parts that nobody keeps each is somebody new, named so that the name sorts after all that exist.
    latest = max(shares, default="")
    return [
        Entry(replace(entry.record, person_id=keeps.get(number, f"{latest}~{number}")), entry.keys, entry.aliases)
        for number, part in enumerate(people)
        for entry in part
    ]


def _is_kept(people: list[list[Entry]]) -> bool:
    """Whether ``people`` are who was kept already: then taking them in changes nothing that is asked."""
    owners = [{entry.record.person_id for entry in part} for part in people]
    persons = set().union(*owners)
    return None not in persons and len(persons) == len(people) and all(len(own) == 1 for own in owners)


def _shape(people: list[list[Entry]]) -> set[frozenset[int]]:
    return {frozenset(entry.record.rid for entry in part) for part in people}


def _is_plain(entries: Sequence[Entry]) -> bool:
    """Whether nothing can keep ``entries`` apart: one person and one profile at most, names that all agree."""
    people = {entry.record.person_id for entry in entries}
    if len(people - {None}) > 1 or any(entry.aliases and entry.record.person_id is None for entry in entries):
        return False
    profiles = {key for entry in entries for key in (*entry.keys, *entry.aliases) if is_profile(key)}
    if len(profiles) > 1:
        return False
    return names_are_plain({entry.record.name for entry in entries if entry.record.name})


def names_are_plain(names: set[str]) -> bool:
    """Whether ``names`` are few and none of them disagrees with another."""
    ordered = sorted(names)
    return len(names) < 2 or (
        len(names) <= MAX_PLAIN_NAMES
        and all(names_agree(a, b).agree is not False for i, a in enumerate(ordered) for b in ordered[i + 1 :])
    )
