"""Apollo's one address line: composed from parts, and taken apart again.

``present_raw_address`` is what can be written; Apollo parses it into city, state and country, and may re-spell
it. Source: https://docs.apollo.io/reference/bulk-update-contacts
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ZIPCODE = re.compile(
    r"(?:(?P<state>.*\D) )?(?P<zipcode>[A-Z0-9][A-Z0-9 -]{0,9}\d[A-Z0-9]{0,2}|\d{3,10})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a line; ``None`` = not known."""

    city: str | None = None
    state: str | None = None
    zipcode: str | None = None
    country: str | None = None


def render_address(address: Address) -> str | None:
    """One line, ``City, State Zip, Country``, without what is not known; ``None`` when nothing is.

    The zip code stands beside the state, so that the first part is the city and the last one the country.
    """
    region = " ".join(filter(None, (address.state, address.zipcode)))
    return ", ".join(filter(None, (address.city, region, address.country))) or None


def parse_address(line: str | None) -> Address:
    """The parts of a line of two or three; any other line says too little and gives nothing.

    A first part with digits is a street, so such a line gives nothing either.
    """
    parts = [part.strip() for part in (line or "").split(",")]
    if len(parts) not in {2, 3} or not all(parts) or any(char.isdigit() for char in parts[0] + parts[-1]):
        return Address()
    state, zipcode = _region(parts[1]) if len(parts) == 3 else (None, None)
    return Address(city=parts[0], state=state, zipcode=zipcode, country=parts[-1])


def _region(text: str) -> tuple[str | None, str | None]:
    """State and zip code of the middle part."""
    found = _ZIPCODE.fullmatch(text)
    if found is None:
        return text, None
    return (found["state"] or "").strip() or None, found["zipcode"]


def without_zipcode(part: str | None, zipcode: str | None) -> str | None:
    """``part`` less a zip code at its end: Apollo may leave ours inside the state it parsed."""
    if part is None or zipcode is None:
        return part
    return part.removesuffix(zipcode).strip() or None
