from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from adapters.topo import mapping, wire
from adapters.topo.limits import capabilities
from adapters.topo.provider import import_names
from adapters.topo.settings import TopoSettings
from sync.change import FieldChange
from sync.contact import FIELD_NAMES, SCALAR_FIELDS, Contact
from tests.builders import taken_at_create
from tests.topo.harness import opt_out

TEXT = st.text(min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
CONTACTS = st.builds(
    Contact,
    emails=st.lists(TEXT, max_size=3, unique=True).map(tuple),
    variables=st.dictionaries(TEXT, TEXT, max_size=3).map(MappingProxyType),
    **{name: st.none() | TEXT for name in SCALAR_FIELDS},
)
ENTRY_TO_CONTACT = {"phone": "phone_number"}
"""How the server names an entry's field on the contact it makes."""


def changed(after: str | None) -> FieldChange:
    return FieldChange(before="old", after=after, source="apollo:1", rule="only-changer")


@given(CONTACTS)
def test_what_an_entry_takes_comes_back_and_nothing_else(contact: Contact) -> None:
    sent = mapping.to_wire(contact)
    back = mapping.to_contact(
        {ENTRY_TO_CONTACT.get(name, name): value for name, value in sent.items()}
    ).to_fields()
    assert back == taken_at_create(contact, capabilities(TopoSettings(contact_list_id="l1")))


@given(st.dictionaries(st.sampled_from(wire.CONTACT_TEXT), TEXT))
def test_every_documented_field_of_a_contact_is_read(text: dict[str, str]) -> None:
    fields = mapping.to_contact(text).to_fields()
    for name, value in text.items():
        expected = (value,) if name == "email" else value
        assert fields[mapping.CONTACT_FIELDS[name]] == expected
    assert len(fields) == len(text)


def test_every_documented_field_has_a_canonical_one() -> None:
    assert set(mapping.CONTACT_FIELDS) == set(wire.CONTACT_TEXT)
    assert set(mapping.CONTACT_FIELDS.values()) <= set(FIELD_NAMES)
    assert set(mapping.ENTRY_FIELDS) <= set(FIELD_NAMES)


def test_an_update_is_the_observed_row_with_the_change_under_its_own_keys() -> None:
    observed = Contact(emails=("Ana@corp.com",), first_name="Ana", job_title="CFO", city="Lyon")
    changes = {"job_title": changed("COO"), "emails": changed("other@corp.com"), "linkedin_url": changed("x")}
    assert mapping.to_update(observed, changes) == {
        "email": "Ana@corp.com",
        "first_name": "Ana",
        "job_title": "COO",
    }


def test_an_emptied_field_is_left_out_of_an_update() -> None:
    observed = Contact(emails=("ana@corp.com",), job_title="CFO")
    assert mapping.to_update(observed, {"job_title": changed(None)}) == {"email": "ana@corp.com"}


def test_a_list_row_says_that_it_shows_no_variables() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    row = wire.ContactRow(id="c1", first_seen_at=at, last_seen_at=at, text={"email": "ana@corp.com"})
    found = mapping.to_record(row, {"lead_source": "source"})
    assert found.absent == {"variables.lead_source"}
    assert (found.created_at, found.updated_at) == (at, at)


def test_only_mapped_contact_variables_are_taken() -> None:
    told = wire.Variables(contact={"source": "web", "other": "x"}, slots=frozenset())
    assert mapping.from_variables(told, {"lead_source": "source", "unset": "missing"}) == {"lead_source": "web"}


def test_changed_variables_are_sent_by_their_own_names_and_null_empties() -> None:
    changes = {
        "variables.lead_source": changed("web"),
        "variables.tier": changed(None),
        "variables.unmapped": changed("x"),
        "job_title": changed("COO"),
    }
    assert mapping.to_variables(changes, {"lead_source": "source", "tier": "Tier"}) == {
        "source": "web",
        "Tier": None,
    }


def test_a_reason_that_topo_does_not_know_is_sent_as_one_that_never_expires() -> None:
    assert mapping.to_reason("BOUNCED") == "BOUNCED"
    assert mapping.to_reason("asked by phone") == "OTHER"


def test_an_exclusion_keeps_a_reason_that_we_do_not_know() -> None:
    row = wire.ExclusionRow(id="x1", email="ana@corp.com", linkedin_url=None, reason="BRAND_NEW")
    assert mapping.to_opt_out(row) == opt_out("ana@corp.com", reason="BRAND_NEW", source="topo", source_id="x1")


def test_an_import_may_use_the_names_of_contacts_entries_and_mapped_variables() -> None:
    names = import_names(TopoSettings(variables={"lead_source": "source"}))
    assert names["phone_number"] == names["phone"] == "phone"
    assert names["profile_picture_url"] == "photo_url"
    assert names["source"] == "variables.lead_source"
