"""What the sandbox answers to each request, written from the documentation and not from the adapter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.topo import sandbox_rules as rules
from adapters.topo.sandbox_rules import RefusedError, Row, Switches, absent, invalid, shown
from adapters.topo.sandbox_world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from adapters.toolkit.sandbox import Traffic

KEY = "topo_sandbox_5f2c9a1e7b3d"
KEY_NAME = "TOPO_SANDBOX_API_KEY"
ORGANIZATION = "51a2c0de-0000-4000-8000-000000000001"

PAGING = frozenset({"page", "size", "sort_by", "sort_order"})
CONTACT_QUERY = PAGING | {"email", "linkedin_url", "contact_id", "first_seen_after", "last_seen_after"}
EXCLUSION_QUERY = PAGING | {"email", "linkedin_url", "reason", "created_at_before", "created_at_after"}
ENTRY_QUERY = PAGING | {"contact_list_id", "email"}
LIST_QUERY = PAGING | {"name", "created_at_after", "created_at_before"}


class Call:
    """One request, read."""

    def __init__(self, request: Request, body: Any) -> None:
        self.query: Mapping[str, str] = dict(request.query_params)
        self.body = body
        self._parts = request.path_params

    def part(self, name: str) -> str:
        """A part of the path."""
        return str(self._parts[name])


class TopoSandbox(World):
    """The running server. ``ignored``: query names it does not know, which the real one would ignore too."""

    def __init__(self, switches: Switches, traffic: Traffic) -> None:
        super().__init__(switches)
        self.traffic = traffic
        self.base_url = ""
        self.ignored: set[str] = set()
        self.requests = 0
        self.list_id = self.add_list(name="contact-sync", default_sequence_template_id=switches.default_sequence)[
            "id"
        ]

    @property
    def settings(self) -> Mapping[str, object]:
        """The table ``[providers.topo]`` that points here."""
        return {
            "base_url": self.base_url,
            "api_key": f"env:{KEY_NAME}",
            "contact_list_id": self.list_id,
            "requests_per_second": 1000.0,
        }

    @property
    def secrets(self) -> Mapping[str, str]:
        """The environment that the table's references name."""
        return {KEY_NAME: KEY}

    @property
    def writes(self) -> int:
        """Mutating requests received."""
        return self.traffic.writes

    @property
    def rows(self) -> list[Row]:
        """All contacts, oldest first."""
        return list(self.contacts.values())

    def show(self, row: Row) -> Row:
        """A row as it goes over the wire."""
        grain = self.switches.timestamp_grain
        return {k: shown(v, grain) if k.endswith("_at") or k == "until" else v for k, v in row.items()}

    def listed(
        self, rows: list[Row], query: Mapping[str, str], sorts: tuple[str, ...], known: frozenset[str]
    ) -> Row:
        """The answer to a list request."""
        self.ignored |= set(query) - known
        part, envelope = rules.listing(rows, query, sorts, self.switches, self.random)
        return {"items": [self.show(row) for row in part], **envelope}

    # contacts

    def get_me(self, _: Call) -> Row:
        """Source: https://docs.topo.io/api-reference/me/get-me."""
        return {
            "id": "0d6f0000-0000-4000-8000-000000000001", "organization_id": ORGANIZATION, "name": "crm-sync",
            "key_prefix": "topo_sand", "scopes": list(self.switches.scopes), "last_used_at": None,
            "created_at": "2026-01-05T10:00:00Z",
        }  # fmt: skip

    def get_contacts(self, call: Call) -> Row:
        """Source: https://docs.topo.io/api-reference/contacts/list-contacts."""
        query, rows = call.query, self.visible()
        for name in ("first_seen", "last_seen"):
            if f"{name}_after" in query:
                bound = rules.parsed_time(query[f"{name}_after"], f"{name}_after")
                rows = [row for row in rows if row[f"{name}_at"] > bound]
        if "email" in query:
            rows = [r for r in rows if r["email"] and r["email"].lower() == query["email"].lower()]
        if "linkedin_url" in query:
            slug = rules.profile_slug(query["linkedin_url"])
            rows = [r for r in rows if slug and rules.profile_slug(r["linkedin_url"]) == slug]
        if "contact_id" in query:
            rows = [r for r in rows if r["id"] == query["contact_id"]]
        return self.listed(rows, query, ("first_seen_at", "last_seen_at", "email"), CONTACT_QUERY)

    def get_contact(self, call: Call) -> Row:
        """One contact, always as it is now."""
        return self.show(self._contact(call.part("contact_id")))

    def get_variables(self, call: Call) -> Row:
        """Both kinds of variables."""
        return self.variables(call.part("contact_id"))

    def patch_contact_variables(self, call: Call) -> Row:
        """Source: https://docs.topo.io/api-reference/contacts/update-contact-variables."""
        self.patch_variables(call.part("contact_id"), rules.variables_body(call.body))
        return self.variables(call.part("contact_id"))

    # lists and entries

    def get_lists(self, call: Call) -> Row:
        """Source: https://docs.topo.io/api-reference/contact-lists."""
        rows = [r for r in self.lists.values() if call.query.get("name") in {None, r["name"]}]
        return self.listed(rows, call.query, ("created_at", "updated_at", "name"), LIST_QUERY)

    def get_list(self, call: Call) -> Row:
        """One list."""
        if call.part("list_id") not in self.lists:
            raise absent("contact list")
        return self.show(self.lists[call.part("list_id")])

    def post_entries(self, call: Call) -> Row:
        """Source: https://docs.topo.io/api-reference/contacts/create-contact-entries."""
        items = call.body.get("items") if isinstance(call.body, dict) else None
        if not isinstance(items, list) or not 1 <= len(items) <= 100:
            raise invalid("items must hold 1 to 100 entries", field="items")
        if self.switches.atomic:
            for fault in filter(None, map(rules.entry_fault, items)):
                raise fault
        told = [self._posted(position, item) for position, item in enumerate(items)]
        failed = sum(item["error"] is not None for item in told)
        summary = {"total": len(told), "succeeded": len(told) - failed, "failed": failed}
        return {"items": told, "summary": summary}

    def _posted(self, position: int, item: Any) -> Row:
        index = position + self.switches.index_base
        told: Row = {"index": str(index) if self.switches.index_text else index, "resource": None, "error": None}
        try:
            fault = rules.entry_fault(item) or self._wanted_fault(item)
            if fault is not None:
                raise fault
            status, entry = self.post_entry(item)
            told["resource"] = self.show(entry)
            if self.switches.no_contact == "empty":
                told["resource"]["contact_id"] = entry["contact_id"] or ""
        except RefusedError as error:
            status = "FAILED"
            told["resource"] = item if self.switches.failed_shows else None
            told["error"] = {"type": error.kind, "message": error.message}
        return told | ({self.switches.status_field: status} if self.switches.status_field else {})

    def _wanted_fault(self, item: Row) -> RefusedError | None:
        kind = self.switches.entry_errors.get(item.get("email") or "")
        return RefusedError(422, kind, "not now") if kind else None

    def get_entries(self, call: Call) -> Row:
        """Not documented for contacts; its account twin is."""
        if not self.switches.entries_listable:
            raise RefusedError(405, "ValidationIssue", "method not allowed")
        rows = list(self.entries.values())
        for name in ("contact_list_id", "email"):
            rows = [r for r in rows if name not in call.query or r[name] == call.query[name]]
        return self.listed(rows, call.query, ("created_at", "updated_at"), ENTRY_QUERY)

    # exclusions

    def get_exclusions(self, call: Call) -> Row:
        """Source: https://docs.topo.io/api-reference/contacts/list-contact-exclusions."""
        query, rows = call.query, list(self.exclusions.values())
        if not self.switches.expired_exclusions_listed:
            rows = [row for row in rows if row["until"] is None or row["until"] > self.now()]
        if "created_at_after" in query:
            rows = [r for r in rows if r["created_at"] > rules.parsed_time(query["created_at_after"], "after")]
        if "created_at_before" in query:
            rows = [r for r in rows if r["created_at"] < rules.parsed_time(query["created_at_before"], "before")]
        if "email" in query:
            rows = [row for row in rows if self._same_email(row["email"], query["email"])]
        for name in ("linkedin_url", "reason"):
            rows = [row for row in rows if name not in query or row[name] == query[name]]
        return self.listed(rows, query, ("created_at", "updated_at", "email", "reason"), EXCLUSION_QUERY)

    def _same_email(self, one: str | None, two: str) -> bool:
        if one is None or self.switches.exclusion_case:
            return one == two
        return one.lower() == two.lower()

    def get_exclusion(self, call: Call) -> Row:
        """One exclusion."""
        return self.show(self._exclusion(call))

    def post_exclusion(self, call: Call) -> Row:
        """Source: https://docs.topo.io/api-reference/contacts/create-contact-exclusion."""
        allowed = frozenset({"email", "linkedin_url", "reason", "message", "until"})
        body = rules.exclusion_body(call.body, allowed)
        if "reason" not in body:
            raise invalid("reason is required", field="reason")
        if not (body.get("email") or body.get("linkedin_url")):
            raise invalid("email or linkedin_url is required", field="email")
        for row in self.exclusions.values():
            same_email = body.get("email") and self._same_email(row["email"], body["email"])
            same_url = body.get("linkedin_url") and row["linkedin_url"] == body["linkedin_url"]
            if (same_email or same_url) and self.switches.duplicate_exclusion == "409":
                raise RefusedError(409, "CommitIssue", "already excluded", field="email")
            if (same_email or same_url) and self.switches.duplicate_exclusion == "existing":
                return self.show(row)
        return self.show(self.add_exclusion(**body))

    def patch_exclusion(self, call: Call) -> Row:
        """Source: https://docs.topo.io/api-reference/accounts/update-account-exclusion (the account twin)."""
        self._check_editable()
        row = self._exclusion(call)
        row |= rules.exclusion_body(call.body, frozenset({"reason", "message", "until"}))
        row["updated_at"] = self.at()
        return self.show(row)

    def _exclusion(self, call: Call) -> Row:
        if call.part("exclusion_id") not in self.exclusions:
            raise absent("exclusion")
        return self.exclusions[call.part("exclusion_id")]

    def _check_editable(self) -> None:
        status = self.switches.exclusion_edit_status
        if status > 299:
            kind = "UnauthorizedIssue" if status == 403 else "BusinessIssue"
            raise RefusedError(status, kind, "this exclusion is managed by HubSpot")
