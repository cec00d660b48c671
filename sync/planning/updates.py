"""Planning what changes at a record that is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.change import CHANGE
from sync.codes import CannotReason, StateReason
from sync.contact import MULTI_VALUED, VARIABLE_PREFIX
from sync.identity.canonical import keys_met
from sync.planning.draft import reason_of, stopped, takes, why_not_writable
from sync.planning.scope import in_scope
from sync.planning.upserts import guard_upsert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.change import Choice, FieldChange
    from sync.contact import Value
    from sync.person import Member
    from sync.planning.draft import Draft
    from sync.planning.world import Side
    from sync.record import Link


ONLY_BY_HAND = frozenset({CannotReason.MATCH_KEY_CHANGED, CannotReason.ONE_VALUE})
"""Why a change is asked for so."""


def plan_update(draft: Draft, side: Side, member: Member) -> None:
    """The operations that bring the record to the wanted contact, one for each way of writing."""
    if not side.scope.update or not in_scope(side.scope, draft.person, creating=False):
        return
    changes: dict[str, dict[str, FieldChange]] = {}
    for name, change in _wishes(draft, side, member).items():
        held = side.capabilities.held(name, change.after)
        reason = _obstacle(side, member, name, held)
        if reason is None:
            changes.setdefault(_ride(side, name), {})[name] = replace(change, after=held)
            reason = None if held == change.after else CannotReason.NOT_TAKEN
        if reason is None:
            continue
        draft.cannot_express(side, name, reason, change.after)
        if reason in ONLY_BY_HAND and change.before is not None:
            draft.by_hand(side, CHANGE + name)
    for ride, fields in sorted(changes.items()):
        _add(draft, side, member, ride, fields)


# what is wished for -----------------------------------------------------------------------------------
def _wishes(draft: Draft, side: Side, member: Member) -> dict[str, FieldChange]:
    """Every field whose wanted value the record neither shows nor ever acknowledged, or may have lost since."""
    wishes = {}
    for name in draft.wanted_names(side):
        observed = member.record.contact.get(name)
        wanted = _shaped(draft, side, name)
        if side.capabilities.detail_variables and name in member.record.absent:
            draft.waits = True  # nobody has looked yet what stands there
            continue
        if side.capabilities.needs_import and name in member.record.absent - member.link.sent.keys():
            continue  # no import has shown what stands there
        if name in MULTI_VALUED and (observed is not None or name in member.record.absent):
            wanted = _replacement(draft, name, observed)
            if wanted is None:
                continue
        held = side.capabilities.held(name, wanted)
        differs = draft.key(name, observed) not in {draft.key(name, wanted), draft.key(name, held)}
        if differs and not _acknowledged(draft, name, held, member.link.sent):
            wishes[name] = draft.change(name, observed, wanted)
        elif other := _perhaps_another(draft, member, name, held):
            wishes[name] = draft.change(name, other, wanted)
    return wishes


def _perhaps_another(draft: Draft, member: Member, name: str, wanted: Value | None) -> Value | None:
    """Another value than the wanted one that may stand there, left by an update whose outcome nobody knows."""
    left = draft.world.perhaps.get(member.record.ref, {}).get(name, ())
    others = [value for value in left if draft.key(name, value) != draft.key(name, wanted)]
    return others[-1] if others and wanted is not None else None


def _shaped(draft: Draft, side: Side, name: str) -> Value | None:
    value, able = draft.person.contact.get(name), side.capabilities
    most = able.max_emails if able.max_emails_update is None else able.max_emails_update
    return value[:most] if isinstance(value, tuple) else value


def _acknowledged(draft: Draft, name: str, wanted: Value | None, sent: Mapping[str, Value]) -> bool:
    """Whether the provider took this very value before; an empty text in ``sent`` is a value it cleared."""
    return name in sent and draft.key(name, sent[name]) == draft.key(name, wanted)


def _replacement(draft: Draft, name: str, observed: Value | None) -> Value | None:
    """What stands in the place of the record's own value, if a person replaced that very value."""
    choice = draft.person.choices.get(name)
    if observed is None or choice is None or not choice.replaced:
        return None
    if isinstance(observed, tuple):
        kept: dict[str, str] = {}
        for email in (_follow(draft, name, choice, e) or e for e in observed):
            kept.setdefault(_one_key(draft, name, email), email)
        return tuple(kept.values())
    return _follow(draft, name, choice, observed)


def _follow(draft: Draft, name: str, choice: Choice, value: str) -> str | None:
    """The last value of the chain of replacements that begins at ``value``."""
    seen: set[str] = set()
    found = None
    key = _one_key(draft, name, value)
    while key in choice.replaced and key not in seen:
        seen.add(key)
        found = choice.replaced[key]
        key = _one_key(draft, name, found)
    return found


def _one_key(draft: Draft, name: str, value: str) -> str:
    key = draft.key(name, (value,) if name == "emails" else value)
    return str(key[0] if isinstance(key, tuple) and key else key)


# whether and how it can be written --------------------------------------------------------------------
def _obstacle(side: Side, member: Member, name: str, value: Value | None) -> str | None:
    """Why the field cannot be written on the record, or ``None``."""
    caps = side.capabilities
    if not takes(side, name, value):
        return CannotReason.NOT_TAKEN
    if name.startswith(VARIABLE_PREFIX) and caps.variable_operation and caps.can(name, "patch"):
        return None
    if caps.updates == "entry" and caps.can(name, "create"):
        if caps.only_ours and not _is_ours_at_target(side, member.link):
            return CannotReason.NOT_OURS
        if side.starts_outreach:
            return CannotReason.DEFAULT_SEQUENCE
    if name == caps.match_key and caps.updates == "upsert":
        return CannotReason.MATCH_KEY_CHANGED
    most = caps.max_emails_update
    if name == "emails" and most is not None and len(member.record.contact.emails) > most:
        return CannotReason.ONE_VALUE  # nothing tells what such a write leaves of the others
    if caps.can(name, "update") or caps.can(name, "patch"):
        return None
    if caps.can(name, "create"):
        return caps.why_not.get(name, CannotReason.CREATE_ONLY)
    return why_not_writable(caps, name)


def _is_ours_at_target(side: Side, link: Link) -> bool:
    """Whether we entered the record where an entry goes now; another one would be added to that place."""
    return link.ours and (side.target_since is None or link.linked_at >= side.target_since)


def _ride(side: Side, name: str) -> str:
    caps = side.capabilities
    if name.startswith(VARIABLE_PREFIX) and caps.variable_operation:
        return "variables"
    return "update" if caps.can(name, "update") else "patch"


def _add(draft: Draft, side: Side, member: Member, ride: str, fields: Mapping[str, FieldChange]) -> None:
    caps = side.capabilities
    operation = draft.operation(
        side,
        "variables" if ride == "variables" else "update",
        reason_of(fields),
        fields,
        contact=draft.person.contact,
        record=member.record,
        record_id=member.record.ref.record_id,
        effects=() if ride == "variables" else caps.effects,
        accepted_key=member.link.accepted_key,
    )
    if member.record.unreadable:  # an edit may be there that nobody has seen
        operation = stopped(operation, "blocked", StateReason.UNREADABLE)
    elif ride != "variables" and caps.updates == "upsert":
        operation = draft.wait_for_opt_outs(guard_upsert(draft, side, operation))
    elif ride != "variables" and caps.updates == "entry":
        if draft.effect.forbids_create(side.name):
            operation = stopped(operation, "blocked", StateReason.OPTED_OUT)
        elif not draft.world.shared_keys.isdisjoint(keys_met(member.record.contact)):
            # The entry is recognised by these keys: it could land in the other person's contact.
            operation = stopped(operation, "blocked", StateReason.SHARED_KEY)
        operation = draft.wait_for_opt_outs(operation)
    draft.add(operation)
