"""Providers as the planner sees them, in as few words as a test needs."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from sync.capabilities import Capabilities
from sync.optouts import NOTHING, Effect
from sync.planning import PersonPlan, Side, World, plan_person
from sync.planning.scope import Scope
from sync.record import Target
from tests.builders import NOW

if TYPE_CHECKING:
    from sync.change import Operation
    from sync.person import Person

READ = frozenset({"read"})
CREATE = frozenset({"read", "create"})
BOTH = frozenset({"read", "create", "update"})
PATCH = frozenset({"read", "create", "patch"})

TEXTS = ("first_name", "last_name", "job_title", "company_name", "city", "country", "language")
FIELDS = {
    **dict.fromkeys(("emails", *TEXTS), BOTH),
    "linkedin_url": CREATE,
    "phone": PATCH,
    "company_domain": READ,
}

BY_ID = Capabilities(
    readable=True, creates=True, updates="by-id", fields=FIELDS, max_emails=2, max_emails_create=2,
    variables={"topic": BOTH}, stages=True,
)  # fmt: skip
"""Everything can be read, created and updated by id."""

BY_ENTRY = Capabilities(
    readable=True, creates=True, updates="entry", only_ours=True, excludes=True,
    fields={**dict.fromkeys(TEXTS, BOTH), "emails": CREATE, "linkedin_url": CREATE, "phone": READ},
    why_not={"phone": "no-endpoint", "emails": "match-key-changed", "linkedin_url": "match-key-changed"},
    variables={"topic": frozenset({"read", "patch"})}, variable_operation=True,
)  # fmt: skip
"""A change is posted as an entry again, which may create; only for records of ours."""

UPSERT = Capabilities(
    readable=False, creates=True, updates="upsert", match_key="emails",
    fields=dict.fromkeys(("emails", "linkedin_url", "phone", *TEXTS), BOTH - READ), effects=("list-move",),
)  # fmt: skip
"""A sink: create and update are one call that matches on the email."""


def side(name: str = "apollo", capabilities: Capabilities = BY_ID, **given: Any) -> Side:
    """A provider with nothing in the way; scope switches are given by name."""
    switches = {n: given.pop(n) for n in tuple(given) if n in Scope.__dataclass_fields__}
    return Side(name=name, capabilities=capabilities, scope=Scope(**switches), **given)


def able(capabilities: Capabilities, **changed: Any) -> Capabilities:
    return replace(capabilities, **changed)


def plan(who: Person, *sides: Side, effect: Effect = NOTHING, **world: Any) -> PersonPlan:
    """The person's plan at the sides (one updatable provider when none is named)."""
    number = count(1)
    return plan_person(
        who, effect, World(sides=sides or (side(),), now=NOW, new_id=lambda: f"o{next(number)}", **world)
    )


def only(found: PersonPlan) -> Operation:
    """The one operation of the plan."""
    assert len(found.operations) == 1, found.operations
    return found.operations[0]


def wants(found: PersonPlan) -> dict[str, object]:
    """Field → new value over all operations of the plan."""
    return {n: c.after for o in found.operations for n, c in o.fields.items()}


def obstacles(found: PersonPlan) -> dict[str, str]:
    """Field → why it cannot be expressed."""
    return {row.field: str(row.reason) for row, _ in found.cannot_express}


ENROLS = Target(starts_outreach=True, reason="the list enrols")
MAY_ENROL = Target(starts_outreach=True, outreach_allowed=True, reason="the list enrols")
