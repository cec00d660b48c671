"""Records without an id are named by the key that finds them."""

from __future__ import annotations

import pytest

from adapters.toolkit.keys import record_name
from sync.contact import Contact

URL = "https://www.linkedin.com/in/Jane-Doe/"


@pytest.mark.parametrize(
    ("contact", "first", "name"),
    [
        (Contact(emails=(" Jane@Corp.COM ",), linkedin_url=URL), "email", "email:jane@corp.com"),
        (Contact(emails=("jane@corp.com",), linkedin_url=URL), "linkedin_url", "linkedin:in:jane-doe"),
        (Contact(emails=("jane@corp.com",)), "linkedin_url", "email:jane@corp.com"),
        (Contact(linkedin_url=URL), "email", "linkedin:in:jane-doe"),
        (Contact(emails=("not an address",), linkedin_url="https://corp.com/jane"), "email", None),
        (Contact(), "linkedin_url", None),
    ],
)
def test_the_preferred_key_names_a_record_and_the_other_steps_in(
    contact: Contact, first: str, name: str | None
) -> None:
    assert record_name(contact, first) == name
