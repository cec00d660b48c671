"""Contacts in canonical spelling, fields compared, keys."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.contact import SCALAR_FIELDS, Contact
from sync.identity import canonicalize, compared, keys_of

OPAQUE = "ACoAABh375cB" + "x" * 27
SCRAPS = st.sampled_from(
    ["n/a", "None", " ", "\u00a0Ann\u200b", "NA", "Null", "01 42 68 53 00", "+33142685300 x5", "France", "garbage",
     "a\x00b", "http://linkedin.com/in/Ann-Lee", f"urn:li:fsd_profile:{OPAQUE}", "https://WWW.Acme.com/x",
     "x\r\ny", "\ud800"]
)  # fmt: skip
MAILS = st.sampled_from(
    [
        "Ann@Acme.com",
        "ann@acme.com ",
        "Ann <ann@acme.com>",
        "n/a",
        "test@test.com",
        "call me",
        "mailto:b@x.com",
        "\ud800",
    ]
)
TEXTS = SCRAPS | st.text(max_size=12)
contacts = st.builds(
    lambda emails, scalars, variables: Contact(emails=tuple(emails), variables=variables, **scalars),
    st.lists(MAILS | TEXTS, max_size=3),
    st.dictionaries(st.sampled_from(SCALAR_FIELDS), TEXTS, max_size=8),
    st.dictionaries(st.sampled_from(["a", "b"]), TEXTS),
)


@given(contacts)
def test_canonical_contacts_are_their_own_canonical_form_and_hold_no_blank(contact: Any) -> None:
    once = canonicalize(contact, default_region="FR")
    assert canonicalize(once, default_region="FR") == once
    assert all(once.to_fields().values())


@given(contacts)
def test_canonical_spelling_changes_no_key_and_no_compared_value(contact: Any) -> None:
    once = canonicalize(contact)
    assert keys_of(once) == keys_of(contact) or contact.linkedin_url is not None
    for name, value in once.to_fields().items():
        if name not in {"phone", "mobile_phone", "linkedin_id"}:
            assert compared(name, value) == compared(name, contact.get(name))


def test_a_contact_is_trimmed_unwrapped_and_freed_of_what_says_nothing() -> None:
    contact = Contact(
        emails=(" Ann.Lee@Acme.com ", "ann.lee@acme.com", "n/a", "email_not_unlocked@x.com",
        "Ann <a.l@acme.com>", "call me"),
        linkedin_url="http://linkedin.com/in/" + OPAQUE,
        first_name=" Ann\u200b", last_name="Null", job_title="N/A", company_domain="https://WWW.Acme.com/x",
        phone="01 42 68 53 00", mobile_phone="call me", country="France",
        variables={"a": "none", "b": " ", "c": "x\ny"},
    )  # fmt: skip
    assert canonicalize(contact) == Contact(
        emails=("Ann.Lee@Acme.com", "a.l@acme.com", "call me"),
        linkedin_url="https://www.linkedin.com/in/" + OPAQUE, linkedin_id=OPAQUE, first_name="Ann",
        last_name="Null",
        company_domain="acme.com", phone="+33142685300", mobile_phone="call me", country="France",
        variables={"a": "none", "c": "x\ny"},
    )  # fmt: skip


def test_country_codes_that_look_like_nothing_stay() -> None:
    assert canonicalize(Contact(country="NA", last_name="Na")) == Contact(country="NA", last_name="Na")


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [
        ("emails", ("Ann@Acme.com",), ("ann@acme.com ",)),
        ("linkedin_url", "linkedin.com/in/Ann", "https://www.linkedin.com/in/ann/"),
        ("last_name", " ÉLODIE  x", "E\u0301lodie X"),
        ("company_name", "ACME GmbH", "acme gmbh"),
        ("phone", "01 42 68 53 00", "+33142685300"),
        ("country", "Deutschland", "de"),
        ("company_domain", "https://www.acme.com", "mail.acme.com"),
        ("company_domain", "www.www.acme.com", "acme.com"),
        ("zipcode", " 75001", "75001"),
        ("city", "n/a", None),
        ("job_title", "Not available", None),
        ("linkedin_url", "not found", None),
        ("linkedin_url", "linkedin.com", None),
        ("linkedin_url", "https://www.linkedin.com/in/", None),
        ("linkedin_url", "https://www.linkedin.com/in/unavailable/?trk=x", None),
    ],
)
def test_equal_values_compare_equal_in_any_spelling(name: Any, one: Any, two: Any) -> None:
    assert compared(name, one, region="FR") == compared(name, two, region="FR")


@pytest.mark.parametrize(
    ("name", "one", "two"),
    [
        ("emails", ("a@acme.com", "b@acme.com"), ("b@acme.com", "a@acme.com")),
        ("phone", "+33142685300", "+33142685300;ext=1"),
        ("zipcode", "a", "A"),
        ("variables.x", "none", None),
        ("linkedin_url", "https://www.linkedin.com/company/acme", None),
    ],
)
def test_different_values_compare_different(name: Any, one: Any, two: Any) -> None:
    assert compared(name, one) != compared(name, two)


def test_all_emails_and_both_names_of_a_profile_are_keys() -> None:
    contact = Contact(
        emails=("Ann@Acme.com", "info@acme.com", "b@x.com"), linkedin_url="linkedin.com/in/Ann", linkedin_id=OPAQUE
    )
    assert keys_of(contact) == (
        ("email", "ann@acme.com"),
        ("email", "b@x.com"),
        ("linkedin", "in:ann"),
        ("linkedin", "urn:" + OPAQUE),
    )


@pytest.mark.parametrize(
    "written", ["ac\u200bme.com", "https://ac\u00adme.com/", "www.\u200bacme.com", "acme\u2060.com"]
)
def test_what_nobody_sees_in_a_host_is_not_written_to_anybody(written: str) -> None:
    assert canonicalize(Contact(company_domain=written)).company_domain == "acme.com"
