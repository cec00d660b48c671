"""Upserts: the same row creates or updates, so whatever forbids a create stops both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.codes import StateReason
from sync.identity import email_key, is_profile, linkedin_key
from sync.identity.canonical import keys_met
from sync.planning.draft import stopped

if TYPE_CHECKING:
    from sync.change import Operation
    from sync.planning.draft import Draft
    from sync.planning.world import Side


def guard_upsert(draft: Draft, side: Side, operation: Operation) -> Operation:
    """The operation with its match key, or stopped by an opt-out, a missing key or a shared one.

    A person without the key the upsert matches on may be created once under the other key, but such a
    record is never updated: the second row could become a second person.
    """
    by_profile = side.capabilities.match_key == "linkedin_url"
    key = _accepted(operation) if operation.accepted_key else _key_for(operation, by_profile=by_profile)
    if key is None and operation.kind == "create":
        key = _key_for(operation, by_profile=not by_profile)
    if key is None or (operation.kind != "create" and is_profile(key) != by_profile):
        return stopped(operation, "blocked", StateReason.NO_MATCH_KEY)
    if _may_be_another_row_by_now(draft, operation, key):
        return stopped(operation, "blocked", StateReason.NO_MATCH_KEY)
    if draft.effect.forbids_create(side.name):
        return stopped(operation, "blocked", StateReason.OPTED_OUT)
    if key in draft.world.shared_keys:
        return stopped(operation, "blocked", StateReason.SHARED_KEY)
    if side.capabilities.needs_import and _is_unseen(draft, operation):
        return stopped(operation, "blocked", StateReason.BLIND_OVERWRITE)
    return replace(operation, accepted_key=key)


def _is_unseen(draft: Draft, operation: Operation) -> bool:
    """Whether the row was never in an import, as far as it is there at all."""
    row = operation.record and operation.record.ref
    return operation.kind == "create" or any(m.unseen and m.record.ref == row for m in draft.person.members)


def _may_be_another_row_by_now(draft: Draft, operation: Operation, key: str) -> bool:
    """Whether no export has shown the row that we made, and those of the person that one did show lack its key.

    One of them may be that very row, with its key changed there: under the old key it would be made once more.
    """
    if operation.kind == "create" or not _is_unseen(draft, operation):
        return False
    there = (m for m in draft.person.members if m.record.ref.provider == operation.provider and not m.gone)
    shown = [m.record.contact for m in there if not m.unseen]
    return bool(shown) and not any(key in keys_met(contact) for contact in shown)


def _accepted(operation: Operation) -> str | None:
    """The key under which the row was accepted, or the one it was told to have by now; ``None`` = none any more.

    Under a key that was changed there, the row would become a second person.
    """
    accepted, record = operation.accepted_key, operation.record
    if record is None or accepted is None:
        return accepted
    if is_profile(accepted):
        name = "linkedin_url"
        shown = [linkedin_key(url) for url in (record.contact.linkedin_url, record.contact.linkedin_id) if url]
    else:
        name = "emails"
        shown = [email_key(email) for email in record.contact.emails]
    if accepted in shown or (name in record.absent and not shown):
        return accepted
    return shown[0] if shown else None


def _key_for(operation: Operation, *, by_profile: bool) -> str | None:
    contact = operation.record.contact if operation.record else operation.contact
    if by_profile:
        return linkedin_key(contact.linkedin_url or contact.linkedin_id)
    return email_key(contact.email)
