"""Which echoed row belongs to which operation; pure.

``bulk_create`` answers with two arrays without an index, in any order. A row is told by what it holds: our
external id, then email, then profile, then name and company; never by its place. Apollo itself matches on name
with company or domain too, so a row that was there before may be told by its name alone, and counts as the person
only when an email or a profile says so.
Source: https://docs.apollo.io/reference/bulk-create-contacts
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.apollo.mapping import LOCKED
from sync.identity import canonical_email, linkedin_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapters.apollo.contacts import ContactRow
    from adapters.apollo.settings import ApolloSettings
    from sync.change import Operation
    from sync.contact import Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """One row of the answer; ``existing``: it was there before the call and was left untouched."""

    row: ContactRow
    existing: bool


AMBIGUOUS = "ambiguous"
Match = Echo | str | None
"""The operation's row, ``AMBIGUOUS``, or ``None`` when no row is its own."""

Keys = frozenset[str]


def emails_of(row: ContactRow) -> Keys:
    """The row's emails, comparable; a locked address is nobody's."""
    return frozenset(key for e in row.emails if not e.lower().startswith(LOCKED) and (key := canonical_email(e)))


def profile_of(row: ContactRow) -> str | None:
    """The row's profile, comparable."""
    return linkedin_key(row.text("linkedin_url"))


def correlate(
    operations: Sequence[Operation], echoes: Sequence[Echo], settings: ApolloSettings
) -> dict[str, Match]:
    """Operation id → its row. The strongest key decides first; a row serves one operation only."""
    found: dict[str, Match] = {operation.id: None for operation in operations}
    left = _distinct(echoes)
    for wish, own in _passes(settings):
        open_ones = [operation for operation in operations if found[operation.id] is None]
        pairs = [(o, e) for o in open_ones for e in left if wish(o) & own(e)]
        wanted = Counter(e.row.id for _, e in pairs)
        for operation in open_ones:
            fitting = [e for o, e in pairs if o is operation]
            if len(fitting) == 1 and wanted[fitting[0].row.id] == 1:
                found[operation.id] = fitting[0]
            elif fitting:
                found[operation.id] = AMBIGUOUS
        left = [echo for echo in left if echo.row.id not in wanted]
    return found


def _distinct(echoes: Sequence[Echo]) -> list[Echo]:
    """Each row once. A merged placeholder may stand in both arrays; it then counts as created.

    Which array lists it is not documented (2026-11).
    """
    rows: dict[str, Echo] = {}
    for echo in echoes:
        if echo.row.id not in rows or not echo.existing:
            rows[echo.row.id] = echo
    return list(rows.values())


def _passes(
    settings: ApolloSettings,
) -> list[tuple[Callable[[Operation], Keys], Callable[[Echo], Keys]]]:
    field = settings.external_id_field
    return [
        (lambda o: frozenset({o.person_id}), lambda e: _only(e.row.custom.get(field))),
        (lambda o: _emails(o.contact), lambda e: emails_of(e.row)),
        (lambda o: _profiles(o.contact), lambda e: _only(profile_of(e.row))),
        (
            lambda o: _name_key(o.contact.full_name, o.contact.company_name),
            lambda e: _name_key(_name(e.row), e.row.text("organization_name")),
        ),
        (
            lambda o: _name_key(o.contact.full_name, None),
            lambda e: _name_key(_name(e.row), None) if e.existing else frozenset(),
        ),
    ]


def _emails(contact: Contact) -> Keys:
    return frozenset(key for email in contact.emails if (key := canonical_email(email)))


def _profiles(contact: Contact) -> Keys:
    return _only(linkedin_key(contact.linkedin_url)) | _only(linkedin_key(contact.linkedin_id))


def _only(key: str | None) -> Keys:
    return frozenset({key} if key else ())


def _name(row: ContactRow) -> str | None:
    parts = " ".join(filter(None, (row.text("first_name"), row.text("last_name"))))
    return parts or row.text("name")


def _name_key(name: str | None, company: str | None) -> Keys:
    if not name:
        return frozenset()
    return frozenset({f"{_folded(name)}\n{_folded(company or '')}"})


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def same_person(contact: Contact, row: ContactRow, *, marked: bool) -> bool:
    """Whether a row that was there before is surely the person: a strong key agrees and none contradicts.

    ``marked``: the row carries the person's own external id, which agrees by itself. A slug and an opaque id
    are two name spaces, so one beside the other says nothing.
    """
    ours, theirs = _profiles(contact), _only(profile_of(row))
    spaces = {key.partition(":")[0] for key in theirs}
    pairs = (
        (_emails(contact), emails_of(row)),
        (frozenset(key for key in ours if key.partition(":")[0] in spaces), theirs),
    )
    agrees = [bool(wanted & shown) for wanted, shown in pairs if wanted and shown]
    return all(agrees) and (bool(agrees) or marked)


def carries(row: ContactRow, label_ids: frozenset[str]) -> bool:
    """Whether the row is ours in a shared workspace: it has one of our labels."""
    return not row.label_ids.isdisjoint(label_ids)
