"""What an opt-out forbids, whom it covers, and for how long.

Opt-outs match wider than identity: plus tags and Gmail dots are folded, every address a person ever had
counts. A reason we do not know forbids everything, because the provider's list may grow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from sync.identity import email_key, is_profile, linkedin_key, wide_email_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from sync.contact import Contact
    from sync.record import OptOutEntry, RecordRef

OUTREACH_TOOL = "topo"
ONLY_OUTREACH_TOOL = frozenset({"EXCLUDE_FROM_CRM"})
REVIEWED = frozenset({"BOUNCED", "COMPETITOR", "WRONG_PERSON", "LEFT_COMPANY"})
NO_ENROLMENT = frozenset({"INTERESTED", "MEETING", "REFERRAL", "EXCLUDE_FROM_SEARCH"})
TIMED = frozenset({"BAD_TIMING", "OUT_OF_OFFICE"})
KNOWN_REASONS = (
    "BAD_TIMING", "BOUNCED", "COMPETITOR", "CONTACT_REFUSED", "INTERESTED", "MEETING", "OTHER", "OUT_OF_OFFICE",
    "UNKNOWN", "UNSUBSCRIBED", "WRONG_PERSON", "EXCLUDE_FROM_SEARCH", "EXCLUDE_FROM_CRM", "REFERRAL",
    "LEFT_COMPANY",
)  # fmt: skip
"""Source: https://docs.topo.io/api-reference/exclusions (15 reasons; the list may grow)."""

ANY_OTHER = "OTHER"
"""What stands for a reason that is not kept."""
REASON_FORM = "a few words: at most 80 letters, digits and marks without @ and /, no more than 6 of them digits"
_REASON = re.compile(r"(?=.*[^\W\d_])(?!(?:\D*\d){7})(?!.*\w\.\w)[\w .,;:!?'\u2019\"()&#+-]{1,80}")
"""Too little for an address, a phone number or what somebody wrote: the ledger keeps it for good, as it is."""

FORGOTTEN, FORGET = "FORGOTTEN", "forget"
"""Reason and source of the entry that an erasure leaves; no provider is its source."""

GRACE = timedelta(hours=24)
"""A timed opt-out holds this much longer: clocks and time zones differ."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a person's opt-outs forbid together. ``reasons``: those in force, sorted.

    ``creates_only_at_outreach``: a create is allowed at the outreach tool (Topo) and nowhere else.
    """

    no_create: bool = False
    creates_only_at_outreach: bool = False
    no_enrolment: bool = False
    review: bool = False
    reasons: tuple[str, ...] = ()

    def forbids_create(self, provider: str) -> bool:
        """Whether nobody may be created at ``provider``."""
        return self.no_create or (self.creates_only_at_outreach and provider != OUTREACH_TOOL)


NOTHING = Effect()


def kept_reason(reason: str) -> str:
    """The reason if it has ``REASON_FORM``, else ``OTHER``, which forbids as much."""
    return reason if _REASON.fullmatch(reason) else ANY_OTHER


def in_force(entry: OptOutEntry, now: datetime) -> bool:
    """Whether an entry counts at ``now``; only timed reasons end by themselves."""
    if entry.reason in TIMED and entry.until is not None:
        return now < entry.until + GRACE
    return True


def effect_of(reasons: Iterable[str]) -> Effect:
    """What these reasons forbid together."""
    found = sorted(set(reasons))
    if not found:
        return NOTHING
    soft = NO_ENROLMENT | ONLY_OUTREACH_TOOL
    return Effect(
        no_create=any(r not in soft for r in found),
        creates_only_at_outreach=any(r in ONLY_OUTREACH_TOOL for r in found),
        no_enrolment=True,
        review=any(r in REVIEWED for r in found),
        reasons=tuple(found),
    )


def wide_keys(emails: Iterable[str], linkedin_url: str | None, linkedin_id: str | None = None) -> frozenset[str]:
    """Everything an opt-out of these values matches on, as plain text (hash before keeping)."""
    keys = {f"email:{key}" for email in emails for key in wide_email_keys(email)}
    for value in (linkedin_url, linkedin_id):
        key = linkedin_key(value)
        if key is None and value is linkedin_id and value:
            key = f"urn:{value}"
        if key is not None:
            keys.add(f"linkedin:{key}")
    return frozenset(keys)


def wide_keys_of(contact: Contact) -> frozenset[str]:
    """The wide keys of all addresses and profiles of a contact."""
    return wide_keys(contact.emails, contact.linkedin_url, contact.linkedin_id)


def record_key(ref: RecordRef) -> str:
    """By which an erasure knows a record again, whatever it shows by then; it matches no opt-out."""
    return f"record:{ref}"


class OptOutIndex:
    """The ledger as it stands, for look-ups by hashed key.

    Where a source says something else under the same id both count, as only a named person releases an opt-out;
    a timed one gives way to its new time. A release ends every entry that shares a key with it and stands before
    it.
    """

    def __init__(self, entries: Iterable[OptOutEntry], keyed_hash: Callable[[str], str]) -> None:
        self._hash = keyed_hash
        self._by_key: dict[str, list[OptOutEntry]] = {}
        self._by_source: dict[tuple[str, str], OptOutEntry] = {}
        self._forgotten: dict[int, OptOutEntry] = {}
        self._timed: list[OptOutEntry] = []
        self._releases = 0
        for entry in entries:
            self.add(entry)

    def add(self, entry: OptOutEntry) -> None:
        """The index as if the ledger ended with ``entry``."""
        if entry.released_by is not None:
            self._releases += 1
            for key in entry.keys:
                for ended in self._by_key.pop(key, []):
                    self._drop(ended)
            return
        if entry.source_id is not None:
            before = self._by_source.get((entry.source, entry.source_id))
            if before is not None and {before.reason, entry.reason} <= TIMED:
                self._drop(before)
            self._by_source[entry.source, entry.source_id] = entry
        if entry.source == FORGET:
            self._forgotten[id(entry)] = entry
        if entry.reason in TIMED and entry.until is not None:
            self._timed.append(entry)
        for key in entry.keys:
            self._by_key.setdefault(key, []).append(entry)

    def knows(self, entry: OptOutEntry) -> bool:
        """Whether the ledger already says this: under an id also where it ended since, or was about more keys."""
        if entry.source_id is not None:
            before = self._by_source.get((entry.source, entry.source_id))
            return before is not None and _says(replace(before, keys=before.keys & entry.keys)) == _says(entry)
        return any(
            known.source == entry.source and _says(known) == _says(entry)
            for key in entry.keys
            for known in self._by_key.get(key, [])
        )

    def entries(self, keys: Iterable[str]) -> list[OptOutEntry]:
        """Entries that match any of the plain-text wide keys."""
        found: dict[int, OptOutEntry] = {}
        for key in keys:
            for entry in self._by_key.get(self._hash(key), ()):
                found[id(entry)] = entry
        return list(found.values())

    def released_with(self, keys: Iterable[str]) -> frozenset[str]:
        """The hashed keys of a release that ends every entry matching these plain-text ones, and no other entry.

        What an entry covers may be another one's by now, who said so themselves.
        """
        ended = {id(entry): entry for entry in self.entries(keys)}
        covered = frozenset().union(*(entry.keys for entry in ended.values()))
        return frozenset(key for key in covered if all(id(e) in ended for e in self._by_key.get(key, ())))

    def effect(self, keys: Iterable[str], now: datetime) -> Effect:
        """What is forbidden for a person of these wide keys."""
        return effect_of(e.reason for e in self.entries(keys) if in_force(e, now))

    def ended(self, now: datetime) -> str:
        """Another text whenever more opt-outs have ended: how many were released, and how many are over."""
        return f"{self._releases} released, {sum(not in_force(e, now) for e in self._timed)} over"

    @property
    def forgets(self) -> Collection[OptOutEntry]:
        """The entries of everybody who was erased."""
        return self._forgotten.values()

    def forgotten(self, keys: Iterable[str]) -> OptOutEntry | None:
        """The entry of the erasure that any of the plain-text wide keys matches."""
        found = self.entries(keys) if self._forgotten else ()
        return next((entry for entry in found if entry.source == FORGET), None)

    def hashed(self, keys: Iterable[str]) -> frozenset[str]:
        """The keys as the ledger keeps them."""
        return frozenset(self._hash(key) for key in keys)

    def __len__(self) -> int:
        return len({id(e) for entries in self._by_key.values() for e in entries})

    def _drop(self, entry: OptOutEntry) -> None:
        self._forgotten.pop(id(entry), None)
        for key in entry.keys:
            left = [e for e in self._by_key.get(key, []) if e is not entry]
            if left:
                self._by_key[key] = left
            else:
                self._by_key.pop(key, None)


def _says(entry: OptOutEntry) -> tuple[object, ...]:
    return (entry.keys, entry.reason, entry.until)


def person_keys(contacts: Iterable[Contact], aliases: Iterable[str] = ()) -> frozenset[str]:
    """The wide keys of a person: the canonical contact, all records and former keys.

    ``aliases``: joinable keys the person had before, as they join (an address, ``in:slug``, ``urn:id``), with
    or without their kind (``email:``, ``linkedin:``) in front.
    """
    keys: set[str] = set()
    for contact in contacts:
        keys |= wide_keys_of(contact)
    for alias in aliases:
        kind, colon, rest = alias.partition(":")
        bare = rest if colon and kind in {"email", "linkedin"} else alias
        keys |= {f"linkedin:{bare}"} if is_profile(bare) else wide_keys((bare,), None)
    return frozenset(keys)


def own_keys(contacts: Collection[Contact], aliases: Iterable[str] = ()) -> frozenset[str]:
    """As ``person_keys``, without mailboxes that are nobody's own: whoever else writes from there stays."""
    nobodys = wide_keys((e for contact in contacts for e in contact.emails if email_key(e) is None), None)
    return person_keys(contacts, aliases) - nobodys
