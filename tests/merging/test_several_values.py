"""Emails, phones and profiles: fields of which a person may truly have several values."""

from __future__ import annotations

import pytest

from sync.codes import Rule
from sync.merging import FieldPolicy, MergePolicy, merge
from tests.builders import NOW, choice, member, merged, newcomer, person

POLICY = MergePolicy(priority=("topo", "apollo", "datananas"))


def addresses(text: str) -> tuple[str, ...]:
    """``"p q"`` is short for two addresses."""
    return tuple(f"{name}@x.co" for name in text.split())


def letters(emails: tuple[str, ...]) -> str:
    return " ".join(e.partition("@")[0] for e in emails)


# canonical | per record: before > after (topo, apollo) | stands; ! = conflict
EMAILS = {
    "one replaced keeps its place": ("p a b", ["p a b > p n b"], "p n b"),
    "the primary replaced": ("p a", ["p a > n a"], "n a"),
    "another one put first": ("p a", ["p a > a p"], "a p"),
    "a new one put first": ("p a", ["p a > n p a"], "n p a"),
    "one added": ("p a", ["p > p n"], "p a n"),
    "one added where there was none": ("p", ["> n"], "p n"),
    "one taken away stays": ("p a", ["p a > p"], "p a"),
    "the primary taken away stays behind": ("p a", ["p a > a"], "a p"),
    "all taken away stay": ("p a", ["p a >"], "p a"),
    "a second address replaced at a record that holds it alone": ("p a", ["a > n"], "p n"),
    "a replacement that is known already": ("p a q n", ["a > n"], "p n q"),
    "two add": ("p", ["p > p n", "p > p m"], "p n m"),
    "two add to nothing": ("", ["> n", "> m"], "n m"),
    "two replace different ones": ("p a b", ["p a b > p n b", "p a b > p a m"], "p n m"),
    "two replace the same one differently": ("p a", ["p a > p n", "p a > p m"], "p n m"),
    "two want the same primary": ("p a", ["p a > a p", "p a > a p"], "a p"),
    "two want different primaries": ("p", ["p > n", "p > m"], "!"),
    "one wants another primary, one adds": ("p", ["p > p n", "p > m"], "m n"),
}


@pytest.mark.parametrize("case", EMAILS)
def test_emails_change_address_by_address(case: str) -> None:
    known, edits, want = EMAILS[case]
    members = []
    for rid, (provider, edit) in enumerate(zip(("topo", "apollo"), edits, strict=False), start=1):
        before, _, after = edit.partition(">")
        members.append(member(rid, provider, {"emails": addresses(after)}, {"emails": addresses(before)}))
    result = merge(person(*members, known={"emails": addresses(known)}), POLICY, NOW)
    assert bool(result.conflicts) == (want == "!")
    assert letters(result.contact.emails) == (known if want == "!" else want)


def test_a_priority_decides_between_primaries_and_keeps_the_other_address() -> None:
    policy = MergePolicy(fields={"emails": FieldPolicy(priority=("apollo", "topo"))})
    who = person(
        member(1, "topo", {"email": "n@x.co"}, {"email": "p@x.co"}),
        member(2, "apollo", {"email": "m@x.co"}, {"email": "p@x.co"}),
        known={"email": "p@x.co"},
    )
    result = merge(who, policy, NOW)
    assert letters(result.contact.emails) == "m n"
    chosen = result.choices["emails"]
    assert (chosen.source, chosen.rule) == ("apollo:1", Rule.FIELD_PRIORITY)
    assert chosen.replaced == {"p@x.co": "m@x.co"}
    assert chosen.losers == {"topo:1": ("p@x.co",)}


def test_emails_taken_away_go_when_blanks_are_explicit() -> None:
    policy = MergePolicy(blanks=True)
    known = {"emails": addresses("p a")}
    less = person(member(1, "topo", {"email": "p@x.co"}, known), known=known)
    none = person(member(1, "topo", {}, known), known=known)
    assert letters(merge(less, policy, NOW).contact.emails) == "p"
    emptied = merge(none, policy, NOW)
    assert (emptied.contact.emails, emptied.choices["emails"].rule) == ((), Rule.BLANK)
    assert emptied.choices["emails"].losers == {"topo:1": addresses("p a")}


def test_an_owner_of_the_emails_says_which_come_first_and_drops_none() -> None:
    policy = MergePolicy(fields={"emails": FieldPolicy(owner="topo")})
    who = person(
        member(1, "topo", {"email": "n@x.co"}, {"email": "p@x.co"}),
        member(2, "apollo", {"email": "m@x.co"}, {"email": "p@x.co"}),
        known={"emails": addresses("p a")},
    )
    result = merge(who, policy, NOW)
    assert letters(result.contact.emails) == "n a"
    assert result.choices["emails"].losers["apollo:1"] == addresses("m")


def test_an_edit_that_changes_nothing_of_the_emails_leaves_their_choice_alone() -> None:
    known = {"emails": addresses("p a")}
    who = person(member(1, "topo", {"email": "p@x.co"}, known), known=known)
    assert merged(who, POLICY).choices == who.choices


@pytest.mark.parametrize(
    ("edit", "stands", "rule"),
    [("a > n", "p n", Rule.HUMAN), ("p > p n", "p a n", Rule.HUMAN), ("p > n", "n a", Rule.ONLY_CHANGER)],
)
def test_a_decided_first_address_stays_decided_until_it_is_replaced(edit: str, stands: str, rule: Rule) -> None:
    before, _, after = edit.partition(" > ")
    who = person(
        member(1, "topo", {"emails": addresses(after)}, {"emails": addresses(before)}),
        known={"emails": addresses("p a")},
        choices={"emails": choice("human", Rule.HUMAN)},
    )
    result = merge(who, POLICY, NOW)
    assert (letters(result.contact.emails), result.choices["emails"].rule) == (stands, rule)


def test_equal_addresses_are_one_whatever_their_spelling() -> None:
    who = merged(
        person(newcomer(1, "topo", emails=("Ann@X.co", "ann@x.co")), newcomer(2, "apollo", email="ANN@x.co"))
    )
    assert who.contact.emails == ("Ann@X.co",)


def test_an_address_that_a_person_replaced_does_not_come_back_with_a_newcomer() -> None:
    who = person(
        member(1, "topo", {"email": "n@x.co"}),
        newcomer(2, "apollo", emails=addresses("old a")),
        known={"email": "n@x.co"},
        choices={"emails": choice("topo:1", Rule.ONLY_CHANGER, replaced={"old@x.co": "n@x.co"})},
    )
    result = merge(who, POLICY, NOW)
    assert letters(result.contact.emails) == "n a"
    assert result.choices["emails"].losers == {"apollo:1": addresses("old a")}


# phones and profiles ----------------------------------------------------------------------------------
FIRST, SECOND, THIRD = "+33140000001", "+33140000002", "+33140000003"
PROFILE = "https://www.linkedin.com/in/"


@pytest.mark.parametrize(
    ("name", "old", "new", "replaced"),
    [
        ("phone", FIRST, SECOND, {FIRST: SECOND}),
        ("mobile_phone", FIRST, SECOND, {FIRST: SECOND}),
        ("linkedin_url", PROFILE + "ann-lee", PROFILE + "ann-ray", {"in:ann-lee": PROFILE + "ann-ray"}),
        ("emails", ("Old@x.co",), ("new@x.co",), {"old@x.co": "new@x.co"}),
        ("city", "Lyon", "Nice", {}),
        ("phone", FIRST, None, {}),
    ],
)
def test_what_a_person_replaced_is_remembered(
    name: str, old: str, new: str | None, replaced: dict[str, str]
) -> None:
    who = person(member(1, "topo", {name: new}, {name: old}), known={name: old})
    assert merge(who, POLICY, NOW).choices[name].replaced == replaced


def test_replacements_add_up_and_a_value_taken_back_is_not_replaced() -> None:
    known = {"phone": FIRST}
    changed = merged(person(member(1, "topo", {"phone": SECOND}, known), member(2, "apollo", known), known=known))
    again = merged(person(member(1, "topo", {"phone": THIRD}, {"phone": SECOND}), known={"phone": SECOND},
                          choices=dict(changed.choices)))  # fmt: skip
    assert again.choices["phone"].replaced == {FIRST: SECOND, SECOND: THIRD}
    back = merged(person(member(1, "topo", known, {"phone": THIRD}), known={"phone": THIRD},
                         choices=dict(again.choices)))  # fmt: skip
    assert back.choices["phone"].replaced == {SECOND: THIRD, THIRD: FIRST}


def test_the_value_that_lost_a_priority_replaces_nothing() -> None:
    policy = MergePolicy(fields={"phone": FieldPolicy(priority=("apollo",))})
    known = {"phone": FIRST}
    who = person(member(1, "topo", {"phone": SECOND}, known), member(2, "apollo", {"phone": THIRD}, known),
                 known=known)  # fmt: skip
    assert merge(who, policy, NOW).choices["phone"].replaced == {FIRST: THIRD}


def test_emptying_a_phone_of_ones_own_does_not_empty_the_persons() -> None:
    policy = MergePolicy(blanks=True)
    who = person(member(1, "topo", {"phone": FIRST}), member(2, "apollo", {}, {"phone": SECOND}),
                 known={"phone": FIRST})  # fmt: skip
    assert merge(who, policy, NOW).contact.phone == FIRST
    gone = person(member(1, "topo", {}, {"phone": FIRST}), known={"phone": FIRST})
    assert merge(gone, policy, NOW).contact.phone is None
