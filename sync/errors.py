"""The errors that the rooms share, named by what the engine does next; a module may derive its own.

ContactSyncError
├── ConfigError               stop before any request, exit 2
├── StateError                stop before any write, exit 12
│   └── LockHeld              another run works, exit 7
└── ProviderError             concerns one provider; the others go on
    ├── AuthError             stop this provider, exit 8
    ├── Unreachable           surely not sent; retry, then give the provider up, exit 11
    ├── Outdated              surely not sent; what was looked at before the write is old: look again
    ├── RateLimited           documented as refused before work; wait or defer
    ├── QuotaExhausted        a quota or a budget is used up; defer, exit 9
    ├── Transient             a read that failed; retry inside the budget
    ├── OutcomeUnknown        a write that may have been applied; never re-sent blindly
    ├── Missing               the record is gone (404, or Apollo's 422 texts)
    ├── Rejected              this request, as it stands, is refused; bisect, report or put off
    └── MappingError          the answer is not what the provider documents

Attributes are set in ``__init__``; the text names the provider, the place and the cause, and never a
secret or a person's data.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}", re.ASCII)


def request_id_of(value: object) -> str | None:
    """A provider's own id for a call, by which its support finds it; ``None`` where the value looks like none."""
    return value if isinstance(value, str) and _REQUEST_ID.fullmatch(value) else None


class ContactSyncError(Exception):
    """The root; ``remedy`` is what the reader can type or change next, or ``None``."""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy


class ConfigError(ContactSyncError):
    """The configuration cannot be used; ``problems`` lists every fault found, one line each."""

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.problems = problems


class StateError(ContactSyncError):
    """The state store is damaged, foreign, newer, or cannot be written."""


class LockHeld(StateError):
    """Another process holds the lock; ``holder`` tells its pid and since when, as far as known."""

    def __init__(self, message: str, *, holder: str = "", remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.holder = holder


class ProviderError(ContactSyncError):
    """Something about one provider; ``request_id`` is the provider's own id for the call, if it gave one."""

    def __init__(
        self, provider: str, message: str, *, request_id: str | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(f"{provider}: {message}", remedy=remedy)
        self.provider = provider
        self.message = message
        self.request_id = request_id


class AuthError(ProviderError):
    """The credentials or the scope were refused."""


class Unreachable(ProviderError):
    """No byte of the request reached the provider (DNS, refused, TLS, connect time-out)."""


class Outdated(ProviderError):
    """No byte of the write was sent, because what was looked at right before it had grown old meanwhile."""


class RateLimited(ProviderError):
    """Refused before work; not to be asked again for ``retry_after_s`` seconds (``None``: not told)."""

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        retry_after_s: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(provider, message, request_id=request_id)
        self.retry_after_s = retry_after_s


class QuotaExhausted(ProviderError):
    """A quota, price cap or request budget is used up until ``resets_at`` (``None``: until a person acts).

    ``reason`` is one of ``quota``, ``quota-total``, ``price``, ``max-requests``. ``sent`` tells whether the
    request reached the provider, so that part of a batch may have been written.
    """

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        reason: str = "quota",
        resets_at: datetime | None = None,
        sent: bool = False,
        request_id: str | None = None,
    ) -> None:
        super().__init__(provider, message, request_id=request_id)
        self.reason = reason
        self.resets_at = resets_at
        self.sent = sent


class Transient(ProviderError):
    """A read failed in a way that a later try may mend."""


class OutcomeUnknown(ProviderError):
    """A write left the house and its effect is not known."""


class Missing(ProviderError):
    """The record is not there; ``definite`` is false when it may only be hidden from this key."""

    def __init__(
        self, provider: str, message: str, *, definite: bool = True, request_id: str | None = None
    ) -> None:
        super().__init__(provider, message, request_id=request_id)
        self.definite = definite


class Rejected(ProviderError):
    """The provider refuses this request as it stands.

    ``status`` is the HTTP code. ``code`` is the provider's own type, if told. ``record_id`` names the
    offending row where the answer does. ``for_good``: whether that row would be refused again whenever it is
    sent; ``None`` where the answer does not tell.
    """

    def __init__(
        self,
        provider: str,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        record_id: str | None = None,
        for_good: bool | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(provider, message, request_id=request_id)
        self.for_good = for_good
        self.status = status
        self.code = code
        self.record_id = record_id


class MappingError(ProviderError):
    """An answer broke the documented shape at ``path``: ``expected`` stood in the reference, ``got`` came."""

    def __init__(self, provider: str, path: str, expected: str, got: str) -> None:
        super().__init__(provider, f"unexpected answer at {path}: expected {expected}, got {got}")
        self.path = path
        self.expected = expected
        self.got = got
