"""Merging a person's emails: a set with one primary, changed address by address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.identity import canonical_email

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.contact import Value


@dataclass(frozen=True, slots=True)
class EmailEdit:
    """One record's change of its addresses, primary first."""

    before: tuple[str, ...]
    after: tuple[str, ...]

    def swaps(self) -> list[tuple[str, str]]:
        """(address that went, address that came in its place), in order."""
        return list(zip(self._gone(), self._came(), strict=False))

    def moves_primary(self, current: tuple[str, ...]) -> bool:
        """Whether the record held the person's primary first and now holds another one there.

        Who never showed the primary says nothing about it: an address put in another's place takes that place.
        """
        if not (self.before and self.after and current):
            return False
        return email_form(self.before[0]) == email_form(current[0]) != email_form(self.after[0])

    def apply(self, emails: list[str], *, blanks: bool) -> list[str]:
        """``emails`` after the edit: replaced in place, added at the end, removed only if ``blanks`` count."""
        came, gone = self._came(), self._gone()
        put = {email_form(old): new for old, new in self.swaps()}
        dropped = {email_form(e) for e in gone[len(came) :]} if blanks else set()
        kept = [put.get(email_form(e), e) for e in emails if email_form(e) not in dropped]
        return distinct([*kept, *came])

    def _gone(self) -> list[str]:
        has = {email_form(e) for e in self.after}
        return [e for e in self.before if email_form(e) not in has]

    def _came(self) -> list[str]:
        had = {email_form(e) for e in self.before}
        return [e for e in self.after if email_form(e) not in had]


def merged_emails(
    current: tuple[str, ...], edits: Iterable[EmailEdit], primary: str | None, *, blanks: bool
) -> tuple[str, ...]:
    """The addresses after all ``edits``, best first; ``primary`` comes first when it is given."""
    emails = distinct(current)
    for edit in edits:
        emails = edit.apply(emails, blanks=blanks)
    return tuple(distinct([primary, *emails] if primary is not None else emails))


def as_emails(value: Value | None) -> tuple[str, ...]:
    """A field value as addresses."""
    return (value,) if isinstance(value, str) else value or ()


def distinct(emails: Iterable[str]) -> list[str]:
    """Each address once, in its first place and spelling."""
    found: dict[str, str] = {}
    for email in emails:
        found.setdefault(email_form(email), email)
    return list(found.values())


def email_form(email: str) -> str:
    """The form in which equal addresses are equal."""
    return canonical_email(email) or " ".join(email.casefold().split())
