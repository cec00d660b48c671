"""Hidden people, and the records they have at each provider: overlapping, unequal and not always clean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sync.contact import Contact

if TYPE_CHECKING:
    from random import Random

FIRST = (
    "Ana",
    "Boris",
    "Chiara",
    "Dmitri",
    "Elodie",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jonas",
    "Katarzyna",
    "Liam",
)
LAST = ("Abascal", "Brunner", "Cazal", "Dunkel", "Ezquerra", "Fjord", "Gruber", "Hakimi", "Ivanov", "Jurado",
        "Kowalski", "Lindqvist", "Moreau")  # fmt: skip
DOMAINS = ("oakmere-logistics.com", "tallpine-freight.com", "blueharbor-systems.com")


@dataclass(frozen=True, slots=True)
class Card:
    """One record to be entered for the hidden person ``who``."""

    who: str
    provider: str
    contact: Contact


def slug_of(who: str) -> str:
    """The person's profile."""
    return f"sim-{who}"


def email_of(who: str, number: int) -> str:
    """The person's address."""
    return f"{who}@{DOMAINS[number % len(DOMAINS)]}"


def crowd(random: Random, count: int, providers: tuple[str, ...], kind: str = "mixed") -> list[Card]:
    """The records of ``count`` people; whoever could not be joined by a key is two people.

    ``kind``: ``everywhere`` = a record with both keys at each provider, ``whole`` = one with both keys,
    ``profiles`` = one without an address, ``apart`` = two that share no key and look alike.
    """
    cards: list[Card] = []
    for number in range(count):
        first, last = FIRST[number % 12], LAST[number * 5 % 13]
        if number > 12:
            last += f"-{LAST[number % 13]}"
        if kind == "mixed":
            cards += _cards(random, number, first, last, providers)
            continue
        who = f"{first.lower()}{number}"
        places = [random.choice(providers)] if kind in {"whole", "profiles"} else providers
        forms = {"profiles": ("profile",), "apart": ("email", "profile")}.get(kind, ("both",) * len(places))
        one = [
            Card(who, place, _contact(random, who, number, first, last, place, form))
            for place, form in zip(places, forms, strict=True)
        ]
        cards += [_alike(card) for card in one] if kind == "apart" else one
    return cards


def _alike(card: Card) -> Card:
    return replace(card, contact=replace(card.contact, company_name=f"{card.who}|firm|first"))


def _cards(random: Random, number: int, first: str, last: str, providers: tuple[str, ...]) -> list[Card]:
    places = random.sample(providers, random.choice((1, 1, 1, 2, 2, 3)))
    if random.random() < 0.04:
        places.append(places[0])  # a twin
    forms = [random.choice(("both", "both", "both", "email", "profile")) for _ in places]
    read = [i for i, place in enumerate(places) if place != "datananas"]
    if len(set(forms)) > 1 and not any(forms[i] == "both" for i in read):
        forms[read[0] if read else 0] = "both"  # a record that may never be read joins nobody
    who = f"{first.lower()}{number}"
    return [
        Card(who, place, _contact(random, who, number, first, last, place, form))
        for place, form in zip(places, forms, strict=True)
    ]


def _contact(random: Random, who: str, number: int, first: str, last: str, place: str, form: str) -> Contact:
    email = email_of(who, number)
    email = random.choice((email, email, email.upper(), email.title()))
    url = f"https://www.linkedin.com/in/{slug_of(who)}"
    if place != "datananas":
        url = random.choice((url, url, url + "/", url.replace("www.", "fr."), f"linkedin.com/in/{slug_of(who)}"))
    shared = random.random() < 0.4
    return Contact(
        first_name=first,
        last_name=last,
        emails=(email,) if form != "profile" else (),
        linkedin_url=url if form != "email" else None,
        job_title=None if random.random() < 0.2 else f"{who}|title|{'first' if shared else place}",
        company_name=None if random.random() < 0.2 else f"{who}|firm|{'first' if shared else place}",
    )
