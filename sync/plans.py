"""Saved plans: what a person reviewed, bound to the state and the settings that it was made from. Pure.

A plan holds no personal data: each wish is a keyed hash, so that only the installation that made it can tell
whether what it would send now is what was reviewed.
"""

from __future__ import annotations

import hmac
import json
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sync.errors import ContactSyncError
from sync.items import told_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sync.change import Operation

SCHEMA = "contact-sync/plan/1"
MAKE_ANOTHER = "make another one with `contact-sync plan --out FILE`"


class PlanError(ContactSyncError):
    """The plan cannot be carried out: no plan, somebody else's, used, expired, or the world moved on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """What a plan was made from. ``lineage``: the database for life; ``serial``: how many runs it had seen.

    ``settings``: provider → fingerprint of its settings.
    """

    lineage: str
    serial: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One operation of a plan; ``digest``: keyed hash of all that it would change."""

    provider: str
    kind: str
    record_id: str | None
    fields: tuple[str, ...]
    effects: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan. ``providers`` and ``only`` narrowed it; ``allow``: the guards let through when it was made.

    ``undo``: the run whose replaced values it restores.
    """

    plan_id: str
    made_at: datetime
    expires_at: datetime
    standpoint: Standpoint
    providers: tuple[str, ...]
    only: str | None
    allow: tuple[str, ...]
    wishes: tuple[Wish, ...]
    undo: str | None = None

    def differs(self, operations: Iterable[Operation], keyed_hash: Callable[[str], str]) -> tuple[int, int]:
        """How many wishes of the plan are none of the planned operations, and the other way round."""
        reviewed = Counter(wish.digest for wish in self.wishes)
        now = Counter(wish.digest for wish in wishes_of(operations, keyed_hash))
        return (reviewed - now).total(), (now - reviewed).total()

    def check(self, standpoint: Standpoint, now: datetime) -> None:
        """The plan was made from ``standpoint`` and still holds at ``now``. Raises ``PlanError``."""
        own = self.standpoint
        if own.lineage != standpoint.lineage:
            raise PlanError("the plan was made for another state database", remedy=MAKE_ANOTHER)
        if own.serial != standpoint.serial:
            raise PlanError("the plan was used, or another run came after it", remedy=MAKE_ANOTHER)
        if now >= self.expires_at:
            raise PlanError(f"the plan expired at {self.expires_at:%Y-%m-%d %H:%M} UTC", remedy=MAKE_ANOTHER)
        if dict(own.settings) != dict(standpoint.settings):
            raise PlanError("settings of a provider changed since the plan was made", remedy=MAKE_ANOTHER)


def wishes_of(operations: Iterable[Operation], keyed_hash: Callable[[str], str]) -> tuple[Wish, ...]:
    """The planned operations as a plan keeps them, in an order that tells nothing of the people."""
    found = [
        Wish(
            provider=o.provider,
            kind=o.kind,
            record_id=told_id(o.record_id) if o.record_id else None,
            fields=tuple(sorted(o.fields)),
            effects=o.effects,
            digest=keyed_hash(_content(o)),
        )
        for o in operations
        if o.state == "planned"
    ]
    return tuple(sorted(found, key=lambda wish: (wish.provider, wish.kind, wish.digest)))


def _content(operation: Operation) -> str:
    """All that the operation would change; not whose it is, since who is new gets another id each time."""
    changes = {name: (change.before, change.after) for name, change in operation.fields.items()}
    said = operation.opt_out
    opt_out = said and (said.emails, said.linkedin_url, said.reason)
    contact = operation.contact.to_fields() if operation.kind == "create" else {}
    parts = (operation.provider, operation.kind, operation.record_id, changes, contact, operation.effects, opt_out)
    return json.dumps(parts, sort_keys=True)


def render(plan: SavedPlan, keyed_hash: Callable[[str], str]) -> str:
    """The plan as a file, sealed."""
    body = {"schema": SCHEMA, **asdict(plan)}
    body["made_at"], body["expires_at"] = plan.made_at.isoformat(), plan.expires_at.isoformat()
    return json.dumps({**body, "seal": keyed_hash(_sealed(body))}, indent=2) + "\n"


def _sealed(body: Mapping[str, Any]) -> str:
    return json.dumps({name: value for name, value in body.items() if name != "seal"}, sort_keys=True)


def parse(text: str, keyed_hash: Callable[[str], str]) -> SavedPlan:
    """The plan of a file. Raises ``PlanError`` when it is none, was made elsewhere, or is not as it was made."""
    try:
        body = json.loads(text)
        seal = str(body["seal"])
        known = body["schema"] == SCHEMA
    except (ValueError, TypeError, KeyError, RecursionError):
        raise PlanError("the file is no saved plan", remedy=MAKE_ANOTHER) from None
    if not known:
        raise PlanError("the plan is of another version of contact-sync", remedy=MAKE_ANOTHER)
    if not hmac.compare_digest(seal.encode("utf-8", "surrogatepass"), keyed_hash(_sealed(body)).encode()):
        raise PlanError("the plan was made elsewhere, or changed since", remedy=MAKE_ANOTHER)
    return SavedPlan(
        plan_id=body["plan_id"],
        made_at=datetime.fromisoformat(body["made_at"]),
        expires_at=datetime.fromisoformat(body["expires_at"]),
        standpoint=Standpoint(**body["standpoint"]),
        providers=tuple(body["providers"]),
        only=body["only"],
        allow=tuple(body["allow"]),
        wishes=tuple(map(_wish, body["wishes"])),
        undo=body["undo"],
    )


def _wish(row: Mapping[str, Any]) -> Wish:
    return Wish(**{**row, "fields": tuple(row["fields"]), "effects": tuple(row["effects"])})
