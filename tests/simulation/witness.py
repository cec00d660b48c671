"""What really happened, seen from outside: requests, records, edits, deletions and opt-outs.

The engine cannot see any of this. ``who`` are hidden identities; the oracle judges by them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync.identity import canonical_email, linkedin_key

if TYPE_CHECKING:
    from collections.abc import Iterable

FIELDS = {
    "topo": {"job_title": "job_title", "company_name": "company_name"},
    "apollo": {"job_title": "title", "company_name": "organization_name"},
    "datananas": {"job_title": "position", "company_name": "company"},
}
"""Canonical field → wire name, for the fields that people edit here."""
KEYS = {
    "topo": ("email", "linkedin_url"),
    "apollo": ("email", "linkedin_url"),
    "datananas": ("email", "linkedin"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request as a provider received it. ``cycle`` counts engine cycles from 1."""

    name: str
    provider: str
    endpoint: str
    mutating: bool
    at: float
    cycle: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A record that a request of the engine made. ``again``: the provider itself worked on the request twice."""

    who: str | None
    provider: str
    record_id: str
    request: str
    at: float
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A person typed ``value`` into a field; nothing, when it was emptied."""

    who: str
    provider: str
    record_id: str
    name: str
    value: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Somebody deleted a record. ``known``: the engine had it, tied to a person."""

    who: str
    provider: str
    record_id: str
    at: float
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class No:
    """Somebody said no. ``keys``: hidden identity's addresses at that time."""

    who: str
    provider: str
    record_id: str | None
    at: float


@dataclass(slots=True)
class Witness:
    """Everything seen so far. ``shown``: (provider, record, field, value) that a read answer carried whole.

    ``shown_in``: in which cycles it did. ``unsubscribed_shown``: somebody → cycle → when Apollo first showed it.
    ``divided``: somebody who was one person here → since when nothing ties their records any more.
    ``taken``: values that a person took. ``decided_for_all``: fields that settings decide against later edits.
    """

    by_key: dict[str, str] = field(default_factory=dict)
    blurred: set[frozenset[str]] = field(default_factory=set)
    of_record: dict[tuple[str, str], str] = field(default_factory=dict)
    requests: list[Sent] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    noes: list[No] = field(default_factory=list)
    shown: dict[tuple[str, str, str, str], float] = field(default_factory=dict)
    shown_in: dict[tuple[str, str, str, str], set[int]] = field(default_factory=dict)
    divided: dict[str, float] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    decided_for_all: set[str] = field(default_factory=set)
    unsubscribed_shown: dict[str, dict[int, float]] = field(default_factory=dict)
    violations: list[tuple[str, str]] = field(default_factory=list)
    struck: list[tuple[str, str]] = field(default_factory=list)

    def blame(self, invariant: str, detail: str) -> None:
        """An invariant is broken."""
        if (invariant, detail) not in self.violations:
            self.violations.append((invariant, detail))

    def know(self, who: str, *, email: str | None = None, profile: str | None = None) -> None:
        """The key belongs to the hidden person."""
        for key in keys_of(email, profile):
            self.by_key.setdefault(key, who)

    def identify(self, provider: str, row: dict[str, Any]) -> str | None:
        """Whose record a row is: known by its id, else by its keys."""
        record_id = str(row.get("id") or row.get("_id") or "")
        known = self.of_record.get((provider, record_id))
        if known is not None:
            return known
        email, profile = (row.get(name) for name in KEYS[provider])
        return self.identify_keys(email, profile)

    def identify_keys(self, email: str | None, profile: str | None) -> str | None:
        """Whose keys these are."""
        return next((self.by_key[k] for k in keys_of(email, profile) if k in self.by_key), None)

    def nobodys(self, provider: str, rows: Iterable[dict[str, Any]]) -> list[str]:
        """Keys in these rows of a write that belong to nobody: whoever they named would be a stranger."""
        email, profile = KEYS[provider]
        told = [(row.get(email) or None, row.get(profile) or None) for row in rows]
        found = [e for e, _ in told if e and not self.identify_keys(e, None)]
        return found + [p for _, p in told if p and not self.identify_keys(None, p)]

    def overwritten(self, provider: str, rows: Iterable[dict[str, Any]], since: float) -> list[Edit]:
        """Edits first shown after ``since`` whose values these rows of a write would replace."""
        last = {(e.provider, e.record_id, e.name): e for e in self.edits if e.value}
        late = [e for e in last.values() if e.provider == provider and self._first_shown(e) > since]
        return [e for row in rows for e in late if self._replaces(row, e)]

    def put_back(
        self, provider: str, rows: Iterable[dict[str, Any]], cycle: int, died_in: set[int]
    ) -> list[tuple[Edit, str]]:
        """Edits known since an earlier cycle that these rows of a write would replace by what was known before.

        An edit is known where it was typed: the same value typed elsewhere is another edit. What a record held
        when it was met is no edit: which value stands is decided then, and may be written later. So may one that
        a person took.
        """
        known: dict[str, int] = {}
        met: dict[tuple[str, str], int] = {}
        here: dict[tuple[str, str, str, str], int] = {}
        for shown, cycles in self.shown_in.items():
            here[shown] = min([cycle, *(cycles - died_in)])
            known[shown[3]] = min(known.get(shown[3], cycle), here[shown])
            met[shown[:2]] = min(met.get(shown[:2], cycle), here[shown])
        last = {(e.provider, e.record_id, e.name): e for e in self.edits if e.provider == provider}
        standing = [
            e
            for e in last.values()
            if e.name not in self.decided_for_all
            and met.get((provider, e.record_id), cycle)
            < here.get((provider, e.record_id, e.name, e.value), cycle)
            < cycle
        ]
        found = []
        for row in rows:
            for edit in standing:
                value = str(row.get(FIELDS[provider][edit.name]) or "")
                older = known.get(value, cycle) < known[edit.value] and value not in self.taken
                if older and self._replaces(row, edit):
                    found.append((edit, value))
        return found

    def _first_shown(self, edit: Edit) -> float:
        return self.shown.get((edit.provider, edit.record_id, edit.name, edit.value), -1.0)

    def _replaces(self, row: dict[str, Any], edit: Edit) -> bool:
        told = row.get(FIELDS[edit.provider][edit.name], edit.value) != edit.value
        ours = str(row.get("id") or edit.record_id) == edit.record_id
        return told and ours and self.identify(edit.provider, row) == edit.who

    def see(self, provider: str, rows: Iterable[dict[str, Any]], at: float, cycle: int) -> None:
        """A read answer that carried these rows reached the engine whole."""
        for row in rows:
            record_id = str(row.get("id"))
            for name, wire in FIELDS[provider].items():
                if row.get(wire):
                    value = (provider, record_id, name, str(row[wire]))
                    self.shown.setdefault(value, at)
                    self.shown_in.setdefault(value, set()).add(cycle)
            if provider == "apollo" and row.get("email_unsubscribed"):
                who = self.identify(provider, row)
                if who is not None:
                    self.unsubscribed_shown.setdefault(who, {}).setdefault(cycle, at)


def keys_of(email: str | None, profile: str | None) -> list[str]:
    """The keys of a row, in the form that the witness compares."""
    found = [f"email:{canonical_email(email)}"] if email and canonical_email(email) else []
    slug = linkedin_key(profile)
    return found + ([f"profile:{slug}"] if slug else [])
