"""Naming a record whose provider shows no id: by the key that finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.identity import canonical_email, linkedin_key

if TYPE_CHECKING:
    from sync.contact import Contact


def record_name(contact: Contact, first: str = "email") -> str | None:
    """``email:<canonical>`` or ``linkedin:<key>``, ``None`` without either.

    ``first``: which of the two is taken where both are there, ``email`` or ``linkedin_url``.
    """
    email, profile = canonical_email(contact.email), linkedin_key(contact.linkedin_url)
    names = [f"email:{email}" if email else None, f"linkedin:{profile}" if profile else None]
    if first != "email":
        names.reverse()
    return names[0] or names[1]
