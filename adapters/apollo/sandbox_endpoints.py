"""The sandbox's endpoints: what each demands and how it answers.

Source: https://docs.apollo.io/reference/contacts
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from starlette.requests import Request

    from adapters.apollo.sandbox_rows import Workspace

LABEL = "contact-sync-sandbox"
SORTS = {
    "contact_created_at": "created_at", "contact_updated_at": "updated_at",
    "contact_last_activity_date": "updated_at", "contact_email_last_opened_at": "updated_at",
    "contact_email_last_clicked_at": "updated_at",
}  # fmt: skip
UPDATABLE = (
    "first_name", "last_name", "email", "title", "organization_name", "owner_id", "account_id",
    "present_raw_address", "linkedin_url", "typed_custom_fields",
)  # fmt: skip
PATCHABLE = (
    "first_name", "last_name", "organization_name", "title", "account_id", "email", "website_url",
    "contact_stage_id", "present_raw_address", "direct_phone", "corporate_phone", "mobile_phone", "home_phone",
    "other_phone", "typed_custom_fields",
)  # fmt: skip

Body = dict[str, Any]


class Endpoints:
    """The answers, after the gate has let a request through."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._switches = workspace.switches

    def search(self, _: Request, body: Body) -> Response:
        """Source: https://docs.apollo.io/reference/search-for-contacts"""
        page, size, sort = body.get("page", 1), body.get("per_page", 25), body.get("sort_by_field")
        if not isinstance(page, int) or not isinstance(size, int) or page < 1 or size < 1:
            return _unprocessable("page and per_page must be numbers")
        if size > 100 and self._switches.per_page_over == "422":
            return _unprocessable("per_page must be 100 or less")
        if sort is not None and sort not in SORTS:
            return JSONResponse({"error": "Invalid sort criteria", "skip_alert_dialog": True}, 422)
        size = min(size, 100)
        rows = [row for row in self._workspace.searchable() if self._wanted(row, body)]
        if sort:
            rows.sort(key=lambda row: (row[SORTS[sort]], row["id"]), reverse=not body.get("sort_ascending"))
        total, cap = len(rows), self._switches.search_cap
        if (page - 1) * size >= cap:
            return (
                _unprocessable("page is out of range")
                if self._switches.past_cap == "422"
                else self._page([], body, total)
            )
        return self._page(rows[(page - 1) * size : min(page * size, cap)], body, total)

    def _wanted(self, row: Body, body: Body) -> bool:
        stages, labels = body.get("contact_stage_ids"), body.get("contact_label_ids")
        words = str(body.get("q_keywords") or "").lower()
        emails = [e["email"] or "" for e in row["contact_emails"]]
        haystack = " ".join(
            filter(None, [row["name"], row["title"], row["organization_name"], row["email"], *emails])
        )
        return (
            (not stages or row["contact_stage_id"] in stages)
            and (not labels or self._switches.ignore_label_filter or bool(set(labels) & set(row["label_ids"])))
            and (not words or any(word in haystack.lower() for word in words.split()))
        )

    def _page(self, rows: list[Body], body: Body, total: int) -> Response:
        size = min(body.get("per_page", 25), 100)
        told = min(total, self._switches.search_cap) if self._switches.capped_total else total
        return JSONResponse(
            {
                "contacts": [self._echoed(row) for row in rows],
                "breadcrumbs": [],
                "partial_results_only": self._switches.partial_results,
                "has_join": False,
                "partial_results_limit": 10000,
                "pagination": {
                    "page": body.get("page", 1), "per_page": size, "total_entries": told,
                    "total_pages": -(-told // size),
                },
                "num_fetch_result": None,
            }
        )  # fmt: skip

    def bulk_create(self, _: Request, body: Body) -> Response:
        """Source: https://docs.apollo.io/reference/bulk-create-contacts"""
        contacts = body.get("contacts")
        if self._switches.contacts_as == "text" and isinstance(contacts, str):
            contacts = json.loads(contacts)
        elif self._switches.contacts_as == "text":
            return JSONResponse({"error": "contacts must be a string"}, 400)
        if not isinstance(contacts, list) or not all(isinstance(row, dict) for row in contacts):
            return _unprocessable("contact_attributes parameter is missing or is not an array")
        if len(contacts) > 100:
            return _unprocessable("Please limit your array to 100 contacts or fewer.")
        created: list[Body] = []
        existing: list[Body] = []
        for fields in contacts:
            if fields.get("email") not in self._switches.drop_emails or not fields.get("email"):
                self._create_one(fields, body, created, existing)
        if self._switches.shuffle:
            created, existing = created[::-1], existing[::-1]
        return JSONResponse(
            {
                "created_contacts": [self._echoed(row) for row in created],
                "existing_contacts": [self._echoed(row) for row in existing],
            }
        )

    def _create_one(self, fields: Body, body: Body, created: list[Body], existing: list[Body]) -> None:
        labels = tuple(body.get("append_label_names") or ())
        stub = self._workspace.placeholder(fields)
        if stub is not None:
            self._workspace.write(stub, fields)
            stub["source"] = "api"
            stub["label_ids"] += [self._workspace.label_id(name) for name in labels]
            self._workspace.touch(stub)
            (created if self._switches.placeholders_listed == "created" else existing).append(stub)
            return
        match = self._workspace.match(fields) if body.get("run_dedupe") else None
        if match is None:
            created.append(self._workspace.create(fields, labels))
            return
        if self._switches.label_matches:
            match["label_ids"] += [self._workspace.label_id(name) for name in labels]
            self._workspace.touch(match)
        existing.append(match)

    def bulk_update(self, _: Request, body: Body) -> Response:
        """Source: https://docs.apollo.io/reference/bulk-update-contacts"""
        if self._switches.bulk_update == "400":
            return JSONResponse({"error": "request does not fit the contract"}, 400)
        rows = body.get("contact_attributes")
        if rows is None and isinstance(body.get("contact_ids"), list):
            same = {name: body[name] for name in UPDATABLE if name in body}
            rows = [same | {"id": contact_id} for contact_id in body["contact_ids"]]
        if not isinstance(rows, list) or len(rows) > 1000:
            return _unprocessable("contact_ids or contact_attributes with at most 1000 rows is required")
        bad = next((row for row in rows if self._update_problem(row)), None)
        good = rows[: rows.index(bad)] if bad is not None else rows
        if bad is None or not self._switches.bulk_update_atomic:
            for row in good:
                self._update_one(row)
        if bad is not None:
            details = {"contact_id": bad.get("id"), **(self._update_problem(bad) or {})}
            return JSONResponse({"error": "Validation failed", "error_details": details}, 422)
        if body.get("async") or len(rows) >= self._switches.job_from:
            return JSONResponse({"entity_progress_job": {"id": self._workspace.new_id(), "status": "pending"}})
        shown = [self._echoed(self._workspace.contacts[row["id"]]) for row in rows]
        return JSONResponse({"contacts": shown[::-1] if self._switches.shuffle else shown})

    def _update_problem(self, row: Body) -> Body | None:
        if row.get("id") not in self._workspace.contacts:
            return {"field": "id", "message": "does not exist"}
        if row.get("email") and "@" not in row["email"]:
            return {"field": "email", "message": "format"}
        return None

    def _update_one(self, fields: Body) -> None:
        row = self._workspace.contacts[fields["id"]]
        self._workspace.write(row, {name: fields[name] for name in UPDATABLE if name in fields})
        self._workspace.touch(row)

    def show(self, request: Request, _: Body) -> Response:
        """Source: https://docs.apollo.io/reference/view-a-contact"""
        contact_id = request.path_params["id"]
        if contact_id in self._workspace.hidden:
            return _unprocessable("You are not authorized to view this contact.")
        if contact_id in self._workspace.contacts:
            row = self._workspace.contacts[contact_id]
            return JSONResponse({"contact": row, "labels": []})
        words = self._workspace.gone.get(contact_id, "does not exist")
        return _unprocessable(f"This contact {words}.")

    def patch(self, request: Request, body: Body) -> Response:
        """Source: https://docs.apollo.io/reference/update-a-contact"""
        contact_id = request.path_params["id"]
        if contact_id in self._workspace.gone:
            words = "Cannot update contact as it is deleted."
            return JSONResponse({"error": words, "deleted_contact_ids": [contact_id]}, 422)
        if contact_id not in self._workspace.contacts:
            return _unprocessable("This contact does not exist.")
        if body.get("contact_stage_id") and body["contact_stage_id"] not in self._workspace.stages:
            return _unprocessable(f"Parameters misconfigured. {body['contact_stage_id']} is not a valid ID")
        row = self._workspace.contacts[contact_id]
        fields = {name: body[name] for name in PATCHABLE if name in body}
        if self._switches.patch_empty == "ignored":
            fields = {name: value for name, value in fields.items() if value}
        self._workspace.write(row, fields)
        if "label_names" in body:
            row["label_ids"] = [self._workspace.label_id(name) for name in body["label_names"]]
        self._workspace.touch(row)
        return JSONResponse({"contact": row, "labels": []})

    def update_stages(self, request: Request, _: Body) -> Response:
        """Source: https://docs.apollo.io/reference/update-contact-stage"""
        ids, stage = request.query_params.getlist("contact_ids[]"), request.query_params.get("contact_stage_id")
        if not ids or stage not in self._workspace.stages or len(ids) > self._switches.stages_max:
            return _unprocessable(
                "Parameters misconfigured. contact_ids and a valid contact_stage_id are required"
            )
        rows = [self._workspace.contacts[i] for i in ids if i in self._workspace.contacts]
        for row in rows:
            row["contact_stage_id"] = stage
            self._workspace.touch(row)
        return JSONResponse({"contacts": rows})

    def labels(self, _: Request, __: Body) -> Response:
        """A bare array. Source: https://docs.apollo.io/reference/get-a-list-of-all-lists"""
        rows = [
            {"id": key, "_id": key, "key": key, "name": name, "modality": "contacts", "cached_count": 0}
            for name, key in self._workspace.labels.items()
        ]
        return JSONResponse([*rows, {"id": "a" * 24, "name": LABEL, "modality": "accounts"}])

    def stages(self, _: Request, __: Body) -> Response:
        """Source: https://docs.apollo.io/reference/list-contact-stages"""
        stages = [{"id": key, "name": name, "category": None} for key, name in self._workspace.stages.items()]
        return JSONResponse({"contact_stages": stages})

    def _echoed(self, row: Body) -> Body:
        keys = self._switches.echo_keys
        return row if keys is None else {name: row[name] for name in keys if name in row}


def _unprocessable(words: str) -> Response:
    return JSONResponse({"error": words}, 422)
