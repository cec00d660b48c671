"""Reading the few response headers every provider may send."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UNREADABLE_WAIT_S = 60.0
LONGEST_WAIT_S = 24 * 3600.0
"""Nothing is put off further. A note that says otherwise stems from a clock that was wrong."""


def http_date(text: str) -> datetime | None:
    """The instant of an HTTP date, aware UTC, or ``None``."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait as told by ``Retry-After``; ``None`` when the header is not there.

    A date is read against the answer's own ``Date``, so clock skew cancels. Text that is neither seconds nor
    a date counts as 60 s; zero, negative and past values as 0; nothing waits longer than 24 h.
    Source: RFC 9110, section 10.2.3.
    """
    text = headers.get("retry-after")
    if text is None:
        return None
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        moment = http_date(text)
        if moment is None:
            return UNREADABLE_WAIT_S
        seconds = (moment - (http_date(headers.get("date", "")) or now)).total_seconds()
    if seconds != seconds:  # noqa: PLR0124  # NaN is the only value unequal to itself
        return UNREADABLE_WAIT_S
    return min(max(seconds, 0.0), LONGEST_WAIT_S)
