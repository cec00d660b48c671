"""How word lists are written in this package: as text, one blank between words."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of ``text``, in any layout."""
    return frozenset(text.split())
