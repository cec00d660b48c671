"""What Datananas can do and hold under given settings; pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from adapters.datananas.mapping import sends, writes_on_update
from adapters.datananas.settings import FIELD_MAP
from sync.contact import VARIABLE_PREFIX
from sync.record import Capabilities

if TYPE_CHECKING:
    from adapters.datananas.settings import DatananasSettings
    from sync.contact import Contact

CREATE = frozenset({"create"})
BOTH = frozenset({"create", "update"})


def capabilities(settings: DatananasSettings) -> Capabilities:
    """A sink with one upsert for creates and updates; no reads, no deletes, no opt-outs.

    Source: https://docs.datananas.com/reference/post_contacts-bulk (the only endpoint documented, 2026-11)
    """
    return Capabilities(
        readable=False,
        creates=True,
        updates="upsert",
        fields=MappingProxyType({name: _actions(name, settings) for name in _held(settings)}),
        any_variable=BOTH if settings.send_vars else frozenset(),
        why_not=MappingProxyType({name: code for name in FIELD_MAP if (code := _why_not(name, settings))}),
        match_key=settings.match_field,
        effects=_effects(settings),
        needs_import=not settings.accept_blind_overwrite,
        batch=MappingProxyType({"create": settings.batch_size, "update": settings.batch_size}),
    )


def cannot_hold(contact: Contact, settings: DatananasSettings) -> list[tuple[str, str]]:
    """Each field of ``contact`` that a create would leave behind, with the code that says why."""
    held = _held(settings)
    left: list[tuple[str, str]] = []
    for name, value in contact.to_fields().items():
        if name.startswith(VARIABLE_PREFIX):
            left += [] if settings.send_vars else [(name, "send-vars-off")]
        elif name not in held:
            left.append((name, "not-mapped" if name in FIELD_MAP else "no-field"))
        elif isinstance(value, str) and not sends(name, value, settings):
            left.append((name, "not-mapped"))
        elif name == "emails" and len(value) > 1:
            left.append((name, "one-value"))
    return left


def _effects(settings: DatananasSettings) -> tuple[str, ...]:
    switches = {"list-move": settings.move_existing, "owner-replaced": settings.replace_owner}
    return tuple(effect for effect, on in switches.items() if on)


def _held(settings: DatananasSettings) -> list[str]:
    owner = settings.send_owner or settings.replace_owner
    return [name for name, wire in settings.field_map.items() if wire and (owner or name != "owner_email")]


def _actions(name: str, settings: DatananasSettings) -> frozenset[str]:
    return BOTH if writes_on_update(name, settings) else CREATE


def _why_not(name: str, settings: DatananasSettings) -> str | None:
    if name not in _held(settings):
        return "not-mapped"
    return None if writes_on_update(name, settings) else "create-only"
