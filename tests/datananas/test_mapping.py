"""Rows: what is sent, what rides along, what stays at home."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.datananas.limits import capabilities
from adapters.datananas.mapping import create_row, to_contact, update_row
from adapters.datananas.settings import FIELD_MAP
from sync.contact import FIELD_NAMES, Contact
from sync.errors import MappingError
from tests.builders import person as known_as
from tests.builders import taken_at_create
from tests.datananas.harness import person, settings, update
from tests.planning.sides import obstacles, plan, side

if TYPE_CHECKING:
    from adapters.datananas.settings import DatananasSettings

texts = st.text(min_size=1, max_size=12)
contacts = st.builds(
    lambda flat, emails, variables: Contact.from_fields(
        {**flat, "emails": tuple(emails), **{f"variables.{k}": v for k, v in variables.items()}}
    ),
    st.dictionaries(st.sampled_from([name for name in FIELD_NAMES if name != "emails"]), texts),
    st.lists(texts, max_size=2, unique=True),
    st.dictionaries(texts, texts, max_size=3),
)

ALL_ON = settings(send_vars=True, send_owner=True)
FULL = Contact.from_fields(
    {name: f"value of {name}" for name in FIELD_MAP} | {"emails": ("a@ex.org",), "source": "manual"}
)


@given(contacts, st.booleans(), st.booleans())
def test_what_a_create_takes_arrives_and_nothing_else(contact: Contact, send_vars: bool, owner: bool) -> None:
    s = settings(send_vars=send_vars, send_owner=owner)
    assert to_contact(create_row(contact, s), s).to_fields() == taken_at_create(contact, capabilities(s))


@given(contacts)
def test_no_row_holds_an_empty_value(contact: Contact) -> None:
    for value in create_row(contact, ALL_ON).values():
        assert value


def test_each_documented_field_goes_out_under_its_proposed_name() -> None:
    row = create_row(FULL, ALL_ON)
    assert row == {FIELD_MAP[n]: v if isinstance(v, str) else v[0] for n, v in FULL.to_fields().items()}
    assert to_contact(row, ALL_ON) == FULL


def left_out(contact: Contact, s: DatananasSettings) -> dict[str, str]:
    """What the report of a create tells that Datananas cannot hold, with the reason."""
    able = replace(capabilities(s), needs_import=False)
    return obstacles(plan(known_as(known=contact.to_fields()), side("datananas", able)))


def test_a_field_that_is_not_mapped_is_left_out_and_told() -> None:
    s = settings(field_map={"city": ""})
    contact = person(city="Lyon", state="Rhône", linkedin_id="ACoAA1")
    assert set(create_row(contact, s)) == {"email", "firstName"}
    assert left_out(contact, s) == {"city": "not-mapped", "state": "no-field", "linkedin_id": "no-field"}


def test_variables_and_owners_stay_at_home_unless_switched_on() -> None:
    contact = person(owner_email="rep@us.example", variables={"crm": "42"})
    assert set(create_row(contact, settings())) == {"email", "firstName"}
    assert left_out(contact, settings()) == {"owner_email": "not-mapped", "variables.crm": "send-vars-off"}
    assert create_row(contact, ALL_ON)["vars"] == {"crm": "42"}
    assert create_row(contact, ALL_ON)["owner"] == "rep@us.example"


def test_a_source_that_the_enumeration_may_not_have_stays_at_home() -> None:
    assert "source" not in create_row(person(source="apollo api"), settings())
    assert left_out(person(source="apollo api"), settings()) == {"source": "not-taken"}
    assert create_row(person(source="manual"), settings())["source"] == "manual"
    assert create_row(person(source="web"), settings(source_values=["web"]))["source"] == "web"


def test_an_update_sends_the_key_and_what_changes() -> None:
    held = person(job_title="CFO", city="Lyon")
    assert update_row(update(held, job_title="COO"), settings()) == {"email": "p0@example.org", "position": "COO"}


def test_language_and_source_ride_along_with_every_update() -> None:
    held = person(job_title="CFO", language="fr", source="connect", city="Lyon")
    row = update_row(update(held, job_title="COO"), settings())
    assert row == {"email": "p0@example.org", "position": "COO", "lang": "fr", "source": "connect"}


def test_a_changed_language_is_sent_as_changed() -> None:
    assert update_row(update(person(language="fr"), language="de"), settings())["lang"] == "de"


@pytest.mark.parametrize("name", ["photo_url", "collected_at", "owner_email"])
def test_what_only_a_create_may_tell_is_not_in_an_update(name: str) -> None:
    changed: dict[str, Any] = {name: "value"}
    assert update_row(update(person(), **changed), ALL_ON) == {"email": "p0@example.org"}
    assert "update" not in capabilities(ALL_ON).fields[name]
    assert "create" in capabilities(ALL_ON).fields[name]


def test_the_owner_is_in_updates_only_when_owners_are_to_be_replaced() -> None:
    row = update_row(update(person(), owner_email="rep@us.example"), settings(replace_owner=True))
    assert row["owner"] == "rep@us.example"


def test_an_emptied_field_is_not_sent() -> None:
    assert update_row(update(person(city="Lyon"), city=None), settings()) == {"email": "p0@example.org"}


def test_variables_are_sent_whole_when_one_of_them_changes() -> None:
    held = person(variables={"a": "1", "b": "2"})
    assert update_row(update(held, variables__b="3"), ALL_ON)["vars"] == {"a": "1", "b": "3"}
    assert "vars" not in update_row(update(held, city="Lyon"), ALL_ON)
    assert "vars" not in update_row(update(held, variables__b="3"), settings())


def test_an_update_carries_the_key_under_which_the_record_was_accepted() -> None:
    from dataclasses import replace

    held = person(emails=("Ana@Ex.org", "ana@home.example"))
    moved = replace(update(held, emails=("new@ex.org",), city="Lyon"), accepted_key="ana@ex.org")
    assert update_row(moved, settings()) == {"email": "Ana@Ex.org", "city": "Lyon"}
    gone = replace(update(person(emails=("new@ex.org",)), city="Lyon"), accepted_key="old@ex.org")
    assert update_row(gone, settings())["email"] == "old@ex.org"


@pytest.mark.parametrize("accepted", ["in:ana-diaz", None])
def test_the_profile_can_be_the_key(accepted: str | None) -> None:
    from dataclasses import replace

    s = settings(match_key="linkedin_url")
    held = person(linkedin_url="https://www.linkedin.com/in/ana-diaz")
    row = update_row(replace(update(held, emails=("new@ex.org",)), accepted_key=accepted), s)
    assert row == {"linkedin": "https://www.linkedin.com/in/ana-diaz", "email": "new@ex.org"}
    lost = replace(update(person(), city="Lyon"), accepted_key="in:ana-diaz")
    assert update_row(lost, s)["linkedin"] == "https://www.linkedin.com/in/ana-diaz"


def test_a_record_without_the_assumed_key_is_found_by_the_other_one() -> None:
    held = Contact(linkedin_url="https://www.linkedin.com/in/ana-diaz")
    row = update_row(update(held, emails=("ana@ex.org",), city="Lyon"), settings())
    assert row == {"linkedin": "https://www.linkedin.com/in/ana-diaz", "city": "Lyon"}


@pytest.mark.parametrize("row", [{"city": 7}, {"city": ["x"]}, {"vars": "x"}, {"email": {}}])
def test_a_value_of_another_type_is_told_by_its_place(row: dict[str, Any]) -> None:
    with pytest.raises(MappingError) as caught:
        to_contact(row, settings())
    assert caught.value.path == next(iter(row))


def test_null_empty_and_unknown_fields_are_no_values() -> None:
    assert to_contact({"email": "a@ex.org", "city": None, "country": "", "new": 7}, settings()) == Contact(
        emails=("a@ex.org",)
    )


def test_the_capabilities_are_those_of_a_sink_with_an_upsert() -> None:
    c = capabilities(settings())
    assert (c.readable, c.creates, c.updates, c.needs_import) == (False, True, "upsert", True)
    assert (c.match_key, c.batch["create"], c.batch["update"]) == ("emails", 500, 500)
    assert not c.can("state", "create")
    assert not c.can("linkedin_id", "create")
    assert not c.can("owner_email", "create")
    assert c.can("city", "update")
    assert not c.can("variables.x", "create")
    assert not any((c.excludes, c.stages))


def test_the_settings_open_and_close_capabilities() -> None:
    c = capabilities(
        settings(
            send_vars=True, accept_blind_overwrite=True, match_key="linkedin_url", replace_owner=True, batch_size=7
        )
    )
    assert c.can("variables.x", "update")
    assert not c.needs_import
    assert c.match_key == "linkedin_url"
    assert c.can("owner_email", "update")
    assert c.batch["create"] == 7
    assert capabilities(settings(field_map={"city": ""})).why_not["city"] == "not-mapped"
    assert capabilities(settings()).why_not["photo_url"] == "create-only"
