"""The table ``[providers.datananas]``."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from sync.config import (
    BaseUrl,
    FieldName,
    OptionalFilePath,
    PositiveDuration,
    ProviderSettings,
    SecretRef,
    Section,
    StreamUrl,
)
from sync.contact import FIELD_NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_ROWS = 10_000
"""Contacts in one bulk request. Source: https://docs.datananas.com/reference/post_contacts-bulk"""

VARS = "vars"
"""Wire name of the custom properties; documented. Source: https://docs.datananas.com/reference/post_contacts-bulk"""

FIELD_MAP: Mapping[str, str] = MappingProxyType(
    {
        "emails": "email",
        "linkedin_url": "linkedin",
        "first_name": "firstName",
        "last_name": "lastName",
        "job_title": "position",
        "company_name": "company",
        "company_domain": "companyWebsite",
        "company_category": "companyCategory",
        "company_size": "companySize",
        "company_description": "companyDescription",
        "phone": "phone",
        "mobile_phone": "mobile",
        "city": "city",
        "country": "country",
        "zipcode": "zipcode",
        "language": "lang",
        "photo_url": "gravatar",
        "owner_email": "owner",
        "collected_at": "collectedAt",
        "source": "source",
    }
)
"""Canonical field → wire name. Meanings and types are documented, most names are not (2026-11): unverified."""

UNCONFIRMED = "the field names in field_map are not confirmed, and the public reference hides them"
CONFIRM = (
    "compare [providers.datananas.field_map] with the API reference of your account "
    "(https://docs.datananas.com/reference/post_contacts-bulk), then set field_map_confirmed = true"
)


def _wire_name(value: str) -> str:
    if value and (not value.isprintable() or value != value.strip()):
        raise ValueError('is no field name; write the name as the API spells it, or "" to leave the field out')
    if value == VARS:
        raise ValueError('is taken by the custom properties; they are switched on with "send_vars = true"')
    return value


def _stream_auth(value: str) -> str:
    if value != "header" and re.fullmatch(r"query:[A-Za-z0-9_.~-]+", value, re.ASCII) is None:
        raise ValueError('must be "header", or "query:NAME" for a token in the address')
    return value


def _reset(value: str) -> str:
    try:
        parse_reset(value)
    except ValueError:
        raise ValueError('must be a time and a time zone, as in "00:00 Europe/Paris"') from None
    return value


def parse_reset(text: str) -> tuple[time, ZoneInfo]:
    """The time of day and the zone written ``HH:MM Zone/Name``. Raises ValueError."""
    clock, _, zone = text.partition(" ")
    if re.fullmatch(r"\d{2}:\d{2}", clock, re.ASCII) is None:
        raise ValueError(text)
    try:
        return time.fromisoformat(clock), ZoneInfo(zone)
    except (ZoneInfoNotFoundError, OSError) as error:
        raise ValueError(text) from error


def _match_field(match_key: str) -> str:
    return "emails" if match_key == "email" else match_key


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class OAuth2Settings(Section):
    """Tokens of a partner application: an access token is fetched with the refresh token.

    ``client_auth``: where the token address wants the client's credentials. ``token_file`` keeps what the token
    address hands out (a refresh token may be replaced at each use); relative to the configuration file.
    Source: https://docs.datananas.com/reference/overview-oauth2 (three steps, no addresses).
    """

    token_url: BaseUrl
    client_id: Annotated[str, Field(min_length=1)]
    client_secret: SecretRef
    refresh_token: SecretRef
    token_file: str = ".contact-sync/datananas-token.json"  # noqa: S105  # a file name
    client_auth: Literal["body", "basic"] = "body"


class DatananasSettings(ProviderSettings):
    """``[providers.datananas]``; the keys that stand for open questions are explained in ``card.toml``."""

    fingerprint_fields: ClassVar[tuple[str, ...]] = (
        *ProviderSettings.fingerprint_fields,
        "match_key", "send_vars", "send_owner", "source_values", "move_existing", "replace_owner", "query_names",
    )  # fmt: skip

    read: bool = False
    base_url: BaseUrl = "https://api.datananas.com"
    stream_url: StreamUrl = "wss://api.datananas.com"
    stream_auth: Annotated[str, AfterValidator(_stream_auth)] = "header"
    token: SecretRef = "env:DATANANAS_TOKEN"  # noqa: S105  # a reference
    oauth2: OAuth2Settings | None = None
    list: dict[str, str] = Field(default_factory=dict)
    export_file: OptionalFilePath = None
    accept_blind_overwrite: bool = False
    field_map_confirmed: bool = False
    match_key: Literal["email", "linkedin_url"] = "email"
    send_vars: bool = False
    send_owner: bool = False
    source_values: tuple[str, ...] = ("manual", "connect")
    batch_size: int = Field(default=500, ge=1, le=MAX_ROWS)
    move_existing: bool = False
    replace_owner: bool = False
    query_names: dict[Literal["move_existing", "replace_owner"], str] = Field(default_factory=dict)
    field_map: dict[FieldName, Annotated[str, AfterValidator(_wire_name)]] = Field(default_factory=dict)
    request_timeout: PositiveDuration = timedelta(seconds=60)
    start_timeout: PositiveDuration = timedelta(seconds=30)
    stall_timeout: PositiveDuration = timedelta(seconds=60)
    stall_per_contact: PositiveDuration = timedelta(seconds=0.5)
    reconnect_wait: PositiveDuration = timedelta(seconds=1)
    quota_reset: Annotated[str, AfterValidator(_reset)] = "00:00 Europe/Paris"

    @property
    def address(self) -> str:
        """``base_url``."""
        return self.base_url

    @property
    def export(self) -> Path | None:
        """``export_file``."""
        return self.export_file

    @property
    def named_by(self) -> Literal["email", "linkedin_url"]:
        """``match_key``."""
        return self.match_key

    def needed_secrets(self) -> dict[str, str]:
        """What the token is made of; nothing while nothing is written."""
        if not self.write:
            return {}
        if self.oauth2 is None:
            return {"token": self.token}
        return {
            "oauth2.client_secret": self.oauth2.client_secret,
            "oauth2.refresh_token": self.oauth2.refresh_token,
        }

    def files(self) -> tuple[str, ...]:
        """Also the export, and where the tokens are kept."""
        tokens = (self.oauth2.token_file,) if self.oauth2 else ()
        return (*super().files(), *tokens, *([str(self.export_file)] if self.export_file else []))

    def unsettled(self) -> dict[str, str]:
        """The field names, as long as nobody confirmed them for a real account that is written to."""
        if not self.write or self.rehearsal or self.field_map_confirmed:
            return {}
        return {"field_map_confirmed": f"{UNCONFIRMED}; {CONFIRM}"}

    @field_validator("source_values", mode="before")
    @classmethod
    def _from_array(cls, value: Any) -> Any:
        return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value

    @field_validator("list")
    @classmethod
    def _there(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        if not (value and all(map(str.strip, value.values()))) and info.data.get("write"):
            raise ValueError('is missing; name the target list, as in list = { _id = "5f0c..." }')
        return value

    @field_validator("query_names")
    @classmethod
    def _named(cls, value: dict[str, str]) -> dict[str, str]:
        named = {"move_existing": "moveExisting", "replace_owner": "replaceOwner"} | value
        if not all(map(str.strip, named.values())) or len(set(named.values())) < len(named):
            raise ValueError("needs a name for each flag, another one for each; write them as the API spells them")
        return named

    @field_validator("field_map")
    @classmethod
    def _mapped(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        merged = dict(FIELD_MAP) | value
        strange = sorted(set(merged) - set(FIELD_NAMES))
        if strange:
            raise ValueError('maps variables; they travel whole with "send_vars = true"')
        names = [name for name in merged.values() if name]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"sends two fields under one name ({', '.join(twice)}); give each its own")
        if not merged.get(_match_field(info.data.get("match_key", "email"))):
            raise ValueError("leaves out the field that match_key names")
        return merged

    @property
    def match_field(self) -> str:
        """The canonical field that the upsert is taken to match on."""
        return _match_field(self.match_key)

    @property
    def source_form(self) -> re.Pattern[str]:
        """What a value of ``source`` must be to go out; it matches the whole of it."""
        return re.compile("|".join(map(re.escape, self.source_values)))

    def wire_name(self, name: str) -> str:
        """The wire name of a canonical field, ``""`` when it is not sent."""
        return self.field_map.get(name, "")

    @property
    def rehearsal(self) -> bool:
        """Whether the server is on this machine."""
        return _is_here(self.base_url)

    @property
    def stream_leaves(self) -> bool:
        """Whether a rehearsal's stream would still go to another machine, and the token with it."""
        return self.rehearsal and not _is_here(self.stream_url)

    def quota_resets_at(self, now: datetime) -> datetime:
        """The first daily reset after ``now``."""
        at, zone = parse_reset(self.quota_reset)
        today = datetime.combine(now.astimezone(zone).date(), at, zone)
        return (today if today > now else datetime.combine(today.date() + timedelta(days=1), at, zone)).astimezone(
            now.tzinfo
        )
