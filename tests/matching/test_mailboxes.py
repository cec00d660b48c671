"""Addresses that are not equal and yet reach one mailbox: a suspicion, nothing more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sync.matching import match
from sync.matching.values import ONE_MAILBOX, TWO_PROFILES
from tests.matching.histories import record


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann.lee+news@acme.com", "ann.lee@acme.com"),
        ("ann.lee@gmail.com", "annlee+x@googlemail.com"),
        ("ann@me.com", "ann@icloud.com"),
        ("ann+a@hotmail.com", "ann+b@hotmail.com"),
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
