"""Addresses that differ in syntax are equal; those that name no one person join nobody."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import assume, given
from hypothesis import strategies as st

from sync.identity import canonical_email, email_key, wide_email_keys

SPELLINGS = [
    "Ann.Lee@Acme.com", "  ann.lee@acme.com\u00a0", "\ufeffann.lee@acme.com\u200b", "mailto:ann.lee@acme.com",
    "MAILTO:ann%2Elee@acme.com?subject=x@y.z", "Ann Lee <ann.lee@acme.com>", '"bob@x.com" <ann.lee@acme.com>',
    "bob@x.com <ann.lee@acme.com>", '"ann.lee@acme.com"', "'ann.lee@acme.com'", "'ann.lee@acme.com",
    "ann.lee@acme.com,", "ann.lee@acme.com;", "ann.lee@acme.com.", "ann.\u200blee@acme.com",
    "ann.\u200dlee@acme.com", "ann.lee@ac\u200cme.com", "ann.lee@acme.com\u200d",
    "\u2003ann.lee@acme.com\u2009", "\u1680\u205fann.lee@acme.com\u2028,\u200a", "mailto://ann.lee@acme.com",
    "Ann @ Acme, Inc. <ann.lee@acme.com>", "Ann@Acme; Paris <ann.lee@acme.com>", "ann.lee＠acme.com",
    "ann.lee @ acme.com", '"ann.lee"@acme.com',
    "ann.lee@acme.com (Ann Lee)", "<mailto:ann.lee@acme.com>", "(ann.lee@acme.com)", "ann.lee@acme。com",
]  # fmt: skip

NONE_AT_ALL = [
    "", "ann", "ann@", "@acme.com", "ann@acme", "a@b.com; c@d.com", "a@b.com,c@d.com", "a@b.com c@d.com",
    "a@b.com, Bob <c@d.com>", "a @ b.com; Bob <c@d.com>", "<a@b.com> <c@d.com>", "a@b.com/c@d.com", "x@1.2.3.4",
    "x@[1.2.3.4]", ".a@b.com",
    "a..b@b.com", "a.@b.com", "a b@c.com", "\ud800@x.com", "ann@\ud800.com", "x" * 65 + "@acme.com", "a@-b.com",
    "mailto:a%ZZ@b.com", "n/a", "null", "x" * 100_000,
]  # fmt: skip

PLACEHOLDERS = [
    "email_not_unlocked+7@acme.fr", "NoEmail+1@acme.com", "none+2@none.com", "000000+1@acme.com",
    "email_not_unlocked@domain.com", "Email_Not_Unlocked@acme.fr", "noemail@acme.com", "none@none.com",
    "test@test.com",
    "no@email.com", "a@a.com", "na@na.com", "ann@acme.com.invalid", "ann=acme.com@example.com",
    "emailmaria@hubspot.com", "bh@hubspot.com", "000000@acme.com",
]  # fmt: skip

SHARED = [
    "info@acme.com", "Sales@acme.com", "info+x@acme.com", "customer-service@acme.com", "info.fr@acme.com",
    "support2@acme.com", "no-reply@acme.com", "mailer-daemon@acme.com", "hit-reply@linkedin.com",
    "messages-noreply@linkedin.com", "bounces+123=acme.com@x.acme.com", "ann@mailinator.com",
    "do.not.reply@acme.com", "do-not-reply@acme.com", "não-responda@acme.pt", "büro@acme.de", "bu\u0308ro@acme.de",
    "comptabilité@acme.fr", "secrétariat@acme.fr", "geschäftsleitung@acme.de", "soporte@acme.es",
    "administración@acme.es", "payroll@acme.com", "customer.service@acme.com", "service-client@acme.fr",
    "devis@acme.fr", "kundendienst@acme.de", "ufficio@acme.it", "segreteria@acme.it", "klantenservice@acme.nl",
    "secretaria@acme.pt", "faturação@acme.pt", "payroll+7@acme.com", "human-resources@acme.com",
    "ann@sub.mailinator.com", "anonymous@acme.com", "Anonymous+7@acme.com", "-1@acme.com",
]  # fmt: skip

APART = [
    ("x+tag@acme.com", "x@acme.com"), ("j.smith@gmail.com", "jsmith@gmail.com"),
    ("ann@gmail.com", "ann@googlemail.com"), ("mary-jane@yahoo.com", "mary@yahoo.com"),
    ("ann@faß.de", "ann@fass.de"), ("ann@acme.com", "ann@acme.io"), ("ann@acme.com", "ann@mail.acme.com"),
    ("ann@نامه\u200cای.com", "ann@نامهای.com"),
    ("élodie@acme.com", "elodie@acme.com"), ("аnn@acme.com", "ann@acme.com"), ("ann@me.com", "ann@icloud.com"),
]  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_that_differ_in_syntax_are_one_address(spelling: Any) -> None:
    assert email_key(spelling) == canonical_email(spelling) == "ann.lee@acme.com"


@pytest.mark.parametrize("text", NONE_AT_ALL + PLACEHOLDERS)
def test_what_is_no_single_address_has_no_form_at_all(text: Any) -> None:
    assert (canonical_email(text), email_key(text), wide_email_keys(text)) == (None, None, frozenset())


@pytest.mark.parametrize("text", SHARED)
def test_an_address_of_a_group_or_a_machine_is_equal_to_itself_and_joins_nobody(text: Any) -> None:
    assert canonical_email(text) == unicodedata.normalize("NFC", text.lower())
    assert email_key(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "s.jobs@acme.com",
        "h.r@acme.com",
        "le.gal@acme.com",
        "p.ress@acme.com",
        "winkel@acme.de",
        "schüle@acme.de",
        "camara@acme.fr",
        "stampa@acme.it",
        "payroll.smith@acme.com",
        "ann.office@acme.com",
        "123+user@users.noreply.github.com",
        "o'hara@acme.ie",
        "ann@acme.example",
    ],
)
def test_an_address_of_a_person_joins(text: Any) -> None:
    assert email_key(text) == text


@pytest.mark.parametrize(("one", "two"), APART)
def test_addresses_that_may_be_two_mailboxes_stay_apart(one: Any, two: Any) -> None:
    assert email_key(one) != email_key(two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("ann@bücher.de", "ann@xn--bcher-kva.de"),
        ("é@acme.com", "e\u0301@acme.com"),
        ("ann@نامه\u200cای.com", "ann@xn--mgba3gch31f060k.com"),
        ("Ann <an\u200dn@क्\u200dष.com\u200d>", "ann@क्\u200dष.com"),
    ],
)
def test_one_domain_and_one_letter_have_one_form(one: Any, two: Any) -> None:
    assert email_key(one) == email_key(two) is not None


@pytest.mark.parametrize(
    ("said_no", "row"),
    [
        ("x+news@acme.com", "x@acme.com"),
        ("x+news@acme.com", "X+sales@acme.com"),
        ("j.smith@gmail.com", "jsmith+crm@googlemail.com"),
        ("ann@me.com", "ann@icloud.com"),
        ("info@acme.com", "INFO@acme.com"),
    ],
)
def test_an_opt_out_meets_wider_forms_of_its_address(said_no: Any, row: Any) -> None:
    assert wide_email_keys(said_no) & wide_email_keys(row)


@pytest.mark.parametrize(
    ("said_no", "row"), [("j.smith@acme.com", "jsmith@acme.com"), ("ann@acme.com", "bob@acme.com")]
)
def test_an_opt_out_does_not_meet_strangers(said_no: Any, row: Any) -> None:
    assert not wide_email_keys(said_no) & wide_email_keys(row)


@given(st.emails(), st.sampled_from(["{}", " {} ", "mailto:{}", "Somebody <{}>"]))
def test_a_careful_validator_agrees_on_what_is_canonical(address: Any, wrapper: Any) -> None:
    try:
        careful = validate_email(address, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        assume(False)
        return
    ours = canonical_email(address)
    # Placeholders have no form, and an apostrophe in front is a spreadsheet's, far more often than a name's.
    assume(ours is not None and address[0] != "'")
    assert ours == f"{careful.local_part.lower()}@{(careful.ascii_domain or '').lower()}"
    assert "%" in address or canonical_email(wrapper.format(address)) == ours


@given(st.text(max_size=40) | st.emails())
def test_the_canonical_form_is_its_own_canonical_form(text: Any) -> None:
    once = canonical_email(text)
    assert once is None or canonical_email(once) == once
