"""Merging a person's emails: a set with one primary, changed address by address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.codes import Rule
from sync.identity import canonical_email

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.contact import Value


@dataclass(frozen=True, slots=True)
class EmailEdit:
    """One record's change of its addresses. ``rank``: the provider's place in the priority, 0 = best."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    rank: int


@dataclass(frozen=True, slots=True)
class MergedEmails:
    """The addresses that stand, primary first, and which edit (by index) decided."""

    value: tuple[str, ...]
    decider: int
    rule: Rule


def as_emails(value: Value | None) -> tuple[str, ...]:
    """A field value as addresses."""
    return (value,) if isinstance(value, str) else value or ()


def merge_emails(
    current: tuple[str, ...], edits: tuple[EmailEdit, ...], *, blanks: bool, by_priority: bool
) -> MergedEmails | None:
    """The addresses after all ``edits``, or ``None`` when they want different primaries.

    An address put in another's place takes that place; an added one is appended; a removed one goes only
    when it was replaced or ``blanks`` are explicit. ``by_priority``: the best-ranked edit sets the primary.
    """
    primaries = {_key(e.after[0]) for e in edits if e.after and _primary_moved(e)}
    if len(primaries) > 1 and not by_priority:
        return None
    emails = list(current)
    for edit in edits:
        emails = _apply(emails, edit, blanks=blanks)
    decider = min(range(len(edits)), key=lambda i: (not _primary_moved(edits[i]), edits[i].rank, i))
    if _primary_moved(edits[decider]) and edits[decider].after:
        first = edits[decider].after[0]
        emails = [first, *(e for e in emails if _key(e) != _key(first))]
    rule = Rule.ONLY_CHANGER if len(edits) == 1 else Rule.AGREED
    return MergedEmails(_distinct(emails), decider, Rule.FIELD_PRIORITY if len(primaries) > 1 else rule)


def _apply(emails: list[str], edit: EmailEdit, *, blanks: bool) -> list[str]:
    had = {_key(e) for e in edit.before}
    has = {_key(e) for e in edit.after}
    gone = [e for e in edit.before if _key(e) not in has]
    came = [e for e in edit.after if _key(e) not in had]
    swaps = {_key(old): new for old, new in zip(gone, came, strict=False)}
    dropped = {_key(e) for e in gone[len(came) :]} if blanks else set()
    result = [swaps.get(_key(e), e) for e in emails if _key(e) not in dropped]
    present = {_key(e) for e in result}
    return result + [e for e in came if _key(e) not in present]


def _primary_moved(edit: EmailEdit) -> bool:
    return bool(edit.after) and (not edit.before or _key(edit.before[0]) != _key(edit.after[0]))


def _distinct(emails: Iterable[str]) -> tuple[str, ...]:
    return tuple({_key(e): e for e in reversed(list(emails))}.values())[::-1]


def _key(email: str) -> str:
    return canonical_email(email) or email.strip().casefold()
