from __future__ import annotations

import pytest

from adapters.topo import keys
from sync.contact import Contact

OPAQUE = "ACoAA" + "B" * 34


def test_equal_addresses_have_one_form_whatever_their_case() -> None:
    assert keys.email_form("Ana@Corp.com ") == keys.email_form("ana@corp.com")


def test_text_that_is_no_address_still_has_a_form() -> None:
    assert keys.email_form(" Not An Address ") == "not an address"


@pytest.mark.parametrize(
    "url", ["https://www.linkedin.com/in/ana/", "linkedin.com/in/Ana", "http://linkedin.com/in/ana?x=1"]
)
def test_equal_profiles_have_one_form(url: str) -> None:
    assert keys.profile_form(url) == keys.profile_form("https://www.linkedin.com/in/ana")


def test_a_name_and_an_opaque_id_may_be_one_profile_and_two_names_may_not() -> None:
    ana = "https://www.linkedin.com/in/ana"
    assert keys.may_be_same_profile(ana, f"https://www.linkedin.com/in/{OPAQUE}")
    assert not keys.may_be_same_profile(ana, "https://www.linkedin.com/in/bob")
    assert not keys.may_be_same_profile(ana, None)


def test_a_contact_with_only_an_opaque_id_has_a_profile_address() -> None:
    assert keys.profile_of(Contact(linkedin_id=OPAQUE)) == f"https://www.linkedin.com/in/{OPAQUE}"
    assert keys.profile_of(Contact()) is None


def test_an_echo_contradicts_only_with_a_key_that_both_sides_have() -> None:
    assert keys.contradicts("ana@corp.com", None, "bob@corp.com", None)
    assert keys.contradicts(None, "https://linkedin.com/in/ana", None, "https://linkedin.com/in/bob")
    assert not keys.contradicts("ana@corp.com", None, None, "https://linkedin.com/in/bob")
    assert not keys.contradicts("Ana@corp.com", None, "ana@corp.com", None)
