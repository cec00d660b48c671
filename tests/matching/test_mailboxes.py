"""Addresses that are not equal and yet reach one mailbox: a suspicion, nothing more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.matching import MatchPolicy, likeness, match
from sync.matching.values import ONE_MAILBOX, TWO_PROFILES
from tests.matching.histories import record


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann.lee+news@acme.com", "ann.lee@acme.com"),
        ("ann.lee@gmail.com", "annlee+x@googlemail.com"),
        ("ann@me.com", "ann@icloud.com"),
        ("ann+a@hotmail.com", "ann+b@hotmail.com"),
        ("ann@ya.ru", "ann@yandex.kz"),
        ("ann@yandex.by", "ann@yandex.ua"),
    ],
)
def test_two_addresses_of_one_mailbox_are_suspected_and_never_joined(one: str, other: str) -> None:
    rows = [record(0, name="Ann Lee", emails=(one,)), record(1, name="Ann Lee", emails=(other,), company="Beta")]
    found = match(rows)
    assert found.clusters == ((0,), (1,))
    assert [s.reason for s in found.suspicions] == [ONE_MAILBOX]
    assert match([rows[0], replace(rows[1], name="Bob Ray")]).suspicions == ()
    slugs = [replace(row, linkedin=f"in:ann-{at}") for at, row in enumerate(rows)]
    assert match(slugs).suspicions == ()


@pytest.mark.parametrize("email", ["ann@acme.com", "ann@gmail.com"])
@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Ann Lee", None), (None, None), (None, "Ann Lee"), ("Ann Lee", "Lee Ann"), ("Robert Day", "Bob Day"),
        ("Ann Lee", "Ann Ray"), ("JP Roy", "Jean-Pierre Roy"), ("Ann", "Ann Lee"), ("Ann Lee", "Анна Ли"),
    ],
)  # fmt: skip
def test_one_mailbox_is_suspected_whatever_is_known_of_the_names_unless_they_disagree(
    email: str, name: str | None, other: str | None
) -> None:
    rows = [record(0, name=name, emails=(email,)), record(1, name=other, emails=(email.replace("@", "+x@"),))]
    assert [s.reason for s in match(rows).suspicions] == [ONE_MAILBOX]


def test_one_mailbox_is_not_suspected_of_names_that_disagree_however_little_is_enough() -> None:
    rows = [record(n, name=name, emails=(f"ann+{n}@acme.com",)) for n, name in enumerate(("Ann Lee", "Zoe Kim"))]
    assert match(rows, policy=MatchPolicy(suspect_score=0.5)).suspicions == ()


def test_who_has_no_name_is_suspected_for_a_mailbox_only() -> None:
    same = {"company": "Acme", "domain": "acme.com", "phone": "+33140000001"}
    rows = [
        record(0, name="Ann Lee", emails=("ann@acme.com",), **same),
        record(1, emails=("lee@acme.com",), **same),
    ]
    assert match(rows).suspicions == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [("mary-jane@yahoo.com", "mary@yahoo.com"), ("a.lee@gmx.de", "alee@gmx.de"), ("a@gmail.com", "a@gmx.de")],
)
def test_addresses_of_two_mailboxes_say_nothing(one: str, other: str) -> None:
    assert (
        match([record(0, name="Ann Lee", emails=(one,)), record(1, name="Ann Lee", emails=(other,))]).suspicions
        == ()
    )


def test_a_shared_address_that_profiles_contradict_is_told_as_that() -> None:
    rows = [record(n, name="Ann Lee", emails=("ann@gmail.com",), linkedin=f"in:ann-{n}") for n in range(2)]
    assert [s.reason for s in match(rows).suspicions] == [TWO_PROFILES]


def test_only_addresses_that_differ_speak_against_one_person() -> None:
    one, other = (record(n, name="Ann Lee", emails=("ann@acme.com",)) for n in range(2))
    for emails, told in ((other.emails, ["name", "domain"]), (("lee@acme.com",), ["name", "domain", "mailbox"])):
        found = likeness(one, replace(other, emails=emails), 0.9)
        assert found is not None
        assert [f.name for f in found.features] == told
