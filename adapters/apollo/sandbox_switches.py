"""The open questions of Apollo's and AISA's documents, as switches of the sandbox.

Each default is the assumption that the adapter takes; the card lists them by the same names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """How the local server answers where the documents are silent, and what troubles it shows.

    ``transport``: Apollo itself or AISA before it. ``shuffle``: echoed arrays in another order. ``drop_emails``:
    rows with these emails are neither written nor echoed. ``placeholders_listed``: the array that shows merged
    stubs. ``label_matches``: ``append_label_names`` reaches matches too. ``echo_keys``: keys of echoed and
    listed rows, ``None`` = all. ``search_lag_s``: seconds until a write shows in searches. ``past_cap``: the
    answer beyond the cap. ``capped_total``: counts end at the cap. ``per_page_over``: the answer to more than
    100 rows a page. ``conflict_form``: how AISA writes 409. ``key_calls``: calls a minute that AISA allows a
    key, ``None`` = any. ``gateway``: AISA fails with 502 after or before each write was applied.
    ``retry_after``: sent with 429; ``retry_after_s`` overrides it. ``windows``: limits of minute, hour and day,
    ``None`` = unlimited. ``others_usage``: calls that others have already made in each window. ``opened_s_ago``:
    how long before our first request these opened. ``known_fields``: custom field ids that exist, ``None`` =
    all.
    """

    transport: Literal["direct", "aisa"] = "direct"
    shuffle: bool = False
    drop_emails: tuple[str, ...] = ()
    placeholders_listed: Literal["created", "existing"] = "created"
    label_matches: bool = False
    echo_keys: tuple[str, ...] | None = None
    normalise_phones: bool = True
    respell_addresses: bool = True
    parse_addresses: bool = True
    search_cap: int = 50_000
    past_cap: Literal["422", "empty"] = "422"
    capped_total: bool = False
    per_page_over: Literal["422", "clamp"] = "clamp"
    partial_results: bool = False
    ignore_label_filter: bool = False
    search_lag_s: float = 0.0
    contacts_as: Literal["array", "text"] = "array"
    bulk_update: Literal["ok", "400"] = "ok"
    bulk_update_atomic: bool = False
    job_from: int = 101
    patch_empty: Literal["clears", "ignored"] = "clears"
    patch_phone: Literal["replaces", "appends"] = "replaces"
    custom_fields_replace: bool = False
    known_fields: tuple[str, ...] | None = None
    picklists: tuple[str, ...] = ()
    merged_answers: Literal["deleted", "unknown"] = "deleted"
    stages_max: int = 100
    scopes: tuple[str, ...] = ("*",)
    free_plan: bool = False
    windows: tuple[int | None, int | None, int | None] = (200, 400, 2000)
    window_headers: Literal["24-hour", "daily", "none"] = "24-hour"
    others_usage: int = 0
    opened_s_ago: int = 0
    retry_after: bool = True
    retry_after_s: int | None = None
    idempotency: bool = True
    conflict_form: Literal["new", "in-progress", "text"] = "new"
    errors: Literal["new", "old"] = "new"
    gateway: Literal["", "applied", "lost"] = ""
    key_calls: int | None = None
    cost_header: bool = True
    cost_micros: int = 12_000
    wallet_micros: int | None = None
