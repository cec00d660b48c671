"""Settings classes that stand for providers here, and the smallest file that is complete."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from sync.config import (
    BaseUrl,
    Duration,
    OptionalFilePath,
    ProviderSettings,
    SecretRef,
    Settings,
    StreamUrl,
    load,
)

if TYPE_CHECKING:
    from pathlib import Path


class TopoStub(ProviderSettings):
    base_url: BaseUrl = "https://api.topo.io/v1"
    api_key: SecretRef = "env:TOPO_API_KEY"
    contact_list_id: str
    update_by_entry: Literal["never", "ours", "all"] = "ours"
    resolve_timeout: Duration = timedelta(days=7)
    variables: dict[str, str] = Field(default_factory=dict)


class OtherStub(ProviderSettings):
    stream_url: StreamUrl = "wss://api.datananas.com"
    token: SecretRef = "env:DATANANAS_TOKEN"
    export_file: OptionalFilePath = None


STUBS: dict[str, type[ProviderSettings]] = {
    "topo": TopoStub,
    "apollo": ProviderSettings,
    "datananas": OtherStub,
}
SMALLEST = '[providers.topo]\ncontact_list_id = "list-1"\n'


def load_text(text: str, folder: Path) -> Settings:
    """``text`` loaded as ``config.toml`` of ``folder``."""
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return load(path, provider_settings=STUBS, environ={}, cwd=folder)
