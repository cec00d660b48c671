"""What every table of the file is made from, and what every provider's table holds."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from sync.config.values import FieldName, OptionalSecretRef, PositiveDuration, ProviderName  # pydantic reads them

if TYPE_CHECKING:
    from pathlib import Path


class Section(BaseModel):
    """A table of the file: frozen, strict, unknown keys are errors, inputs never appear in errors."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=True,
        allow_inf_nan=False,
    )


class FilterSettings(Section):
    """Which people may be created or updated at a provider; empty lists let everybody through."""

    countries: list[str] = Field(default_factory=list)
    company_domains: list[str] = Field(default_factory=list)
    exclude_domains: list[str] = Field(default_factory=list)


class ProviderSettings(Section):
    """What every provider's table holds; a provider's own settings class extends it.

    ``full_sweep_every``: this provider's own pace, ``None`` = the one of ``[sync]``. ``proxy``: where the URL of
    an HTTP proxy is found, which may hold a password, ``""`` = none.
    """

    fingerprint_fields: ClassVar[tuple[str, ...]] = (
        "base_url", "contact_list_id", "list", "create_from", "require", "ignore_fields", "filter", "field_map",
        "custom_fields", "variables",
    )  # fmt: skip
    """Settings that change what is sent where; names that a class does not have are skipped."""

    read: bool = True
    write: bool = True
    create: bool = True
    update: bool = True
    create_from: list[ProviderName] = Field(default_factory=list)
    require: list[FieldName] = Field(default_factory=list)
    ignore_fields: list[FieldName] = Field(default_factory=list)
    filter: FilterSettings = Field(default_factory=FilterSettings)
    full_sweep_every: PositiveDuration | None = None
    proxy: OptionalSecretRef = ""

    @property
    def address(self) -> str:
        """Where the provider's API is; ``""`` when it has none."""
        return ""

    @property
    def export(self) -> Path | None:
        """The export that speaks for what the provider holds, where one is named."""
        return None

    @property
    def named_by(self) -> Literal["email", "linkedin_url"]:
        """Which key names a record in an export that tells no id."""
        return "email"

    def needed_secrets(self) -> dict[str, str]:
        """Key of the table → reference, for every secret that will be asked for."""
        return {}

    def references(self) -> dict[str, str]:
        """``needed_secrets`` and where the proxy's URL is found, if there is a proxy."""
        return self.needed_secrets() | ({"proxy": self.proxy} if self.proxy else {})

    def files(self) -> tuple[str, ...]:
        """Files that the table names, as it names them: nothing may be written over them."""
        return tuple(r.removeprefix("file:") for r in self.references().values() if r.startswith("file:"))

    def unsettled(self) -> dict[str, str]:
        """Key of the table → what a person has to settle there before anything may run."""
        return {}

    def fingerprint(self) -> str:
        """Twelve hex digits that change exactly when one of ``fingerprint_fields`` does; order in lists
        does not count.
        """
        named = self.model_dump(mode="json", include=set(self.fingerprint_fields), by_alias=True)
        text = json.dumps(_ordered(named), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _ordered(value: Any) -> Any:
    """``value`` with every list sorted: the lists of settings are sets."""
    if isinstance(value, dict):
        return {key: _ordered(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return sorted((_ordered(entry) for entry in value), key=json.dumps)
    return value
