"""The sandbox's contacts and its upsert, written from the documentation and not from our mapping.

Source: https://docs.datananas.com/reference/post_contacts-bulk
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.datananas.sandbox_switches import Row, Switches

TEXTS = (
    "email", "firstName", "lastName", "companyCategory", "company", "companySize", "companyDescription",
    "companyWebsite", "city", "country", "lang", "mobile", "gravatar", "phone", "position", "zipcode", "linkedin",
    "owner", "source", "collectedAt",
)  # fmt: skip
DEFAULTS = {"lang": "en", "source": "manual"}
MOST_ROWS = 10_000
KEYS = {"email": ("email",), "linkedin_url": ("linkedin",), "both": ("email", "linkedin")}


class InvalidError(ValueError):
    """The request breaks the documented shape; ``path`` says where."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class QuotaMetError(Exception):
    """A row would pass the quota."""


@dataclass(slots=True)
class Upserted:
    """What one import did."""

    created: int = 0
    updated: int = 0


@dataclass(slots=True)
class Rows:
    """All contacts by ``_id``, in the proposed names whatever names the server goes by."""

    switches: Switches
    now: Callable[[], datetime]
    by_id: dict[str, Row] = field(default_factory=dict)
    moved: int = 0
    owners_replaced: int = 0
    _made: int = 0
    _index: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    """Key → ids of the rows that have it now, the one that came to it last at the end."""

    def add(self, values: Mapping[str, Any]) -> Row:
        """A new contact with the server's defaults."""
        stamp = self.now().astimezone(UTC).isoformat()
        self._made += 1
        row = {"_id": f"{self._made:024x}"} | DEFAULTS | {"vars": {}} | dict(values)
        row |= {"createdAt": stamp, "updatedAt": stamp}
        self.by_id[str(row["_id"])] = row
        self._remember(row)
        return row

    def edit(self, row_id: str, values: Mapping[str, Any]) -> Row:
        """The contact with some values replaced; nothing finds it any more under a key that it has no longer."""
        row = self.by_id[row_id]
        self._forget(row)
        row |= dict(values) | {"updatedAt": self.now().astimezone(UTC).isoformat()}
        self._remember(row)
        return row

    def remove(self, row_id: str) -> None:
        """The contact is gone."""
        self._forget(self.by_id.pop(row_id))

    def upsert(self, contacts: list[Row], list_id: str, *, move: bool, replace_owner: bool) -> Upserted:
        """Each row created or updated; raises ``QuotaMetError`` at the row that has no room."""
        done = Upserted()
        room = self.switches.quota_left
        for contact in contacts:
            refuse = self.switches.silently_refuse
            if not self._has_key(contact) or (refuse is not None and refuse(contact)):
                continue
            held = self._find(contact)
            if held is not None:
                self._update(held, contact, list_id, move=move, replace_owner=replace_owner)
                done.updated += 1
                continue
            if self.switches.quota and room == 0:
                raise QuotaMetError
            room -= 1
            self.add(
                {name: value for name, value in contact.items() if value not in (None, "")} | {"listId": list_id}
            )
            done.created += 1
        return done

    def would_meet_quota(self, contacts: list[Row]) -> bool:
        """Whether the rows need more room than the quota has left."""
        new = {self._key_of(c) for c in contacts if self._has_key(c) and self._find(c) is None}
        return bool(self.switches.quota) and len(new) > self.switches.quota_left

    def _update(self, held: Row, contact: Row, list_id: str, *, move: bool, replace_owner: bool) -> None:
        changed = {name: value for name, value in contact.items() if name != "owner"}
        if self.switches.omitted_blanks:
            changed = {name: "" for name in TEXTS if name in held and name not in contact} | changed
        if self.switches.resets_defaults:
            changed = DEFAULTS | changed
        if self.switches.empties == "ignore":
            changed = {name: value for name, value in changed.items() if value not in (None, "")}
        if "vars" in changed and not self.switches.vars_replace:
            changed["vars"] = dict(held.get("vars") or {}) | dict(changed["vars"] or {})
        if move and held.get("listId") != list_id:
            changed["listId"] = list_id
            self.moved += 1
        if replace_owner and contact.get("owner") and contact["owner"] != held.get("owner"):
            changed["owner"] = contact["owner"]
            self.owners_replaced += 1
        self.edit(str(held["_id"]), changed)

    def _find(self, contact: Row) -> Row | None:
        for name in KEYS[self.switches.match_key]:
            held = self._index.get((name, _folded(contact.get(name))))
            if held and contact.get(name):
                return self.by_id[next(reversed(held))]
        return None

    def _key_of(self, contact: Row) -> str:
        return next(_folded(contact[name]) for name in ("email", "linkedin") if contact.get(name))

    def _has_key(self, contact: Row) -> bool:
        return bool(contact.get("email") or contact.get("linkedin"))

    def _remember(self, row: Row) -> None:
        for key in _keys(row):
            self._index.setdefault(key, {})[str(row["_id"])] = None

    def _forget(self, row: Row) -> None:
        for key in _keys(row):
            del self._index[key][str(row["_id"])]


def _keys(row: Row) -> list[tuple[str, str]]:
    return [(name, _folded(row[name])) for name in ("email", "linkedin") if row.get(name)]


def _folded(value: Any) -> str:
    return str(value or "").strip().lower().rstrip("/")


def read_contacts(body: Any, switches: Switches) -> list[Row]:
    """The contacts of a request in the proposed names. Raises ``InvalidError``."""
    contacts = body.get("contacts") if isinstance(body, dict) else None
    if not isinstance(contacts, list) or not 1 <= len(contacts) <= MOST_ROWS:
        raise InvalidError("contacts", f"must be an array of 1 to {MOST_ROWS}")
    return [_contact(contact, f"contacts[{i}]", switches) for i, contact in enumerate(contacts)]


def _contact(contact: Any, path: str, switches: Switches) -> Row:
    if not isinstance(contact, dict):
        raise InvalidError(path, "must be an object")
    row = {name: contact[wire] for name, wire in _names(switches) if wire in contact}
    for name, value in row.items():
        _check(name, value, f"{path}.{name}", switches)
    if switches.keyless == "reject" and not (row.get("email") or row.get("linkedin")):
        raise InvalidError(path, "needs an email or a LinkedIn profile")
    return row


def _names(switches: Switches) -> list[tuple[str, str]]:
    return [(name, switches.field_names.get(name, name)) for name in (*TEXTS, "vars")]


def _check(name: str, value: Any, path: str, switches: Switches) -> None:
    if value in (None, ""):
        if switches.empties == "reject":
            raise InvalidError(path, "must not be empty")
        return
    if name == "vars":
        if not isinstance(value, dict):
            raise InvalidError(path, "must be an object")
        return
    if not isinstance(value, str):
        raise InvalidError(path, "must be a string")
    if name in {"email", "owner"} and "@" not in value:
        raise InvalidError(path, "must be an email")
    if name == "linkedin" and not value.startswith(("http://", "https://")):
        raise InvalidError(path, "must be a URL")
    if name == "source" and value not in switches.sources:
        raise InvalidError(path, "is not a known source")
    if name == "collectedAt":
        try:
            datetime.fromisoformat(value)
        except ValueError as error:
            raise InvalidError(path, "must be a date") from error
