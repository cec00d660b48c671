"""What people decided about somebody who is merged goes on with whoever goes on."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from sync.contact import Contact
from sync.identity.canonical import compared
from sync.merging.emails import as_emails, distinct
from sync.merging.first_contact import DECIDED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.change import Choice
    from sync.contact import Value
    from sync.person import Person


def inherit(person: Person, merged: Iterable[Person], *, region: str = "") -> Person:
    """The person with the values that were decided by hand for those who are ``merged`` into them.

    A decision about the person's own field stands; the other one is kept among what lost.
    """
    values = person.contact.to_fields()
    choices = dict(person.choices)
    for other in merged:
        for name, choice in other.choices.items():
            value = other.contact.get(name)
            if choice.rule in DECIDED and value is not None:
                _weigh(values, choices, name, value, choice, region)
    if choices == person.choices:
        return person
    return replace(person, contact=Contact.from_fields(values), choices=MappingProxyType(choices))


def _weigh(
    values: dict[str, Value],
    choices: dict[str, Choice],
    name: str,
    value: Value,
    choice: Choice,
    region: str,
) -> None:
    """The decided ``value`` stands, unless another one was decided before."""
    own, stands = choices.get(name), values.get(name)
    if own is not None and own.rule in DECIDED:
        choices[name] = _with_losers(own, {choice.source: value}, name, stands, region)
        return
    values[name] = tuple(distinct([*as_emails(value), *as_emails(stands)])) if name == "emails" else value
    lost = {} if own is None or stands is None else {own.source: stands}
    earlier = {} if own is None else {**own.losers}
    kept = (
        choice if own is None else replace(choice, replaced=MappingProxyType({**own.replaced, **choice.replaced}))
    )
    choices[name] = _with_losers(kept, earlier | lost, name, values[name], region)


def _with_losers(choice: Choice, lost: dict[str, Value], name: str, stands: Value | None, region: str) -> Choice:
    wins = _forms(name, stands, region)
    losers = {s: v for s, v in (lost | dict(choice.losers)).items() if not _forms(name, v, region) <= wins}
    return replace(choice, losers=MappingProxyType(losers))


def _forms(name: str, value: Value | None, region: str) -> frozenset[str]:
    """The compared form of every single value."""
    key = compared(name, value, region=region)
    if key is None:
        return frozenset()
    return frozenset(map(str, key)) if isinstance(key, tuple) else frozenset({str(key)})
