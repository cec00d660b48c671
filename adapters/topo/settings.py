"""The table ``[providers.topo]``."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from sync.config import BaseUrl, Duration, PositiveDuration, ProviderSettings, SecretRef  # pydantic reads them


class TopoSettings(ProviderSettings):
    """What a person decides about Topo. Keys after ``variables`` answer what the documentation leaves open.

    ``contact_list_id``: the list that takes entries; empty = nobody is created or updated there.
    ``update_by_entry``: whose core fields may be changed by posting the person's entry again.
    ``variables``: canonical variable → Topo contact variable.
    ``entry_status_fields``: names under which an item of a batch may tell its status, first found wins.
    ``look_up_entries``: contact entries can be read, so unknown outcomes are looked up there too.
    ``page_size``: rows per read, 1..100.
    """

    base_url: BaseUrl = "https://api.topo.io/v1"
    api_key: SecretRef = "env:TOPO_API_KEY"
    contact_list_id: str = ""
    update_by_entry: Literal["never", "ours", "all"] = "ours"
    resolve_timeout: Duration = timedelta(days=7)
    allow_sequence_enrolment: bool = False
    requests_per_second: float = Field(default=4.0, gt=0)
    exclusions: bool = True
    variables_per_cycle: int = Field(default=200, ge=0)
    variables: dict[str, str] = Field(default_factory=dict)

    entry_status_fields: list[str] = Field(default_factory=lambda: ["status", "outcome", "result", "action"])
    look_up_entries: bool = False
    page_size: int = Field(default=100, ge=1, le=100)
    request_timeout: PositiveDuration = timedelta(seconds=60)

    @property
    def address(self) -> str:
        """``base_url``."""
        return self.base_url

    def needed_secrets(self) -> dict[str, str]:
        """The API key, always."""
        return {"api_key": self.api_key}
