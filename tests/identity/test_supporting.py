"""Phones, domains and countries."""

from __future__ import annotations

from typing import Any

import pytest

from sync.identity import company_domain, country_code, phone_number, registrable_domain
from sync.identity.phones import is_number


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+33 1 42 68 53 00", "", "+33142685300"),
        ("01 42 68 53 00", "France", "+33142685300"),
        ("01 42 68 53 00", "", None),
        ("0033142685300", "FR", "+33142685300"),
        ("0033142685300", "", None),
        ("+44 (0)20 8366 1177", "", "+442083661177"),
        ("+49 (0)89 1234567", "", "+49891234567"),
        ("+39 06 698 12345", "", "+390669812345"),
        ("+33\u202f1\u202f42\u202f68\u202f53\u202f00", "", "+33142685300"),
        ("tel:+1-650-253-0000;ext=12", "", "+16502530000;ext=12"),
        ("+1 650 253 0000, ext 12", "", "+16502530000;ext=12"),
        ("+447700900123", "", "+447700900123"),
        ("253-0000", "US", None),
        ("+33142685300 / +33612345678", "", None),
        ("0142685300; 0612345678", "FR", None),
        ("030 123456 / 654321", "DE", None),
        ("030 / 123456 / 654321", "DE", None),
        ("030 123456; 654321", "DE", None),
        ("030 123456, 654321", "DE", None),
        ("030 123456 e 654321", "DE", None),
        ("+39 06 12345 / 67890", "", None),
        ("+81 3 1234 5678 / 5679", "", None),
        ("+49 89 1234-0 / -12", "", None),
        ("030/12345678", "Deutschland", "+493012345678"),
        ("030/123456", "DE", "+4930123456"),
        ("0171/1234567", "DE", "+491711234567"),
        ("033986/12345", "DE", "+493398612345"),
        ("02/123.45.67", "BE", "+3221234567"),
        ("01/42/68/53/00", "FR", "+33142685300"),
        ("+49 (0)30/123456", "", "+4930123456"),
        ("030 123456 / x12", "DE", "+4930123456;ext=12"),
        ("030 123456, ext. 12", "DE", "+4930123456;ext=12"),
        ("030 123456 x12", "DE", "+4930123456;ext=12"),
        ("030 123456 #12", "DE", "+4930123456;ext=12"),
        ("030 123456,,12", "DE", "+4930123456;ext=12"),
        ("030 123456p12", "DE", "+4930123456;ext=12"),
        ("030 123456;ext=12", "DE", "+4930123456;ext=12"),
        ("call me", "US", None),
        ("00 00 00 00 00", "FR", None),
        ("+33 000000000", "", None),
        ("9" * 300, "FR", None),
    ],
)
def test_a_number_that_can_be_read_is_e164_with_its_extension(text: Any, region: Any, expected: Any) -> None:
    number = phone_number(text, region)
    assert (str(number) if number else None) == expected


@pytest.mark.parametrize("text", ["+33142685300", "06 12 34 56 78", "030/12345678", "(650) 253-0000 x12"])
def test_a_number_is_one_where_only_its_country_is_not_known(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize(
    "text",
    ["", "call me", "123", "00 00 00 00 00", "+33 000000000", "+999 1234567", "1" * 16, "1" * 300, "²²²²²²²²",
     "01 42 68 53 00 / 06 12 34 56 78", "030 123456 / 654321"],
)  # fmt: skip
def test_text_is_no_number_whatever_the_country(text: str) -> None:
    assert not is_number(text)


@pytest.mark.parametrize(
    ("text", "registrable", "company"),
    [
        ("https://www.Acme.co.uk/x?y", "acme.co.uk", "acme.co.uk"),
        ("ann@mail.acme.com", "acme.com", "acme.com"),
        ("acme.com:8080", "acme.com", "acme.com"),
        ("bücher.de", "xn--bcher-kva.de", "xn--bcher-kva.de"),
        ("foo.x.github.io", "x.github.io", "x.github.io"),
        ("ann@acme.onmicrosoft.com", "acme.onmicrosoft.com", "acme.onmicrosoft.com"),
        ("acme.mail.onmicrosoft.com", "acme.mail.onmicrosoft.com", "acme.mail.onmicrosoft.com"),
        ("mail.onmicrosoft.com", "mail.onmicrosoft.com", None),
        ("www.acme.jimdosite.com", "acme.jimdosite.com", "acme.jimdosite.com"),
        ("https://shop.acme.odoo.com/x", "acme.odoo.com", "acme.odoo.com"),
        ("acme.zendesk.com", "acme.zendesk.com", "acme.zendesk.com"),
        ("acme.atlassian.net", "acme.atlassian.net", "acme.atlassian.net"),
        ("acme.sharepoint.com", "acme.sharepoint.com", "acme.sharepoint.com"),
        ("acme.myshopify.com", "acme.myshopify.com", "acme.myshopify.com"),
        ("www.zendesk.com", "zendesk.com", None),
        ("odoo.com", "odoo.com", None),
        ("myzendesk.com", "myzendesk.com", "myzendesk.com"),
        ("gmail.com", "gmail.com", None),
        ("https://linkedin.com/company/x", "linkedin.com", None),
        ("sites.google.com/x", "google.com", None),
        ("bit.ly/x", "bit.ly", None),
        ("ann@yahoo.com.tr", "yahoo.com.tr", None),
        ("hotmail.co.za", "hotmail.co.za", None),
        ("acme.blogspot.fr", "blogspot.fr", None),
        ("acme.over-blog.com", "over-blog.com", None),
        ("https://acme.wix.com/site", "wix.com", None),
        ("acme.webnode.fr", "webnode.fr", None),
        ("wp.me/abc", "wp.me", None),
        ("liveramp.com", "liveramp.com", "liveramp.com"),
        ("github.io", None, None),
        ("co.uk", None, None),
        ("acme.local", None, None),
        ("acme.test", None, None),
        ("localhost", None, None),
        ("http://1.2.3.4/", None, None),
        ("", None, None),
    ],
)
def test_a_domain_is_what_somebody_registered_and_a_companys_when_it_tells_one(
    text: Any, registrable: Any, company: Any
) -> None:
    assert (registrable_domain(text), company_domain(text)) == (registrable, company)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("France", "FR"), ("fr", "FR"), ("FRA", "FR"), ("UK", "GB"), ("U.S.A.", "US"), ("United States", "US"),
        ("Deutschland", "DE"), ("Österreich", "AT"), ("the Netherlands", "NL"), ("Côte d'Ivoire", "CI"),
        ("NA", "NA"),
        ("Türkiye", "TR"), ("россия", "RU"), ("XX", None), ("", None), ("Atlantis", None), (None, None),
    ],
)  # fmt: skip
def test_a_country_has_one_code_in_any_usual_spelling(text: Any, code: Any) -> None:
    assert country_code(text) == code
