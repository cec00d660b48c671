"""Many things, some at a time."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """``items`` in their order, ``size`` at a time; none is asked for before its batch is."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
