"""Whole numbers by record: dense for a whole store, sparse for a small region of a large one."""

from __future__ import annotations

from array import array
from typing import Protocol


class Numbers(Protocol):
    """Numbers by record, read and set."""

    def __getitem__(self, rid: int, /) -> int:
        """The number of a record."""

    def __setitem__(self, rid: int, number: int, /) -> None:
        """The record has that number."""


class _Zeros(dict[int, int]):
    def __missing__(self, rid: int) -> int:
        return 0


class _Own(dict[int, int]):
    def __missing__(self, rid: int) -> int:
        return rid


def zeros(highest: int | None, code: str = "q") -> Numbers:
    """Everybody has 0; room for records up to ``highest`` (``code``: how wide), or for a few of any number."""
    return _Zeros() if highest is None else array(code, bytes(array(code).itemsize * (highest + 1)))


def own(highest: int | None) -> Numbers:
    """Everybody has their own number; room as in ``zeros``."""
    return _Own() if highest is None else array(width(highest), range(highest + 1))


def width(highest: int | None) -> str:
    """The code of arrays whose numbers are no higher than ``highest``."""
    return "q" if highest is None or highest >= 1 << 31 else "i"
