"""What holds of every merge, whatever people typed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.identity import canonical_email
from sync.identity.canonical import compared
from sync.merging import FieldPolicy, MergePolicy, Shown, meet, merge, merge_step_by_step
from tests.builders import NOW, after, flat, merged, newcomer, person, shows

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.contact import Value
    from sync.person import Person

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "job_title": st.sampled_from(["CEO", "ceo", "CTO", None]),
    "company_name": st.sampled_from(["Acme", "Beta", None]),
    "city": st.sampled_from(["Lyon", "LYON", "Nice", None]),
    "country": st.sampled_from(["FR", "France", "IT", None]),
    "first_name": st.sampled_from(["Ann", "Anna", None]),
    "last_name": st.sampled_from(["Lee", "Ray", None]),
    "language": st.sampled_from(["fr", "en", None]),
    "phone": st.sampled_from(["+33140000001", "+33140000002", "+33140000003", "call me", "06 12 34 56 78", None]),
    "emails": st.lists(st.sampled_from(["a@x.co", "A@x.co", "b@x.co", "c@x.co"]), max_size=3, unique=True).map(
        tuple
    ),
    "variables.topic": st.sampled_from(["a", "b", None]),
}
PLACES = ("topo:1", "topo:2", "apollo:1", "datananas:1")
PROVIDERS = ("topo", "apollo", "datananas")

values = st.fixed_dictionaries(FIELDS)
field_policies = st.builds(
    FieldPolicy,
    owner=st.none() | st.sampled_from(PROVIDERS),
    priority=st.permutations(PROVIDERS).map(tuple) | st.just(()),
)
policies = st.builds(
    MergePolicy,
    priority=st.permutations(PROVIDERS).map(lambda p: tuple(p[:2])),
    fields=st.dictionaries(st.sampled_from([*FIELDS, "variables.*"]), field_policies, max_size=3),
    blanks=st.booleans(),
)


@st.composite
def stories(draw: st.DrawFn, policy: MergePolicy) -> Person:
    """Records that came one after another, with edits in between, right before one more merge."""
    who = person()
    for rid, place in enumerate(draw(st.permutations(PLACES))[: draw(st.integers(1, 4))], start=1):
        arrived = newcomer(rid, place, **draw(values))
        who = replace(who, members=(*who.members, arrived))
        if draw(st.booleans()):
            who = merged(who, policy)
        for number in draw(st.lists(st.integers(1, rid), max_size=2)):
            who = shows(who, number, **draw(st.dictionaries(st.sampled_from(sorted(FIELDS)), st.just(None))))
            who = shows(who, number, **draw(values))
    return who


cases = policies.flatmap(lambda policy: st.tuples(st.just(policy), stories(policy)))


@given(cases)
def test_a_merge_of_what_was_merged_changes_nothing(case: tuple[MergePolicy, Person]) -> None:
    policy, who = case
    once = merged(who, policy)
    again = merge(once, policy, NOW)
    assert after(once, again) == once
    assert not again.links


@given(cases, st.randoms())
def test_the_order_of_the_records_does_not_matter(case: tuple[MergePolicy, Person], random: Any) -> None:
    policy, who = case
    members = list(who.members)
    random.shuffle(members)
    assert merge(replace(who, members=tuple(members)), policy, NOW) == merge(who, policy, NOW)


@given(cases)
def test_no_value_that_anybody_typed_is_lost(case: tuple[MergePolicy, Person]) -> None:
    policy, who = case
    result = merge(who, policy, NOW)
    kept = {n: keys(n, [v]) for n, v in result.contact.to_fields().items()}
    for name, chosen in result.choices.items():
        kept[name] = kept.get(name, set()) | keys(name, chosen.losers.values())
    for conflict in result.conflicts:
        kept[conflict.field] = kept.get(conflict.field, set()) | keys(conflict.field, conflict.values.values())
    for one in who.members:
        for name, value in one.record.contact.to_fields().items():
            typed = not one.link.met or compared(name, value) != compared(name, one.link.base.get(name))
            assert not typed or keys(name, [value]) <= kept.get(name, set()), name


@given(cases)
def test_a_field_in_conflict_never_moves(case: tuple[MergePolicy, Person]) -> None:
    policy, who = case
    result = merge(who, policy, NOW)
    for conflict in result.conflicts:
        assert result.contact.get(conflict.field) == who.contact.get(conflict.field)
        assert len(keys(conflict.field, conflict.values.values(), whole=True)) > 1


@given(cases)
def test_a_value_goes_only_for_another_value_or_for_an_explicit_blank(case: tuple[MergePolicy, Person]) -> None:
    policy, who = case
    result = merge(who, policy, NOW)
    for name in who.contact.to_fields():
        if result.contact.get(name) is None:
            # A newcomer's better group replaces the whole group; what it does not know goes with the old one.
            assert result.choices[name].rule == ("blank" if not any(not m.link.met for m in who.members) else
                                                 result.choices[name].rule)  # fmt: skip
            assert result.choices[name].rule == "group" or policy.blanks


@given(cases)
def test_no_two_emails_are_equal(case: tuple[MergePolicy, Person]) -> None:
    policy, who = case
    forms = [canonical_email(e) for e in merge(who, policy, NOW).contact.emails]
    assert len(set(forms)) == len(forms)


@given(policies, st.lists(values, min_size=1, max_size=4))
def test_first_contact_drops_no_email(policy: MergePolicy, held: list[dict[str, Any]]) -> None:
    who = person(*(newcomer(i, p, **v) for i, (p, v) in enumerate(zip(PLACES, held, strict=False), start=1)))
    met = {canonical_email(e) for m in who.members for e in m.record.contact.emails}
    assert {canonical_email(e) for e in merge(who, policy, NOW).contact.emails} == met


@given(policies, values)
def test_one_record_alone_is_taken_as_it_is(policy: MergePolicy, held: dict[str, Any]) -> None:
    result = merge(person(newcomer(1, "topo", **held)), policy, NOW)
    want = flat(**held)
    assert {n: compared(n, v) for n, v in result.contact.to_fields().items()} == {
        n: compared(n, v) for n, v in want.items()
    }


@settings(max_examples=400)
@given(policies, st.booleans(), st.lists(values, min_size=1, max_size=4))
def test_strangers_come_to_the_same_in_one_step(
    policy: MergePolicy, without_owners: bool, held: list[dict[str, Any]]
) -> None:
    policy = replace(policy, fields={}) if without_owners else policy
    who = person(*(newcomer(i, p, **v) for i, (p, v) in enumerate(zip(PLACES, held, strict=False), start=1)))
    assert merge(who, policy, NOW) == merge_step_by_step(who, policy, NOW)


@given(policies, st.lists(values, min_size=1, max_size=3))
def test_several_strangers_take_the_short_cut_where_no_field_has_a_policy(
    policy: MergePolicy, held: list[dict[str, Any]]
) -> None:
    shown = [
        Shown(i, p.partition(":")[0], p, flat(**v)) for i, (p, v) in enumerate(zip(PLACES, held, strict=False))
    ]
    assert (meet(shown, policy, NOW) is None) == (len(shown) > 1 and bool(policy.fields))


def keys(name: str, typed: Iterable[Value | None], *, whole: bool = False) -> set[object]:
    """The compared forms, of emails address by address unless they are meant as a whole."""
    found: set[object] = set()
    for value in typed:
        key = compared(name, value)
        found |= set(key) if isinstance(key, tuple) and not whole else {key}
    return found
