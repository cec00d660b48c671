"""Every pattern of changes at three providers, under every policy, against the rules said in one place.

A pattern is one letter a provider (topo, apollo, datananas): ``.`` unchanged, ``A`` / ``B`` / ``C`` the
provider's own new value, ``X`` a value that several typed alike, ``0`` emptied.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import pytest

from sync.codes import Rule
from sync.merging import FieldPolicy, MergePolicy, merge
from tests.builders import NOW, member, person

if TYPE_CHECKING:
    from sync.person import Person

PROVIDERS = ("topo", "apollo", "datananas")
OWN = ("A", "B", "C")
OLD = "old"
PRIORITY = ("apollo", "datananas", "topo")
POLICIES = {
    "no policy": MergePolicy(),
    "priority": MergePolicy(fields={"job_title": FieldPolicy(priority=PRIORITY)}),
    "owner": MergePolicy(fields={"job_title": FieldPolicy(owner="apollo")}),
    "blanks": MergePolicy(blanks=True),
    "blanks and priority": MergePolicy(blanks=True, fields={"job_title": FieldPolicy(priority=PRIORITY)}),
    "blanks and owner": MergePolicy(blanks=True, fields={"job_title": FieldPolicy(owner="apollo")}),
}
PATTERNS = sorted(
    {"".join(p) for p in product(*((".", own, "0") for own in OWN))}
    | {
        "".join(p)
        for p in product((".", "X", "0", "A"), (".", "X", "0", "B"), (".", "X", "0", "C"))
        if p.count("X") > 1
    }
)


class Expected(NamedTuple):
    """What a pattern comes to. ``value`` None = emptied; ``rule`` None = nothing was decided."""

    value: str | None = OLD
    rule: str | None = None
    conflict: frozenset[str] = frozenset()


def expected(pattern: str, policy: str) -> Expected:
    """The rules in the order in which they apply."""
    edits = {p: None if c == "0" else c for p, c in zip(PROVIDERS, pattern, strict=True) if c != "."}
    if not policy.startswith("blanks"):
        edits = {p: v for p, v in edits.items() if v is not None}
    if not edits:
        return Expected()
    if policy.endswith("owner"):
        if "apollo" in edits:
            return won(edits["apollo"], Rule.FIELD_OWNER)
        # An emptied value is put back without being a value that lost.
        return Expected(OLD, Rule.REVERTED_BY_OWNER if any(edits.values()) else None)
    if len(set(edits.values())) == 1:
        return won(next(iter(edits.values())), Rule.ONLY_CHANGER if len(edits) == 1 else Rule.AGREED)
    if policy.endswith("priority"):
        return won(next(edits[p] for p in PRIORITY if p in edits), Rule.FIELD_PRIORITY)
    return Expected(OLD, None, frozenset(edits))


def won(value: str | None, rule: Rule) -> Expected:
    return Expected(value, Rule.BLANK if value is None else rule)


def changed(pattern: str) -> Person:
    """Somebody whose records all said and were sent the same title, and now show the pattern."""
    members = [
        member(
            rid,
            provider,
            now={"job_title": {".": OLD, "0": None}.get(letter, letter)},
            base={"job_title": OLD},
            sent={"job_title": OLD},
        )
        for rid, (provider, letter) in enumerate(zip(PROVIDERS, pattern, strict=True), start=1)
    ]
    return person(*members, known={"job_title": OLD})


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_of_changes_comes_to_what_the_rules_say(pattern: str, policy: str) -> None:
    who = changed(pattern)
    result = merge(who, POLICIES[policy], NOW)
    want = expected(pattern, policy)

    assert result.contact.job_title == want.value
    assert result.choices["job_title"].rule == (want.rule or Rule.FIRST_CONTACT)
    assert {s.partition(":")[0] for c in result.conflicts for s in c.values} == want.conflict

    for one, letter in zip(who.members, pattern, strict=True):
        link = result.links.get(one.rid, one.link)
        now = one.record.contact.job_title
        # Only what is in conflict waits for its base; whoever changed the field is no longer as we sent it.
        assert link.base.get("job_title") == (OLD if want.conflict else now)
        assert ("job_title" in link.sent) == (letter == ".")


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_typed_value_is_kept_somewhere(pattern: str, policy: str) -> None:
    result = merge(changed(pattern), POLICIES[policy], NOW)
    kept = {result.contact.job_title, *result.choices["job_title"].losers.values()}
    kept |= {v for c in result.conflicts for v in c.values.values()}
    assert {c for c in pattern if c not in ".0"} <= kept
