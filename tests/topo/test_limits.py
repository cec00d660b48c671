from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.topo.limits import ALL_SCOPES, capabilities
from adapters.topo.mapping import CONTACT_FIELDS
from adapters.topo.settings import TopoSettings
from tests.builders import person
from tests.planning.sides import obstacles, plan, side

if TYPE_CHECKING:
    from sync.contact import Value

READY = {"contact_list_id": "l1", "variables": {"lead_source": "source"}}


def settings(**table: object) -> TopoSettings:
    return TopoSettings.model_validate(READY | table)


def test_every_contact_field_is_readable_and_entry_fields_are_creatable() -> None:
    able = capabilities(settings())
    assert all(able.can(name, "read") for name in CONTACT_FIELDS.values())
    assert able.can("phone", "create")
    assert not able.can("city", "create")
    assert able.why_not["city"] == "no-endpoint"
    assert able.batch == {"create": 100, "update": 100, "variables": 1, "exclude": 1}


def test_the_target_is_looked_at_wherever_entries_may_be_posted() -> None:
    assert capabilities(settings()).effects_at_target
    assert capabilities(settings(create=False)).effects_at_target
    assert not capabilities(settings(write=False)).effects_at_target


def test_a_create_may_be_resolved_later_for_as_long_as_the_settings_say() -> None:
    able = capabilities(settings(resolve_timeout="3d"))
    assert able.resolves_later
    assert able.resolve_timeout_s == 3 * 86400


def test_keys_are_never_changed_by_an_update() -> None:
    able = capabilities(settings())
    assert able.updates == "entry"
    assert able.can("job_title", "update")
    assert not able.can("emails", "update")
    assert able.why_not["linkedin_url"] == "match-key-changed"


@pytest.mark.parametrize(
    "table", [{"update_by_entry": "never"}, {"write": False}, {"update": False}, {"contact_list_id": ""}]
)
def test_without_updates_by_entry_core_fields_can_only_be_created(table: dict[str, object]) -> None:
    able = capabilities(settings(**table))
    assert able.updates == "none"
    assert not able.can("job_title", "update")
    assert able.why_not["job_title"] == "create-only"


def test_only_records_of_ours_are_updated_unless_all_is_chosen() -> None:
    assert capabilities(settings()).only_ours
    assert not capabilities(settings(update_by_entry="all")).only_ours


def test_mapped_variables_are_read_one_by_one_and_patched() -> None:
    able = capabilities(settings(variables_per_cycle=7))
    assert able.can("variables.lead_source", "patch")
    assert not able.can("variables.other", "read")
    assert (able.detail_variables, able.details_per_cycle, able.variable_operation) == (True, 7, True)


@pytest.mark.parametrize(
    ("scope", "lost"),
    [
        ("contacts:write", "variable_operation"),
        ("contact_lists:write", "creates"),
        ("contact_lists:read", "creates"),
        ("exclusions:write", "excludes"),
    ],
)
def test_a_missing_scope_takes_only_its_own_part_away(scope: str, lost: str) -> None:
    able = capabilities(settings(), ALL_SCOPES - {scope})
    assert not getattr(able, lost)
    others = {"variable_operation", "creates", "excludes"} - {lost}
    assert all(getattr(able, name) for name in others)


def test_without_exclusions_in_the_settings_none_are_written() -> None:
    assert not capabilities(settings(exclusions=False)).excludes


def test_what_an_entry_cannot_hold_is_named_with_its_reason() -> None:
    known: dict[str, Value] = {
        "emails": ("a@corp.com", "b@corp.com"), "phone": "+33612345678", "city": "Lyon", "zipcode": "69001",
        "variables.lead_source": "web", "variables.x": "y",
    }  # fmt: skip
    found = plan(person(known=known), side("topo", capabilities(settings())))
    assert obstacles(found) == {
        "emails": "one-value", "city": "no-endpoint", "zipcode": "no-field", "variables.x": "not-mapped",
    }  # fmt: skip
