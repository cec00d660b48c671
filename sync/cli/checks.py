"""One line a check: ok, warn or FAIL, what was found, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.errors import ContactSyncError

URGENCY = (12, 2, 5, 8, 9, 11)
"""Exit codes of failed checks, the one to act on first in front."""


@dataclass(frozen=True, slots=True)
class Check:
    """``code``: the exit code that a failure stands for."""

    level: Literal["ok", "warn", "FAIL"]
    what: str
    found: str
    remedy: str | None = None
    code: int = 0


def failed(what: str, error: ContactSyncError) -> Check:
    """The check that ended in ``error``."""
    from sync.errors import AuthError, ConfigError, QuotaExhausted, RateLimited, StateError

    codes = ((StateError, 12), (ConfigError, 2), (AuthError, 8), (RateLimited, 9), (QuotaExhausted, 9))
    code = next((code for kind, code in codes if isinstance(error, kind)), 11)
    return Check("FAIL", what, str(error).removeprefix(f"{what}: "), error.remedy or _usual_remedy(error), code)


def _usual_remedy(error: ContactSyncError) -> str | None:
    """What to do where an answer, or none, tells no more than that it is not the one expected."""
    from sync.errors import MappingError, OutcomeUnknown, RateLimited, Transient, Unreachable

    if isinstance(error, RateLimited):
        wait = "a while" if error.retry_after_s is None else f"{error.retry_after_s:.0f} s"
        return f"it asks us to wait; look again in {wait}"
    if isinstance(error, (MappingError, OutcomeUnknown, Transient, Unreachable)):
        where = f"providers.{error.provider}.base_url"
        return f"look again in a while; if it stays so, check {where}, and what may answer in its place"
    return None


def tell(checks: Iterable[Check], *, quiet: bool = False) -> int:
    """Every check is told as it comes; returns the exit code to act on first, 0 when none failed."""
    codes = set()
    for check in checks:
        codes.add(check.code if check.level == "FAIL" else 0)
        if quiet and check.level == "ok":
            continue
        click.echo(f"{check.level:<4}  {check.what:<20}  {_safe(check.found)}")
        if check.remedy:
            click.echo(f"{'':<28}-> {_safe(check.remedy)}")
    return next((code for code in URGENCY if code in codes), 0)


def _safe(text: str) -> str:
    """Printable and without secrets; errors never hold a person's data, and ids must stay whole."""
    from sync.redaction import visible, without_secrets
    from sync.secrets import registered

    return visible(without_secrets(text, registered()))
