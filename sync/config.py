"""Settings: parsed once from TOML into frozen values, all problems told together."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A table of the file: frozen, strict, unknown keys are errors, inputs never appear in errors."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class FilterSettings(Section):
    """Which people may be created or updated at a provider; empty lists let everybody through."""

    countries: list[str] = Field(default_factory=list)
    company_domains: list[str] = Field(default_factory=list)
    exclude_domains: list[str] = Field(default_factory=list)


class ProviderSettings(Section):
    """What every provider's table holds; a provider's own settings class extends it."""

    read: bool = True
    write: bool = True
    create: bool = True
    update: bool = True
    create_from: list[str] = Field(default_factory=list)
    require: list[str] = Field(default_factory=list)
    ignore_fields: list[str] = Field(default_factory=list)
    filter: FilterSettings = Field(default_factory=FilterSettings)
