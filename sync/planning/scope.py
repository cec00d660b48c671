"""Who goes where: a provider's scope, decided before anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.contact import VARIABLE_PREFIX
from sync.identity import canonical_email, company_domain, registrable_domain
from sync.identity.countries import country_code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.person import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A provider's switches. Field names are canonical; empty lists let everybody through."""

    write: bool = True
    create: bool = True
    update: bool = True
    create_from: frozenset[str] = frozenset()
    require: frozenset[str] = frozenset()
    ignore_fields: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    company_domains: frozenset[str] = frozenset()
    exclude_domains: frozenset[str] = frozenset()

    def ignored(self, names: Iterable[str]) -> set[str]:
        """Those of ``names`` that are never written there; ``variables.*`` covers every variable."""
        whole = "variables.*" in self.ignore_fields
        return {n for n in names if n in self.ignore_fields or (whole and n.startswith(VARIABLE_PREFIX))}


def in_scope(scope: Scope, person: Person, *, creating: bool) -> bool:
    """Whether the person may be created (or updated) under the scope."""
    if creating:
        places = {m.record.ref.provider for m in person.members if not m.gone}
        if scope.create_from and not scope.create_from & places:
            return False
        if any(person.contact.get(name) is None for name in scope.require):
            return False
    return _passes_filter(scope, person)


def _passes_filter(scope: Scope, person: Person) -> bool:
    contact = person.contact
    if scope.countries:
        wanted = {country_code(c) or c.casefold() for c in scope.countries}
        country = contact.country
        if country is None or (country_code(country) or country.casefold()) not in wanted:
            return False
    if not (scope.company_domains or scope.exclude_domains):
        return True
    domains = _domains(person)
    if scope.company_domains and not domains & _registrable(scope.company_domains):
        return False
    return not domains & _registrable(scope.exclude_domains)


def _domains(person: Person) -> set[str]:
    """The registrable domains a person works under: the company's and those of the addresses."""
    found = {registrable_domain(person.contact.company_domain)}
    for email in person.contact.emails:
        canonical = canonical_email(email)
        if canonical:
            found.add(company_domain(canonical.rpartition("@")[2]))
            found.add(registrable_domain(canonical.rpartition("@")[2]))
    return {d for d in found if d}


def _registrable(domains: Iterable[str]) -> set[str]:
    return {registrable_domain(d) or d.casefold() for d in domains}
