from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.apollo.address import Address, parse_address, render_address
from adapters.apollo.contacts import parse_contact
from adapters.apollo.limits import capabilities
from adapters.apollo.mapping import import_names, to_contact, to_create, to_host, to_patch, to_record, to_update
from adapters.apollo.settings import ApolloSettings
from sync.contact import FIELD_NAMES, Contact
from sync.errors import MappingError
from tests.apollo.harness import person, update
from tests.builders import taken_at_create

SETTINGS = ApolloSettings(auth="x-api-key", custom_fields={"lead": "66aa"}, external_id_field="66ee")

words = st.text(st.characters(categories=["L"]), min_size=1, max_size=12)
phones = st.integers(10**8, 10**10).map(lambda n: f"+33{n}")
emails = st.lists(st.integers(0, 10**6).map(lambda n: f"a{n}@exemple.fr"), max_size=4, unique=True).map(tuple)
plain = {
    name: st.none() | words
    for name in (
        "linkedin_url", "linkedin_id", "first_name", "last_name", "job_title", "company_name", "company_domain",
        "company_category", "company_size", "company_description", "photo_url", "language", "owner_email",
        "collected_at", "source",
    )
}  # fmt: skip
addresses: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "city": words,
        "country": words,
        "state": st.none() | words,
        "zipcode": st.sampled_from([None, "69002", "SW1A 1AA"]),
    }
) | st.just({})
contacts = st.builds(
    lambda scalars, address, phone, mobile, mails, variables: Contact(
        **scalars, **address, phone=phone, mobile_phone=mobile, emails=mails, variables=variables
    ),
    st.fixed_dictionaries(plain),
    addresses,
    st.none() | phones,
    st.none() | phones,
    emails,
    st.dictionaries(st.sampled_from(["lead", "unmapped"]), words),
)


def row(**fields: Any) -> Any:
    return parse_contact({"id": "66f0"} | fields, "$")


@given(contacts)
def test_what_a_create_takes_survives_the_way_there_and_back_and_nothing_else(contact: Contact) -> None:
    back = to_contact(row(**to_create(contact, "p1", SETTINGS)), SETTINGS)
    assert back.to_fields() == taken_at_create(contact, capabilities(SETTINGS))


@given(st.none() | words, st.none() | words, st.none() | words)
def test_an_address_with_city_and_country_comes_back_from_its_line(city: str, state: str, country: str) -> None:
    address = Address(city=city, state=state, country=country)
    line = render_address(address)
    if city and country:
        assert parse_address(line) == address


@pytest.mark.parametrize(
    "line", [None, "", "France", "10 Downing Street, London, UK", "a, b, c, d", "Lyon,,France", ", France"]
)
def test_a_line_that_says_too_little_gives_no_parts(line: str | None) -> None:
    assert parse_address(line) == Address()


def test_a_zip_code_left_in_the_parsed_state_is_taken_out() -> None:
    found = row(present_raw_address="Lyon, ARA 69002, France", city="Lyon", state="ARA 69002", country="France")
    contact = to_contact(found, SETTINGS)
    assert (contact.city, contact.state, contact.zipcode, contact.country) == ("Lyon", "ARA", "69002", "France")


@pytest.mark.parametrize("key", ["type", "type_cd"])
def test_phones_go_by_type_under_either_name_and_prefer_the_sanitised_number(key: str) -> None:
    found = row(
        phone_numbers=[
            {"raw_number": "1", "sanitized_number": "+331", key: "home", "position": 0},
            {"raw_number": "2", "sanitized_number": "+332", key: "mobile", "position": 1},
            {"raw_number": "3", "sanitized_number": None, key: "work_hq", "position": 2},
            {"raw_number": "4", "sanitized_number": "+334", key: "work_direct", "position": 3},
        ]
    )
    contact = to_contact(found, SETTINGS)
    assert (contact.phone, contact.mobile_phone) == ("+334", "+332")


def test_a_locked_email_is_nobodys() -> None:
    found = row(email="email_not_unlocked@domain.com", contact_emails=[{"email": "a@b.fr", "position": 0}])
    assert to_contact(found, SETTINGS).emails == ("a@b.fr",)


def test_additional_emails_follow_the_primary_by_position() -> None:
    more = [{"email": "c@x.fr", "position": 2}, {"email": "b@x.fr", "position": 1}, {"email": "a@x.fr"}]
    assert to_contact(row(email="a@x.fr", contact_emails=more), SETTINGS).emails == ("a@x.fr", "b@x.fr", "c@x.fr")


@pytest.mark.parametrize("value", ["x1", ["x1"]])
def test_a_picklist_array_reads_like_its_option(value: object) -> None:
    assert to_contact(row(typed_custom_fields={"66aa": value}), SETTINGS).variables == {"lead": "x1"}


def test_a_custom_field_may_carry_its_contact_prefix() -> None:
    assert to_contact(row(typed_custom_fields={"contact.66aa": "v"}), SETTINGS).variables == {"lead": "v"}


@pytest.mark.parametrize(
    ("fields", "opted_out"),
    [
        ({"email_unsubscribed": True}, "UNSUBSCRIBED"),
        ({"email_unsubscribed": None}, None),
        ({"contact_stage_id": "s9"}, "UNSUBSCRIBED"),
        ({"contact_stage_id": "s1"}, None),
        ({"contact_stage_id": None}, None),
    ],
)
def test_a_row_says_no_by_its_flag_or_its_stage(fields: dict[str, Any], opted_out: str | None) -> None:
    settings = ApolloSettings(auth="x-api-key", opt_out_stages=["s9"])
    assert to_record(row(**fields), settings).opted_out == opted_out


def test_a_trimmed_row_names_what_it_did_not_carry() -> None:
    absent = to_record(row(first_name=None, email="a@b.fr"), SETTINGS).absent
    assert "first_name" not in absent
    assert {"last_name", "phone", "city", "zipcode", "variables.lead", "company_domain"} <= absent


@pytest.mark.parametrize(
    "stamp", ["2026-10-01T09:00:00Z", "2026-10-01T09:00:00.000Z", "2026-10-01T09:00:00+00:00"]
)
def test_all_three_forms_of_time_are_the_same_instant(stamp: str) -> None:
    record = to_record(row(updated_at=stamp), SETTINGS)
    assert record.updated_at is not None
    assert record.updated_at.isoformat() == "2026-10-01T09:00:00+00:00"


@pytest.mark.parametrize(
    "company",
    [{"primary_domain": "exemple.fr"}, {"website_url": "http://www.Exemple.fr/de?x"}, {"domain": "exemple.fr"}],
)
@pytest.mark.parametrize("owner", ["account", "organization"])
def test_the_company_domain_comes_from_the_embedded_company(owner: str, company: dict[str, str]) -> None:
    assert to_contact(row(**{owner: company}), SETTINGS).company_domain == "exemple.fr"


@pytest.mark.parametrize(
    ("text", "host"), [("https://a.b:80/x", "a.b"), ("www.a.b", "a.b"), ("  ", None), (None, None)]
)
def test_a_host_is_cut_out_of_a_website(text: str | None, host: str | None) -> None:
    assert to_host(text) == host


@pytest.mark.parametrize(
    "broken",
    [
        {"id": None}, {"id": 5}, {"label_ids": "x"}, {"label_ids": [None]}, {"updated_at": "yesterday"},
        {"existence_level": 1},
    ],
)  # fmt: skip
def test_a_row_of_which_nothing_can_be_trusted_is_loud_and_shows_no_value(broken: dict[str, Any]) -> None:
    with pytest.raises(MappingError) as caught:
        row(**broken)
    assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize(
    ("broken", "unreadable"),
    [
        ({"email": 5}, {"emails"}),
        ({"contact_emails": [{"position": "x"}]}, {"emails"}),
        ({"linkedin_url": ["x"]}, {"linkedin_url"}),
        ({"title": 7}, {"job_title"}),
        ({"phone_numbers": {}}, {"phone", "mobile_phone"}),
        ({"phone_numbers": ["x"]}, {"phone", "mobile_phone"}),
        ({"typed_custom_fields": []}, {"variables.lead"}),
        ({"typed_custom_fields": {"a": {}}}, {"variables.lead"}),
        ({"account": "x"}, {"company_domain"}),
        ({"email_unsubscribed": "no"}, {"opted_out"}),
        ({"contact_stage_id": 3}, {"opted_out"}),
    ],
)
def test_a_field_of_another_shape_is_named_and_the_others_are_read(
    broken: dict[str, Any], unreadable: set[str]
) -> None:
    found = to_record(
        row(**{"first_name": "Ana", "email": "a@b.fr", "email_unsubscribed": True} | broken), SETTINGS
    )
    assert found.unreadable == unreadable
    assert unreadable - {"opted_out"} <= found.absent
    assert found.contact.first_name == "Ana"
    assert (found.opted_out is None) == ("email_unsubscribed" in broken)


@pytest.mark.parametrize("text", ["true", "True"])
def test_a_flag_may_be_written_as_text(text: str) -> None:
    assert row(email_unsubscribed=text).unsubscribed
    assert not row(email_unsubscribed="false").unsubscribed


def test_unknown_keys_and_values_are_left_alone() -> None:
    assert row(new_key={"a": 1}, email_status="hologram", existence_level="full").full


def test_an_update_sends_only_what_changes_and_the_whole_address_line() -> None:
    wanted = person(city="Lyon", country="France", zipcode="69002")
    operation = update("66f0", wanted=wanted, city="Lyon", job_title="COO", emails=("n@x.fr", "o@x.fr"))
    assert to_update(operation, SETTINGS) == {
        "present_raw_address": "Lyon, 69002, France",
        "title": "COO",
        "email": "n@x.fr",
    }


def test_parts_of_the_address_that_do_not_change_stay_as_the_record_shows_them() -> None:
    operation = update("66f0", wanted=person(city="Lyon", country="Frozen", zipcode="69002"), city="Lyon")
    shown = Contact(city="Paris", country="France")
    assert operation.record is not None
    operation = replace(operation, record=replace(operation.record, contact=shown))
    assert to_update(operation, SETTINGS) == {"present_raw_address": "Lyon, 69002, France"}


def test_an_extension_does_not_become_a_part_of_the_number() -> None:
    contact = Contact(phone="+33412345678;ext=12")
    numbers = to_create(contact, "p1", SETTINGS)["phone_numbers"]
    assert numbers == [{"raw_number": "+33412345678", "position": 0}]
    assert to_patch(update("66f0", phone="+334;ext=5"), SETTINGS) == {"direct_phone": "+334"}


@pytest.mark.parametrize("text", ["06 12 34 56 78", "0033612345678", "+33 6 12 34 56 78", "ask Ana", "+0123"])
def test_a_number_without_its_country_code_is_never_sent_because_it_would_get_another(text: str) -> None:
    contact = Contact(phone=text, mobile_phone="+33612345678")
    row = to_create(contact, "p1", SETTINGS)
    assert row["phone_numbers"] == [{"raw_number": "+33612345678", "position": 1}]
    assert taken_at_create(contact, capabilities(SETTINGS)) == {"mobile_phone": "+33612345678"}
    assert to_patch(update("66f0", phone=text, job_title="COO"), SETTINGS) == {"title": "COO"}


def test_a_number_to_be_emptied_is_sent_as_empty_text() -> None:
    emptied: dict[str, Any] = {"phone": None}
    assert to_patch(update("66f0", wanted=person(), **emptied), SETTINGS) == {"direct_phone": ""}


def test_a_field_to_be_emptied_is_sent_as_empty_text() -> None:
    emptied: dict[str, Any] = {"job_title": None, "variables.lead": None, "emails": ()}
    operation = update("66f0", wanted=person(), **emptied)
    assert to_update(operation, SETTINGS) == {"title": "", "typed_custom_fields": {"66aa": ""}, "email": ""}


def test_a_patch_carries_typed_phones_and_the_website_and_never_labels() -> None:
    operation = update("66f0", phone="+331", mobile_phone="+332", company_domain="x.fr")
    assert to_patch(operation, SETTINGS) == {"direct_phone": "+331", "mobile_phone": "+332", "website_url": "x.fr"}


def test_a_create_without_contact_emails_sends_the_primary_alone() -> None:
    settings = ApolloSettings(auth="x-api-key", contact_emails=False)
    contact = Contact(emails=("a@x.fr", "b@x.fr"))
    assert to_create(contact, "p1", settings) == {"email": "a@x.fr"}
    assert taken_at_create(contact, capabilities(settings)) == {"emails": ("a@x.fr",)}


def test_import_names_lead_to_canonical_fields() -> None:
    assert set(import_names(SETTINGS).values()) <= {*FIELD_NAMES, "variables.lead"}


@pytest.mark.parametrize(
    ("table", "name", "actions"),
    [
        ({"auth": "x-api-key"}, "phone", {"read", "create"}),
        ({"auth": "x-api-key", "phones": "patch"}, "phone", {"read", "create", "patch"}),
        ({"auth": "x-api-key", "phones": "patch"}, "company_domain", {"read", "patch"}),
        ({"auth": "x-api-key"}, "linkedin_url", {"read", "create", "update"}),
        ({"auth": "x-api-key", "update_by": "patch"}, "linkedin_url", {"read", "create"}),
        ({"auth": "x-api-key"}, "photo_url", {"read", "create"}),
        ({"labels": ["l"]}, "job_title", {"read"}),
        ({"labels": ["l"], "accept_shared_workspace": True}, "job_title", {"read", "create", "update"}),
    ],
)
def test_capabilities_follow_the_settings(table: dict[str, Any], name: str, actions: set[str]) -> None:
    caps = capabilities(ApolloSettings(**table))
    assert caps.fields[name] == actions
    assert caps.creates == ("create" in caps.fields["job_title"])
