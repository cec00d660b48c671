"""Three hundred and more sample people, spread over providers as in real life: overlapping, misspelt, doubled.

Everything is drawn from one seed, so that every rehearsal tells the same story.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING
from urllib.parse import quote

from sync.contact import Contact

if TYPE_CHECKING:
    from collections.abc import Iterator

PEOPLE = 320
_SEED = 20261120

FIRST = (
    "Ana", "Léa", "Jürgen", "Zoë", "Thomas", "Priya", "Sofía", "Mehmet", "Chloé", "Lars", "Ingrid", "Pedro",
    "Aiko", "Olena", "Marek", "Nadia", "Hugo", "Elif", "Björn", "Camille", "Diego", "Fatima", "Giulia", "Henrik",
    "Isabelle", "Jonas", "Katarzyna", "Luca", "Maëlle", "Noah",
)  # fmt: skip
LAST = (
    "Diaz", "Martin", "Müller", "van den Berg", "O'Neill", "Nguyen", "Rossi", "Yildiz", "Lefèvre", "Andersson",
    "Kowalski", "Silva", "Tanaka", "Shevchenko", "Novák", "Haddad", "Moreau", "Demir", "Lindqvist", "Fournier",
    "García", "El Amrani", "Ricci", "Jensen", "Dubois", "Becker", "Wójcik", "Bianchi", "Le Goff", "Schmidt",
)  # fmt: skip
COMPANIES = (
    ("Lumenforge", "lumenforge-industries.com", "Lyon", "France"),
    ("Brightquarry GmbH", "brightquarry-systems.de", "Hamburg", "Germany"),
    ("Oakmere Logistics", "oakmere-logistics-group.com", "Rotterdam", "Netherlands"),
    ("Sol y Datos", "solydatos-analitica.es", "Valencia", "Spain"),
    ("Tessera Robotics", "tessera-robotics-lab.it", "Torino", "Italy"),
    ("Nordlicht Energi", "nordlicht-energi.se", "Malmö", "Sweden"),
    ("Kestrel & Vane", "kestrelvane-advisors.co.uk", "Leeds", "United Kingdom"),
    ("Papillon Santé", "papillon-sante-conseil.fr", "Nantes", "France"),
)
TITLES = ("COO", "CFO", "Head of Sales", "Account Executive", "Directrice Marketing", "VP Engineering", "Einkauf")


@dataclass(frozen=True, slots=True)
class Sample:
    """One row to be entered: at ``provider``, for the person ``number``."""

    provider: str
    number: int
    contact: Contact


@dataclass(frozen=True, slots=True)
class World:
    """All rows, who opted out where, and the edit made before the last cycle."""

    samples: tuple[Sample, ...]
    opt_outs: tuple[tuple[str, Contact, str], ...]
    edited: int
    edit_at: str
    edit: tuple[str, str]


def world(providers: tuple[str, ...]) -> World:
    """The sample people spread over ``providers``; the last of them is the one that is edited later."""
    random = Random(_SEED)
    samples: list[Sample] = []
    for number in range(PEOPLE):
        true = _person(number, random)
        homes = _homes(providers, random)
        for place, provider in enumerate(homes):
            samples.append(Sample(provider, number, _as_entered(true, place, random)))
            if random.random() < 0.02:
                samples.append(Sample(provider, number, _as_entered(true, place + 1, random)))
    samples += _oddities(providers)
    star = _person(PEOPLE + 100, Random(_SEED))
    samples += [Sample(p, PEOPLE + 100, star) for p in providers]
    return World(
        samples=tuple(samples),
        opt_outs=tuple(_opt_outs(samples, random)),
        edited=PEOPLE + 100,
        edit_at=providers[0],
        edit=("job_title", "Chief Revenue Officer"),
    )


def _person(number: int, random: Random) -> Contact:
    first = FIRST[number % len(FIRST)]
    last = LAST[(number * 7 + number // len(FIRST)) % len(LAST)]
    company, domain, city, country = random.choice(COMPANIES)
    plain = f"{_ascii(first)}.{_ascii(last)}{number if number >= len(FIRST) else ''}"
    return Contact(
        emails=(f"{plain}@{domain}",),
        linkedin_url=f"https://www.linkedin.com/in/{_ascii(first)}-{_ascii(last)}-{number:04x}",
        first_name=first,
        last_name=last,
        job_title=random.choice(TITLES),
        company_name=company,
        company_domain=domain,
        city=city,
        country=country,
        mobile_phone=f"+336{random.randrange(10_000_000, 99_999_999)}" if country == "France" else None,
    )


def _ascii(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(c for c in folded.lower() if c.isalnum())


def _homes(providers: tuple[str, ...], random: Random) -> list[str]:
    """Where a person is known: mostly at one or two providers."""
    count = random.choices(range(1, len(providers) + 1), weights=[5, 3, 2][: len(providers)])[0]
    return random.sample(list(providers), count)


def _as_entered(true: Contact, place: int, random: Random) -> Contact:
    """The person as somebody typed it: other spellings, and from the second place on missing values."""
    email = true.emails[0]
    url = true.linkedin_url or ""
    entered = replace(
        true,
        emails=(random.choice((email, email.upper(), f" {email}", email.title())),),
        linkedin_url=random.choice((url, url.replace("www.", "fr."), url + "/", _slug_only(url), url + "?trk=x")),
    )
    if place == 0:
        return entered
    dropped = random.choice(
        ({"linkedin_url": None}, {"job_title": None}, {"mobile_phone": None, "city": None}, {"emails": ()}, {})
    )
    return replace(entered, **dropped)


def _slug_only(url: str) -> str:
    return "linkedin.com/in/" + quote(url.rpartition("/")[2].upper())


def _oddities(providers: tuple[str, ...]) -> Iterator[Sample]:
    """A shared mailbox, two namesakes on one address, somebody without any key."""
    domain = COMPANIES[0][1]
    for offset, provider in enumerate(providers):
        role = Contact(emails=(f"info@{domain}",), first_name=FIRST[offset], last_name=LAST[offset])
        yield Sample(provider, PEOPLE + offset, role)
    shared = f"familie.becker@{COMPANIES[1][1]}"
    yield Sample(providers[0], PEOPLE + 10, Contact(emails=(shared,), first_name="Jonas", last_name="Becker"))
    yield Sample(
        providers[-1], PEOPLE + 11, Contact(emails=(shared,), first_name="Wilhelmina", last_name="Ostrow")
    )
    yield Sample(providers[0], PEOPLE + 12, Contact(first_name="Nobody", last_name="Keyless", city="Lyon"))


def _opt_outs(samples: list[Sample], random: Random) -> Iterator[tuple[str, Contact, str]]:
    """Some of the people said no, at a provider that may not even know them."""
    for sample in random.sample([s for s in samples if s.contact.emails and s.number < PEOPLE], 12):
        true = replace(sample.contact, emails=(sample.contact.emails[0].strip(),))
        yield sample.provider, true, random.choice(("UNSUBSCRIBED", "CONTACT_REFUSED"))
