"""How word lists are written in this package: as text, one blank between words; and what counts as text at all."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of ``text``, in any layout."""
    return frozenset(text.split())


def plain_text(value: object) -> str | None:
    """``value`` as text of no class of its own, whose methods could do anything; ``None`` when it is none."""
    if type(value) is str:
        return value
    return str.__str__(value) if issubclass(type(value), str) else None
