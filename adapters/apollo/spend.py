"""What calls through AISA cost, added up a UTC day and kept across runs."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from adapters.apollo.wire import PROVIDER
from sync.codes import StateReason
from sync.errors import QuotaExhausted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.toolkit.http import Response

ESTIMATE_MICROS = 12_000
"""Price of one successful call. Source: https://aisa.one/docs/guides/pricing/per-call-api-pricing (2026-11)"""

COST_HEADER = "x-aisa-customer-cost-micros-usd"


class Spend:
    """Today's spend in millionths of a US dollar; ``limit_usd`` is the most that a day may cost."""

    def __init__(self, limit_usd: float, memory: object = None) -> None:
        self._limit = round(limit_usd * 1_000_000)
        self._day, self._micros = _remembered(memory)

    def check(self, now: datetime) -> None:
        """One more call fits into today's limit. Raises ``QuotaExhausted`` until the next UTC midnight."""
        self._turn(now)
        if self._micros + ESTIMATE_MICROS > self._limit:
            midnight = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), tzinfo=UTC)
            raise QuotaExhausted(
                PROVIDER,
                f"today's calls cost {self._micros / 1e6:.3f} USD, and max_spend_usd_per_day is "
                f"{self._limit / 1e6:.2f}",
                reason=StateReason.PRICE,
                resets_at=midnight,
            )

    def count(self, response: Response | None, now: datetime) -> None:
        """A call that was, or may have been, processed is added; a cost that is not told is not free."""
        self._turn(now)
        told = response.headers.get(COST_HEADER, "") if response else ""
        known = told.isascii() and told.isdigit() and len(told) < 16
        self._micros += int(told) if known else ESTIMATE_MICROS

    def memory(self) -> dict[str, object]:
        """JSON-able notes from which a later instance goes on."""
        return {"day": self._day, "micros": self._micros}

    def _turn(self, now: datetime) -> None:
        today = now.astimezone(UTC).date().isoformat()
        if today != self._day:
            self._day, self._micros = today, 0


def _remembered(memory: object) -> tuple[str, int]:
    notes: Mapping[str, object] = memory if isinstance(memory, dict) else {}
    day, micros = notes.get("day"), notes.get("micros")
    if isinstance(day, str) and isinstance(micros, int) and micros >= 0:
        return day, micros
    return "", 0
