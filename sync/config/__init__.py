"""Settings: parsed once from TOML into frozen values, all problems told together."""

from __future__ import annotations

from sync.config.base import FilterSettings, ProviderSettings, Section
from sync.config.loading import Settings, discover, load, parse
from sync.config.readiness import unready
from sync.config.sections import (
    DaemonSettings,
    FieldPolicy,
    GuardLimit,
    GuardSettings,
    LoggingSettings,
    MatchSettings,
    MergeSettings,
    StateSettings,
    SyncSettings,
)
from sync.config.values import (
    BaseUrl,
    Duration,
    FieldName,
    FilePath,
    OptionalFilePath,
    PositiveDuration,
    ProviderName,
    SecretRef,
    StreamUrl,
    parse_duration,
)

__all__ = [
    "BaseUrl",
    "DaemonSettings",
    "Duration",
    "FieldName",
    "FieldPolicy",
    "FilePath",
    "FilterSettings",
    "GuardLimit",
    "GuardSettings",
    "LoggingSettings",
    "MatchSettings",
    "MergeSettings",
    "OptionalFilePath",
    "PositiveDuration",
    "ProviderName",
    "ProviderSettings",
    "SecretRef",
    "Section",
    "Settings",
    "StateSettings",
    "StreamUrl",
    "SyncSettings",
    "discover",
    "load",
    "parse",
    "parse_duration",
    "unready",
]
