"""Which value a person put in another one's place, for the fields of which several may be true at once.

Records keep their own email, phone and profile; only the very value that somebody replaced follows.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.contact import MULTI_VALUED
from sync.merging.emails import EmailEdit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sync.contact import Value
    from sync.merging.work import Edit, Work


def replaced_by(work: Work, name: str, edits: Sequence[Edit], standing: Value | None) -> dict[str, str]:
    """Compared form of an old value → what stands in its place; later ``edits`` outdo earlier ones."""
    if name not in MULTI_VALUED or standing is None:
        return {}
    wins = work.keys(name, standing)
    return {
        old: new
        for edit in edits
        for old, new in _swaps(work, name, edit.before, edit.value)
        if work.keys(name, _single(name, new)) <= wins
    }


def put_back(work: Work, name: str, edits: Iterable[Edit], before: Mapping[str, str]) -> Mapping[str, str]:
    """``before`` and, for edits that replaced what stands, the way back to it."""
    if name not in MULTI_VALUED or name not in work.values:
        return before
    stands = work.keys(name, work.values[name])
    back = {
        old: new
        for edit in edits
        for old, new in _swaps(work, name, edit.value, edit.before)
        if work.keys(name, _single(name, new)) <= stands and old not in stands
    }
    return MappingProxyType({**before, **back})


def _swaps(work: Work, name: str, old: Value | None, new: Value | None) -> list[tuple[str, str]]:
    if old is None or new is None:
        return []
    if isinstance(old, tuple) and isinstance(new, tuple):
        pairs = EmailEdit(old, new).swaps()
    else:
        pairs = [(str(old), str(new))]
    return [(form, put) for was, put in pairs for form in work.keys(name, _single(name, was))]


def _single(name: str, text: str) -> Value:
    return (text,) if name == "emails" else text
