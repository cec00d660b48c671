"""What a provider can do, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from sync.contact import PHONES, VARIABLE_PREFIX, without_extension

if TYPE_CHECKING:
    from collections.abc import Mapping
    from re import Pattern

    from sync.contact import Value

Updates = Literal["none", "by-id", "entry", "upsert"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do, as data; the planner shapes wishes to it before it compares.

    ``fields``: canonical field → what can be done with it there, as a set of ``read``, ``create``,
    ``update`` (rides in the normal update), ``patch`` (one request a contact). A field that is not listed
    does not exist there. ``variables``: the same for canonical variables (by bare name); ``any_variable``
    lifts the list. ``why_not``: field (or ``variables``, for all that are not listed) → reason code when it is
    never written. ``forms``: field → the form that a text must have to be taken.
    ``updates``: how an update is addressed. ``match_key``: the canonical field an upsert matches on.
    ``max_emails``, ``max_emails_create``: how many emails a record shows, and a create takes;
    ``max_emails_update``: an update, ``None`` = as many as it shows. ``batch``: operations per request, by kind.
    ``details_per_cycle``: records whose variables are read in a cycle.
    """

    readable: bool
    creates: bool
    updates: Updates
    fields: Mapping[str, frozenset[str]]
    variables: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    any_variable: frozenset[str] = frozenset()
    why_not: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    forms: Mapping[str, Pattern[str]] = field(default_factory=lambda: MappingProxyType({}))
    one_text: tuple[str, ...] = ()
    """Fields that are written as one text, which the provider takes apart again by rules of its own."""
    plain_numbers: bool = False
    """A phone number is held without its extension."""
    variable_operation: bool = False
    """Variables are written by an operation of their own (kind ``variables``)."""
    match_key: str | None = None
    max_emails: int = 1
    max_emails_create: int = 1
    max_emails_update: int | None = None
    only_ours: bool = False
    """Updates reach only records that an operation of ours created."""
    effects: tuple[str, ...] = ()
    """What every write there sets off besides storing (``list-move``, ``owner-replaced``)."""
    excludes: bool = False
    """An opt-out can be written as an entry of its own (kind ``exclude``)."""
    stages: bool = False
    """An opt-out can be written by moving a record to a stage (kind ``stage``)."""
    resolves_later: bool = False
    """A create may be acknowledged before the record exists (``pending``)."""
    resolve_timeout_s: float = 7 * 86400.0
    """How long a pending create is looked up before it is parked."""
    creates_dedupe: bool = False
    """A create sent again meets the record it made the first time, if it carries an email."""
    opt_outs_on_rows: bool = False
    """A record may say itself that its person opted out."""
    effects_at_target: bool = False
    """The target must be looked at right before each create batch."""
    edits_need_sweep: bool = False
    """What was changed in a record may show in a full read only."""
    needs_import: bool = False
    """A sink: nothing is sent to a person never seen in an import, unless accepted in the settings."""
    batch: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    detail_variables: bool = False
    """Variables are read record by record (``details``)."""
    details_per_cycle: int = 0

    def can(self, name: str, action: str) -> bool:
        """Whether ``action`` (``read``, ``create``, ``update``, ``patch``) is possible for a flat field."""
        if name.startswith(VARIABLE_PREFIX):
            bare = name.removeprefix(VARIABLE_PREFIX)
            return action in self.variables.get(bare, self.any_variable)
        return action in self.fields.get(name, frozenset())

    def takes(self, name: str, value: Value | None) -> bool:
        """Whether ``value`` has the form that the field must have there; the provider never gets another one."""
        form = self.forms.get(name)
        return form is None or not isinstance(value, str) or form.fullmatch(value) is not None

    def held(self, name: str, value: Value | None) -> Value | None:
        """What the provider would hold of the value; it is sent and compared in that form."""
        cut = self.plain_numbers and name in PHONES
        return without_extension(value) if cut and isinstance(value, str) else value

    def at_create(self, name: str, value: Value) -> Value | None:
        """What a create takes of the value, ``None`` when it takes nothing."""
        if not self.can(name, "create") or not self.takes(name, value):
            return None
        return value[: self.max_emails_create] if isinstance(value, tuple) else self.held(name, value)
