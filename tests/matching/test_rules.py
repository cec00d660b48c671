"""Who is one person and who is not, rule by rule."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sync.matching import MatchPolicy, cluster, match
from sync.matching.values import ALIKE, BRIDGE, OPENED, SAME_EMAIL, TWINS, TWO_PROFILES
from tests.matching.histories import OPAQUE, PLAIN, decision, record

if TYPE_CHECKING:
    from sync.person import MatchRecord

ANN: dict[str, Any] = {"emails": ("ann@acme.com",), "name": "Ann Lee"}


def groups(*rows: MatchRecord, decisions: Any = (), policy: MatchPolicy = PLAIN) -> set[frozenset[int]]:
    return {frozenset(part) for part in match(rows, decisions, policy).clusters}


def sets(*parts: set[int]) -> set[frozenset[int]]:
    return {frozenset(part) for part in parts}


@pytest.mark.parametrize("email", ["info@acme.com", "noreply@acme.com", "test@test.com", "ann@mailinator.com", ""])
def test_addresses_of_no_one_person_join_nobody(email: Any) -> None:
    assert groups(record(0, emails=(email,)), record(1, emails=(email,))) == sets({0}, {1})


def test_an_email_joins_names_that_may_be_one_persons() -> None:
    assert groups(record(0, **ANN), record(1, emails=("Ann@Acme.com",), name="A. Lee")) == sets({0, 1})


def test_an_email_does_not_join_names_that_disagree_and_says_so() -> None:
    found = match([record(0, **ANN), record(1, emails=("ann@acme.com",), name="Bob Ray")], (), PLAIN)
    assert found.clusters == ((0,), (1,))
    assert [s.reason for s in found.suspicions] == [SAME_EMAIL]
    assert [(f.name, f.score) for f in found.suspicions[0].features] == [("email", 1.0), ("name", 0.0)]


def test_a_profile_joins_whatever_the_names() -> None:
    rows = [record(0, linkedin="in:ann", name="Ann Lee"), record(1, linkedin="in:ann", name="Bob Ray")]
    assert groups(*rows) == sets({0, 1})


def test_keys_join_in_chains() -> None:
    rows = [record(0, **ANN), record(1, **ANN, linkedin="in:ann"), record(2, linkedin="in:ann")]
    assert groups(*rows) == sets({0, 1, 2})


def test_an_opaque_id_beside_a_slug_is_no_contradiction() -> None:
    assert groups(record(0, **ANN, linkedin="in:ann"), record(1, **ANN, linkedin=OPAQUE)) == sets({0, 1})


def test_a_record_that_shows_slug_and_opaque_id_joins_by_either() -> None:
    slug, both, opaque = (
        record(0, linkedin="in:ann"),
        record(1, linkedin=f"in:ann {OPAQUE}"),
        record(2, linkedin=OPAQUE),
    )
    assert groups(slug, both, opaque) == sets({0, 1, 2})


def test_two_slugs_stay_apart_and_what_hangs_between_them_stays_alone() -> None:
    rows = [record(0, **ANN, linkedin="in:ann"), record(1, **ANN, linkedin="in:two"), record(2, **ANN)]
    found = match(rows, (), PLAIN)
    assert set(map(frozenset, found.clusters)) == sets({0}, {1}, {2})
    assert found.conflicts[0].keys == ("in:ann", "in:two")
    assert {s.reason for s in found.suspicions} == {TWO_PROFILES}


def test_a_record_tied_by_email_follows_the_one_profile_that_it_touches() -> None:
    rows = [
        record(0, emails=("ann@acme.com",), linkedin="in:ann"),
        record(1, emails=("ann@acme.com", "lee@acme.com"), linkedin="in:two"),
        record(2, emails=("lee@acme.com",)),
    ]
    assert groups(*rows) == sets({0}, {1, 2})


def test_a_key_seen_with_three_different_names_joins_nobody_any_more_and_opens_its_merges() -> None:
    rows = [
        record(n, emails=("ann@acme.com",), name=name)
        for n, name in enumerate(["Ann Lee", "Bob Ray", "Carl Day", None])
    ]
    linked = [replace(rows[0], person_id="p"), *rows[1:3], replace(rows[3], person_id="p")]
    found = match(linked, (), PLAIN)
    assert set(map(frozenset, found.clusters)) == sets({0}, {1}, {2}, {3})
    assert found.generic_keys[0].key == "ann@acme.com"
    assert [s.reason for s in found.suspicions] == [OPENED]


def test_a_name_that_fits_two_of_three_different_ones_makes_their_key_no_less_generic() -> None:
    said = ["Ana Diaz", "Maria Roux", "Zoe Lopez", "Ana Maria Lopez"]
    for names in (said, said[:3]):
        rows = [record(n, emails=("ann@acme.com",), name=name) for n, name in enumerate(names)]
        assert groups(*rows) == sets(*({n} for n in range(len(names))))


def test_records_equal_on_both_keys_are_one_even_when_the_profile_is_generic() -> None:
    names = ["Ann Lee", "Bob Ray", "Carl Day"]
    rows = [record(n, linkedin="in:boss", name=name, emails=(f"p{n}@acme.com",)) for n, name in enumerate(names)]
    rows.append(record(3, linkedin="in:boss", name="Ann Ray", emails=("p0@acme.com",)))
    assert groups(*rows) == sets({0, 3}, {1}, {2})


def test_a_bridge_between_two_complete_people_is_held() -> None:
    rows = [
        record(0, emails=("ann@acme.com",), linkedin="in:ann"),
        record(1, emails=("ann@acme.com", "lee@acme.com")),
        record(2, emails=("lee@acme.com",), linkedin=OPAQUE),
    ]
    found = match(rows, (), PLAIN)
    assert set(map(frozenset, found.clusters)) == sets({0}, {1}, {2})
    assert found.bridges[0].rid == 1
    assert {s.reason for s in found.suspicions} == {BRIDGE}
    linked = [replace(rows[0], person_id="p"), replace(rows[1], person_id="p"), rows[2]]
    assert groups(*linked) == sets({0, 1}, {2})
    said = [decision(rows[0], rows[1], "same"), decision(rows[1], rows[2], "same")]
    assert groups(*rows, decisions=said) == sets({0, 1, 2})


def test_a_generic_key_completes_nobody_into_one_side_of_a_bridge() -> None:
    rows = [
        record(0, emails=("ann@acme.com",), linkedin="in:pasted", name="Ann Lee"),
        record(1, emails=("ann@acme.com", "lee@acme.com"), name="Ann Lee"),
        record(2, emails=("lee@acme.com",), linkedin="in:ann", name="Ann Lee"),
        *(record(3 + n, linkedin="in:pasted", name=name) for n, name in enumerate(["Bob Ray", "Carl Day"])),
    ]
    assert groups(*rows) == sets({0, 1, 2}, {3}, {4})


def test_parts_of_a_name_join_where_the_full_name_ties_them() -> None:
    rows = [record(n, emails=("ann@acme.com",), name=name) for n, name in enumerate(["Ann Lee", "Ann", "Lee"])]
    assert groups(*rows) == sets({0, 1, 2})
    assert groups(*rows[1:]) == sets({1}, {2})
    said = ["Henri Roux", "H. Roux", "Henri Blanc"]
    rows = [record(n, emails=("h@acme.com",), name=name) for n, name in enumerate(said)]
    assert groups(*rows) == sets({0, 1, 2})


def test_a_name_written_the_other_way_round_keeps_nobody_away() -> None:
    said = ["Elena Roux", "Roux Elena", "Elena Blanc"]
    assert groups(*(record(n, emails=("e@acme.com",), name=name) for n, name in enumerate(said))) == sets(
        {0, 1, 2}
    )


def test_a_human_same_outranks_names_profiles_and_missing_keys() -> None:
    a, b, c = record(0, **ANN, linkedin="in:ann"), record(1, name="Bob Ray", linkedin="in:two"), record(2)
    assert groups(a, b, c, decisions=[decision(a, b, "same"), decision(b, c, "same")]) == sets({0, 1, 2})


def test_a_human_not_the_same_outranks_every_key_and_link() -> None:
    a, b = (replace(record(n, **ANN, linkedin="in:ann"), person_id="p") for n in (0, 1))
    assert groups(a, b, decisions=[decision(a, b, "different")]) == sets({0}, {1})


def test_the_last_word_on_a_pair_counts() -> None:
    a, b = record(0, **ANN), record(1, **ANN)
    assert groups(a, b, decisions=[decision(a, b, "different", 1), decision(b, a, "same", 2)]) == sets({0, 1})
    assert groups(a, b, decisions=[decision(a, b, "same", 1), decision(b, a, "different", 1)]) == sets({0}, {1})


def test_a_judgement_silences_the_suspicion() -> None:
    a, b = record(0, **ANN), record(1, emails=("ann@acme.com",), name="Bob Ray")
    assert match([a, b], [decision(a, b, "different")], PLAIN).suspicions == ()


def test_ten_thousand_judgements_on_one_key_stay_cheap() -> None:
    rows = [record(n, **ANN) for n in range(400)]
    pairs = [(a, b) for a in range(400) for b in range(a + 1, min(a + 26, 400))]
    said = [decision(rows[a], rows[b], "different") for a, b in pairs]
    found = groups(*rows, decisions=said)
    assert all(abs(a - b) > 25 for part in found for a in part for b in part if a != b)


def test_a_link_outlives_the_key_it_was_made_by() -> None:
    a, b = replace(record(0, **ANN), person_id="p"), replace(record(1, emails=("new@acme.com",)), person_id="p")
    assert groups(a, b) == sets({0, 1})


def test_two_slugs_undo_a_link_unless_one_replaced_the_other() -> None:
    a = replace(record(0, linkedin="in:new"), person_id="p")
    b = replace(record(1, linkedin="in:old"), person_id="p")
    assert groups(a, b) == sets({0}, {1})
    renamed = replace(a, aliases=frozenset({"in:old"}))
    assert groups(renamed, b) == sets({0, 1})
    tied = replace(record(2, emails=("new@acme.com",)), person_id="p")  # a person of two slugs loses nobody
    assert groups(renamed, b, tied) == groups(a, b, tied, decisions=[decision(a, b, "same")]) == sets({0, 1, 2})


def test_a_new_record_under_a_former_key_comes_to_the_person_unless_the_key_lives_elsewhere() -> None:
    was = replace(record(0, name="Ann Lee"), person_id="p", aliases=frozenset({"ann@acme.com"}))
    new = record(1, **ANN)
    assert groups(was, new) == sets({0, 1})
    assert groups(was, replace(new, person_id="q")) == sets({0}, {1})
    assert groups(was, new, replace(record(2, **ANN), person_id="q")) == sets({0}, {1, 2})


def test_new_twins_are_one_person_at_once_and_are_reported() -> None:
    found = match([record(0, provider="topo", **ANN), record(3, provider="topo", **ANN)], (), PLAIN)
    assert found.clusters == ((0, 3),)
    assert (found.twins[0].provider, found.twins[0].rids) == ("topo", (0, 3))


def test_a_merge_of_two_existing_people_is_held_only_when_it_makes_twins() -> None:
    a = replace(record(0, provider="topo", **ANN), person_id="p")
    b = replace(record(1, provider="topo", **ANN), person_id="q")
    found = match([a, b], (), PLAIN)
    assert found.clusters == ((0,), (1,))
    assert [s.reason for s in found.suspicions] == [TWINS]
    assert groups(a, b, decisions=[decision(a, b, "same")]) == sets({0, 1})
    assert groups(a, replace(record(2, provider="apollo", **ANN), person_id="q")) == sets({0, 2})


def test_a_new_record_goes_with_the_side_of_a_held_merge_that_a_human_called_the_same() -> None:
    a = replace(record(0, provider="topo", **ANN), person_id="p")
    b = replace(record(1, provider="topo", **ANN), person_id="q")
    new = record(2, provider="apollo", **ANN)
    assert groups(a, b, new) == sets({0}, {1}, {2})
    assert groups(a, b, new, decisions=[decision(b, new, "same")]) == sets({0}, {1, 2})


def test_new_records_that_a_human_called_the_same_stay_together_where_a_merge_is_held() -> None:
    a = replace(record(0, provider="topo", **ANN), person_id="p")
    b = replace(record(1, provider="topo", **ANN), person_id="q")
    new, other = record(2, provider="apollo", **ANN), record(3, provider="datananas", linkedin="in:ann")
    said = [decision(new, other, "same")]
    assert groups(a, b, new, other, decisions=said) == sets({0}, {1}, {2, 3})
    assert groups(a, b, new, replace(other, emails=("ann@acme.com",)), decisions=said) == sets({0}, {1}, {2, 3})


def test_people_alike_in_name_company_and_domain_are_suspected_and_never_joined() -> None:
    same = {"name": "Ann Lee", "company": "Acme Inc.", "domain": "acme.com"}
    other = {**same, "company": "ACME"}
    found = match([record(0, emails=("a@x.com",), **same), record(1, emails=("b@y.com",), **other)])
    assert found.clusters == ((0,), (1,))
    assert found.suspicions[0].reason == ALIKE
    assert {f.name for f in found.suspicions[0].features} >= {"name", "company", "domain"}
    assert match([record(0, **same), record(1, **{**same, "name": "Bob Ray"})]).suspicions == ()


def test_a_name_and_a_company_are_enough_for_a_suspicion() -> None:
    by_email = record(0, name="Ann Lee", company="Acme Inc.", emails=("ann.lee@acme.com",))
    by_profile = record(1, name="Ann Lee", company="Acme", linkedin="https://www.linkedin.com/in/ann-lee-1a2b")
    assert [s.score for s in match([by_email, by_profile]).suspicions] == [1.0]


@pytest.mark.parametrize(("name", "suspected"), [("Lee, Ann", [0.95]), ("Bob Lee", []), (None, [])])
def test_a_name_and_the_host_of_a_company_are_enough_for_a_suspicion(
    name: str | None, suspected: list[float]
) -> None:
    rows = [record(0, name="Ann Lee", emails=("ann@acme.com",)), record(1, name=name, emails=("a.lee@acme.com",))]
    assert [s.score for s in match(rows).suspicions] == suspected


def test_groups_of_alike_records_that_are_too_large_are_skipped_and_counted() -> None:
    rows = [record(n, name="Ann Lee", company="Acme", domain="acme.com") for n in range(40)]
    found = match(rows)
    assert (found.suspicions, found.skipped_blocks) == ((), 2)


def test_names_need_not_agree_when_the_policy_says_so() -> None:
    rows = [record(0, **ANN), record(1, emails=("ann@acme.com",), name="Bob Ray")]
    assert groups(*rows, policy=MatchPolicy(names_must_agree=False, look_for_alike=False)) == sets({0, 1})


def test_one_key_shared_by_very_many_is_answered_without_pairs() -> None:
    rows = [record(n, emails=("ann@acme.com",), name=f"Ann Lee{'abcdefghij'[n % 10]}") for n in range(20_000)]
    assert len(match(rows, (), PLAIN).clusters) == 1


def test_a_chain_of_thousands_needs_no_recursion() -> None:
    rows = [record(n, emails=(f"p{n}@acme.com", f"p{n + 1}@acme.com")) for n in range(3000)]
    random.Random(1).shuffle(rows)
    assert len(match(rows, (), PLAIN).clusters) == 1


def test_plain_mappings_are_enough() -> None:
    rows: list[dict[str, Any]] = [
        {"rid": "a", "provider": "topo", "provider_id": "1", "emails": ["Ann@acme.com"], "name": "Ann Lee"},
        {"rid": "b", "provider": "apollo", "provider_id": "2", "emails": "ann@acme.com", "linkedin": None},
        {"rid": "c", "linkedin": "https://www.linkedin.com/in/ann"},
        {"rid": "d"},
    ]
    assert sorted(map(sorted, cluster(rows))) == [["a", "b"], ["c"], ["d"]]
    assert sorted(map(sorted, cluster(rows, links=[("c", "p"), ("d", "p")]))) == [["a", "b"], ["c", "d"]]
    judged = [("a", "b", "different"), {"rid_a": "a", "rid_b": "c", "verdict": "same"}]
    assert sorted(map(sorted, cluster(rows, decisions=judged))) == [["a", "c"], ["b"], ["d"]]
    assert cluster(rows) == cluster(reversed(rows))
