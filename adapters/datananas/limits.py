"""What Datananas can do and hold under given settings; pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from adapters.datananas.mapping import writes_on_update
from adapters.datananas.settings import FIELD_MAP
from sync.capabilities import Capabilities
from sync.codes import CannotReason

if TYPE_CHECKING:
    from adapters.datananas.settings import DatananasSettings

CREATE = frozenset({"create"})
BOTH = frozenset({"create", "update"})
_SAID = (*FIELD_MAP, "variables")


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
        why_not=MappingProxyType({name: code for name in _SAID if (code := _why_not(name, settings))}),
        forms=MappingProxyType({"source": settings.source_form}),
        plain_numbers=True,
        match_key=settings.match_field,
        effects=_effects(settings),
        needs_import=not settings.accept_blind_overwrite,
        batch=MappingProxyType({"create": settings.batch_size, "update": settings.batch_size}),
    )


def _effects(settings: DatananasSettings) -> tuple[str, ...]:
    switches = {"list-move": settings.move_existing, "owner-replaced": settings.replace_owner}
    return tuple(effect for effect, on in switches.items() if on)


def _held(settings: DatananasSettings) -> list[str]:
    owner = settings.send_owner or settings.replace_owner
    return [name for name, wire in settings.field_map.items() if wire and (owner or name != "owner_email")]


def _actions(name: str, settings: DatananasSettings) -> frozenset[str]:
    return BOTH if writes_on_update(name, settings) else CREATE


def _why_not(name: str, settings: DatananasSettings) -> str | None:
    if name == "variables":
        return None if settings.send_vars else CannotReason.SEND_VARS_OFF
    if name not in _held(settings):
        return CannotReason.NOT_MAPPED
    return None if writes_on_update(name, settings) else CannotReason.CREATE_ONLY
