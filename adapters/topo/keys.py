"""Comparing the keys that Topo echoes with those that were asked for or sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sync.identity.emails import canonical_email
from sync.identity.linkedin import linkedin_key, linkedin_url

if TYPE_CHECKING:
    from sync.contact import Contact


def email_form(email: str) -> str:
    """The form in which equal addresses are equal, also for text that is no proper address."""
    return canonical_email(email) or email.strip().lower()


def profile_form(url: str) -> str:
    """The form in which equal profiles are equal, also for text that is no profile."""
    return linkedin_key(url) or url.strip().rstrip("/").lower()


def profile_of(contact: Contact) -> str | None:
    """The contact's profile address; made from the opaque id when that is all there is."""
    if contact.linkedin_url is not None:
        return contact.linkedin_url
    key = linkedin_key(contact.linkedin_id)
    return linkedin_url(key) if key else None


def may_be_same_profile(asked: str, got: str | None) -> bool:
    """Whether two profiles can be one: equal, or one a name and the other an opaque id."""
    if got is None:
        return False
    one, two = profile_form(asked), profile_form(got)
    return one == two or one.startswith("urn:") != two.startswith("urn:")


def contradicts(sent_email: str | None, sent_url: str | None, email: str | None, url: str | None) -> bool:
    """Whether an echo shows another person's key: a key that both sides have and that differs."""
    if sent_email and email and email_form(sent_email) != email_form(email):
        return True
    return bool(sent_url and url and not may_be_same_profile(sent_url, url))
