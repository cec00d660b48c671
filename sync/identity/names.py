"""People's names compared token by token: whether two spellings may belong to one person.

Ratios over whole names are of no use here: a shared family name makes Mary and Mark look alike. So given and
family names are compared apart, each with the differences that one person's name really shows. The answer is
support, never identity.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA, JaroWinkler

from sync.identity.nicknames import other_given_name, same_given_name
from sync.identity.words import words

MAX_LENGTH: Final = 200
MAX_TOKENS: Final = 12
SIMILAR_FROM: Final = 0.92
"""Jaro-Winkler similarity from which long tokens are one spelling. Source: W. E. Winkler, String Comparator
Metrics and Enhanced Decision Rules in the Fellegi-Sunter Model of Record Linkage (1990)."""

_TITLES: Final = words(
    """
    dr prof professor mr mrs ms miss mx herr frau fr hr mme mlle sr sra srta ing dipl mag sir pr dra drs ddr doctor
    doktor rev reverend capt captain cpt lt sgt cmdr lady lord dame rabbi monsieur madame mademoiselle maitre
    senor senora dott dottor avv arq lic dhr mevr mw univ priv doz mgr mudr judr rndr phdr
    """
)
_AFTER_TITLES: Final = words("med rer habil jur oec theol dent ir fh ssa kfm kffr")
_NAMES_TOO: Final = words("m me"), words("nat phil pol vet")
"""Titles in front and after one, before a given and a family name; elsewhere they are names or initials."""
_DEGREES: Final = words("phd mba msc bsc md cpa cfa pmp esq llm llb ma ba pe rn dds dr")
_PARTICLES: Final = words(
    """
    de del della di da do dos das du des van von der den ter ten zu zum zur la le el al bin ibn ben y e af
    av st ste saint
    """
)
_GENERATIONS: Final = {
    "jr": "junior", "junior": "junior", "jnr": "junior", "sr": "senior", "senior": "senior", "snr": "senior",
    "ii": "second", "2nd": "second", "iii": "third", "3rd": "third", "iv": "fourth",
}  # fmt: skip
_LAST_GENERATIONS: Final = {
    **_GENERATIONS, "jun": "junior", "sen": "senior", "i": "first", "v": "fifth", "vi": "sixth", "vii": "seventh",
    "pere": "father", "fils": "son", "filho": "son", "neto": "grandson",
}  # fmt: skip
"""Those that are names or initials as well: only the last word behind two names is one."""
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i",
     **dict.fromkeys("\u034f" + "".join(map(chr, range(0xFE00, 0xFE10))), "")}
)  # fmt: skip
"""Letters that no accent is taken from, and signs that are not seen."""
_APOSTROPHES: Final = dict.fromkeys(map(ord, "'`\u00b4\u2019"))


@dataclass(frozen=True, slots=True)
class NameAgreement:
    """``agree``: ``None`` when they cannot be compared. ``score`` 0..1. ``reason``: a sentence without names."""

    agree: bool | None
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class FoldedName:
    """A name ready to be compared: ``tokens`` in the order given, family, as far as it can be told."""

    tokens: tuple[str, ...]
    generation: str | None
    scripts: frozenset[str]
    glued: tuple[str, ...] = ()
    """The tokens with particles written together with the word that follows: De Luca as DeLuca."""


_NOTHING = FoldedName((), None, frozenset())
_LATIN = frozenset({"LATIN"})
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


def fold_name(value: object) -> FoldedName:
    """The tokens of a full name: accents, case, titles, degrees and particles folded away."""
    return _fold(value) if isinstance(value, str) and len(value) <= MAX_LENGTH else _NOTHING


def fold_text(text: str) -> str:
    """Case and accents folded away."""
    if text.isascii():
        return text.casefold()
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", text).casefold()).translate(_LETTERS)
    return unicodedata.normalize("NFC", "".join(ch for ch in plain if not unicodedata.combining(ch)))


def spaced(text: str) -> str:
    """``text`` with blanks for all but letters, digits and what stands on letters, as vowels in Hindi and Thai."""
    return "".join(ch if ch.isalnum() or unicodedata.category(ch)[0] == "M" else " " for ch in text)


@lru_cache(maxsize=8192)
def _fold(value: str) -> FoldedName:
    """Two plain words, as most names are, take a quarter of the time."""
    if value.isascii() and value.replace(" ", "").isalpha():
        tokens = tuple(value.casefold().split())
        if len(tokens) == 2 and tokens[0] not in _TITLES and tokens[1] not in _GENERATIONS:
            return FoldedName(tokens, None, _LATIN, tokens)
    return _folded(value)


def _folded(value: str) -> FoldedName:
    folded = fold_text(value.partition("@")[0])
    head, comma, tail = folded.partition(",")
    words = _words(head)
    after = _words(tail)
    if comma and after and not set(after) <= _DEGREES | _GENERATIONS.keys():
        # "Family, Given" or "Family, Given jun."; what is shorter may be an initial there.
        late = 1 if len(after) > 1 and after[-1] in _LAST_GENERATIONS and len(after[-1]) > 2 else 0
        words = after[: len(after) - late] + words + after[len(after) - late :]
    else:
        words += after
    words = _untitled(words)
    last = _LAST_GENERATIONS.get(words[-1]) if len(words) > 2 else None
    generation = last or next((_GENERATIONS[word] for word in words[1:] if word in _GENERATIONS), None)
    named = _named(words[:-1] if last else words)
    core = _core(named)[:MAX_TOKENS]
    scripts = frozenset(_script(token) for token in core)
    return FoldedName(tuple(core), generation, scripts, tuple(_glued(named)[:MAX_TOKENS]))


def _words(text: str) -> list[str]:
    if text.isascii() and text.replace(" ", "").isalpha():
        return text.split()  # nearly all; letter by letter takes ten times as long
    kept = spaced(text.translate(_APOSTROPHES))
    return [word for word in kept.split() if any(ch.isalpha() for ch in word)]


def _untitled(words: list[str]) -> list[str]:
    """The words behind all titles, of which the last word is none."""
    at = 0
    while len(words) - at > 1 and _is_title(words, at):
        at += 1
    return words[at:]


def _is_title(words: list[str], at: int) -> bool:
    word = words[at]
    if word in _TITLES or (at and word in _AFTER_TITLES):
        return True
    return len(words) - at > 2 and len(words[at + 1]) > 1 and word in _NAMES_TOO[min(at, 1)]


def _named(words: list[str]) -> list[str]:
    """The words without generations and degrees."""
    return [
        word
        for at, word in enumerate(words)
        if not (at > 0 and word in _GENERATIONS) and not (at > 1 and word in _DEGREES)
    ]


def _core(named: list[str]) -> list[str]:
    """The words that name the person, without particles."""
    last = len(named) - 1
    # Ben at the front and Do at the end are names; between other words they are particles.
    return [word for at, word in enumerate(named) if at in {0, last} or word not in _PARTICLES]


def _glued(named: list[str]) -> list[str]:
    """The words, particles between others at the front of the word that follows."""
    glued: list[str] = []
    held = ""
    for at, word in enumerate(named):
        held += word
        if at in {0, len(named) - 1} or word not in _PARTICLES:
            glued.append(held)
            held = ""
    return glued


def _script(token: str) -> str:
    if token.isascii():
        return "LATIN"
    first = next((ch for ch in token if ch.isalpha()), "")
    return unicodedata.name(first, "UNKNOWN").partition(" ")[0] if first else "UNKNOWN"


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
    return front == long[0] and front in _PARTICLES and len(short) > (2 if front == "ben" else 1)


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
