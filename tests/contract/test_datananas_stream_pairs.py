"""The bulk stream under each of its eighteen faults alone and under every pair of them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from adapters.datananas import stream
from adapters.datananas.sandbox import sandbox
from adapters.toolkit.faults import Fault
from sync.errors import ProviderError
from tests.datananas.harness import creates, opened, sent
from tests.datananas.stream_faults import FAULTS, through_a_dying_line, together

if TYPE_CHECKING:
    from adapters.datananas.provider import Datananas
    from adapters.datananas.sandbox import DatananasSandbox
    from sync.change import BatchResult

ROWS = 3
DEADLINE_S = 8.0
QUICK = {"start_timeout": "80ms", "stall_timeout": "120ms", "stall_per_contact": "1ms", "reconnect_wait": "2ms"}
CASES = [*((name,) for name in FAULTS), *combinations(FAULTS, 2)]


async def _posted(provider: Datananas, box: DatananasSandbox, *, dies: bool) -> BatchResult | None:
    """What the batch came to; ``None`` when it failed, or when our process died in the middle of it."""
    task = asyncio.create_task(sent(provider, creates(ROWS)))
    if dies:
        for _ in range(2000):
            if task.done() or box.rows:
                break
            await asyncio.sleep(0.001)
        task.cancel()
    with suppress(ProviderError, asyncio.CancelledError):
        return await task
    return None


def _check_rows(box: DatananasSandbox) -> None:
    held = [row["email"] for row in box.rows]
    assert len(held) == len(set(held)), "somebody is there twice"
    assert box.moved == box.owners_replaced == 0


@pytest.mark.parametrize("names", CASES, ids="+".join)
async def test_nothing_is_told_that_is_not_so_and_nobody_is_made_twice(
    names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "CLOSE_S", 0.05)  # how long a dead line is asked to say goodbye
    fault = together(*(FAULTS[name] for name in names))
    async with AsyncExitStack() as stack:
        box = await stack.enter_async_context(sandbox(**fault.switches))
        box.traffic.faults += [Fault.parse(fault.request)] if fault.request else []
        address = {"stream_url": await stack.enter_async_context(through_a_dying_line(box))} if fault.dead else {}
        provider = await stack.enter_async_context(opened(box, **{**QUICK, **fault.settings, **address}))
        async with asyncio.timeout(DEADLINE_S):
            result = await _posted(provider, box, dies=fault.dies)
            _check_rows(box)
            assert box.writes <= (1 if fault.opens else 0), "a post went out that nobody could follow, or twice"
            if result is not None and {o.state for o in result.outcomes} == {"acked"}:
                assert len(box.rows) == ROWS
            if fault.dies and fault.opens:
                await _posted(provider, box, dies=False)  # what the next run does with an unknown upsert
                _check_rows(box)
