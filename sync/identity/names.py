"""People's names compared token by token: whether two spellings may belong to one person.

Ratios over whole names are of no use here: a shared family name makes Mary and Mark look alike. So given and
family names are compared apart, each with the differences that one person's name really shows. The answer is
support, never identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import OSA, JaroWinkler

from sync.identity.folding import PARTICLES, fold_name
from sync.identity.nicknames import other_given_name, same_given_name

if TYPE_CHECKING:
    from sync.identity.folding import FoldedName

SIMILAR_FROM: Final = 0.92
"""Jaro-Winkler similarity from which long tokens are one spelling. Source: W. E. Winkler, String Comparator
Metrics and Enhanced Decision Rules in the Fellegi-Sunter Model of Record Linkage (1990)."""


@dataclass(frozen=True, slots=True)
class NameAgreement:
    """``agree``: ``None`` when they cannot be compared. ``score`` 0..1. ``reason``: a sentence without names."""

    agree: bool | None
    score: float
    reason: str


_NO_NAME = NameAgreement(None, 0.5, "One of the two has no name.")
_OTHER_SCRIPT = NameAgreement(None, 0.5, "The names are written in different scripts.")


def names_agree(a: object, b: object) -> NameAgreement:
    """Whether two full names may belong to one person; symmetric.

    They disagree when the given names are plainly different, or when the generations (Jr., Sr.) differ. They
    do not disagree for initials, prefixes, nicknames with the same family name, married names, another word
    order, a missing part or another script.
    """
    one, two = fold_name(a), fold_name(b)
    if not one.tokens or not two.tokens:
        return _NO_NAME
    if one.scripts.isdisjoint(two.scripts):
        return _OTHER_SCRIPT
    return _compared(*sorted((one, two), key=_order))


def _order(name: FoldedName) -> tuple[int, tuple[str, ...], str]:
    return len(name.tokens), name.tokens, name.generation or ""


@lru_cache(maxsize=8192)
def _compared(short: FoldedName, long: FoldedName) -> NameAgreement:
    if short.generation and long.generation and short.generation != long.generation:
        return NameAgreement(False, 0.2, "The generations differ (Jr., Sr.).")
    plain, glued = (short.tokens, long.tokens), (short.glued, long.glued)
    if _same_front(short.tokens, long.tokens):
        plain, glued = (_behind(plain[0]), _behind(plain[1])), (_behind(glued[0]), _behind(glued[1]))
    found = _of_tokens(*plain)
    if found.agree or plain == glued:
        return found
    spellings = ((plain[0], glued[1]), (glued[0], plain[1]), glued)
    others = (_of_tokens(*sorted(pair, key=lambda tokens: (len(tokens), tokens))) for pair in spellings)
    return next((other for other in others if other.agree), found)


def _same_front(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether both begin with one particle of family names, which says nothing; Ben alone is a given name."""
    front = short[0]
    return front == long[0] and front in PARTICLES and len(short) > (2 if front == "ben" else 1)


def _behind(tokens: tuple[str, ...]) -> tuple[str, ...]:
    """The given name first of those tokens that begin with a particle and a family name: Van Dijk Jan."""
    return (*tokens[2:], tokens[1])


def _of_tokens(short: tuple[str, ...], long: tuple[str, ...]) -> NameAgreement:
    if sorted(short) == sorted(long):
        return NameAgreement(True, 1.0, "The names are the same.")
    if _differ_in_spaces(short, long):
        return NameAgreement(True, 0.98, "The names differ in spaces only.")
    return _single(short[0], long) if len(short) == 1 else _full(short, long)


def _differ_in_spaces(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether both have the same letters, the family name in front or at the end."""
    whole = "".join(short)
    if len(whole) != sum(map(len, long)):
        return False
    return any("".join((*long[at:], *long[:at])) == whole for at in range(len(long)))


def _single(token: str, others: tuple[str, ...]) -> NameAgreement:
    if _initials(token, others):
        return NameAgreement(True, 0.7, "One is the initials of the other.")
    best = max(_similar(token, other) for other in others)
    if best or any(same_given_name(token, other) for other in others):
        return NameAgreement(True, 0.6 + 0.2 * best, "The only name given fits a part of the other.")
    return NameAgreement(False, 0.1, "The only name given fits no part of the other.")


def _full(short: tuple[str, ...], long: tuple[str, ...]) -> NameAgreement:
    """Both have a given and a family name."""
    family = max(_similar(short[-1], token) for token in long[1:])
    given = max(_similar(short[0], token) for token in long[:-1])
    if all(max(_similar(token, other) for other in long) for token in short) and _pairs_up(short, long):
        return NameAgreement(True, 0.9 + 0.08 * min(given, family), "All parts of the shorter name fit the other.")
    if family and (given or same_given_name(short[0], long[0]) or _initials(short[0], long[:-1])):
        return NameAgreement(True, 0.8 + 0.1 * given, "Given and family name fit.")
    if _turned(short, long) or _turned(long, short):
        return NameAgreement(True, 0.8, "Given and family name fit in another order.")
    if given > _INITIAL or max(_similar(token, long[0]) for token in short[:-1]) > _INITIAL:
        return NameAgreement(True, 0.6, "The given names fit, the family names differ.")
    if family:
        return NameAgreement(False, 0.3, "The family names fit, the given names differ.")
    return NameAgreement(False, 0.0, "Neither given nor family names fit.")


def _initials(token: str, given: tuple[str, ...]) -> bool:
    """JP for Jean-Pierre."""
    return len(token) in {2, 3} and token == "".join(other[0] for other in given)


def _turned(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    """Whether ``a`` ends with the family name with which ``b`` begins, and their given names are forms of one."""
    return _similar(a[-1], b[0]) > _INITIAL and same_given_name(a[0], b[-1])


def _pairs_up(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """Whether every token of ``short`` finds a token of ``long`` of its own, best first."""
    left = list(long)
    for token in sorted(short, key=len, reverse=True):
        fits = [(_similar(token, other), other) for other in left]
        best = max(fits, default=(0.0, ""))
        if not best[0]:
            return False
        left.remove(best[1])
    return True


_INITIAL: Final = 0.5


def _similar(a: str, b: str) -> float:
    """How well two tokens fit, 0 when they do not: equal, swapped letters, a typing error, prefix, initial."""
    if a == b:
        return 1.0 if len(a) > 1 else _INITIAL
    short, long = sorted((a, b), key=len)
    if len(short) == 1:
        return _INITIAL if long[0] == short else 0.0
    if _other_gender(a, b):
        return 0.0
    if len(short) > 2 and long.startswith(short):
        return 0.9
    if len(short) == len(long) and sorted(a) == sorted(b) and OSA.distance(a, b) == 1:
        return 0.9
    # Short names differ by one letter and are two names: Mary and Mark, Jan and Jen.
    if len(long) > 4 and OSA.distance(a, b, score_cutoff=1) == 1:
        return 0.9
    return 0.85 if len(short) > 5 and JaroWinkler.similarity(a, b, score_cutoff=SIMILAR_FROM) > 0 else 0.0


def _other_gender(a: str, b: str) -> bool:
    """Maria and Mario, Paul and Paula: two names, however close."""
    return (a[:-1] == b[:-1] and {a[-1], b[-1]} == {"a", "o"}) or other_given_name(a, b)


def full_name(first: str | None, last: str | None) -> str | None:
    """Given and family name as one, of those that there are."""
    return f"{first} {last}" if first and last else first or last or None
