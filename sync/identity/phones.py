"""Phone numbers: E.164 with the extension apart."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sync.identity.countries import country_code
from sync.identity.words import plain_text

if TYPE_CHECKING:
    import phonenumbers

MAX_LENGTH: Final = 200
LONGEST_AREA_CODE: Final = 5
"""Without the 0 in front. Source: the numbering plans of Germany (33986) and the United Kingdom (16977)."""

_SEVERAL = re.compile(
    r"(?:[;/|\n\r]|(?<!,),(?!,))(?!\s*(?:e?xt|#|x))|\s(?:or|and|ou|et|und|oder|y|o|e)\s", re.IGNORECASE
)
"""What stands between two numbers; two commas are pauses in front of an extension."""
_EXTENSION_PARAMETER = re.compile(
    r";\s*ext(?:ension)?\s*[=.:]?\s*|(?<=\d)[\s,;/]*[px#][\s.:]*(?=\d+\s*$)", re.IGNORECASE
)
_NATIONAL_LENGTHS: Final = range(7, 16)
"""Of a whole number whose country nobody knows, as far as it can be told. Source: ITU-T E.164 (at most 15)."""
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that can be dialled from anywhere. ``extension``: digits, ``None`` when there is none."""

    e164: str
    extension: str | None = None

    def __str__(self) -> str:
        return self.e164 if self.extension is None else f"{self.e164};ext={self.extension}"


def phone_number(value: object, default_region: object = "") -> PhoneNumber | None:
    """The one number in ``value``; ``None`` when there is none, there are several, or its country is not known.

    ``default_region``: a country in any spelling, for numbers without a country prefix. A number counts when its
    length is possible in its country; fictional ranges count too.
    Source: ITU-T E.164, RFC 3966 (``;ext=``), libphonenumber's FAQ.
    """
    text = plain_text(value)
    if text is None or len(text) > MAX_LENGTH:
        return None
    return _parsed(text, country_code(default_region) or "")


def is_number(value: str) -> bool:
    """Whether ``value`` is one number that can be dialled, be it by those alone who know in which country."""
    return phone_number(value) is not None or (len(value) <= MAX_LENGTH and _is_national(_readable(value)))


def _is_national(text: str) -> bool:
    import phonenumbers

    first, *others = _SEVERAL.split(text)
    digits = [ch for ch in text if ch.isdigit()]
    if len(digits) not in _NATIONAL_LENGTHS or not any(map(unicodedata.digit, digits)):
        return False
    if _count_digits(first) in _NATIONAL_LENGTHS and any(map(_count_digits, others)):
        return False
    try:
        phonenumbers.parse(text)
    except phonenumbers.NumberParseException as error:
        return "+" not in text and error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
    return False


@lru_cache(maxsize=65536)
def _parsed(value: str, region: str) -> PhoneNumber | None:
    import phonenumbers  # loaded by the first number only

    text = _readable(value)
    number = _possible(text, region) if text and not _holds_several(text, region) else None
    if number is None or not number.national_number:  # of zeros only
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return PhoneNumber(e164, number.extension or None)


def _possible(text: str, region: str) -> phonenumbers.PhoneNumber | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    # Local-only lengths would lack the area code, so they are not the same number everywhere.
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return number


def _readable(value: str) -> str:
    """White space as plain blanks (some kinds stop the parser), no invisible characters, no scheme."""
    text = _INVISIBLE.sub("", "".join(" " if ch.isspace() and ch not in "\n\r" else ch for ch in value)).strip()
    text = text[4:] if text[:4].lower() == "tel:" else text
    if any(unicodedata.category(ch) in {"Cs", "Co"} for ch in text):
        return ""
    return _EXTENSION_PARAMETER.sub(" ext ", text).strip(" ,;")


def _holds_several(text: str, region: str) -> bool:
    """Whether more digits follow where a number could already end: they are another one, or its last digits."""
    if text.count("+") + text.count("\uff0b") > 1:
        return True
    ends = (m for m in _SEVERAL.finditer(text) if _count_digits(text[m.end() :]))
    return any(_is_whole(text[: m.start()], region) for m in ends)


def _is_whole(text: str, region: str) -> bool:
    """Whether ``text`` is a number of its own and no area code, as in ``030/123456``."""
    import phonenumbers

    number = _possible(text, region)
    return number is not None and len(phonenumbers.national_significant_number(number)) > LONGEST_AREA_CODE


def _count_digits(text: str) -> int:
    return sum(ch.isdigit() for ch in text)
