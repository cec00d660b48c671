"""Records that meet for the first time: who holds what, and what the person then holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sync.codes import Rule
from sync.merging import FieldPolicy, MergePolicy, merge
from tests.builders import NOW, choice, flat, member, merged, newcomer, person

if TYPE_CHECKING:
    from tests.builders import Fields

PROFILE, COMPANY = "https://www.linkedin.com/in/ann-lee", "https://www.linkedin.com/company/acme"
POLICY = MergePolicy(priority=("topo", "apollo", "datananas"))

# What each provider holds, in the order in which the records came, and what the person holds then.
TABLE: dict[str, tuple[dict[str, Fields], Fields]] = {
    "a value that only one has stands": (
        {"apollo": {"photo_url": "p"}, "topo": {"language": "fr"}},
        {"photo_url": "p", "language": "fr"},
    ),
    "of two values the priority's stands, whoever came first": (
        {"apollo": {"language": "en"}, "topo": {"language": "fr"}},
        {"language": "fr"},
    ),
    "a blank never beats a value": ({"topo": {}, "datananas": {"language": "en"}}, {"language": "en"}),
    "names are filled from any record": (
        {"topo": {"first_name": "Ann"}, "apollo": {"first_name": "Anna", "last_name": "Lee"}},
        {"first_name": "Ann", "last_name": "Lee"},
    ),
    "a title is not taken from a record of another company": (
        {"topo": {"company_name": "Acme"}, "apollo": {"company_name": "Beta", "job_title": "CEO"}},
        {"company_name": "Acme"},
    ),
    "a title is taken from a record of the same company": (
        {"topo": {"company_name": "Acme"}, "apollo": {"company_name": "ACME", "job_title": "CEO"}},
        {"company_name": "Acme", "job_title": "CEO"},
    ),
    "a title is taken from a record that names no company": (
        {"topo": {"company_name": "Acme"}, "apollo": {"job_title": "CEO"}},
        {"company_name": "Acme", "job_title": "CEO"},
    ),
    "a city is not put beside another country": (
        {"topo": {"country": "France"}, "apollo": {"country": "Spain", "city": "Madrid"}},
        {"country": "France"},
    ),
    "a country is the same in either spelling": (
        {"topo": {"country": "FR"}, "apollo": {"country": "France", "city": "Lyon"}},
        {"country": "FR", "city": "Lyon"},
    ),
    "variables are single fields": (
        {"topo": {"variables.a": "1"}, "apollo": {"variables.a": "2", "variables.b": "3"}},
        {"variables.a": "1", "variables.b": "3"},
    ),
    "a profile that names nobody never beats one that does": (
        {"topo": {"linkedin_url": COMPANY}, "apollo": {"linkedin_url": PROFILE}},
        {"linkedin_url": PROFILE},
    ),
    "a phone that is no number never beats one that is": (
        {"topo": {"phone": "call me"}, "apollo": {"phone": "+33140000001"}},
        {"phone": "+33140000001"},
    ),
    "a number of which only the country is not known is one": (
        {"topo": {"phone": "06 12 34 56 78"}, "apollo": {"phone": "+33140000001"}},
        {"phone": "06 12 34 56 78"},
    ),
    "text that nobody can use stands where nothing else does": (
        {"topo": {"phone": "call me"}, "apollo": {"linkedin_url": COMPANY}},
        {"phone": "call me", "linkedin_url": COMPANY},
    ),
    "between providers of no rank the more complete record stands": (
        {"zeta": {"language": "en"}, "eta": {"language": "fr", "photo_url": "p"}},
        {"language": "fr", "photo_url": "p"},
    ),
    "between providers of no rank the more complete address stands": (
        {"zeta": {"city": "Nice"}, "eta": {"city": "Lyon", "country": "FR"}},
        {"city": "Lyon", "country": "FR"},
    ),
    "between equals the record that was linked first stands": (
        {"topo:1": {"language": "en"}, "topo:2": {"language": "fr"}},
        {"language": "en"},
    ),
    "all emails stand, the priority's first": (
        {"apollo": {"emails": ("b@x.co", "a@x.co")}, "topo": {"email": "A@x.co"}},
        {"emails": ("A@x.co", "b@x.co")},
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_first_contact(case: str) -> None:
    held, want = TABLE[case]
    who = merged(person(*(newcomer(i, where, **f) for i, (where, f) in enumerate(held.items(), start=1))), POLICY)
    assert who.contact.to_fields() == flat(**want)
    assert all(m.link.met and m.link.base == m.record.contact.to_fields() for m in who.members)


@pytest.mark.parametrize("case", TABLE)
def test_every_value_met_is_held_or_kept_as_a_loser(case: str) -> None:
    held, _ = TABLE[case]
    who = merged(person(*(newcomer(i, where, **f) for i, (where, f) in enumerate(held.items(), start=1))), POLICY)
    for one in who.members:
        for name, value in one.record.contact.to_fields().items():
            stands = who.contact.get(name)
            lost = who.choices[name].losers.get(str(one.record.ref))
            assert (
                lost == value or str(stands).casefold() == str(value).casefold() or name in {"emails", "country"}
            )


def test_the_rule_says_whether_something_lost() -> None:
    who = merged(person(newcomer(1, "topo", language="fr", photo_url="p"), newcomer(2, "apollo", language="en")))
    assert who.choices["photo_url"].rule == Rule.FIRST_CONTACT
    assert who.choices["language"].rule == Rule.SURVIVORSHIP
    assert who.choices["language"].losers == {"apollo:1": "en"}


@pytest.mark.parametrize(
    ("topo", "apollo", "rule"),
    [
        (("a@x.co",), ("b@x.co",), Rule.SURVIVORSHIP),
        (("a@x.co",), ("A@x.co", "b@x.co"), Rule.SURVIVORSHIP),
        (("a@x.co",), ("A@x.co",), Rule.FIRST_CONTACT),
        (("a@x.co", "b@x.co"), ("b@x.co",), Rule.FIRST_CONTACT),
        (("a@x.co",), (), Rule.FIRST_CONTACT),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_the_rule_of_emails_says_whether_another_record_had_more(
    topo: tuple[str, ...], apollo: tuple[str, ...], rule: Rule, at_once: bool
) -> None:
    who = person(newcomer(1, "topo", emails=topo))
    who = who if at_once else merged(who, POLICY)
    who = merged(replace(who, members=(*who.members, newcomer(2, "apollo", emails=apollo))), POLICY)
    assert (who.choices["emails"].source, who.choices["emails"].rule) == ("topo:1", rule)


# a newcomer to somebody who is known already ----------------------------------------------------------
@pytest.mark.parametrize(
    ("chosen", "stands"),
    [
        (choice("apollo:1", Rule.FIRST_CONTACT), "fr"),
        (choice("apollo:1", Rule.SURVIVORSHIP), "fr"),
        (choice("topo:9", Rule.FIRST_CONTACT), "en"),
        *((choice("apollo:1", rule), "en") for rule in (Rule.ONLY_CHANGER, Rule.AGREED, Rule.FIELD_PRIORITY)),
        (choice("human", Rule.HUMAN), "en"),
        (choice("undo", Rule.UNDO), "en"),
    ],
)
def test_a_newcomer_outranks_what_was_only_found_and_never_an_edit(chosen: object, stands: str) -> None:
    known = {"language": "en"}
    who = person(
        member(1, "apollo", known), newcomer(2, "topo", language="fr"), known=known, choices={"language": chosen}
    )
    result = merge(who, POLICY, NOW)
    assert result.contact.language == stands
    assert {stands, *result.choices["language"].losers.values()} == {"en", "fr"}


@pytest.mark.parametrize(
    ("where", "rule", "owner", "known", "came", "stands"),
    [
        ("apollo", Rule.FIRST_CONTACT, None, COMPANY, PROFILE, PROFILE),
        ("apollo", Rule.ONLY_CHANGER, None, COMPANY, PROFILE, COMPANY),
        ("topo", Rule.FIRST_CONTACT, None, PROFILE, COMPANY, PROFILE),
        ("topo", Rule.FIRST_CONTACT, "topo", PROFILE, COMPANY, PROFILE),
        ("topo", Rule.ONLY_CHANGER, "topo", COMPANY, PROFILE, PROFILE),
    ],
)
def test_a_newcomers_profile_counts_by_what_it_names_before_its_providers_rank(
    where: str, rule: Rule, owner: str | None, known: str, came: str, stands: str
) -> None:
    other = "topo" if where == "apollo" else "apollo"
    who = person(
        member(1, other, {"linkedin_url": known}), newcomer(2, where, linkedin_url=came),
        known={"linkedin_url": known}, choices={"linkedin_url": choice(f"{other}:1", rule)},
    )  # fmt: skip
    policy = replace(POLICY, fields={"linkedin_url": FieldPolicy(owner=owner)})
    result = merge(who, policy, NOW)
    assert result.contact.linkedin_url == stands
    assert {stands, *result.choices["linkedin_url"].losers.values()} == {known, came}


def test_a_newcomers_group_replaces_a_found_group_whole() -> None:
    known = {"company_name": "Beta", "job_title": "CEO", "company_domain": "beta.com"}
    who = person(
        member(1, "apollo", known),
        newcomer(2, "topo", company_name="Acme", company_domain="acme.com"),
        known=known,
    )
    result = merge(who, POLICY, NOW)
    assert (result.contact.company_name, result.contact.job_title) == ("Acme", None)
    assert result.choices["job_title"].losers == {"apollo:1": "CEO"}
    assert result.choices["company_domain"].losers == {"apollo:1": "beta.com"}


@pytest.mark.parametrize("ours", [True, False])
def test_what_we_wrote_to_a_record_for_somebody_it_was_of_before_outranks_nothing(ours: bool) -> None:
    """Joined people: the one who goes on came from an export, the other one's record at Topo may be our echo."""
    shown = flat(first_name="Bob", last_name="Brun", language="en", emails=("bob@x.co",))
    known = flat(first_name="Ana", last_name="Diaz", language="fr", emails=("ana@x.co",))
    came = newcomer(2, "topo", **shown)
    came = replace(came, link=replace(came.link, sent=shown if ours else {}))
    export = member(1, "datananas", known)
    result = merge(person(export, came, known=known), POLICY, NOW)
    wins, loses = (known, shown) if ours else (shown, known)
    assert {name: result.contact.get(name) for name in ("first_name", "last_name", "language")} == {
        name: value for name, value in wins.items() if name != "emails"
    }
    assert result.contact.emails == (*wins["emails"], *loses["emails"])
    assert loses["first_name"] in result.choices["first_name"].losers.values()


def test_what_only_our_echo_shows_fills_what_is_not_known() -> None:
    came = newcomer(2, "topo", city="Lyon")
    came = replace(came, link=replace(came.link, sent={"city": "Lyon"}))
    assert merge(person(member(1, "apollo", {}), came), POLICY, NOW).contact.city == "Lyon"


def test_a_newcomers_value_fills_what_was_emptied() -> None:
    emptied = person(
        member(1, "apollo", {}),
        newcomer(2, "datananas", city="Lyon", language="fr"),
        choices={n: choice("apollo:1", Rule.BLANK) for n in ("city", "language")},
    )
    contact = merge(emptied, MergePolicy(blanks=True), NOW).contact
    assert (contact.city, contact.language) == ("Lyon", "fr")


@pytest.mark.parametrize("rule", [Rule.FIRST_CONTACT, Rule.ONLY_CHANGER])
def test_an_owner_that_comes_later_has_its_way(rule: Rule) -> None:
    known = {"job_title": "CEO", "company_name": "Acme"}
    who = person(
        member(1, "topo", known), newcomer(2, "datananas", job_title="CTO", company_name="Beta"), known=known,
        choices={"job_title": choice("topo:1", rule)},
    )  # fmt: skip
    policy = MergePolicy(priority=("topo",), fields={"job_title": FieldPolicy(owner="datananas")})
    contact = merge(who, policy, NOW).contact
    assert (contact.job_title, contact.company_name) == ("CTO", "Acme")


def test_a_fields_own_priority_counts_for_its_group_too() -> None:
    who = person(newcomer(1, "topo", city="Lyon", country="FR"), newcomer(2, "apollo", city="Rome", country="IT"))
    policy = MergePolicy(priority=("topo", "apollo"), fields={"city": FieldPolicy(priority=("apollo", "topo"))})
    assert merge(who, policy, NOW).contact.country == "IT"


def test_a_value_that_a_better_record_confirms_is_the_better_records() -> None:
    known = {"language": "fr"}
    who = person(member(1, "datananas", known), newcomer(2, "topo", language="fr"), known=known)
    confirmed = merge(who, POLICY, NOW).choices["language"]
    assert (confirmed.source, confirmed.rule, confirmed.losers) == ("topo:1", Rule.FIRST_CONTACT, {})


def test_an_owner_that_comes_right_after_a_strangers_edit_does_not_hide_it() -> None:
    known = {"language": "fr"}
    who = person(member(1, "apollo", {"language": "en"}, known), newcomer(2, "topo", language="fr"), known=known)
    chosen = merge(who, MergePolicy(fields={"language": FieldPolicy(owner="topo")}), NOW).choices["language"]
    assert chosen.losers == {"apollo:1": "en"}
