"""Annotated types that settings are made of; each error says what is wrong and what to write instead.

Messages never repeat the value: it may be a secret typed into the wrong place.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from sync.contact import ALIASES, FIELD_NAMES, VARIABLE_PREFIX
from sync.secrets import problem_with

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d)", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?", re.ASCII)
_ANY_VARIABLE = VARIABLE_PREFIX + "*"


def parse_duration(text: str) -> timedelta:
    """The time span written as ``30s``, ``15m``, ``24h`` or ``7d`` (a bare ``0`` is zero).

    Raises ValueError for anything else.
    """
    if text == "0":
        return timedelta(0)
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError('not a duration; write a number and a unit, as in "30s", "15m", "24h" or "7d"')
    try:
        return timedelta(seconds=float(found[1]) * _UNITS[found[2]])
    except OverflowError:
        raise ValueError('longer than time itself; write a shorter duration, as in "7d"') from None


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError('not a duration; write it in quotes with a unit, as in "15m"')  # noqa: TRY004  # pydantic collects ValueError only
    return parse_duration(value)


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError('must be longer than nothing; write for example "15m"')
    return value


def _secret_ref(value: str) -> str:
    problem = problem_with(value)
    if problem:
        raise ValueError(problem)
    return value


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address == ipaddress.IPv6Address("::1") or (address.version == 4 and address.is_loopback)


def _looks_numeric(host: str) -> bool:
    """Whether resolvers may read the name as an IPv4 address in one of its odd spellings."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last) is not None


def _check_host(parts: SplitResult) -> str:
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if _HOST.fullmatch(host) is None or _looks_numeric(host):
            raise ValueError("has no usable host name; write it as in https://api.example.com") from None
    return host


def _check_url(value: str, *, secure: str, plain: str) -> str:
    """``value`` without a trailing slash, when it is a plain ``secure`` URL or a loopback ``plain`` one."""
    if not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        raise ValueError("holds characters that no URL has; retype it without spaces or special characters")
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018  # reading it checks it
    except ValueError:
        raise ValueError(f"is not a URL; write it as in {secure}://api.example.com") from None
    if parts.scheme not in {secure, plain}:
        raise ValueError(f"must begin with {secure}://")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; credentials have keys of their own")
    if "?" in value or "#" in value:
        raise ValueError("must not hold a query or a fragment; remove everything from the ? or # on")
    host = _check_host(parts)
    if parts.scheme == plain and not _is_loopback(host):
        raise ValueError(f"must begin with {secure}://; {plain}:// is only for a loopback host such as 127.0.0.1")
    return value.rstrip("/")


def _base_url(value: str) -> str:
    return _check_url(value, secure="https", plain="http")


def _stream_url(value: str) -> str:
    return _check_url(value, secure="wss", plain="ws")


def field_name(value: str) -> str:
    """The canonical name of a contact field; aliases are resolved, ``variables.*`` means all variables.

    Raises ValueError for a name that is no field.
    """
    name = ALIASES.get(value, value)
    if name in FIELD_NAMES or (name.startswith(VARIABLE_PREFIX) and name != VARIABLE_PREFIX):
        return name
    known = ", ".join((*FIELD_NAMES, _ANY_VARIABLE))
    raise ValueError(f"is no field of a contact; the fields are {known}")


def _provider_name(value: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get("providers")
    if known is not None and value not in known:
        raise ValueError(f"is no known provider; the providers are {', '.join(sorted(known))}")
    return value


def resolve_path(value: str, info: ValidationInfo) -> Path:
    """``value`` as a path; a relative one starts at the folder of the configuration file."""
    path = Path(value).expanduser()
    directory = (info.context or {}).get("directory")
    return path if directory is None else Path(directory) / path


def _path(value: object, info: ValidationInfo) -> Path:
    if isinstance(value, Path):
        return resolve_path(str(value), info)
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError('is no path; write a file name in quotes, as in ".contact-sync/state.db"')
    return resolve_path(value, info)


def _optional_path(value: object, info: ValidationInfo) -> Path | None:
    return None if value is None or value == "" else _path(value, info)


Duration = Annotated[timedelta, BeforeValidator(_duration)]
"""A time span, written ``"30s"``, ``"15m"``, ``"24h"``, ``"7d"``."""

PositiveDuration = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_positive)]
"""A time span longer than zero."""

SecretRef = Annotated[str, AfterValidator(_secret_ref)]
"""Where a secret is found, never the secret: ``env:``, ``file:``, ``command:`` or ``credential:``."""

OptionalSecretRef = Annotated[str, AfterValidator(lambda value: value and _secret_ref(value))]
"""The same, or ``""`` for none."""

BaseUrl = Annotated[str, AfterValidator(_base_url)]
"""An https URL without credentials, query or trailing slash; http only to a loopback host."""

StreamUrl = Annotated[str, AfterValidator(_stream_url)]
"""The same for wss and ws."""

FieldName = Annotated[str, AfterValidator(field_name)]
"""A canonical contact field; ``email`` is read as ``emails``, variables are ``variables.<name>``."""

ProviderName = Annotated[str, AfterValidator(_provider_name)]
"""The name of a provider that this installation knows."""

FilePath = Annotated[Path, BeforeValidator(_path)]
"""A path; relative ones start at the folder of the configuration file."""

OptionalFilePath = Annotated[Path | None, BeforeValidator(_optional_path)]
"""The same, where ``""`` means none."""
