"""Countries by any usual name as ISO 3166-1 alpha-2 codes."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from typing import Final

from sync.identity.words import plain_text

MAX_LENGTH: Final = 100

_ALIASES: Final = """
    GB: uk, gb, england, scotland, wales, northern ireland, great britain, britain, royaume uni,
    GB: grossbritannien, vereinigtes konigreich, reino unido, regno unito
    US: us, usa, u s, u s a, america, united states of america, etats unis, vereinigte staaten
    US: estados unidos, stati uniti
    DE: deutschland, allemagne, alemania, germania, brd
    FR: frankreich, francia
    ES: espana, espagne, spanien, spagna
    IT: italia, italie, italien
    CH: schweiz, suisse, svizzera, suiza
    AT: osterreich, oesterreich, autriche, österreich
    BE: belgique, belgie, belgien, belgica
    NL: holland, nederland, niederlande, pays bas, paises bajos
    LU: luxemburg
    DK: danmark, danemark
    SE: sverige, suede, schweden
    NO: norge, norvege, norwegen
    FI: suomi, finlande, finnland
    PL: polska, pologne, polen
    CZ: cesko, czech republic, tschechien, republique tcheque
    SK: slovensko
    HU: magyarorszag, hongrie, ungarn
    RO: romania, roumanie
    GR: hellas, el, grece, griechenland, ελλάδα
    TR: turkey, turquie, turkei
    RU: russia, russie, russland, россия
    IE: irlande, irland, eire, republic of ireland
    BR: bresil, brasil, brasilien
    MX: mexique, mexiko
    CA: canada, kanada
    MA: maroc, marruecos
    DZ: algerie
    TN: tunisie
    CN: chine, peoples republic of china, prc, 中国
    JP: japon, nippon, 日本
    KR: south korea, korea south, republic of korea, 대한민국
    KP: north korea
    IN: inde, bharat
    AE: uae, emirates
    SA: ksa
    VN: vietnam, viet nam
    TW: taiwan, 台灣
    IR: iran
    SY: syria
    VE: venezuela
    BO: bolivia
    TZ: tanzania
    MD: moldova
    LA: laos
    BN: brunei
    MO: macau
    MK: macedonia
    PS: palestine
    CI: ivory coast
    CV: cape verde
    SZ: swaziland
    MM: burma
    VA: vatican
    XK: kosovo, xk
    CD: drc, democratic republic of the congo
    CG: republic of the congo
    HK: hong kong sar, 香港
    UA: україна
"""
"""Names in use that ISO 3166 does not list; XK is user-assigned and widely used."""


def country_code(value: object) -> str | None:
    """The ISO 3166-1 alpha-2 code of the country that ``value`` names, ``None`` when it names none we know.

    Codes of two and three letters, English names and common names in other languages are understood.
    Source: the Debian iso-codes tables as packaged by pycountry.
    """
    text = plain_text(value)
    return None if text is None or len(text) > MAX_LENGTH else _known(text)


@lru_cache(maxsize=4096)
def _known(value: str) -> str | None:
    name = _folded(value)
    if not name:
        return None
    return _aliases().get(name) or _names().get(name)


@cache
def _aliases() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _ALIASES.strip().splitlines():
        code, _, names = line.strip().partition(": ")
        found.update({_folded(name): code for name in names.strip(",").split(",")})
    return found


@cache
def _names() -> dict[str, str]:
    import pycountry  # its tables are read by the first unusual spelling only

    names: dict[str, str] = {}
    for country in pycountry.countries:
        for attribute in ("common_name", "official_name", "name", "alpha_3", "alpha_2"):
            spelling = getattr(country, attribute, None)
            if spelling:
                names[_folded(spelling)] = country.alpha_2
    return names


def _folded(text: str) -> str:
    """Case, accents, punctuation and a leading article folded away."""
    plain = "".join(ch for ch in unicodedata.normalize("NFKD", text) if not unicodedata.combining(ch)).casefold()
    words = "".join(ch if ch.isalnum() else " " for ch in plain.replace("'", "").replace("\u2019", "")).split()
    if len(words) > 1 and words[0] in {"the", "la", "le", "les", "die"}:
        words = words[1:]
    return " ".join(words)
