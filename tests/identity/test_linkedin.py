"""Every spelling of one profile gives one key; everything else gives none or another."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.identity import linkedin_key, linkedin_url

OPAQUE = "ACoAABh375cB" + "x" * 27

SPELLINGS = [
    "https://www.linkedin.com/in/ann-lee",
    "http://www.linkedin.com/in/ann-lee/",
    "linkedin.com/in/Ann-Lee",
    "//www.linkedin.com/in/ann-lee",
    "HTTPS://WWW.LINKEDIN.COM:443/IN/ANN-LEE",
    "www.linkedin.com:443/in/ann-lee",
    "www.linkedin.com./in/ann-lee",
    "https://fr.linkedin.com/in/ann-lee/de",
    "https://touch.linkedin.com/in/ann-lee",
    "https://linkedin.com/in/ann-lee/overlay/contact-info/",
    "https://linkedin.com/in/ann-lee/details/experience/",
    "https://linkedin.com/in/ann-lee?trk=x&u=https://linkedin.com/in/bob",
    "https://linkedin.com/in/ann-lee#about",
    "https://linkedin.com/mwlite/in/ann-lee",
    "https://linkedin.com/mwlite/profile/in/ann-lee",
    "https://linkedin.com/comm/in/ann-lee",
    "https://linkedin.com/m/in/ann-lee",
    "https://linkedin.com/in/in/ann-lee",
    "https://linkedin.com/in/%61nn-lee",
    "in/ann-lee",
    "/in/ann-lee",
    " <https://linkedin.com/in/ann-lee>, ",
    "\u200bhttps://linkedin.com/in/ann-lee\ufeff\u00a0",
    "\u202ahttps://linkedin.com/in/ann-lee\u202c",
    "\u2068linkedin.com/in/ann-lee\u2069",
    "\u201chttps://linkedin.com/in/ann-lee\u201d",
    "linkedin.com/in/ann-lee\u200d",
    "linkedin.com/in/ann-lee\u200c/",
    "linkedin.com/in/ann-lee%E2%80%8D/de",
    "linkedin.com/in/ann-lee'/",
    "linkedin.com/in/ann-lee%27",
    "linkedin.com/in/ann-lee\u2019?trk=x",
]

NOBODY = [
    "", "ann-lee", "@ann-lee", "linkedin.com", "linkedin.com/in/", "linkedin.com/in/me",
    "linkedin.com/in/unavailable/",
    "linkedin.com/in/%ZZab", "linkedin.com/in/abc%", "linkedin.com/in/abc%FF", "linkedin.com/in/a%2Fbc",
    "linkedin.com/in/%25C3%25A9lo", "linkedin.com/in/../abc", "linkedin.com/in/abc/../def",
    "linkedin.com/in/abc/%2E%2e/def", "linkedin.com/in/a b c", "linkedin.com\\in\\abc",
    "linkedin.com/in//details/experience", "linkedin.com/in/in", "linkedin.com/pub/first-last/1/2/3",
    "linkedin.com/pub/dir/First/Last", "linkedin.com/profile/view?id=410513303", "linkedin.com/company/acme",
    "linkedin.com/school/acme", "linkedin.com/feed/update/1", "linkedin.com/recruiter/profile/12,tok,CAP",
    "urn:li:member:410513303", "urn:li:person:abc", "urn:li:fsd_company:12", "lnkd.in/abc",
    "linkedin.cn/incareer/in/abc",
    "google.com/url?q=https://linkedin.com/in/abc", "https://www.linkedin.com/authwall?sessionRedirect=/in/abc",
    "linkedin.com.evil.example/in/abc", "evillinkedin.com/in/abc", "https://linkedin.com@evil.com/in/abc",
    "https://user@linkedin.com/in/abc", "https://evil.com/linkedin.com/in/abc",
    "https://linkedin.com:8080/in/abc",
    f"linkedin.com/in/{OPAQUE[:-1]}", f"linkedin.com/in/{OPAQUE[:20]}", f"linkedin.com/in/{OPAQUE}y",
    f"linkedin.com/in/{OPAQUE.upper()}", OPAQUE.upper(), f"urn:li:fsd_profile:{OPAQUE.upper()}",
    "ftp://linkedin.com/in/abc", "linkedin.com/in/abc\ud800", f"linkedin.com/in/{OPAQUE.lower()}",
    "x" * 100_000,
]  # fmt: skip

MEMBERS = [
    OPAQUE,
    f"https://www.linkedin.com/in/{OPAQUE}",
    f"https://www.linkedin.com/in/{OPAQUE}?miniProfileUrn=x",
    f"https://www.linkedin.com/in/{OPAQUE}%27/",
    f"urn:li:fsd_profile:{OPAQUE}",
    f"urn:li:fs_miniProfile:{OPAQUE}",
    f"urn:li:fs_salesProfile:({OPAQUE},NAME_SEARCH,tok)",
    f"https://www.linkedin.com/sales/lead/{OPAQUE},NAME_SEARCH,tok",
    f"https://www.linkedin.com/sales/people/{OPAQUE},other",
    f"https://www.linkedin.com/sales/profile/{OPAQUE},,?pathWildcard=1",
    f"https://www.linkedin.com/profile/view?id={OPAQUE}&trk=x",
    f"https://www.linkedin.com/talent/profile/{OPAQUE}",
    f"https://www.linkedin.com/talent/hire/12/manage/all/profile/{OPAQUE}",
]

APART = [
    ("erica-avalos", "-erica-avalos"), ("ann-lee", "ann--lee"), ("élodie", "elodie"), ("strauß", "strauss"),
    ("ann-lee1", "ann-lee2"), ("ﬁona", "fiona"), ("аnn-lee", "ann-lee"), (OPAQUE, OPAQUE.swapcase()),
    ("ann-👩‍💻", "ann-👩"),
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_a_slug_gives_one_key(spelling: Any) -> None:
    assert linkedin_key(spelling) == "in:ann-lee"


@pytest.mark.parametrize(
    "slug", ["aakaash-kumar-sharma-1a2b3c4d5", "acoaa", "isaaac-newton", "AnnaMariaSchmidtFromTheNorthOfAlaskaXYZ"]
)
def test_a_slug_that_begins_much_like_an_opaque_id_is_a_slug(slug: Any) -> None:
    assert linkedin_key("linkedin.com/in/" + slug) == "in:" + slug.lower()


@pytest.mark.parametrize("spelling", MEMBERS)
def test_every_spelling_of_an_opaque_id_gives_one_key_with_its_case(spelling: Any) -> None:
    assert linkedin_key(spelling) == "urn:" + OPAQUE


@pytest.mark.parametrize("text", NOBODY)
def test_what_names_no_profile_gives_no_key(text: Any) -> None:
    assert linkedin_key(text) is None


@pytest.mark.parametrize("escaped", ["%c3%a9lodie", "%C3%A9lodie", "élodie", "e\u0301lodie", "ÉLODIE"])
def test_escapes_and_decomposed_letters_give_one_key(escaped: Any) -> None:
    assert linkedin_key("linkedin.com/in/" + escaped) == "in:élodie"


@pytest.mark.parametrize(("one", "two"), APART)
def test_different_slugs_stay_apart(one: Any, two: Any) -> None:
    assert linkedin_key("linkedin.com/in/" + one) != linkedin_key("linkedin.com/in/" + two)


@given(st.text(min_size=3, max_size=60))
def test_the_canonical_address_of_a_key_gives_the_key_back(slug: Any) -> None:
    key = linkedin_key("linkedin.com/in/" + slug)
    assert key is None or linkedin_key(linkedin_url(key)) == key


@pytest.mark.parametrize("text", ["", "in:", "ann-lee", "email:ann"])
def test_an_address_is_made_of_keys_only(text: Any) -> None:
    with pytest.raises(ValueError, match="not a LinkedIn key"):
        linkedin_url(text)
