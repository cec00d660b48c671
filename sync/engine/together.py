"""Doing things side by side, of which none goes on when one of them ends in an error."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable


async def together(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All of them are done. When one fails, the others were stopped first, and its error is raised.

    Whatever was in flight then is looked up by the next run; nothing may be sent after the store failed.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
