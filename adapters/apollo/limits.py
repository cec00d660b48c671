"""What Apollo can hold, and what it cannot; pure.

Which field can be written where: https://docs.apollo.io/reference/bulk-create-contacts,
https://docs.apollo.io/reference/bulk-update-contacts, https://docs.apollo.io/reference/update-a-contact
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from adapters.apollo.mapping import NUMBER, PATCH_ONLY
from sync.capabilities import Capabilities
from sync.codes import CannotReason
from sync.contact import ADDRESS_GROUP

if TYPE_CHECKING:
    from adapters.apollo.settings import ApolloSettings

MAX_ROWS = 100
"""Rows of one ``bulk_create``, and of one ``bulk_update`` that is answered at once."""

MAX_EMAILS = 10
"""Emails of one contact that we take part in; Apollo documents no limit."""

BOTH_WAYS = (
    "emails", "linkedin_url", "first_name", "last_name", "job_title", "company_name", "city", "state", "country",
    "zipcode",
)  # fmt: skip
CREATE_ONLY = ("phone", "mobile_phone", "photo_url")
CARRIED_BY_CREATE = frozenset({*BOTH_WAYS, *CREATE_ONLY})


def capabilities(settings: ApolloSettings) -> Capabilities:
    """What can be done under these settings; a shared workspace that was not accepted is only read."""
    writable = settings.writable
    table = {name: _actions(name, settings) for name in (*BOTH_WAYS, *CREATE_ONLY, "company_domain")}
    variable = frozenset({"read", "create", "update"} if writable else {"read"})
    return Capabilities(
        readable=True,
        creates=writable,
        updates="by-id" if writable else "none",
        fields=MappingProxyType(table),
        variables=MappingProxyType(dict.fromkeys(settings.custom_fields, variable)),
        why_not=MappingProxyType(_why_not(settings)),
        forms=MappingProxyType({"phone": NUMBER, "mobile_phone": NUMBER}),
        one_text=ADDRESS_GROUP,
        plain_numbers=True,
        max_emails=MAX_EMAILS,
        max_emails_create=MAX_EMAILS if settings.contact_emails else 1,
        max_emails_update=1,
        stages=writable and bool(settings.opt_out_stage_id),
        creates_dedupe=True,
        opt_outs_on_rows=True,
        batch=MappingProxyType(
            {"create": MAX_ROWS, "update": MAX_ROWS if settings.update_by == "bulk" else 1, "stage": MAX_ROWS}
        ),
    )


def _actions(name: str, settings: ApolloSettings) -> frozenset[str]:
    actions = {"read"}
    if settings.writable:
        if name in CARRIED_BY_CREATE:
            actions.add("create")
        if name in BOTH_WAYS and (settings.update_by == "bulk" or name != "linkedin_url"):
            actions.add("update")  # PATCH documents no linkedin_url
        if name in PATCH_ONLY and settings.phones == "patch":
            actions.add("patch")
    return frozenset(actions)


def _why_not(settings: ApolloSettings) -> dict[str, str]:
    """Field → reason code where it is read but not written by an update."""
    reasons: dict[str, str] = {"photo_url": CannotReason.CREATE_ONLY}
    if settings.phones == "create":
        reasons |= {
            "phone": CannotReason.CREATE_ONLY,
            "mobile_phone": CannotReason.CREATE_ONLY,
            "company_domain": CannotReason.NO_ENDPOINT,
        }
    if settings.update_by == "patch":
        reasons["linkedin_url"] = CannotReason.CREATE_ONLY
    return reasons
