"""What Topo can do under given settings and scopes, and what it cannot hold."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from adapters.topo.exchange import SCOPES
from adapters.topo.mapping import CONTACT_FIELDS, ENTRY_FIELDS, ENTRY_KEYS
from sync.capabilities import Capabilities
from sync.codes import CannotReason

if TYPE_CHECKING:
    from adapters.topo.settings import TopoSettings

MAX_ENTRIES = 100
"""Entries a request. Source: https://docs.topo.io/api-reference/contacts/create-contact-entries."""

VARIABLE_SLOTS = 200
"""Contact variables a contact, null ones included.

Source: https://docs.topo.io/api-reference/contacts/update-contact-variables.
"""

ALL_SCOPES = frozenset(SCOPES)


def capabilities(settings: TopoSettings, scopes: frozenset[str] = ALL_SCOPES) -> Capabilities:
    """What can be done under the settings with a key of these scopes."""
    entries = can_post_entries(settings, scopes)
    updates = entries and settings.update and settings.update_by_entry != "never"
    patches = settings.write and "contacts:write" in scopes
    variable = frozenset({"read", "patch"} if patches else {"read"})
    batch = {"create": MAX_ENTRIES, "update": MAX_ENTRIES, "variables": 1, "exclude": 1}
    return Capabilities(
        readable=settings.read,
        creates=entries and settings.create,
        updates="entry" if updates else "none",
        only_ours=settings.update_by_entry == "ours",
        fields=MappingProxyType(_fields(updates=updates)),
        variables=MappingProxyType(dict.fromkeys(settings.variables, variable)),
        why_not=MappingProxyType(_why_not(updates=updates)),
        plain_numbers=True,
        variable_operation=bool(settings.variables) and patches,
        excludes=settings.exclusions and settings.write and "exclusions:write" in scopes,
        resolves_later=True,
        resolve_timeout_s=settings.resolve_timeout.total_seconds(),
        effects_at_target=entries,
        batch=MappingProxyType(batch),
        edits_need_sweep=True,
        detail_variables=bool(settings.variables),
        details_per_cycle=settings.variables_per_cycle if settings.variables else 0,
    )


def can_post_entries(settings: TopoSettings, scopes: frozenset[str]) -> bool:
    """Whether entries may be posted: the list must be readable too, to see whether it would mail people."""
    return (
        settings.write
        and bool(settings.contact_list_id)
        and {"contact_lists:read", "contact_lists:write"} <= scopes
    )


def _fields(*, updates: bool) -> dict[str, frozenset[str]]:
    table: dict[str, frozenset[str]] = {}
    for canonical in CONTACT_FIELDS.values():
        actions = {"read"}
        if canonical in ENTRY_FIELDS:
            actions.add("create")
            if updates and canonical not in ENTRY_KEYS:
                actions.add("update")
        table[canonical] = frozenset(actions)
    return table


def _why_not(*, updates: bool) -> dict[str, str]:
    why: dict[str, str] = dict.fromkeys(
        (f for f in CONTACT_FIELDS.values() if f not in ENTRY_FIELDS), CannotReason.NO_ENDPOINT
    )
    why |= dict.fromkeys(ENTRY_KEYS, CannotReason.MATCH_KEY_CHANGED)
    if not updates:
        why |= dict.fromkeys((f for f in ENTRY_FIELDS if f not in ENTRY_KEYS), CannotReason.CREATE_ONLY)
    return why
