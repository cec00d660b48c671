"""Names ready to be compared: case, accents, titles, degrees and particles folded away."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from sync.identity.words import plain_text, words

MAX_LENGTH: Final = 200
MAX_TOKENS: Final = 12

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
_IN_FRONT: Final = _TITLES | _NAMES_TOO[0]
_DEGREES: Final = words("phd mba msc bsc md cpa cfa pmp esq llm llb ma ba pe rn dds dr")
PARTICLES: Final = words(
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


class FoldedName(NamedTuple):
    """A name ready to be compared: ``tokens`` in the order given, family, as far as it can be told."""

    tokens: tuple[str, ...]
    generation: str | None
    scripts: frozenset[str]
    glued: tuple[str, ...] = ()
    """The tokens with particles written together with the word that follows: De Luca as DeLuca."""


_NOTHING = FoldedName((), None, frozenset())
_LATIN = frozenset({"LATIN"})


def fold_name(value: object) -> FoldedName:
    """The tokens of a full name: accents, case, titles, degrees and particles folded away."""
    text = value if type(value) is str else plain_text(value)
    return _fold(text) if text is not None and len(text) <= MAX_LENGTH else _NOTHING


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
    words = _untitled(words) if words and words[0] in _IN_FRONT else words
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
    return [word for at, word in enumerate(named) if at in {0, last} or word not in PARTICLES]


def _glued(named: list[str]) -> list[str]:
    """The words, particles between others at the front of the word that follows."""
    glued: list[str] = []
    held = ""
    for at, word in enumerate(named):
        held += word
        if at in {0, len(named) - 1} or word not in PARTICLES:
            glued.append(held)
            held = ""
    return glued


def _script(token: str) -> str:
    if token.isascii():
        return "LATIN"
    first = next((ch for ch in token if ch.isalpha()), "")
    return unicodedata.name(first, "UNKNOWN").partition(" ")[0] if first else "UNKNOWN"
