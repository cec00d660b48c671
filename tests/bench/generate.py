"""Contacts with a hidden identity, as dirty as what companies really keep: ``python -m tests.bench generate``.

What makes people look like one, as shares of people or records, all drawn from one seed:

- mailboxes of a family (1.2 % of people), of a team under a name no list of roles holds (0.6 %, half the time);
- addresses that a successor took over, half of them with the same initial and family name (0.3 %);
- namesakes at one company, each with an address and a profile of their own (1 %);
- one profile address pasted into many records by some tool (0.8 % of records), and a colleague's profile
  pasted by hand (0.02 %);
- addresses of roles (2 %) and placeholders (0.5 %).

What makes one person look like two: nicknames, initials, typing errors, swapped and missing names, family names
that changed (2 % of people), addresses of former employers, and every usual spelling of an address.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = _words(
    """
    Adam Adele Agnes Alain Albert Alice Amanda Amelie Andrea Andrew Anna Antoine Arthur Barbara Benjamin
    Bernard Brigitte Camille Carla Caroline Catherine Charles Charlotte Chloe Christian Christopher
    Claire Clara Claude Daniel David Deborah Denis Diana Dominique Edward Elena Elisabeth Elise Emily
    Emma Eric Esther Eugene Fabien Felix Fiona Frances Frederick Gabriel George Gerald Giulia Gregory
    Hannah Harold Helen Henri Hugo Ines Irene Isabelle Ivan Jacob Jacques James Jean Jennifer Jessica
    Joachim Johanna Jonathan Joseph Judith Julia Julien Karen Katharina Kenneth Kevin Laura Lauren
    Leonard Linda Louis Louise Lucas Lucie Luisa Manon Marc Margaret Maria Marion Martin Mathilde
    Matthew Max Melanie Michael Michelle Monica Nadia Nathan Nicholas Nicole Nina Olivia Oscar Pamela
    Patrick Paul Peter Philip Pierre Rachel Raymond Rebecca Richard Robert Roger Romain Ruth Samuel
    Sandra Sarah Sebastian Simon Sofia Sophie Stefan Stephanie Susan Sylvie Theodore Theresa Thomas
    Timothy Valerie Vanessa Victor Vincent Virginia Walter William Xavier Yann Yves Zoe
    """
)
NICKNAMES = {
    "Robert": "Bob", "William": "Bill", "James": "Jim", "Elisabeth": "Liz", "Margaret": "Peggy", "Richard": "Dick",
    "Michael": "Mike", "Katharina": "Kate", "Thomas": "Tom", "Joseph": "Joe", "Edward": "Ted", "Susan": "Sue",
    "Christopher": "Chris", "Andrew": "Andy", "Jennifer": "Jenny", "Samuel": "Sam", "Nicholas": "Nick",
}  # fmt: skip
STARTS = _words(
    """
    Ab Bal Bren Cal Cor Dal Dor El Fen Gar Hal Har Jor Kel Lam Len Mar Mer Nor Ol Pel Quin Ros Sal Tor
    Ul Var Wen Yor Zel
    """
)
MIDDLES = _words(
    """
    a ben de di e er in la le lo ma mi na no o ri ro sa se ta ti u va vi
    """
)
ENDS = _words(
    """
    ard beck court dal dez dini er etti ford gård hoff ier ini kov lund mann mont nier ov rell ric sen
    ski son stein ton vic wald witz
    """
)
PROVIDERS = ("apollo", "datananas", "topo")
COUNTRY_HOSTS = ("fr.", "uk.", "de.", "www.", "m.", "")
PRIVATE_HOSTS = ("gmail.com", "outlook.com", "yahoo.fr", "orange.fr", "gmx.de", "icloud.com", "free.fr")
TEAMS = ("atelier", "north", "desk4", "plateau", "hub", "studio", "etage2", "crew")
ROLES = ("info", "contact", "sales", "hello", "office", "noreply")
PLACEHOLDERS = ("n/a", "test@test.com", "none@none.com", "unknown", "noemail@noemail.com", "-")


class Row(NamedTuple):
    """One record as a provider holds it; ``truth`` is who it really is."""

    truth: int
    provider: str
    record_id: str
    first_name: str | None
    last_name: str | None
    emails: tuple[str, ...]
    linkedin: str | None
    company: str
    domain: str
    phone: str | None
    title: str
    city: str


@dataclass(slots=True)
class Human:
    number: int
    first: str
    last: str
    company: int
    work: str
    private: str | None
    slug: str | None
    phone: str | None
    former: str | None
    team: str | None
    married: str
    """The family name of some records; nearly always the only one there is."""


class Generator:
    """Endless people and their records; everything follows from ``seed`` and ``size``."""

    def __init__(self, size: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._companies = [self._company(number) for number in range(max(20, size // 20))]
        self._junk = [f"{self._random.choice(GIVEN)}-{number:04x}".lower() for number in range(3 + size // 20_000)]
        self._taken: set[str] = set()
        self._number = 0

    def rows(self, count: int) -> Iterator[Row]:
        """The first ``count`` records."""
        left = count
        human = self._human(None)
        while left > 0:
            following = self._human(human)  # made first, because the two may share an address
            for row in self._records(human, following):
                if left > 0:
                    left -= 1
                    yield row
            human = following

    def _company(self, number: int) -> tuple[str, str]:
        name = self._random.choice(STARTS) + self._random.choice(MIDDLES) + self._random.choice(ENDS)
        label = name.lower().replace("å", "a")
        return (
            f"{name} {self._random.choice(('GmbH', 'SAS', 'Ltd', 'Inc.', ''))}".strip(),
            f"{label}{number:x}.com",
        )

    def _family_name(self) -> str:
        pick = self._random.choice
        return pick(STARTS) + (pick(MIDDLES) if self._random.random() < 0.8 else "") + pick(ENDS)

    def _human(self, before: Human | None) -> Human:
        chance = self._random.random
        self._number += 1
        first, last = self._random.choice(GIVEN), self._family_name()
        company = self._random.randrange(len(self._companies))
        fate = chance()
        if before is not None and before.team and fate > 0.4:
            fate, company = 0.014, before.company  # the team is larger
        elif before is not None and fate < 0.01:  # a namesake
            first, last, company = before.first, before.last, before.company
        elif before is not None and fate < 0.0115:  # takes over an address, name alike
            first, last, company = self._same_initial(before.first), before.last, before.company
        elif before is not None and fate < 0.0146:  # takes over an address, or shares one as a team does
            company = before.company
        elif before is not None and fate < 0.0206:  # a family
            last = before.last
        human = self._made(first, last, company)
        if before is not None:
            self._share(human, before, fate)
        return human

    def _made(self, first: str, last: str, company: int) -> Human:
        chance, number = self._random.random, self._number
        plain = last.lower().replace("å", "a")
        style = (f"{first}.{plain}", f"{first[0]}.{plain}", f"{first}{plain[0]}")[
            self._random.randrange(3)
        ].lower()
        work = f"{style}@{self._companies[company][1]}"
        if work in self._taken:
            work = f"{style}{number}@{self._companies[company][1]}"
        self._taken.add(work)
        return Human(
            number=number,
            first=first,
            last=last,
            company=company,
            work=work,
            private=f"{style}{number}@{self._random.choice(PRIVATE_HOSTS)}" if chance() < 0.5 else None,
            slug=f"{first}-{plain}-{number * 2654435761 % 2**32:08x}".lower() if chance() < 0.85 else None,
            phone=f"+336{number % 10**8:08d}" if chance() < 0.4 else None,
            former=f"{style}@old{number % 997}.com" if chance() < 0.05 else None,
            team=None,
            married=self._family_name() if chance() < 0.02 else last,
        )

    def _same_initial(self, first: str) -> str:
        others = [name for name in GIVEN if name[0] == first[0] and name != first]
        return self._random.choice(others or [first])

    def _share(self, human: Human, before: Human, fate: float) -> None:
        if 0.01 <= fate < 0.013:
            human.work = before.work
        elif 0.013 <= fate < 0.0146:
            team = f"{self._random.choice(TEAMS)}@{self._companies[human.company][1]}"
            human.team = before.team = before.team or team
        elif 0.0146 <= fate < 0.0206:
            human.private = before.private = f"{human.last}.family{human.number}@{PRIVATE_HOSTS[0]}".lower()

    def _records(self, human: Human, colleague: Human) -> Iterator[Row]:
        count = self._random.choices((1, 2, 3, 4), (62, 27, 9, 2))[0]
        places = self._random.sample(PROVIDERS, min(count, 3)) + [self._random.choice(PROVIDERS)] * (count > 3)
        for place, provider in enumerate(places):
            first, last = self._name(human)
            emails, linkedin = self._keys(human, colleague)
            name, domain = self._companies[human.company]
            yield Row(
                truth=human.number,
                provider=provider,
                record_id=f"{human.number:08x}{place}",
                first_name=first,
                last_name=last,
                emails=emails,
                linkedin=linkedin,
                company=name,
                domain=domain,
                phone=human.phone if self._random.random() < 0.7 else None,
                title=self._random.choice(("Head of Sales", "CTO", "Buyer", "Account Manager", "Founder")),
                city=self._random.choice(("Paris", "Lyon", "Berlin", "London", "Madrid")),
            )

    def _name(self, human: Human) -> tuple[str | None, str | None]:
        fate, first = self._random.random(), human.first
        last = self._random.choice((human.last, human.married))
        changes: tuple[tuple[float, Callable[[], tuple[str | None, str | None]]], ...] = (
            (0.05, lambda: (NICKNAMES.get(first, first[0] + "."), last)),
            (0.08, lambda: (first, self._mistyped(last))),
            (0.10, lambda: (last, first)),
            (0.13, lambda: (None, last)),
            (0.15, lambda: (first.upper(), last.upper())),
            (0.16, lambda: (first, None)),
            (0.17, lambda: (f"Dr. {first}", f"{last}, MBA")),
        )
        return next((changed() for limit, changed in changes if fate < limit), (first, last))

    def _mistyped(self, text: str) -> str:
        at = self._random.randrange(1, len(text))
        return text[:at] + text[at + 1 :]

    def _keys(self, human: Human, colleague: Human) -> tuple[tuple[str, ...], str | None]:
        chance = self._random.random
        work = human.team if human.team and chance() < 0.5 else human.work
        shares = ((work, 0.68), (human.private, 0.25), (human.former, 0.3))
        emails = [email for email, share in shares if email and chance() < share]
        slug = human.slug if chance() < 0.65 else None
        if not emails and slug is None and chance() < 0.9:
            emails = [work]
        fate = chance()
        if fate < 0.008:
            slug = self._random.choice(self._junk)
        elif fate < 0.0082 and colleague.slug:
            slug = colleague.slug
        elif fate < 0.0282:
            emails.append(f"{self._random.choice(ROLES)}@{self._companies[human.company][1]}")
        elif fate < 0.0332:
            emails.append(self._random.choice(PLACEHOLDERS))
        return tuple(self._soiled_email(e, human) for e in emails), slug and self._soiled_profile(slug)

    def _soiled_email(self, email: str, human: Human) -> str:
        fate = self._random.random()
        if fate < 0.08:
            return email.title()
        if fate < 0.11:
            return f" {email} "
        if fate < 0.13:
            return f"mailto:{email}"
        return f'"{human.first} {human.last}" <{email}>' if fate < 0.16 else email

    def _soiled_profile(self, slug: str) -> str:
        fate, pick = self._random.random(), self._random.choice
        if fate < 0.5:
            return f"https://www.linkedin.com/in/{slug}"
        if fate < 0.7:
            return f"http://{pick(COUNTRY_HOSTS)}linkedin.com/in/{slug}/"
        if fate < 0.8:
            return f"linkedin.com/in/{slug.upper()}?trk=public_profile"
        if fate < 0.9:
            return f"https://{pick(COUNTRY_HOSTS)}linkedin.com/in/{slug}/details/experience/?originalSubdomain=fr"
        return f"  https://www.linkedin.com/in/{slug}/#about"


def generate(size: int, seed: int) -> Iterator[Row]:
    """``size`` records of about two thirds as many people; the same for the same seed."""
    return Generator(size, seed).rows(size)


def main(arguments: Sequence[str]) -> int:
    """The records as JSON lines on standard output."""
    parser = argparse.ArgumentParser(prog="bench generate", description=__doc__)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    for row in generate(asked.size, asked.seed):
        sys.stdout.write(json.dumps(row._asdict()) + "\n")
    return 0
